"""What the machine that sends a job and the job itself agree upon: names and places.

``runtime.py`` runs inside the job and imports nothing of this package; it holds the same
values, and a test compares them.
"""

from __future__ import annotations

__all__ = [
    "CONTENT_VARIABLE",
    "DEFAULT_ROOT",
    "INPUT_ROOT",
    "JOB_CHANNEL",
    "JOB_FILE",
    "RUN_ID_TAG",
    "RUN_ID_VARIABLE",
    "SECRETS_VARIABLE",
]

#: Where SageMaker mounts a job's folders.
#: Source: "How Amazon SageMaker AI Provides Training Information", SageMaker developer guide.
DEFAULT_ROOT = "/opt/ml"
#: Each input channel is a folder below this one; the launcher's FAHR_INPUT_DIR.
INPUT_ROOT = f"{DEFAULT_ROOT}/input/data"

#: The run id, as a variable of the job (``DescribeTrainingJob`` gives it back) and as a tag.
RUN_ID_VARIABLE = "FAHR_RUN_ID"
RUN_ID_TAG = "fahr:run-id"

#: What would run, whatever the job is called: for a name that somebody chose (``--name``).
CONTENT_VARIABLE = "FAHR_CONTENT"

#: The channel that brings a job description too long for variables, and where it lies then.
JOB_CHANNEL = "fahr-job"
JOB_FILE = f"{INPUT_ROOT}/{JOB_CHANNEL}/job.json"

#: Where the job's secrets lie: ``secretsmanager:NAME``, one JSON object of all by name, or
#: ``ssm:PREFIX``, below which each has a parameter of its own.
SECRETS_VARIABLE = "FAHR_SECRETS"
