"""Faults on demand: what goes wrong with which call, and how often."""

from __future__ import annotations

import enum
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


class Fault(enum.Enum):
    """What can go wrong; all but the last three happen before the call takes effect."""

    TIMEOUT = "the connection stays open and no answer comes"
    RESET = "the connection is reset"
    ERROR = "the service answers 500"
    UNAVAILABLE = "the service answers 503"
    THROTTLE = "the service asks to be asked less often"
    LOST = "the call takes effect, then the connection is reset"
    BROKEN = "the call takes effect, and half of the answer arrives"
    SLOW = "the answer comes late"


@dataclass(frozen=True)
class Strike:
    """What strikes a call.

    Attributes:
        fault: What happens.
        seconds: How late the answer is, or how long none comes.
        over: Set when the fault is taken back: nothing waits longer.
    """

    fault: Fault
    seconds: float
    over: threading.Event = field(default_factory=threading.Event)


@dataclass
class _Planned:
    pattern: str
    strike: Strike
    skip: int
    left: float


class Faults:
    """The faults that are to come; from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        #: How often each fault struck, by the call's name.
        self.struck: list[tuple[str, Fault]] = []

    def add(
        self,
        pattern: str,
        fault: Fault,
        *,
        times: float = 1,
        skip: int = 0,
        seconds: float = 600,
    ) -> None:
        """Plan a fault for calls such as ``sagemaker:CreateTrainingJob`` or ``s3:*``.

        Args:
            pattern: a call's name, with ``*`` and ``?`` as in a shell.
            fault: what happens.
            times: how many calls it strikes; ``inf`` for all.
            skip: how many such calls pass unharmed first.
            seconds: how late an answer is, or how long none comes.
        """
        with self._lock:
            self._planned.append(_Planned(pattern, Strike(fault, seconds), skip, times))

    def clear(self) -> None:
        """Plan none, let go of the calls that are held, and forget which were struck."""
        with self._lock:
            for planned in self._planned:
                planned.strike.over.set()
            self._planned.clear()
            self.struck.clear()

    def take(self, call: str) -> Strike | None:
        """Give what strikes a call of this name."""
        with self._lock:
            for planned in self._planned:
                if not planned.left or not fnmatchcase(call, planned.pattern):
                    continue
                if planned.skip:
                    planned.skip -= 1
                    continue
                planned.left -= 1
                self.struck.append((call, planned.strike.fault))
                return planned.strike
        return None
