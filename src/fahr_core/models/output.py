"""Files that are fetched."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FetchOptions", "FetchedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How output is fetched: which files, and whether archives are unpacked."""

    include: tuple[str, ...] = ()
    extract: bool = True
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file that was written, relative to the destination, with ``/`` between parts."""

    path: str
    size: int
