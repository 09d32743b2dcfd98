"""fahr as a person runs it, on one experiment whose script does what its parameter says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_docker.train_driver.planning import home_mark

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_docker.engine.local import Engine

#: One image serves all tests: what a job does is in its description.
SCRIPT = """
import os
import signal
import sys
import time
from pathlib import Path

task = "write"
inputs = Path(os.environ["FAHR_INPUT_DIR"])
print("user", os.getuid(), flush=True)
if task == "write":
    Path("model.txt").write_text("model")
    Path(os.environ["FAHR_CHECKPOINT_DIR"], "step-1").write_text("1")
elif task == "fail":
    Path("half.txt").write_text("half")
    raise ValueError("no digits in the data")
elif task == "wait":
    def end(number, frame):
        print("caught SIGTERM", flush=True)
        Path("saved.txt").write_text("saved")
        sys.exit(1)
    signal.signal(signal.SIGTERM, end)
    print("ready", flush=True)
    time.sleep(600)
elif task == "stay":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    time.sleep(600)
elif task == "inputs":
    for path in sorted(inputs.rglob("*")):
        print(path.relative_to(inputs), path.read_text() if path.is_file() else "", flush=True)
    try:
        (inputs / "digits" / "mine.txt").write_text("mine")
        print("written")
    except OSError as error:
        print("not written")
elif task == "memory":
    print(len(bytearray(400 << 20)))
elif task == "shm":
    status = os.statvfs("/dev/shm")
    print("shm", status.f_blocks * status.f_frsize)
elif task == "secret":
    print("has it" if os.environ["TOKEN_OF_TEST"] else "has none", flush=True)
    print("secrets left", Path("/opt/fahr/job/secrets.json").exists())
elif task == "print":
    for number in range(20000):
        print("line", number)
    print("x" * 100000)
elif task == "slow":
    for number in range(5):
        print("step", number, flush=True)
        time.sleep(0.4)
elif task == "many":
    print(os.environ["COLOUR"], Path.home())
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def told(self) -> str:
        """Give the messages on one line, however they were folded."""
        return " ".join(self.err.split())


@dataclass
class Fahr:
    """A person with an experiment folder and a fahr of their own."""

    engine: Engine
    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    #: What goes before the command, such as a change of the user.
    prefix: tuple[str, ...] = ()

    def __call__(self, *arguments: str, **variables: str) -> Ran:
        """Run ``fahr`` to its end."""
        done = self.start(*arguments, **variables)
        out, err = done.communicate(timeout=240)
        return Ran(done.returncode, out, err)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Begin to run ``fahr``."""
        environ = {**os.environ, "FAHR_HOME": str(self.home), **self.variables, **variables}
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "fahr_core", *arguments],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def fit(self, task: str, *options: str, **variables: str) -> Ran:
        """Send the experiment off with a task."""
        return self("fit", "--train-driver=docker", f"-ptask={task}", *options, **variables)

    def sent(self, task: str, *options: str, **variables: str) -> str:
        """Send a job that has to be taken, and give its name."""
        ran = self.fit(task, *options, **variables)
        assert ran.status == 0, ran.err
        return ran.out.strip()

    def job(self, name: str) -> dict[str, Any]:
        """Tell what fahr knows of a job."""
        ran = self("status", name, "--json")
        assert ran.status == 0, ran.err
        return json.loads(ran.out)

    def until(self, name: str, line: str) -> None:
        """Wait until a job has printed a line."""
        limit = time.monotonic() + 120
        while line not in self("logs", name).lines:
            assert time.monotonic() < limit, f"{name} never printed {line}"

    def containers(self) -> list[Any]:
        """Give the containers of this fahr's jobs."""
        with_home = {"label": f"fahr.home={self.mark}"}
        return self.engine.client.containers.list(all=True, filters=with_home)

    @property
    def mark(self) -> str:
        before = os.environ.get("FAHR_HOME", "")
        os.environ["FAHR_HOME"] = str(self.home)
        try:
            return home_mark()
        finally:
            os.environ["FAHR_HOME"] = before
