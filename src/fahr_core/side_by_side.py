"""Several calls at one time, of which none keeps an interrupted process waiting."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["NAME", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

#: The threads' name.
NAME = "side-by-side"
#: Seconds that calls have to end once one has failed, or the wait was interrupted; what is
#: silent is left behind then.
_FAREWELL = 2.0
#: Seconds between two looks at whether all is done: an interruption is seen then.
_GLANCE = 0.1


def side_by_side(work: Callable[[T], R], items: Sequence[T], at_once: int) -> list[R]:
    """Do ``work`` for each item, some at one time; the answers are in the items' order.

    The first failure is raised, and nothing more is begun.  The threads are daemons: Python
    waits at its end for those of an executor, however long a dead server keeps them.
    """
    answers: dict[int, R] = {}
    failures: list[BaseException] = []
    waiting, over = deque(enumerate(items)), threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                number, item = waiting.popleft()
            except IndexError:
                return
            try:
                answers[number] = work(item)
            except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
                failures.append(error)
                over.set()

    threads = [threading.Thread(target=run, name=NAME, daemon=True) for _ in items[:at_once]]
    for thread in threads:
        thread.start()
    _wait(threads, over)
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(items))]


def _wait(threads: list[threading.Thread], over: threading.Event) -> None:
    try:
        for thread in threads:
            while thread.is_alive() and not over.is_set():
                thread.join(_GLANCE)
    finally:  # also when somebody presses Ctrl-C: what writes files is to end before they go
        over.set()
        until = time.monotonic() + _FAREWELL
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
