"""``SaveKernel``: what a push has to be, what of it is dropped, and what it starts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .kernels import Kernel, Version
from .sources import FIELDS, check_sources, mounts_of

if TYPE_CHECKING:
    from .accounts import Account
    from .cloud import Cloud

TITLE_LENGTH = range(5, 51)
LANGUAGES = ("python", "r", "rmarkdown")
KINDS = ("script", "notebook")
ACCELERATORS = {"": "cpu", "None": "cpu", "NvidiaTeslaT4": "gpu", "TpuV5E8": "tpu"}
# Retired machines: what is given instead, without a word.
SUBSTITUTES = {"NvidiaTeslaP100": "NvidiaTeslaT4", "TpuV38": "TpuV5E8", "Tpu1VmV38": "TpuV5E8"}


class RefusedError(Exception):
    """A push that is answered by 200 with an ``error``."""


@dataclass(frozen=True)
class Saving:
    """One push by one account."""

    cloud: Cloud
    account: Account
    asked: dict[str, Any]

    def answer(self) -> dict[str, Any]:
        """Save and start it, and say what became of it."""
        try:
            return self._save()
        except RefusedError as refused:
            empty: dict[str, Any] = {name: [] for name in FIELDS.values()}
            return {"ref": None, "url": None, "versionNumber": 0, "error": str(refused)} | empty

    def _save(self) -> dict[str, Any]:
        self._check()
        shape = self._machine_shape()
        accelerator = accelerator_of(shape)
        runs = self.asked.get("kernelExecutionType") != "QUICK_SAVE"
        if runs:
            self._check_room(accelerator)
        kernel = self._kernel()
        sources, invalid = check_sources(self.cloud, self.account, self.asked)
        version = Version(len(kernel.versions) + 1, self.asked, sources, shape)
        kernel.versions.append(version)
        kernel.is_private = bool(self.asked.get("isPrivate", True))
        if runs:
            places = mounts_of(self.cloud, sources)
            version.session = self.cloud.start(kernel, version, accelerator, places)
        url = f"https://www.kaggle.com/code/{kernel.ref}"
        told = {"ref": f"/code/{kernel.ref}", "url": url, "versionNumber": version.number}
        return told | {"error": None, "invalidTags": [], "kernelId": kernel.id} | invalid

    # -- what it has to be --------------------------------------------------------------

    def _check(self) -> None:
        title = self.asked.get("newTitle")
        if title is not None and len(title) not in TITLE_LENGTH:
            raise ApiError(400, "Title must be between 5 and 50 characters")
        if self.asked.get("language") not in LANGUAGES:
            raise ApiError(400, f"Language must be one of {', '.join(LANGUAGES)}")
        if self.asked.get("kernelType") not in KINDS:
            raise ApiError(400, f"Kernel type must be one of {', '.join(KINDS)}")
        text = self.asked.get("text") or ""
        if len(text.encode()) >= self.cloud.limits.source_bytes:
            raise ApiError(400, "Source code must be smaller than 1 MB")
        if self.asked["kernelType"] == "notebook":
            check_notebook(text)

    def _machine_shape(self) -> str:
        shape = str(self.asked.get("machineShape") or "")
        if not shape and self.asked.get("enableTpu"):
            shape = "TpuV5E8"
        if not shape and self.asked.get("enableGpu"):
            shape = "NvidiaTeslaT4"
        return SUBSTITUTES.get(shape, shape)

    def _check_room(self, accelerator: str) -> None:
        limits, name = self.cloud.limits, accelerator.upper()
        most = limits.sessions(accelerator)
        if self.cloud.active(self.account.name, accelerator) >= most:
            raise RefusedError(f"Maximum batch {name} session count of {most} reached.")
        used, allowed = self.cloud.quota(self.account, accelerator)
        if accelerator != "cpu" and used >= allowed:
            hours = f"{allowed / 3600:.2f}"
            raise RefusedError(f"Maximum weekly {name} quota of {hours} hours reached.")

    # -- which kernel it is -------------------------------------------------------------

    def _kernel(self) -> Kernel:
        kernel = self._named()
        title = self.asked.get("newTitle")
        if kernel is None:
            slug = (self.asked.get("slug") or "").rpartition("/")[2]
            return self.cloud.kernels.create(self.account.name, title or slug, self.cloud.pace)
        if title and title != kernel.title:
            self.cloud.kernels.rename(kernel, title)
        return kernel

    def _named(self) -> Kernel | None:
        if number := self.asked.get("id"):
            kernel = self.cloud.kernels.by_id(number)
            if kernel is None or kernel.owner != self.account.name:
                raise RefusedError("Notebook not found")
            return kernel
        owner, _, slug = (self.asked.get("slug") or "").strip("/").rpartition("/")
        if not slug and not self.asked.get("newTitle"):
            raise ApiError(400, "Either a slug or a title must be given")
        if owner and owner.lower() != self.account.name.lower():
            raise RefusedError("Notebook not found")
        return self.cloud.kernels.find(f"{self.account.name}/{slug}")


def accelerator_of(shape: str) -> str:
    """Give ``cpu``, ``gpu`` or ``tpu`` for the name of a machine.

    Raises:
        ApiError: there is no such machine (400).
    """
    if shape.startswith("Nvidia"):
        return "gpu"
    if shape not in ACCELERATORS:
        raise ApiError(400, f"Invalid machine shape '{shape}'")
    return ACCELERATORS[shape]


def check_notebook(text: str) -> None:
    """Refuse what is no notebook, and cells with lists of lines (500, as the service has it)."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, "The notebook could not be read") from None
    if any(isinstance(cell.get("source"), list) for cell in cells):
        raise ApiError(500, "An internal server error occurred.")
