"""Why a job failed, in a line that fits on a screen."""

import os
import re
import signal
from typing import Dict, Iterable, List, NamedTuple, Optional

from .supervise import Ended

LONGEST = 600
# An error that was logged and overcome long before the end is not the reason.
LINES_AFTER = 80

TIMED_OUT = 124
STOPPED = 143
CANNOT_START = 78  # the job could not be started as described
OWN_FAILURE = 70  # a fault of the launcher's

FRAME = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>\d+)(?:, in .*)?$')
EXCEPTION = re.compile(r"^(?P<name>[^\W\d][\w.]*)(?:: (?P<text>.*))?$")
# torch.distributed marks each line with its rank, an exception group with a bar.
MARK = re.compile(r"^\[rank\d+\]:\s?|^\s*[|+](?:-+)? ?")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

SIGNALS = {
    "SIGKILL": "killed by SIGKILL (out of memory?)",
    "SIGSEGV": "segmentation fault (SIGSEGV)",
    "SIGABRT": "aborted (SIGABRT)",
    "SIGBUS": "bus error (SIGBUS: shared memory too small?)",
    "SIGILL": "illegal instruction (SIGILL: a package built for another processor?)",
    "SIGFPE": "arithmetic error (SIGFPE)",
}


class Frame(NamedTuple):
    """One place in a traceback."""

    file: str
    line: int
    source: str


class Traceback(NamedTuple):
    """A traceback found in a log."""

    frames: List[Frame]
    exception: str
    ends_at: int


def exit_code(ended: Ended) -> int:
    """Give the launcher's own exit status, 0..255, for how the command ended."""
    if ended.stopped:
        return STOPPED
    if ended.timed_out:
        return TIMED_OUT
    return 128 - ended.code if ended.code < 0 else ended.code & 0xFF


def reason(
    ended: Ended, stderr: str, work: str, through_shell: bool, timeout: Optional[float]
) -> Optional[str]:
    """Say why the command failed; None when it did not, or was stopped.

    Arguments: the tail of its stderr, the folder with the user's code, whether a shell or
    torchrun stood between (they turn a signal into 128 + its number), the limit in seconds.
    """
    if ended.timed_out:
        return "time limit of {} reached".format(duration(timeout or 0))
    if ended.stopped or ended.code == 0:
        return None
    number = -ended.code if ended.code < 0 else ended.code - 128 if through_shell else 0
    if 0 < number < 65:
        return _signal_text(number)
    lines = [COLOUR.sub("", line) for line in stderr.split("\n")]
    found = _of_user(tracebacks(lines), work) if ended.code == 1 else None
    if found and len(lines) - found.ends_at < LINES_AFTER:
        return shortened(_traceback_text(found, work))
    return shortened(_status_text(ended.code, lines))


def masked(text: Optional[str], secrets: Iterable[str]) -> Optional[str]:
    """Hide the values of secrets in a text."""
    for value in sorted((s for s in secrets if s and text), key=len, reverse=True):
        text = (text or "").replace(value, "***")
    return text


def shortened(text: str) -> str:
    """Cut a text to what a screen's line or two can hold."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def duration(seconds: float) -> str:
    """Say a number of seconds as people do: `90 s`, `20 min`, `2 h`, `1 h 30 min`."""
    whole = round(seconds)
    if whole != seconds and seconds < 60:
        return "{:g} s".format(seconds)
    if whole < 120 and whole % 60:
        return "{} s".format(whole)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    units = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join("{} {}".format(number, unit) for number, unit in units if number) or "0 s"


def tracebacks(lines: List[str]) -> List[Traceback]:
    """Find the tracebacks in a log, and syntax errors, which have a frame and no heading."""
    found: List[Traceback] = []
    frames: List[Frame] = []
    for index, raw in enumerate(lines):
        line = MARK.sub("", raw)
        if line.startswith("Traceback (most recent call last)"):
            frames = []
            continue
        frame = FRAME.match(line)
        if frame:
            source = MARK.sub("", lines[index + 1]).strip() if index + 1 < len(lines) else ""
            source = "" if FRAME.match(source) else source
            frames.append(Frame(frame["file"], int(frame["line"]), source))
        elif frames and line[:1].strip() and EXCEPTION.match(line):
            found.append(Traceback(frames, line.strip(), index))
            frames = []
    return found


def _of_user(found: List[Traceback], work: str) -> Optional[Traceback]:
    ours = [trace for trace in found if _last_frame(trace, work)]
    return (ours or found or [None])[-1]  # type: ignore[list-item]


def _last_frame(trace: Traceback, work: str) -> Optional[Frame]:
    for frame in reversed(trace.frames):
        inside = _inside(frame.file, work)
        if inside is not None:
            return frame._replace(file=inside)
    return None


def _inside(file: str, work: str) -> Optional[str]:
    """Give a file's path relative to the user's code; None when it is someone else's."""
    if file.startswith("<"):
        return None
    path = os.path.realpath(os.path.join(work, file))
    inside = os.path.relpath(path, os.path.realpath(work))
    parts = inside.split(os.sep)
    if parts[0] == os.pardir or "site-packages" in parts or "dist-packages" in parts:
        return None
    return "/".join(parts)


def _traceback_text(trace: Traceback, work: str) -> str:
    frame = _last_frame(trace, work)
    exception = EXCEPTION.match(trace.exception)
    if frame is None or exception is None:
        return trace.exception
    if exception["name"] == "ModuleNotFoundError":
        return "{} ({}:{})".format(exception["text"], frame.file, frame.line)
    place = "{}  {}:{}".format(trace.exception, frame.file, frame.line)
    return place + "  " + frame.source if frame.source else place


def _status_text(code: int, lines: List[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    status = "exit status {}".format(code)
    return status + ": " + said[-1] if said else status


def _signal_text(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "signal {}".format(number)
    return SIGNALS.get(name, "killed by " + name)


def known_secrets(secrets: Dict[str, str]) -> List[str]:
    """Give the values worth hiding: a short one would hide half of every text."""
    return [value for value in secrets.values() if len(value) >= 4]
