"""What tests and a job's own thread wait for: a job whose state changes."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading
    from typing import Self


class Watched(abc.ABC):
    """A job; its state changes under ``changed``, which tells of every change."""

    changed: threading.Condition

    @abc.abstractmethod
    def was_in(self, state: str) -> bool:
        """Tell whether it has been in a state; ``final`` stands for any end."""

    @abc.abstractmethod
    def whereabouts(self) -> str:
        """Tell where it is, and how it came there."""

    def tell(self, **told: Any) -> None:
        """Set attributes and tell those who wait."""
        with self.changed:
            for name, value in told.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def wait_for(self, *states: str, timeout: float = 120) -> Self:
        """Wait until it has been in one of the states.

        Raises:
            TimeoutError: it was not in time; the message tells where it is.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: any(map(self.was_in, states)), timeout):
                raise TimeoutError(self.whereabouts())
        return self
