"""How a broken promise is told, and how long a driver is waited for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import Capability
    from fahr_core.session import Session

__all__ = ["broken", "eventually", "need", "within"]

T = TypeVar("T")


def broken(promise: str, fact: Any = "") -> str:
    """Give the message of a broken promise, with the fact that shows it."""
    return f"promise broken: {promise}" + (f"\n{fact}" if fact != "" else "")


def need(session: Session, capability: Capability) -> None:
    """Skip the test of what the driver does not declare to be able to do."""
    if not session.can(capability):
        pytest.skip(f"{session.train.name} does not declare the capability {capability}")


def eventually(ask: Callable[[], T | None], seconds: float, promise: str, pause: float) -> T:
    """Ask until there is an answer; none within ``seconds`` breaks the promise."""
    limit = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < limit, broken(promise, f"not within {seconds:g} s")
        time.sleep(pause)
    return answer


def within(seconds: float, promise: str, work: Callable[[], T]) -> T:
    """Do work that a driver could make hang; not to be done in ``seconds`` breaks the promise."""
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below, where pytest sees it
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    assert answers, broken(promise, f"not within {seconds:g} s")
    return answers[0]
