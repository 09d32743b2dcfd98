"""The last step of a submission: into the queue, or to the service and what it answers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_core.models import Absent, Found, Refused, Submitted, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fahr_core.ledger import Ledger
    from fahr_core.models import Request, State
    from fahr_core.reporter import Reporter
    from fahr_core.session import Session

__all__ = ["Unstager", "launch", "queue", "send", "unstaged"]


def launch(ledger: Ledger, session: Session, request: Request) -> State:
    """Decide whether a request is sent now or waits here.

    What fills its lane is asked after first, where it is full: jobs that ended while nobody
    looked must not make one wait.
    """
    lane = request.lane
    if lane is not None:
        # Drivers that are files may share a name: another's jobs are neither here nor there.
        place = session.train.path
        active = [one for one in ledger.active(request.driver) if one.driver_path == place]
        active = [one for one in active if one.lane == lane.name]
        refs = [one.ref for one in active if one.ref is not None]
        if len(active) >= lane.limit and refs:
            ledger.update(*session.job_states(refs), driver_path=place)
    return ledger.launch(request.name)


def queue(request: Request, reporter: Reporter, busy: str = "") -> None:
    """See to it that a waiting job is sent in its turn, and say why it waits."""
    from fahr_core.queue import ensure_runner

    ensure_runner(request.driver)
    limit = request.lane.limit if request.lane else 0
    why = busy or f"{request.driver} runs {limit} at once"
    reporter.say("queued", f"{why}; it is sent in its turn")


def send(ledger: Ledger, session: Session, request: Request, reporter: Reporter) -> None:
    """Send a request and record what came of it.

    Raises:
        FahrError: the service refused it; nothing is recorded.
        ServiceError: it did not arrive, or nobody can tell; in the latter case it is recorded
            and never sent again.
    """
    answer = _answer(ledger, session, request)
    if isinstance(answer, Submitted):
        sent = f"{request.name} was sent to {request.driver} and runs"
        with _told_unrecorded(request, sent, answer.link):
            ledger.submitted(request.name, answer.ref, answer.link)
        reporter.say("sent", answer.link or request.name)
        if request.attended:
            _attend(request, reporter)
    elif isinstance(answer, Refused) and answer.busy:
        ledger.requeue(request.name, answer.reason)
        queue(request, reporter, answer.reason)
    elif isinstance(answer, Refused):
        ledger.refused(request.name, answer.reason)
        raise FahrError(
            f"{request.driver} refused {request.name}: {answer.reason}",
            *answer.hints,
            "nothing was started",
        )
    elif isinstance(answer, Absent):
        ledger.absent(request.name)
        if left := unstaged(lambda: session, request):
            reporter.warn(left)
        raise ServiceError(
            f"{request.name} did not reach {request.driver}: {answer.reason}",
            "nothing was started",
        )
    else:
        with _told_unrecorded(request, f"{request.driver} may have {request.name}"):
            ledger.unknown(request.name, answer.reason)
        raise ServiceError(
            f"nobody can tell whether {request.driver} has {request.name}: {answer.reason}",
            f"fahr status {request.name}    asks again; it is never sent twice",
        )


class Unstager(Protocol):
    """The part of a :class:`~fahr_core.session.Session` that :func:`unstaged` needs."""

    def unstage_request(self, request: Request) -> None:
        """Take away what was staged for this job alone."""


def unstaged(open_session: Callable[[], Unstager], request: Request | None) -> str | None:
    """Have a job's secrets taken away that is never sent; say what is left of them, None: nothing.

    Nothing else that is staged is a job's own.  Without secrets no session is opened.
    """
    if request is None or not request.job.secrets:
        return None
    try:
        open_session().unstage_request(request)
    except FahrError as error:
        return f"the secrets of {request.name} may still be at {request.driver}: {error.message}"
    return None


def _attend(request: Request, reporter: Reporter) -> None:
    """Have a job looked after; it is sent, whatever becomes of that."""
    from fahr_core.queue import ensure_runner

    try:
        ensure_runner(request.driver)
    except DiskError as error:
        reporter.warn(f"{error.message}; the next fahr command looks after {request.name}")


@contextmanager
def _told_unrecorded(request: Request, what: str, link: str | None = None) -> Iterator[None]:
    """Say what became of a job before why that cannot be recorded, on a full disk say.

    The ledger knows that it was being sent: once this process has ended, any command asks
    the service for it.
    """
    try:
        yield
    except FahrError as error:
        raise type(error)(
            f"{what}, but that cannot be recorded: {error.message}",
            *error.hints,
            f"fahr status {request.name}    asks for it then; it is never sent twice",
            *filter(None, [link]),
        ) from error


def _answer(
    ledger: Ledger, session: Session, request: Request
) -> Submitted | Refused | Absent | Unknown:
    """Send a request; where its answer was lost, ask whether it has arrived."""
    try:
        answer = session.submit_jobs([request])[0]
        if not isinstance(answer, Unknown):
            return answer
        found = session.find_submission(request)
    except BaseException:
        with _told_unrecorded(request, f"{request.driver} may have {request.name}"):
            ledger.unknown(request.name, "sending it was interrupted")
        raise
    if isinstance(found, Found):
        return Submitted(ref=found.ref, link=found.link)
    return replace(found, reason=answer.reason)
