"""The threads that run a cloud's jobs, from accepted to ended, and the engine that they share."""

from __future__ import annotations

import abc
import contextlib
import threading
import traceback
from typing import Any, Generic, Protocol, TypeVar


class Job(Protocol):
    """What a runner needs of a job."""

    @property
    def name(self) -> str:
        """Give what tells it from all others."""

    def tell(self) -> None:
        """Wake those who wait for a change."""


J = TypeVar("J", bound=Job)


class JobError(Exception):
    """The job cannot go on; the text is the reason that the service gives."""


class Runner(abc.ABC, Generic[J]):
    """Runs every accepted job in a thread of its own."""

    def __init__(self) -> None:
        """Run none; the engine is not asked for yet."""
        self._threads: dict[str, tuple[J, threading.Thread]] = {}
        self._ending = threading.Event()
        #: What went wrong in the cloud itself; a test that leaves any has to fail.
        self.problems: list[str] = []
        #: What was pulled, to be removed when the cloud ends.
        self.pulled: set[str] = set()
        self._engine: Any = None

    @abc.abstractmethod
    def attempts(self, job: J) -> None:
        """Take a job to its end."""

    @abc.abstractmethod
    def fail(self, job: J, reason: str, *, own: bool) -> None:
        """Let a job fail, by a fault of its own or one of the service (`own`)."""

    def start(self, job: J) -> None:
        """Run a job."""
        thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        self._threads[job.name] = (job, thread)
        thread.start()

    def end_all(self) -> None:
        """End every job that runs, without grace."""
        self._ending.set()
        for job, _ in self._threads.values():
            job.tell()
        for _, thread in self._threads.values():
            thread.join()
        self._threads.clear()
        self._ending.clear()

    @property
    def ending(self) -> bool:
        """Tell whether the cloud is about to end."""
        return self._ending.is_set()

    @property
    def engine(self) -> Any:
        """Give the engine, found once."""
        if self._engine is None:
            from docker import from_env

            self._engine = from_env(timeout=120)
        return self._engine

    def pull(self, repository: str, reference: str, login: dict[str, str]) -> str:
        """Pull an image by tag or digest; give its name.

        Raises:
            docker.errors.APIError: there is none, or the login is refused.
        """
        self.engine.images.pull(repository, reference, auth_config=login)
        joint = "@" if reference.startswith("sha256:") else ":"
        self.pulled.add(f"{repository}{joint}{reference}")
        return f"{repository}{joint}{reference}"

    def close(self) -> None:
        """Remove what was pulled, and close the connection to the engine."""
        if self._engine is not None:
            from docker.errors import APIError

            for image in self.pulled:
                with contextlib.suppress(APIError):
                    self._engine.images.remove(image)
            self._engine.close()

    def _run(self, job: J) -> None:
        try:
            self.attempts(job)
        except JobError as error:
            self.fail(job, str(error), own=False)
        except Exception as error:  # noqa: BLE001  (told to the test that owns the cloud)
            if not self.ending:
                self.problems.append(traceback.format_exc())
            self.fail(job, repr(error), own=True)
