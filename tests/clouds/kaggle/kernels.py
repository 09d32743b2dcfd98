"""The kernels of all accounts: their names, titles and versions."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import ApiError, denied

if TYPE_CHECKING:
    from .limits import Pace
    from .sessions import Session

LABEL = re.compile(r"v([0-9]+)")


@dataclass
class Version:
    """A version: the request that saved it, and the session that ran it (None: quick save).

    ``saved`` is when (seconds since 1970).
    """

    number: int
    asked: dict[str, Any]
    sources: dict[str, list[str]]
    machine_shape: str
    session: Session | None = None
    saved: float = field(default_factory=time.time)


@dataclass
class Kernel:
    """A kernel with all its versions.

    Attributes:
        unseen: So many status calls will not find it yet.
        seen_at: From then on (monotonic time) they find it all the same.
    """

    id: int
    owner: str
    slug: str
    title: str
    is_private: bool = True
    unseen: int = 0
    seen_at: float = 0
    versions: list[Version] = field(default_factory=list)

    @property
    def ref(self) -> str:
        return f"{self.owner}/{self.slug}"

    def version(self, label: str | None) -> Version:
        """Give the version of a label ``v3``; without one the latest.

        Raises:
            ApiError: the label is of another form (400), or no version has it (404).
        """
        if not label:
            if not self.versions:
                raise ApiError(404, "Not found")
            return self.versions[-1]
        found = LABEL.fullmatch(label)
        if not found:
            raise ApiError(400, f"Invalid version label '{label}'")
        number = int(found[1])
        for version in self.versions:
            if version.number == number:
                return version
        raise ApiError(404, "Not found")


class Kernels:
    """Kernels by owner and slug."""

    def __init__(self) -> None:
        self._kernels: dict[str, Kernel] = {}
        self._ids = itertools.count(90_000_001)

    def __getitem__(self, ref: str) -> Kernel:
        """Give a kernel by ``owner/slug``, for a test to look at."""
        return self._kernels[ref.lower()]

    def __contains__(self, ref: str) -> bool:
        return ref.lower() in self._kernels

    def all(self) -> list[Kernel]:
        return list(self._kernels.values())

    def find(self, ref: str) -> Kernel | None:
        return self._kernels.get(ref.strip("/").lower())

    def by_id(self, number: int) -> Kernel | None:
        return next((each for each in self._kernels.values() if each.id == number), None)

    def seen_by(self, name: str, ref: str) -> Kernel:
        """Give a kernel that an account may look at.

        Raises:
            ApiError: there is none, or it is private and another's; the answer is the same (403).
        """
        kernel = self.find(ref)
        if kernel is None or (kernel.is_private and kernel.owner.lower() != name.lower()):
            raise denied("kernels.get")
        return kernel

    def create(self, owner: str, title: str, pace: Pace) -> Kernel:
        """Make a kernel whose slug is what its title says.

        Raises:
            ApiError: the owner has one of that title (409).
        """
        slug = slug_of(title)
        self._check_free(owner, slug, title)
        kernel = Kernel(next(self._ids), owner, slug, title, unseen=pace.unseen_calls)
        kernel.seen_at = time.monotonic() + pace.unseen_seconds
        self._kernels[kernel.ref.lower()] = kernel
        return kernel

    def rename(self, kernel: Kernel, title: str) -> None:
        """Give a kernel another title, and the slug that goes with it."""
        slug = slug_of(title)
        if slug != kernel.slug:
            self._check_free(kernel.owner, slug, title)
            del self._kernels[kernel.ref.lower()]
            kernel.slug = slug
            self._kernels[kernel.ref.lower()] = kernel
        kernel.title = title

    def delete(self, kernel: Kernel) -> None:
        """Remove a kernel; its sessions end and their output is gone."""
        del self._kernels[kernel.ref.lower()]
        for version in kernel.versions:
            if version.session:
                version.session.kill()

    def _check_free(self, owner: str, slug: str, title: str) -> None:
        if self.find(f"{owner}/{slug}"):
            what = f'The requested title "{title}" is already in use by a notebook.'
            raise ApiError(409, f"{what} Please choose another title.")


def slug_of(title: str) -> str:
    """Give the slug that a title resolves to."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
