"""Faults on demand: which call, what happens to it, how many times."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["cut", "slow", "limited", "broken", "lost", "silent", "torn"]


@dataclass
class Fault:
    """What happens to a call.

    Attributes:
        call: Its name: a method of the API (``SaveKernel``), ``LogStream``, ``Upload`` or
            ``Download``; ``*`` is any.
        kind: ``cut``: the connection ends without an answer, and nothing was done; ``slow``:
            done after ``seconds``; ``limited``: 429 with ``Retry-After``; ``broken``: 500, and
            nothing was done; ``lost``: done, and the connection ends without an answer;
            ``silent``: no answer ever, and nothing was done; ``torn``: done, and the answer ends
            in its middle.
        times: How many calls; the next ones are well.
        after: How many calls are well before.
        seconds: For ``slow`` the pause, for ``limited`` the value of ``Retry-After``.
    """

    call: str
    kind: Kind
    times: int = 1
    after: int = 0
    seconds: float = 1


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, call: str, kind: Kind, **options: float) -> None:
        """Have a fault happen; the options are those of `Fault`."""
        with self._lock:
            self._waiting.append(Fault(call, kind, **options))  # type: ignore[arg-type]

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    @property
    def left(self) -> int:
        """How many calls still meet a fault."""
        with self._lock:
            return sum(fault.times for fault in self._waiting)

    def take(self, call: str) -> Fault | None:
        """Give what happens to this call, None for nothing."""
        with self._lock:
            for fault in self._waiting:
                if fault.call not in ("*", call):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None
