"""The service as a whole: its state, its way in, and what a test sets and sees."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from .accounts import Account, Accounts
from .certificates import Certificates, make_certificates
from .datasets import Datasets
from .faults import Faults
from .image import Image
from .kernels import Kernels
from .limits import Limits, Pace
from .server import Server
from .sessions import Session, Work
from .sources import folder_of
from .storage import Storage
from .ways import Ways

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from .answers import Call
    from .kernels import Kernel, Version

Layout = Literal["flat", "nested"]


class Cloud:
    """A running stand-in.

    Attributes:
        me: The account that a test has from the start.
        layout: Where inputs are seen: ``flat`` (``/kaggle/input/<slug>``) or ``nested``
            (``/kaggle/input/datasets/<owner>/<slug>``).
        lists_notebooks: Whether an executed notebook is listed among its session's output.
        lists_numbers: Whether a list of kernels has the numbers of their latest versions.
        competitions: Data of each competition by its name.
        faults: What happens to calls to come.
        calls: All calls so far.
        strays: Addresses that somebody asked for here and that are not the service's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        image: Image | None = None,
        limits: Limits | None = None,
        pace: Pace | None = None,
        layout: Layout = "flat",
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.pace = pace or Pace()
        self.layout: Layout = layout
        self.lists_notebooks = False
        self.lists_numbers = True
        self.image = image or Image(folder / "image")
        self.lock = threading.RLock()
        self.accounts = Accounts()
        self.me = self.accounts.add(Account("anna"))
        self.kernels = Kernels()
        self.storage = Storage(folder / "storage")
        self.datasets = Datasets(folder / "datasets", self.storage)
        self.competitions: dict[str, Path] = {}
        self.sessions: list[Session] = []
        self.faults = Faults()
        self.calls: list[Call] = []
        self.strays: list[str] = []
        self._session_ids = itertools.count(200_000_001)
        self._certificates: Certificates | None = None
        self._server = Server(Ways(self).answer, self._tls)

    # -- for tests ----------------------------------------------------------------------

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def environment(self, account: Account | None = None, *, tls: bool = False) -> dict[str, str]:
        """Give the variables by which a client comes here; ``no_proxy`` has to be unset.

        Args:
            account: Whose credentials; `me` without one.
            tls: As the real service, https and all, by an authority of the test's own; else
                as the client's own environment for development, plain http.
        """
        account = account or self.me
        proxy = f"http://127.0.0.1:{self.port}"
        variables = {"KAGGLE_USERNAME": account.name, "KAGGLE_KEY": account.key}
        if not tls:
            return variables | {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "http_proxy": proxy}
        authority = str(self.certificates.authority)
        trust = {"REQUESTS_CA_BUNDLE": authority, "SSL_CERT_FILE": authority}
        return variables | trust | {"https_proxy": proxy, "http_proxy": proxy}

    def calls_of(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def join(self, competition: str, files: dict[str, str], account: Account | None = None) -> None:
        """Have an account take part in a competition, which has these files."""
        folder = self.folder / "competitions" / competition
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        self.competitions[competition] = folder
        (account or self.me).competitions.add(competition)

    def wait(self, ref: str, version: int | None = None, seconds: float = 180) -> Session:
        """Wait for the end of a version's session (the latest's without a number)."""
        session = self.kernels[ref].version(f"v{version}" if version else None).session
        assert session is not None, f"{ref} was saved and not run"
        session.wait(seconds)
        return session

    def pause(self, seconds: float) -> None:
        """Let time pass, or less of it when the service goes down meanwhile."""
        self._server.closing.wait(seconds)

    def close(self) -> None:
        """End all sessions and connections."""
        for session in self.sessions:
            session.kill()
        self._server.close()

    # -- for the service ----------------------------------------------------------------

    @property
    def certificates(self) -> Certificates:
        with self.lock:
            if self._certificates is None:
                self._certificates = make_certificates(self.folder / "certificates")
            return self._certificates

    def _tls(self) -> ssl.SSLContext:
        return self.certificates.context()

    def active(self, owner: str, accelerator: str) -> int:
        """Count the sessions of an account that have not ended."""
        return sum(
            session.active and session.owner == owner and session.work.accelerator == accelerator
            for session in self.sessions
        )

    def quota(self, account: Account, accelerator: str) -> tuple[float, float]:
        """Give used and allowed time, in seconds."""
        if accelerator == "tpu":
            return account.tpu_used, self.limits.tpu_seconds
        return account.gpu_used, self.limits.gpu_seconds

    def start(
        self,
        kernel: Kernel,
        version: Version,
        accelerator: str,
        places: list[tuple[str, str, str]],
    ) -> Session:
        """Run a version in a session of its own."""
        account = self.accounts.find(kernel.owner)
        assert account is not None
        asked, number = version.asked, next(self._session_ids)
        found = [(folder_of(self, account, field, ref), place) for field, ref, place in places]
        work = Work(
            kind=asked["kernelType"],
            text=asked.get("text") or "",
            mounts=tuple((folder, place) for folder, place in found if folder is not None),
            accelerator=accelerator,
            internet=bool(asked.get("enableInternet")),
            seconds=min(asked.get("sessionTimeoutSeconds") or 1e9, self.limits.session_seconds),
            queued_seconds=self.pace.queued_seconds,
        )
        folder = self.folder / "sessions" / str(number)
        session = Session(
            number, kernel.owner, kernel.slug, work, folder, self.image, self._count_time
        )
        self.sessions.append(session)
        return session

    def _count_time(self, session: Session) -> None:
        account = self.accounts.find(session.owner)
        if account is None:
            return
        if session.work.accelerator == "gpu":
            account.gpu_used += session.seconds
        elif session.work.accelerator == "tpu":
            account.tpu_used += session.seconds

    def wait_until_idle(self, seconds: float = 180) -> None:
        """Wait for the end of every session."""
        deadline = time.monotonic() + seconds
        for session in list(self.sessions):
            session.wait(max(0.0, deadline - time.monotonic()))


@contextmanager
def running(folder: Path, **options: object) -> Iterator[Cloud]:
    """Run a stand-in for as long as the block lasts; the options are those of `Cloud`."""
    cloud = Cloud(folder, **options)  # type: ignore[arg-type]
    try:
        yield cloud
    finally:
        cloud.close()
