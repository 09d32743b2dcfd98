"""What a container of a custom job finds around it: variables, and the service's own log lines.

Sources: "Environment variables for special Cloud Storage directories" and "Format of the
CLUSTER_SPEC environment variable" (Vertex AI documentation).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.custom_job import CustomJob, Replica

PORT = 2222
#: What TensorFlow calls the worker pools.
ROLES = ("chief", "worker", "ps", "evaluator")


def variables(cloud: Cloud, job: CustomJob, replica: Replica) -> dict[str, str]:
    """Give the variables that the service sets for one replica."""
    told = {
        "CLOUD_ML_JOB_ID": job.number,
        "CLOUD_ML_PROJECT_ID": cloud.number,
        "CLOUD_ML_REGION": job.location,
        "CLUSTER_SPEC": json.dumps(cluster_spec(job, replica)),
        "TF_CONFIG": json.dumps(tf_config(job, replica)),
    }
    base = job.spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").rstrip("/")
    if base:
        told["AIP_MODEL_DIR"] = f"{base}/model/"
        told["AIP_CHECKPOINT_DIR"] = f"{base}/checkpoints/"
        told["AIP_TENSORBOARD_LOG_DIR"] = f"{base}/logs/"
    return told


def cluster_spec(job: CustomJob, replica: Replica) -> dict[str, Any]:
    """Give what CLUSTER_SPEC says to a replica."""
    cluster: dict[str, list[str]] = {}
    for each in job.replicas:
        cluster.setdefault(f"workerpool{each.pool}", []).append(f"{each.host}:{PORT}")
    return {
        "cluster": cluster,
        "environment": "cloud",
        "task": {"type": f"workerpool{replica.pool}", "index": replica.index},
        "job": json.dumps(job.spec),
    }


def tf_config(job: CustomJob, replica: Replica) -> dict[str, Any]:
    """Give what TF_CONFIG says to a replica."""
    cluster: dict[str, list[str]] = {}
    for each in job.replicas:
        cluster.setdefault(ROLES[each.pool], []).append(f"{each.host}:{PORT}")
    task = {"type": ROLES[replica.pool], "index": replica.index}
    return {"cluster": cluster, "environment": "cloud", "task": task, "job": json.dumps(job.spec)}


def say(cloud: Cloud, job: CustomJob, text: str, severity: str = "INFO") -> None:
    """Write a line of the service's own to the job's log."""
    cloud.logs.write(
        {
            "logName": f"projects/{cloud.project}/logs/ml.googleapis.com%2F{job.number}",
            "resource": resource(cloud.project, job, "service"),
            "severity": severity,
            "textPayload": text,
            "labels": {"ml.googleapis.com/endpoint": ""},
        },
        time.time(),
    )


def resource(project: str, job: CustomJob, task: str) -> dict[str, Any]:
    """Give the monitored resource of a job's log entries."""
    labels = {"job_id": job.number, "project_id": project, "task_name": task}
    return {"type": "ml_job", "labels": labels}
