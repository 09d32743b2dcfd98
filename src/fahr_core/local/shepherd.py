"""The process that watches one local job: started detached, it outlives the terminal.

Started as ``python -I -S shepherd.py JOB_FOLDER TOKEN LAUNCHER_FOLDER BOOT_ID``: without site
packages it starts in a few milliseconds and cannot be broken by them.  It claims the job,
runs the launcher in its own process, and writes the job's state down.  Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import types
from importlib import import_module
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: the folder module beside it is all that it needs
    sys.path.insert(0, str(Path(__file__).parent))
    from folder import JobFolder  # type: ignore[import-not-found,unused-ignore]
else:
    from fahr_core.local.folder import JobFolder


class Runtime:
    """How this machine looks to the launcher."""

    def __init__(self, folder: JobFolder, interpreters: dict[str, str]) -> None:
        self._folder = folder
        self._interpreters = interpreters

    def places(self) -> dict[str, str]:
        """Tell the job's folders; it works where its code was unpacked for it alone."""
        folder = self._folder
        return {
            "code": str(folder.work),
            "work": str(folder.work),
            "output": str(folder.output),
            "inputs": str(folder.inputs),
            "checkpoints": str(folder.checkpoints),
            **self._interpreters,
        }

    def nodes(self) -> dict[str, int]:
        """Tell that there is one."""
        return {"rank": 0, "count": 1}

    def secrets(self, names: list[str]) -> dict[str, str]:
        """Hand the secrets over, once."""
        secrets = self._folder.read_secrets()
        return {name: secrets[name] for name in names}

    def report_failure(self, reason: str) -> None:
        """Do nothing: the reason is in the outcome, which the shepherd writes down."""

    def deliver(self, output: str) -> None:
        """Put the checkpoints beside the output, so that a later job can go on from them."""
        checkpoints = self._folder.checkpoints
        if checkpoints.is_dir() and any(checkpoints.iterdir()):
            shutil.copytree(checkpoints, Path(output, "checkpoints"), dirs_exist_ok=True)


def main(folder_path: str, token: str, launcher: str, boot: str) -> int:
    """Claim the job and run it; give the exit status of the process, which nobody reads."""
    folder = JobFolder(Path(folder_path))
    lock = folder.hold_lock()
    if lock is None or not folder.take_claim(token):
        return 0
    try:
        _run(folder, launcher, boot)
    finally:
        os.close(lock)
    return 0


def _run(folder: JobFolder, launcher: str, boot: str) -> None:
    folder.environment.unlink()  # this process has it
    document = json.loads(folder.description.read_bytes())
    started = {"pid": os.getpid(), "boot": boot, "started": time.time()}
    folder.write_state(state="running", **started)
    runtime = Runtime(folder, document["interpreters"])
    outcome = _launcher(launcher).run(document, runtime)
    if outcome.collected:  # what is new in it is in the output
        shutil.rmtree(folder.work, ignore_errors=True)
    folder.forget_secrets()
    folder.write_state(
        state=outcome.state,
        **started,
        ended=outcome.ended,
        exit_code=outcome.exit_code,
        reason=outcome.reason,
    )


def _launcher(path: str) -> Any:
    """Import the launcher from its folder, without importing fahr."""
    package = types.ModuleType("fahr_launcher")
    package.__path__ = [path]
    sys.modules["fahr_launcher"] = package
    return import_module("fahr_launcher.run")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
