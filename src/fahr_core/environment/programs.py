"""Run pip, uv or conda, and tell what they are at."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.environment.interpreters import clean_environment
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress

__all__ = ["Finished", "redacted", "run"]

_LOGIN = re.compile(r"(://)[^/@\s:]*:[^/@\s]*@")
_KEPT_LINES = 400


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended; ``output`` is the end of what it printed, logins blotted out."""

    status: int
    output: str


def run(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    progress: Progress | None = None,
    variables: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program to its end; each line that it prints is told as progress.

    The program goes down with the caller: it is killed when the caller is interrupted.

    Raises:
        EnvironmentFileError: it cannot be started.
    """
    environment = clean_environment() | {"PYTHONUTF8": "1", "NO_COLOR": "1"} | dict(variables or {})
    try:
        process = subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise EnvironmentFileError(f"cannot start {arguments[0]}: {error.strerror}") from error
    with process:
        try:
            lines = _listen(process, progress)
        except BaseException:
            process.kill()
            raise
    return Finished(process.returncode, "".join(lines))


def _listen(process: subprocess.Popen[str], progress: Progress | None) -> deque[str]:
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    for raw in process.stdout or ():
        line = redacted(raw)
        lines.append(line)
        if progress and line.strip():
            progress("environment", line.strip())
    return lines


def redacted(text: str) -> str:
    """Blot out the logins in the addresses of a text."""
    return _LOGIN.sub(r"\1****@", text)
