"""SageMaker's machines: which have a GPU, which is the smallest, and whether one fits an image.

Source: "Instance types for training", Amazon SageMaker AI pricing page and developer guide.
What the table does not know is a machine without a GPU, unless its family's name begins as
those of NVIDIA's machines do (g and p).
"""

from __future__ import annotations

import re

from fahr_core.errors import UsageError

__all__ = ["AS_OF", "choose_instance", "gpu_of", "has_gpu", "known_instances"]

#: When the tables were made.
AS_OF = "2026-11-22"
_SMALLEST = "ml.m5.large"
_SMALLEST_GPU = "ml.g4dn.xlarge"
#: The GPU of each family, and the smallest machine that has it.
_GPUS: dict[str, tuple[str, str]] = {
    "g4dn": ("T4", "ml.g4dn.xlarge"),
    "g5": ("A10G", "ml.g5.xlarge"),
    "g6": ("L4", "ml.g6.xlarge"),
    "g6e": ("L40S", "ml.g6e.xlarge"),
    "p2": ("K80", "ml.p2.xlarge"),
    "p3": ("V100", "ml.p3.2xlarge"),
    "p3dn": ("V100-32GB", "ml.p3dn.24xlarge"),
    "p4d": ("A100", "ml.p4d.24xlarge"),
    "p4de": ("A100-80GB", "ml.p4de.24xlarge"),
    "p5": ("H100", "ml.p5.4xlarge"),
    "p5e": ("H200", "ml.p5e.48xlarge"),
    "p5en": ("H200-EFA", "ml.p5en.48xlarge"),
    "p6-b200": ("B200", "ml.p6-b200.48xlarge"),
    "p6-b300": ("B300", "ml.p6-b300.48xlarge"),
}
_NAME = re.compile(r"ml\.([a-z0-9-]+)\.([a-z0-9]+)")


def choose_instance(given: str | None, gpu: str | None, *, gpu_image: bool) -> str:
    """Give the machine for a job.

    Args:
        given: The machine that the settings name.
        gpu: What ``--gpu`` says: None, ``any``, a GPU's name or a machine's.
        gpu_image: Whether the image is made for GPUs.

    Raises:
        UsageError: the machine is none of SageMaker's, or does not fit the image or the GPU
            that is asked for.
    """
    named = given or (gpu if gpu and gpu.startswith("ml.") else None)
    if named is None:
        return _for_gpu(gpu) if gpu or gpu_image else _SMALLEST
    if not _NAME.fullmatch(named):
        raise UsageError(f"{named!r} is no machine of SageMaker's", *_hint(named))
    _check_gpu(named, gpu)
    _check_image(named, gpu_image=gpu_image)
    return named


def has_gpu(instance: str) -> bool:
    """Tell whether a machine has a GPU of NVIDIA's."""
    family = _family(instance)
    return family in _GPUS or re.match(r"[gp]\d", family) is not None


def gpu_of(instance: str) -> str | None:
    """Give the name of a machine's GPU, where the table knows it."""
    known = _GPUS.get(_family(instance))
    return known[0] if known else None


def known_instances() -> list[str]:
    """Give the machines that the table names."""
    return [_SMALLEST, *(smallest for _, smallest in _GPUS.values())]


def _family(instance: str) -> str:
    found = _NAME.fullmatch(instance)
    return found[1] if found else ""


def _for_gpu(gpu: str | None) -> str:
    """Give the smallest machine with a GPU of this name; any GPU is the smallest machine's."""
    if gpu in (None, "any"):
        return _SMALLEST_GPU
    wanted = _plain(str(gpu))
    for name, smallest in _GPUS.values():
        if _plain(name) == wanted:
            return smallest
    names = ", ".join(name for name, _ in _GPUS.values())
    raise UsageError(f"SageMaker has no GPU called {gpu}: {names}", "fahr fit --gpu=T4")


def _check_gpu(instance: str, gpu: str | None) -> None:
    if gpu is None or gpu == instance:
        return
    if not has_gpu(instance):
        raise UsageError(
            f"--gpu={gpu}, but {instance} has none",
            f"fahr fit --gpu={gpu} -c instance_type={_for_gpu(None)}",
        )
    own = gpu_of(instance)
    if gpu.startswith("ml."):
        raise UsageError(f"--gpu={gpu}, but instance_type is {instance}: give one of them")
    if gpu != "any" and own is not None and _plain(own) != _plain(gpu):
        raise UsageError(
            f"--gpu={gpu}, but {instance} has {own}", f"fahr fit -c instance_type={_for_gpu(gpu)}"
        )


def _check_image(instance: str, *, gpu_image: bool) -> None:
    if gpu_image and not has_gpu(instance):
        if instance not in _machines():
            raise UsageError(f"{instance!r} is no machine that this boto3 knows", *_hint(instance))
        raise UsageError(
            f"the image is made for GPUs, and {instance} has none",
            f"fahr fit -c instance_type={_SMALLEST_GPU}",
            "fahr fit --build-driver=local-cpu",
        )


def _machines() -> list[str]:
    """Give the machines that botocore's model of the service has."""
    from fahr_sagemaker.client import service_model

    return list(service_model("sagemaker").shape_for("TrainingInstanceType").enum)


def _hint(named: str) -> list[str]:
    from fahr_core.names import did_you_mean

    guess = did_you_mean(named, known_instances())
    return [f"fahr fit -c instance_type={guess or _SMALLEST}"]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().removeprefix("nvidia"))
