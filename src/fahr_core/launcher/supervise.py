"""Runs the job's command: forwards its output, passes signals on, keeps its time limit."""

import os
import queue
import select
import signal
import threading
import time
from types import TracebackType
from typing import Any, Dict, List, NamedTuple, Optional, Type

from .group import Group, reap_orphans
from .job import StartError
from .log import Log

# What a job leaves running in the background has this long after its end, in seconds.
BACKGROUND_PATIENCE = 3.0
# After the job's end: how long a silent pipe is read, and how long a log that takes nothing is
# waited for, in seconds.
PIPE_PATIENCE = 1.0
LOG_PATIENCE = 30.0
# A killed process that does not die (stuck in a driver) is given up after this many seconds.
UNKILLABLE_AFTER = 10.0


class Ended(NamedTuple):
    """How the command ended: its code as subprocess gives it, and what made it end."""

    code: int
    stopped: bool = False
    timed_out: bool = False
    killed: bool = False


class Stop:
    """Notices SIGTERM and SIGINT while it is entered; SIGHUP passes without effect.

    Outside of the main thread, where Python delivers no signals, `request()` does the same.
    """

    def __init__(self) -> None:
        self.requested = False
        # A signal may come while the last one is taken in, and its handler runs right there: of
        # all that wakes a waiter a SimpleQueue alone may be used again then (an Event locks up).
        self._news: "queue.SimpleQueue[None]" = queue.SimpleQueue()
        self._before: Dict[int, Any] = {}

    def request(self, *_: Any) -> None:
        """Ask for the job's end."""
        self.requested = True
        self.tell()

    def tell(self) -> None:
        """Wake who waits."""
        self._news.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to look at, so many seconds at most."""
        try:
            self._news.get(timeout=seconds)
        except queue.Empty:
            return

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            self._before[signal.SIGTERM] = signal.signal(signal.SIGTERM, self.request)
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self.request)
            if hasattr(signal, "SIGHUP"):
                # A function, not SIG_IGN, which the job would inherit.
                ignored = signal.signal(signal.SIGHUP, lambda *_: None)
                self._before[signal.SIGHUP] = ignored
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def supervise(
    command: List[str],
    folder: str,
    environment: Dict[str, str],
    log: Log,
    stop: Stop,
    timeout: Optional[float] = None,
    grace: float = 30.0,
    others: str = os.devnull,
) -> Ended:
    """Run a command to its end and give how it ended.

    Arguments: `timeout` and `grace` in seconds; asked to end, the command has half the grace.
    `others`: see Group. Raises StartError when there is no such command.
    """
    try:
        group = Group(command, folder, environment, others)
    except (OSError, ValueError) as error:
        raise StartError("{} can not be started: {}".format(command[0], error)) from error
    try:
        return _to_the_end(group, log, stop, timeout, grace / 2)
    except BaseException:
        group.kill()
        raise


def _to_the_end(
    group: Group, log: Log, stop: Stop, timeout: Optional[float], patience: float
) -> Ended:
    readers = _forward(group, log)
    threading.Thread(target=_announce_end, args=(group, stop), daemon=True).start()
    watch = _Watch(group, stop, timeout, patience)
    while group.child.poll() is None and not watch.given_up():
        stop.wait(watch.step())
        log.tick()
    ended = watch.ended()
    group.settle(watch.patience_left(), asked=watch.kill_at is not None)
    _drain(readers, log)
    log.end_of_job()
    return ended


class _Watch:
    """Ends the group when it is time: asks first, kills when the patience is over."""

    def __init__(self, group: Group, stop: Stop, timeout: Optional[float], patience: float) -> None:
        self._group, self._stop, self._patience = group, stop, patience
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._stopped = self._timed_out = self._killed = False
        self.kill_at: Optional[float] = None

    def step(self) -> float:
        """Do what is due; give the seconds until the next look."""
        now = time.monotonic()
        reap_orphans(self._group.child.pid)
        if self.kill_at is None:
            self._stopped = self._stop.requested
            late = self._deadline is not None and now >= self._deadline
            self._timed_out = late and not self._stopped
            if self._stopped or self._timed_out:
                self.kill_at = now + self._patience
                self._group.terminate()
        elif now >= self.kill_at and not self._killed:
            self._killed = True
            self._group.kill()
        due = self._deadline if self.kill_at is None else self.kill_at
        return min(0.5, max(0.01, due - now)) if due is not None else 0.5

    def given_up(self) -> bool:
        """Tell whether the child did not even die when killed."""
        return self._killed and time.monotonic() > (self.kill_at or 0.0) + UNKILLABLE_AFTER

    def patience_left(self) -> float:
        """Give the seconds that what is left of the group still has."""
        if self.kill_at is None:
            return BACKGROUND_PATIENCE
        return max(0.0, self.kill_at - time.monotonic())

    def ended(self) -> Ended:
        """Give how the child ended."""
        code = self._group.child.returncode
        code = -signal.SIGTERM if code is None else code
        return Ended(code, self._stopped, self._timed_out, self._killed)


def _announce_end(group: Group, stop: Stop) -> None:
    group.child.wait()
    stop.tell()


def _forward(group: Group, log: Log) -> List[threading.Thread]:
    stdout, stderr = group.child.stdout, group.child.stderr
    # stderr waits for what was printed before it, so that a traceback comes last.
    jobs = ((stdout, "stdout", log, None), (stderr, "stderr", log, stdout))
    readers = [threading.Thread(target=_read, args=job, daemon=True) for job in jobs]
    for reader in readers:
        reader.start()
    return readers


def _read(stream: Any, source: str, log: Log, earlier: Any) -> None:
    with stream:
        while True:
            data = os.read(stream.fileno(), 64 * 1024)
            if not data:
                return
            _let_pass(earlier)
            log.write(source, data)


def _let_pass(stream: Any) -> None:
    """Wait until a stream's reader has taken what is in the pipe, but not for a busy one."""
    if stream is None or os.name != "posix":
        return
    for _ in range(20):
        try:
            waiting = select.select([stream], [], [], 0)[0]
        except (OSError, ValueError):  # its reader has closed it
            return
        if not waiting:
            return
        time.sleep(0.001)


def _drain(readers: List[threading.Thread], log: Log) -> None:
    # A process that left the group may hold the pipe for ever; what it has yet to say is not
    # waited for. Whoever reads the log is, for longer.
    for reader in readers:
        quiet = 0.0
        while reader.is_alive() and quiet < (LOG_PATIENCE if log.is_writing() else PIPE_PATIENCE):
            before = log.received
            reader.join(0.5)
            quiet = quiet + 0.5 if log.received == before else 0.0
