"""A session: the pushed file as a process of its own, in the service's layout of folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .logs import Log
from .namespaces import unshare

if TYPE_CHECKING:
    from collections.abc import Callable

    from .image import Image

LAYOUT = Path(__file__).with_name("layout.sh")
FINAL = ("COMPLETE", "ERROR", "CANCEL_ACKNOWLEDGED")

# A notebook is run by papermill, in place and in the folder of its output, by the kernel that
# it names: notebooks that the service ran say so in their metadata.
EXECUTED = "__notebook__.ipynb"
PAPERMILL = (
    "import sys; from papermill import execute_notebook;"
    f"execute_notebook('{EXECUTED}', '{EXECUTED}',"
    " stdout_file=sys.stdout, stderr_file=sys.stderr, progress_bar=False)"
)
COMMANDS = {
    "script": ("python3", "/kaggle/src/script.py"),
    "notebook": ("python3", "-c", PAPERMILL),
}
FILES = {"script": "src/script.py", "notebook": f"working/{EXECUTED}"}
# What reaching a package index may need, given to a session with internet.
TO_INDEXES = ("PIP_", "UV_", "SSL_CERT", "REQUESTS_CA_BUNDLE")
TIMED_OUT = "Your notebook was stopped because it exceeded the maximum execution time."


@dataclass(frozen=True)
class Work:
    """What a session runs, and with what.

    Attributes:
        kind: ``script`` or ``notebook``.
        text: The source.
        mounts: Folders and where under ``/kaggle/input`` they are seen.
        accelerator: ``cpu``, ``gpu`` or ``tpu``.
        internet: Whether there is a network.
        seconds: The time that it may take.
        queued_seconds: The time before it starts.
    """

    kind: str
    text: str
    mounts: tuple[tuple[Path, str], ...]
    accelerator: str
    internet: bool
    seconds: float
    queued_seconds: float


@dataclass
class Session:
    """One run of one version of a kernel; ``folder`` is where its files are."""

    id: int
    owner: str
    slug: str
    work: Work
    folder: Path
    image: Image
    ended: Callable[[Session], None]
    status: str = "QUEUED"
    failure: str | None = None
    log: Log = field(default_factory=Log)
    started_at: float = 0
    ended_at: float = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._begun = threading.Event()
        self._over = threading.Event()
        self._why = ""
        self._thread = threading.Thread(target=self._run, name=f"session {self.id}")
        self._thread.start()

    @property
    def active(self) -> bool:
        return self.status not in FINAL

    @property
    def output(self) -> Path:
        """The files that it left; empty until it has ended."""
        return self.folder / "output"

    @property
    def seconds(self) -> float:
        """How long it has run."""
        if not self.started_at:
            return 0
        return (self.ended_at or time.monotonic()) - self.started_at

    def begin(self) -> None:
        """Give it a machine at once, however long it was to be queued."""
        self._begun.set()

    def cancel(self) -> None:
        """Ask for its end, as the service's own page does."""
        if self.active:
            self.status = "CANCEL_REQUESTED"
            self._end_by("cancelled")

    def kill(self) -> None:
        """End it at once and wait: its kernel is deleted, or the service goes down."""
        self._end_by("deleted")
        self._thread.join()

    def wait(self, seconds: float = 180) -> str:
        """Wait for its end and give the status."""
        if not self._over.wait(seconds):
            raise TimeoutError(f"session {self.id} is still {self.status}:\n{self.log.text}")
        return self.status

    def _end_by(self, why: str) -> None:
        self._why = self._why or why
        self._stop.set()
        self._begun.set()

    # -- in the session's thread --------------------------------------------------------

    def _run(self) -> None:
        try:
            self.log_status(*self._ran())
        finally:
            self.log.close()
            self.ended(self)
            self._over.set()

    def log_status(self, status: str, failure: str | None) -> None:
        self.ended_at = time.monotonic()
        self.status, self.failure = status, failure

    def _ran(self) -> tuple[str, str | None]:
        self._begun.wait(self.work.queued_seconds)
        if self._stop.is_set():
            return "CANCEL_ACKNOWLEDGED", None
        self._lay_out()
        self.started_at = time.monotonic()
        if not self._stop.is_set():
            self.status = "RUNNING"
        code = self._process()
        if self._why == "timed out":
            return "ERROR", TIMED_OUT
        if self._why:
            return "CANCEL_ACKNOWLEDGED", None
        self._keep_output()
        return ("COMPLETE", None) if code == 0 else ("ERROR", None)

    def _lay_out(self) -> None:
        for name in ("src", "working", "home"):
            (self.folder / name).mkdir(parents=True)
        source = self.folder / FILES[self.work.kind]
        source.write_text(self.work.text, encoding="utf-8")
        lines = [f"{folder}\t{place}\n" for folder, place in self.work.mounts]
        (self.folder / "mounts").write_text("".join(lines), encoding="utf-8")

    def _process(self) -> int:
        image = self.image.ready()
        inside = ["sh", str(LAYOUT), str(self.folder), str(image.python.parents[1])]
        command = [*unshare(network=self.work.internet), *inside, *COMMANDS[self.work.kind]]
        process = subprocess.Popen(
            command,
            env=self._environment(image),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with process:
            streams = {"stdout": process.stdout, "stderr": process.stderr}
            readers = [self._reader(name, stream) for name, stream in streams.items()]
            self._watch(process)
            for reader in readers:
                reader.join()
        return process.returncode

    def _reader(self, name: str, stream: IO[bytes] | None) -> threading.Thread:
        def read() -> None:
            for line in stream or ():
                self.log.write(name, line.decode(errors="replace"))

        thread = threading.Thread(target=read)
        thread.start()
        return thread

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for its end, and bring that about when its time is over."""
        limit = self.started_at + self.work.seconds
        while process.poll() is None:
            if time.monotonic() > limit:
                self._end_by("timed out")
            if self._stop.wait(0.02):
                # The group: `unshare` may have begun its child and not yet bound it to itself.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _environment(self, image: Image) -> dict[str, str]:
        folders = [str(image.python.parent), "/usr/local/bin", "/usr/bin", "/bin", "/sbin"]
        if self.work.accelerator == "gpu":
            folders.insert(0, str(image.nvidia))
        own = {
            "HOME": str(self.folder / "home"),
            "KAGGLE_CONTAINER_NAME": f"kaggle_session_{self.id}",
            "KAGGLE_KERNEL_RUN_TYPE": "Batch",
            "KAGGLE_URL_BASE": "https://www.kaggle.com",
            "KAGGLE_USER_SECRETS_TOKEN": "secret-of-the-session",
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(folders),
        }
        if self.work.accelerator == "tpu":
            own["TPU_ACCELERATOR_TYPE"] = "v5litepod-8"
        if self.work.internet:
            own |= {k: v for k, v in os.environ.items() if k.startswith(TO_INDEXES)}
        return own

    def _keep_output(self) -> None:
        """Keep what is under ``/kaggle/working``, as the service does at a session's own end."""
        shutil.move(self.folder / "working", self.output)
