"""What a training container finds under /opt/ml/input/config, and its variables.

Source: "How Amazon SageMaker Provides Training Information" (Developer Guide).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.hosts import Outfit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.aws.training_job import TrainingJob

CHECKPOINTS = "/opt/ml/checkpoints"
GROUP = "homogeneousCluster"


def outfit(
    job: TrainingJob, host: str, image: str, environment: dict[str, str], folder: Path
) -> Outfit:
    """Give what the container of a host is started with.

    Args:
        job: the training job.
        host: the name of the host, such as ``algo-1``.
        image: the image that was pulled.
        environment: the container's variables.
        folder: holds what was downloaded for the host, see :func:`archive`.
    """
    from docker.types import Mount

    algorithm = job.request["AlgorithmSpecification"]
    entrypoint = algorithm.get("ContainerEntrypoint")
    arguments = algorithm.get("ContainerArguments", [] if entrypoint else ["train"])
    instance = job.request["ResourceConfig"].get("InstanceType", "")
    # A fresh /opt/ml hides what the image has there.
    return Outfit(
        host,
        image,
        arguments,
        environment,
        entrypoint,
        archive(job, host, folder),
        (Mount("/opt/ml", None, type="volume", no_copy=True),),
        gpu=bool(re.match(r"ml\.[gp]\d", instance)),
    )


def configuration(job: TrainingJob, host: str) -> dict[str, Any]:
    """Give the documents of /opt/ml/input/config by their names."""
    request = job.request
    kind = request["ResourceConfig"].get("InstanceType", "")
    group = {"instance_group_name": GROUP, "instance_type": kind, "hosts": job.hosts}
    documents: dict[str, Any] = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "resourceconfig.json": {
            "current_host": host,
            "current_instance_type": kind,
            "current_group_name": GROUP,
            "hosts": job.hosts,
            "instance_groups": [group],
            "network_interface_name": "eth0",
        },
        "inputdataconfig.json": {
            channel["ChannelName"]: _channel(channel, request)
            for channel in request.get("InputDataConfig", [])
        },
    }
    if "CheckpointConfig" in request:
        documents["checkpointconfig.json"] = {
            "S3Uri": request["CheckpointConfig"]["S3Uri"],
            "LocalPath": checkpoint_path(job),
        }
    return documents


def checkpoint_path(job: TrainingJob) -> str:
    """Give the folder in the container that is kept in S3."""
    return str(job.request.get("CheckpointConfig", {}).get("LocalPath", CHECKPOINTS))


def variables(job: TrainingJob, region: str) -> dict[str, str]:
    """Give the variables that the service sets, and the job's own."""
    own = {
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "AWS_REGION": region,
        "DMLC_INTERFACE": "eth0",
    }
    return {**job.request.get("Environment", {}), **own}


def archive(job: TrainingJob, host: str, folder: Path) -> bytes:
    """Give /opt/ml as the container finds it: a tar with configuration and what was downloaded.

    Args:
        job: the training job.
        host: the name of the host, such as ``algo-1``.
        folder: holds ``data/<channel>/`` and ``checkpoints/``, where there are any.
    """
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        names = ("", "/input", "/input/config", "/input/data", "/model", "/output", "/output/data")
        for name in names:
            _add_folder(tar, f"opt/ml{name}")
        for name, content in configuration(job, host).items():
            _add_file(tar, f"opt/ml/input/config/{name}", json.dumps(content).encode())
        if (folder / "data").is_dir():
            tar.add(folder / "data", "opt/ml/input/data", filter=_owned_by_root)
        if "CheckpointConfig" in job.request:
            (folder / "checkpoints").mkdir(exist_ok=True)
            place = checkpoint_path(job).strip("/")
            tar.add(folder / "checkpoints", place, filter=_owned_by_root)
    return made.getvalue()


def _channel(channel: dict[str, Any], request: dict[str, Any]) -> dict[str, str]:
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    mode = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    return {
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        "TrainingInputMode": channel.get("InputMode", mode),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o777, int(time.time())
    tar.addfile(info)


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o644, int(time.time())
    tar.addfile(info, io.BytesIO(content))


def _owned_by_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info
