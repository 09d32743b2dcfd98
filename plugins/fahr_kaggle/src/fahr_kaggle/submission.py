"""A request on its way: it is pushed once, and found again after a lost answer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import Absent, Found, JobRef, Refused, Submitted, Unknown
from fahr_kaggle.answers import is_busy
from fahr_kaggle.client import Kaggle
from fahr_kaggle.connection import Declined, NotThere, Throttled
from fahr_kaggle.header import read_header
from fahr_kaggle.ownership import is_named, ownership_problem
from fahr_kaggle.staging import kernel_of, push_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fahr_core.models import Request
    from fahr_kaggle.answers import Pushed, Version
    from fahr_kaggle.header import Header
    from fahr_kaggle.kernel import Kernel

__all__ = ["find", "submit", "submit_all"]

#: Versions that are looked through for a run; those drawn before it end the search.
_MOST_VERSIONS = 40
_EARLIER_VERSIONS = 5
#: Seconds between looks for a push that may still arrive.
_LATE = (1.0, 3.0, 6.0)


def submit_all(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Push each request once."""
    return [submit(request) for request in requests]


def submit(request: Request) -> Submitted | Refused | Unknown:
    """Push a request, unless it is there already."""
    try:
        with Kaggle() as kaggle:
            kernel = kernel_of(kaggle, request)
            return _there(kaggle, request, kernel) or _push(kaggle, request, kernel)
    except AccessError as error:
        return Refused(reason=error.message, hints=error.hints)
    except ServiceError as error:  # before the push, so that nothing was sent
        return Refused(reason=error.message, hints=error.hints, busy=True)


def _there(kaggle: Kaggle, request: Request, kernel: Kernel) -> Submitted | Refused | None:
    """Give the job where it is there already, or why its kernel is not to be pushed to."""
    latest = kaggle.version(kernel)
    if latest is None:
        return None
    header = read_header(latest.source)
    if header and header.run == request.run_id:
        return Submitted(ref=_reference(request, kernel, latest.number), link=kernel.link)
    if problem := ownership_problem(request.job, request.body["experiment"], kernel, latest):
        return Refused(reason=problem.text, hints=problem.hints)
    return _namesake(kaggle, request, kernel, latest) if is_named(request.job) else None


def _namesake(
    kaggle: Kaggle, request: Request, kernel: Kernel, latest: Version
) -> Submitted | Refused | None:
    """Give the job of a chosen name where it is there: for ledgers that are empty each time."""
    for number, header in _headers(kaggle, kernel, latest):
        if header and header.job == request.name and not header.part:
            if header.content == request.body["content"]:
                ref = _reference(request, kernel, number)
                ref = replace(ref, data={**ref.data, "run": header.run})
                return Submitted(ref=ref, link=kernel.link)
            text = f"version {number} of {kernel} is another job called {request.name}"
            return Refused(reason=text, hints=("fahr fit --name ANOTHER",))
    return None


def _headers(
    kaggle: Kaggle, kernel: Kernel, latest: Version
) -> Iterator[tuple[int, Header | None]]:
    """Give the headers of a kernel's versions, the newest first, as far as is looked."""
    for number in range(latest.number, max(0, latest.number - _MOST_VERSIONS), -1):
        version = latest if number == latest.number else kaggle.version(kernel, number)
        yield number, read_header(version.source) if version else None


def _push(kaggle: Kaggle, request: Request, kernel: Kernel) -> Submitted | Refused | Unknown:
    push = push_of(request, kernel)
    try:
        pushed = kaggle.push({**push.fields, "slug": str(kernel), "text": push.text})
    except Throttled as error:
        return Refused(reason=error.message, busy=True)
    except NotThere as error:
        return Refused(
            reason=f"this account may not push to {kernel}: {error}",
            hints=("-c username=NAME    where the credentials are of another account",),
        )
    except (AccessError, Declined) as error:
        return Refused(reason=error.message, hints=error.hints)
    except ServiceError as error:
        return _late(kaggle, request, kernel) or Unknown(reason=error.message)
    return _judged(request, kernel, pushed)


def _late(kaggle: Kaggle, request: Request, kernel: Kernel) -> Submitted | None:
    """Look for a push whose answer was lost, which Kaggle may still be working on."""
    for pause in _LATE:
        time.sleep(pause)
        try:
            latest = kaggle.version(kernel)
        except ServiceError:
            continue
        header = read_header(latest.source) if latest else None
        if latest and header and header.run == request.run_id:
            return Submitted(ref=_reference(request, kernel, latest.number), link=kernel.link)
    return None


def _judged(request: Request, kernel: Kernel, pushed: Pushed) -> Submitted | Refused:
    """Read an answer: it can be 200 and a refusal, or a run without its sources."""
    if pushed.error:
        busy = is_busy(pushed.error)
        hints = () if busy else _hints(pushed.error)
        return Refused(reason=f"Kaggle: {pushed.error}", hints=hints, busy=busy)
    if pushed.invalid_sources:
        names = ", ".join(pushed.invalid_sources)
        return Refused(
            reason=f"Kaggle left out {names} and started version {pushed.version} without it",
            hints=(f"that session can only be stopped on its page: {pushed.url or kernel.link}",),
        )
    if pushed.version < 1:
        return Refused(reason="Kaggle took the file and rejected the run", hints=(kernel.link,))
    ref = _reference(request, kernel, pushed.version)
    return Submitted(ref=ref, link=pushed.url or kernel.link)


def _hints(error: str) -> tuple[str, ...]:
    if "quota" in error.lower():
        return ("fahr doctor    says how much is left", "fahr fit    without --gpu")
    if "not found" in error.lower():
        return ("-c username=NAME    has to be the account of the credentials",)
    return ()


def find(request: Request) -> Found | Absent | Unknown:
    """Say whether a request has arrived, by the headers of its kernel's versions.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    with Kaggle() as kaggle:
        kernel = kernel_of(kaggle, request)
        latest = kaggle.version(kernel)
        if latest is None:
            return Absent(reason=f"there is no kernel {kernel}")
        return _searched(kaggle, request, kernel, latest)


def _searched(
    kaggle: Kaggle, request: Request, kernel: Kernel, latest: Version
) -> Found | Absent | Unknown:
    earlier = 0
    for number, header in _headers(kaggle, kernel, latest):
        if header and header.run == request.run_id and not header.part:
            return Found(ref=_reference(request, kernel, number), link=kernel.link)
        earlier += bool(header and header.created < request.job.drawn_at)
        if earlier >= _EARLIER_VERSIONS:
            break
    else:
        if latest.number > _MOST_VERSIONS:
            return Unknown(reason=f"{kernel} has too many versions to look through")
    return Absent(reason=f"no version of {kernel} is of this run")


def _reference(request: Request, kernel: Kernel, version: int) -> JobRef:
    """Give all that is needed to find the job again."""
    data: dict[str, Any] = {"run": request.run_id, "asked": request.body["machine"]}
    if request.job.kind == "notebook":
        data["notebook"] = request.job.artifact
    if request.body["chain"]:
        data |= {"chain": request.body["chain"], "push": push_of(request, kernel).fields}
    return JobRef(driver=request.driver, id=f"{kernel}/{version}", data=data)
