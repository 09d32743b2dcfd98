"""Vertex AI's machines and accelerators: which go together, and which is the smallest.

Source: "Configure compute resources for custom training", Vertex AI, tables of machine types
and of the GPUs that each takes, as of 2026-11-22.  A machine that the table does not know is taken
as it is: it has no GPU unless an accelerator is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fahr_core.errors import UsageError

__all__ = ["GPU_MACHINES", "Machine", "choose_machine", "gpu_words", "machine_faults"]

#: Machines of Compute Engine that have GPUs of their own. Source: "GPU machine types".
GPU_MACHINES = r"(a2|a3|a4|a4x|g2|g4)-.*"
_OF_GPUS = re.compile(GPU_MACHINES)
_SMALLEST = "n1-standard-4"

#: What ``--gpu`` may say for each accelerator, and the smallest machine that has it.
_GPUS: dict[str, tuple[str, str]] = {
    "NVIDIA_TESLA_T4": ("T4", "n1-standard-4"),
    "NVIDIA_L4": ("L4", "g2-standard-4"),
    "NVIDIA_TESLA_P4": ("P4", "n1-standard-4"),
    "NVIDIA_TESLA_P100": ("P100", "n1-standard-4"),
    "NVIDIA_TESLA_V100": ("V100", "n1-standard-4"),
    "NVIDIA_TESLA_A100": ("A100", "a2-highgpu-1g"),
    "NVIDIA_A100_80GB": ("A100-80GB", "a2-ultragpu-1g"),
    "NVIDIA_H100_80GB": ("H100", "a3-highgpu-1g"),
    "NVIDIA_H100_MEGA_80GB": ("H100-MEGA", "a3-megagpu-8g"),
    "NVIDIA_H200_141GB": ("H200", "a3-ultragpu-8g"),
    "NVIDIA_B200": ("B200", "a4-highgpu-8g"),
}
#: How many of an accelerator an N1 machine takes.
_WITH_N1: dict[str, tuple[int, ...]] = {
    "NVIDIA_TESLA_T4": (1, 2, 4),
    "NVIDIA_TESLA_P4": (1, 2, 4),
    "NVIDIA_TESLA_P100": (1, 2, 4),
    "NVIDIA_TESLA_V100": (1, 2, 4, 8),
}
#: The accelerators of the machines that have their own; they are named all the same.
_L4 = {4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8}
_OWN: dict[str, tuple[str, int]] = {
    **{f"g2-standard-{cpus}": ("NVIDIA_L4", count) for cpus, count in _L4.items()},
    **{f"a2-highgpu-{n}g": ("NVIDIA_TESLA_A100", n) for n in (1, 2, 4, 8)},
    "a2-megagpu-16g": ("NVIDIA_TESLA_A100", 16),
    **{f"a2-ultragpu-{n}g": ("NVIDIA_A100_80GB", n) for n in (1, 2, 4, 8)},
    **{f"a3-highgpu-{n}g": ("NVIDIA_H100_80GB", n) for n in (1, 2, 4, 8)},
    "a3-megagpu-8g": ("NVIDIA_H100_MEGA_80GB", 8),
    "a3-ultragpu-8g": ("NVIDIA_H200_141GB", 8),
    "a4-highgpu-8g": ("NVIDIA_B200", 8),
}
#: Machines that have TPUs. Source: "Configure compute resources for custom training", and "Plan
#: TPUs in GKE" for the machine types of each version.
_OF_TPUS = re.compile(r"cloud-tpu|(ct|tpu)[0-9][a-z0-9]*-.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine as a job asks for it; without accelerators the count is zero."""

    type: str
    accelerator: str | None = None
    count: int = 0

    @property
    def has_gpu(self) -> bool:
        """Whether it has a GPU of NVIDIA's."""
        return self.accelerator is not None or _OF_GPUS.fullmatch(self.type) is not None


def choose_machine(
    machine_type: str | None,
    accelerator: str | None,
    count: int | None,
    gpu: str | None,
    *,
    gpu_image: bool,
) -> Machine:
    """Give the machine for a job.

    Args:
        machine_type: The machine that the settings name.
        accelerator: The accelerator that they name.
        count: How many of it.
        gpu: What ``--gpu`` says: None, ``any``, a GPU's name or an accelerator's.
        gpu_image: Whether the image is made for GPUs.

    Raises:
        UsageError: the machine does not fit the image or the GPU that is asked for.
    """
    wanted = accelerator or _named(gpu) or _own_of(machine_type)
    if wanted is None and machine_type is None and (gpu or gpu_image):
        wanted = "NVIDIA_TESLA_T4"
    if wanted is None and gpu and not _OF_GPUS.fullmatch(machine_type or ""):
        wanted = "NVIDIA_TESLA_T4" if str(machine_type).startswith("n1-") else None
    if wanted is None and count:
        raise UsageError(
            "accelerator_count is given without accelerator_type",
            f"fahr fit --gpu=T4 -c accelerator_count={count}",
        )
    found = _with(machine_type, wanted, count)
    _check(found, gpu, gpu_image=gpu_image)
    return found


def machine_faults(
    machine_type: str | None, accelerator: str | None, count: int | None
) -> list[str]:
    """Give, in words, why an accelerator and a machine do not go together; none when they do."""
    if tpu := _tpu_of(machine_type, accelerator):
        return [f"{tpu}: fahr makes no image for TPUs and starts no job on them; a GPU: --gpu=T4"]
    if accelerator is None:
        return []  # --gpu may name one
    if accelerator not in _GPUS:
        return []  # newer than the table
    if machine_type is None:
        return _count_faults(_GPUS[accelerator][1], accelerator, count)
    if machine_type in _OWN:
        own, own_count = _OWN[machine_type]
        if own != accelerator or count not in (None, own_count):
            return [f"{machine_type} has {own_count} x {own}, not {count or 1} x {accelerator}"]
        return []
    if machine_type.startswith("n1-") and accelerator not in _WITH_N1:
        return [f"{accelerator} needs another machine: machine_type={_GPUS[accelerator][1]}"]
    if not machine_type.startswith("n1-") and accelerator in _WITH_N1:
        return [f"{machine_type} takes no {accelerator}: machine_type={_SMALLEST}"]
    return _count_faults(machine_type, accelerator, count)


def gpu_words(accelerator: str) -> str:
    """Give an accelerator's name as people say it: ``T4`` for ``NVIDIA_TESLA_T4``."""
    return _GPUS[accelerator][0] if accelerator in _GPUS else accelerator


def _tpu_of(machine_type: str | None, accelerator: str | None) -> str | None:
    """Give which of the two names TPUs."""
    if accelerator and accelerator.startswith("TPU"):
        return f"accelerator_type {accelerator}"
    if machine_type and _OF_TPUS.fullmatch(machine_type):
        return f"machine_type {machine_type}"
    return None


def _count_faults(machine_type: str, accelerator: str, count: int | None) -> list[str]:
    allowed = _WITH_N1.get(accelerator)
    if count is None or (allowed and count in allowed):
        return []
    if allowed:
        counts = ", ".join(map(str, allowed))
        return [f"accelerator_count {count}: {accelerator} comes by {counts}"]
    fitting = [name for name, own in _OWN.items() if own == (accelerator, count)]
    if fitting:
        return [] if machine_type in _OWN else [f"{accelerator}: machine_type={fitting[0]}"]
    return [f"accelerator_count {count}: no machine has {count} x {accelerator}"]


def _named(gpu: str | None) -> str | None:
    """Give the accelerator that ``--gpu`` names."""
    if gpu in (None, "any"):
        return None
    plain = _plain(str(gpu))
    for accelerator, (word, _) in _GPUS.items():
        if plain in (_plain(word), _plain(accelerator)):
            return accelerator
    names = ", ".join(word for word, _ in _GPUS.values())
    raise UsageError(f"Vertex AI has no GPU called {gpu}: {names}", "fahr fit --gpu=T4")


def _own_of(machine_type: str | None) -> str | None:
    own = _OWN.get(machine_type or "")
    return own[0] if own else None


def _with(machine_type: str | None, accelerator: str | None, count: int | None) -> Machine:
    if accelerator is None:
        return Machine(type=machine_type or _SMALLEST)
    if machine_type is None:
        machine_type = _smallest_with(accelerator, count)
    own = _OWN.get(machine_type)
    number = count or (own[1] if own and own[0] == accelerator else 1)
    return Machine(type=machine_type, accelerator=accelerator, count=number)


def _smallest_with(accelerator: str, count: int | None) -> str:
    fitting = [name for name, own in _OWN.items() if own == (accelerator, count or 1)]
    if fitting:
        return fitting[0]
    return _GPUS[accelerator][1] if accelerator in _GPUS else _SMALLEST


def _check(machine: Machine, gpu: str | None, *, gpu_image: bool) -> None:
    faults = machine_faults(machine.type, machine.accelerator, machine.count or None)
    if faults:
        raise UsageError(faults[0])
    if gpu and not machine.has_gpu:
        raise UsageError(
            f"--gpu={gpu}, but {machine.type} has none",
            f"fahr fit --gpu={gpu} -c machine_type={_SMALLEST}",
        )
    if gpu not in (None, "any") and machine.accelerator != _named(gpu):
        raise UsageError(
            f"--gpu={gpu}, but accelerator_type is {machine.accelerator}: give one of them"
        )
    if gpu_image and not machine.has_gpu:
        raise UsageError(
            f"the image is made for GPUs, and {machine.type} has none",
            "fahr fit --gpu=T4",
            "fahr fit --build-driver=local-cpu",
        )


def _plain(name: str) -> str:
    short = name.lower().removeprefix("nvidia").lstrip("_- ").removeprefix("tesla")
    return re.sub(r"[^a-z0-9]", "", short)
