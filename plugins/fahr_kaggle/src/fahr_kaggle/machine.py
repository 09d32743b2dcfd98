"""Accelerators: what is asked for, by which name Kaggle knows it, how many run at once."""

from __future__ import annotations

from dataclasses import dataclass

from fahr_core.errors import UsageError
from fahr_core.models import Lane

__all__ = ["DEFAULT_GPU", "DEFAULT_TPU", "Machine", "choose", "kind_of", "shown"]

#: Source: Kaggle's documentation "Efficient GPU Usage", the T4 has been the default since the
#: P100 was retired; 2026-11.
DEFAULT_GPU = "NvidiaTeslaT4"
DEFAULT_TPU = "TpuV5E8"

_GPUS = {"any": DEFAULT_GPU, "t4": DEFAULT_GPU, "t4x2": DEFAULT_GPU}
#: Kaggle takes these names and silently gives something else.
_RETIRED = {"p100", "nvidiateslap100", "teslap100", "tpu1vmv38", "tpuv38", "v3-8"}
_TITLES = {DEFAULT_GPU: "GPU T4 x2", DEFAULT_TPU: "TPU v5e-8"}
#: Batch sessions that an account may run at once. Source: Kaggle's own refusals, 2026-11.
_SESSIONS = {"cpu": 5, "gpu": 2, "tpu": 1}


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: ``kind`` is cpu, gpu or tpu, ``shape`` Kaggle's name, None for plain CPUs."""

    kind: str
    shape: str | None = None

    def lane(self, owner: str | None) -> Lane:
        """Give the limit that jobs on such machines share in an account."""
        whose = f"kaggle {owner}" if owner else "kaggle"
        return Lane(name=f"{whose} {self.kind}", limit=_SESSIONS[self.kind])


def choose(
    gpu: str | None, *, enable_gpu: bool, enable_tpu: bool, machine_shape: str | None
) -> Machine:
    """Give the machine for what was asked.

    Args:
        gpu: The core's ``--gpu``: None, ``any`` or a type.
        enable_gpu: The setting.
        enable_tpu: The setting.
        machine_shape: Kaggle's own name, which wins.

    Raises:
        UsageError: two accelerators, or one that Kaggle does not have any more.
    """
    wants_gpu = enable_gpu or gpu is not None
    if wants_gpu and enable_tpu:
        raise UsageError("a Kaggle job has a GPU or a TPU, not both", "-c enable_tpu=false")
    asked = machine_shape or (_GPUS.get(gpu.lower(), gpu) if gpu else None)
    if asked:
        _refuse_retired(asked)
    if enable_tpu or kind_of(asked) == "tpu":
        if gpu is not None:
            raise UsageError(f"{asked or 'a TPU'} is no GPU", "leave out --gpu")
        return Machine("tpu", asked or DEFAULT_TPU)
    if wants_gpu or asked:
        return Machine("gpu", asked or DEFAULT_GPU)
    return Machine("cpu")


def kind_of(shape: str | None) -> str:
    """Give what a machine of Kaggle's name is: ``cpu``, ``gpu`` or ``tpu``."""
    if not shape:
        return "cpu"
    return "tpu" if shape.lower().startswith("tpu") else "gpu"


def _refuse_retired(shape: str) -> None:
    if shape.lower().replace("_", "") in _RETIRED:
        raise UsageError(
            f"Kaggle has no {shape} any more and would give something else in silence",
            "fahr fit --gpu                        2 x T4",
            "fahr fit -c machine_shape=TpuV5E8     TPU v5e-8",
        )


def shown(shape: str | None) -> str:
    """Give a machine's name for people."""
    return _TITLES.get(shape or "", shape or "CPU")
