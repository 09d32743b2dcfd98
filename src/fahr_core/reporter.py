"""How long work tells what it does; the command line prints it, a notebook may not."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Quiet", "Reporter"]


class Reporter(Protocol):
    """Who listens while a job is sent or fetched."""

    def say(self, stage: str, text: str) -> None:
        """Tell a finished stage, such as ``code``, in one line."""

    def warn(self, text: str) -> None:
        """Tell what may be wrong but stops nothing."""

    def progress(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Tell how far long work is; called often and from any thread."""


class Quiet:
    """A reporter that nobody reads."""

    def say(self, stage: str, text: str) -> None:
        """Tell nobody."""

    def warn(self, text: str) -> None:
        """Tell nobody."""

    def progress(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Tell nobody."""
