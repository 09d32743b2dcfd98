"""What an engine is asked to build."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003

__all__ = ["BuildOrder", "Lent"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lent:
    """What a build is lent and never keeps, as texts; None where there is nothing to lend.

    ``certificates`` are authorities in PEM, ``netrc`` logins by host, ``index`` a shell text
    that sets the addresses of package indexes.
    """

    certificates: str | None = None
    netrc: str | None = None
    index: str | None = None

    def secrets(self) -> dict[str, str]:
        """Give the texts by the names that the Dockerfile knows them by."""
        known = {"ca": self.certificates, "netrc": self.netrc, "index": self.index}
        return {name: text for name, text in known.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """An image to build from a staged folder.

    ``what`` is what messages call it; ``target`` the stage to stop at, None for the last one;
    ``dockerfile`` lies outside of ``context``.
    """

    what: str
    context: Path
    dockerfile: Path
    tag: str
    platform: str
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lent: Lent = Lent()
