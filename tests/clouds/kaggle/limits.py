"""How much the service allows, and how long it takes over things."""

from __future__ import annotations

from dataclasses import dataclass

HOUR = 3600.0


@dataclass(frozen=True)
class Limits:
    """What the service allows; a test makes it smaller.

    Attributes:
        cpu_sessions: Batch sessions of an account at one time without an accelerator.
        gpu_sessions: The same with a GPU.
        tpu_sessions: The same with a TPU.
        source_bytes: Most bytes of the one file that is pushed.
        session_seconds: After this time a session is killed.
        page_size: Most files on one page of output.
        gpu_seconds: GPU time of an account in a week.
        tpu_seconds: TPU time of an account in a week.
        calls: Calls of an account within a window before it is told 429; None: no bound.
        window_seconds: Length of that window.
    """

    cpu_sessions: int = 5
    gpu_sessions: int = 2
    tpu_sessions: int = 1
    source_bytes: int = 1_000_000
    session_seconds: float = 12 * HOUR
    page_size: int = 200
    gpu_seconds: float = 30 * HOUR
    tpu_seconds: float = 20 * HOUR
    calls: int | None = None
    window_seconds: float = 180

    def sessions(self, accelerator: str) -> int:
        """Give how many sessions an account may have with ``cpu``, ``gpu`` or ``tpu``."""
        counts = {"cpu": self.cpu_sessions, "gpu": self.gpu_sessions, "tpu": self.tpu_sessions}
        return counts[accelerator]


@dataclass(frozen=True)
class Pace:
    """How long the service takes over what does not happen at once.

    Attributes:
        unseen_calls: First status calls for a new kernel that are answered by 404.
        unseen_seconds: After this time a new kernel is seen whatever was asked before.
        queued_seconds: Between a push and the start of its session.
        dataset_seconds: Between the creation of a dataset and the moment it can be used.
        cancel_seconds: Between a request to cancel and the end of the session.
    """

    unseen_calls: int = 1
    unseen_seconds: float = 3
    queued_seconds: float = 0.05
    dataset_seconds: float = 0.2
    cancel_seconds: float = 0.05
