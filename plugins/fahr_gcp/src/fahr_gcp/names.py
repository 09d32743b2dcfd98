"""What the machine that sends a job and the job itself agree upon: names and places.

``runtime.py`` runs inside the job and imports nothing of this package; it holds the same
values, and a test compares them.

What a job keeps in its bucket lies below ``<output_path>/<remote name>/``, the job's
``baseOutputDirectory``: ``model/`` is its output, ``checkpoints/`` what it resumes from, and
``fahr/failure-<rank>.txt`` why that node failed.  The service itself names the first two in
``AIP_MODEL_DIR`` and ``AIP_CHECKPOINT_DIR``.
"""

from __future__ import annotations

__all__ = [
    "CHECKPOINTS",
    "CONTENT_LABEL",
    "FAILURES",
    "INPUTS_VARIABLE",
    "INPUT_MODE_VARIABLE",
    "JOB_LABEL",
    "OUTPUT",
    "PLACE_VARIABLE",
    "RUN_LABEL",
    "SECRETS_VARIABLE",
    "base_of",
    "failure_object",
]

#: Labels of the job: its run id, its name here, and what would run, whatever it is called.
RUN_LABEL = "fahr-run"
JOB_LABEL = "fahr-job"
CONTENT_LABEL = "fahr-content"

#: Below the job's folder in the bucket.
#: Source: CustomJobSpec.baseOutputDirectory, Vertex AI API reference.
OUTPUT = "model"
CHECKPOINTS = "checkpoints"
FAILURES = "fahr"

#: The job's folder in the bucket, as a gs:// URI.
PLACE_VARIABLE = "FAHR_PLACE"
#: JSON of the job's inputs: a gs:// folder or object by the input's name.
INPUTS_VARIABLE = "FAHR_INPUTS"
#: Whether they are copied (``copy``) or read where they are (``mount``).
INPUT_MODE_VARIABLE = "FAHR_INPUT_MODE"
#: The version of Secret Manager's secret that holds all the job's secrets as one JSON object.
SECRETS_VARIABLE = "FAHR_SECRETS"


def base_of(output_path: str, remote_name: str) -> str:
    """Give the job's folder in the bucket: ``gs://bucket/prefix/<remote name>``."""
    return f"{output_path.rstrip('/')}/{remote_name}"


def failure_object(rank: int) -> str:
    """Give where a node says why it failed, below the job's folder."""
    return f"{FAILURES}/failure-{rank}.txt"
