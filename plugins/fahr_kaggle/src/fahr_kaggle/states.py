"""Where jobs are: Kaggle's word for a version's session, and what the job itself left."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fahr_core.asked_states import ask_each
from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import JobState, State
from fahr_kaggle import machine, seen
from fahr_kaggle.chain import next_session
from fahr_kaggle.chain_notes import is_ended, known_sessions, may_arrive
from fahr_kaggle.client import Kaggle
from fahr_kaggle.connection import NotThere
from fahr_kaggle.kernel import located
from fahr_kaggle.logs import last_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.models import JobRef
    from fahr_kaggle.answers import Status
    from fahr_kaggle.kernel import Kernel

__all__ = ["RECORD", "ask", "observe", "seen_state"]

#: The record that the launcher leaves in the output.
RECORD = "fahr-job.json"
#: Jobs that are asked for at one time.
_AT_ONCE = 4
#: The launcher's exit status at a time limit; in a chain another session follows.
TIMED_OUT = 124

_STATES = {
    "QUEUED": State.SUBMITTED,
    "RUNNING": State.RUNNING,
    "COMPLETE": State.COMPLETE,
    "ERROR": State.FAILED,
    "CANCEL_REQUESTED": State.STOPPING,
    "CANCEL_ACKNOWLEDGED": State.STOPPED,
    "NEW_SCRIPT": State.FAILED,
}
_TIME_OVER = re.compile(r"time|exceed|limit", re.IGNORECASE)


def observe(refs: Sequence[JobRef]) -> list[JobState]:
    """Ask for the state of many jobs; each is asked for once in a few seconds, by whomever.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    known = [seen.recall(ref, len(refs)) for ref in refs]
    if all(known):
        return [state for state in known if state]
    with Kaggle() as kaggle:
        wanted = [ref for ref, state in zip(refs, known, strict=True) if state is None]
        answers = iter(ask_each(lambda ref: seen.note(ask(kaggle, ref)), wanted, _AT_ONCE))
        return [state or next(answers) for state in known]


def ask(kaggle: Kaggle, ref: JobRef) -> JobState:
    """Ask Kaggle for the state of a job; begin the next session of a chain where it is due."""
    place = located(ref)
    if place is None:
        return _gone(ref, "Kaggle has no such job")
    kernel, first = place
    known = known_sessions(ref, first)
    part, version = len(known) - 1, known[-1]
    while True:
        state = _session_state(kaggle, ref, kernel, version)
        state = replace(state, attempt=part + 1)
        if state.exit_code != TIMED_OUT or part >= int(ref.data.get("chain") or 0):
            return _with_quota(kaggle, state) if state.state.final else state
        following = next_session(kaggle, ref, kernel, version, part + 1)
        if following.version is None:
            return _between(ref, state, following.problem)
        version, part = following.version, part + 1


def _with_quota(kaggle: Kaggle, state: JobState) -> JobState:
    """Tell what is left of the week, once a job has ended that took of it; asked for once."""
    kind = machine.kind_of(state.ref.data.get("asked"))
    if kind == "cpu":
        return state
    try:
        quota = kaggle.quota(kind)
    except (AccessError, ServiceError):
        return state  # the state was the question
    if quota is None:
        return state
    asked = datetime.fromtimestamp(state.seen or time.time(), UTC)
    return replace(state, detail=f"{quota.told(kind)} this week, {asked:%Y-%m-%d %H:%M} UTC")


def _between(ref: JobRef, state: JobState, problem: str | None) -> JobState:
    """Give a chain's state after a session that no other has followed yet."""
    if problem:
        return replace(state, reason=problem)
    if is_ended(ref) and not may_arrive(ref):
        return replace(state, state=State.STOPPED, reason="it was stopped between two sessions")
    return replace(state, state=State.RUNNING, reason=None, ended=None, exit_code=None)


def _session_state(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int) -> JobState:
    status = kaggle.status(kernel, version)
    if status is None:
        # Just after a push Kaggle may not know of the session yet; the version is there.
        if kaggle.version(kernel, version) is None:
            return _gone(ref, f"Kaggle has no version {version} of {kernel} (deleted?)")
        return JobState(ref=ref, state=State.SUBMITTED, link=kernel.link, seen=time.time())
    state = seen_state(ref, kernel, status)
    return _ended(kaggle, kernel, version, state, status) if state.state.final else state


def seen_state(ref: JobRef, kernel: Kernel, status: Status) -> JobState:
    """Give a job's state by Kaggle's word alone, without what the job itself has left."""
    return JobState(
        ref=ref,
        state=_STATES.get(status.word, State.RUNNING),
        reason=_word_of(status),
        link=kernel.link,
        where=_where(ref),
        seen=time.time(),
    )


def _ended(
    kaggle: Kaggle, kernel: Kernel, version: int, state: JobState, status: Status
) -> JobState:
    record = read_record(kaggle, kernel, version)
    cut_off = state.state is State.STOPPED and _TIME_OVER.search(status.failure or "")
    if cut_off or (state.state is State.COMPLETE and record.get("state") == "failed"):
        state = replace(state, state=State.FAILED)
    reason = None
    if state.state is not State.COMPLETE:
        reason = record.get("reason") or _reason(kaggle, kernel, version, status)
    return replace(
        state,
        reason=reason,
        exit_code=record.get("exit_code"),
        started=record.get("started"),
        ended=record.get("ended") or time.time(),
        where=_granted(kaggle, state, kernel, version),
    )


def read_record(kaggle: Kaggle, kernel: Kernel, version: int) -> dict[str, Any]:
    """Read the record that a job left; empty when it left none."""
    token: str | None = None
    while True:
        try:
            page = kaggle.output_page(kernel, version, token)
        except NotThere:
            return {}
        for file in page.files:
            if file.name == RECORD:
                return _content(kaggle, file.url)
        token = page.next_token
        if token is None:
            return {}


def _content(kaggle: Kaggle, url: str) -> dict[str, Any]:
    try:
        found = json.loads(kaggle.read(url))
    except (NotThere, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _reason(kaggle: Kaggle, kernel: Kernel, version: int, status: Status) -> str | None:
    """Give why a job ended that has left no word: Kaggle's own, else its log's last lines."""
    if told := _word_of(status):
        return told
    try:
        words = last_words(kaggle.output_page(kernel, version).log)
    except (NotThere, ServiceError):
        words = None
    if status.word == "CANCEL_ACKNOWLEDGED":
        return words or "it was stopped on Kaggle's page, or its session's time was over"
    return words or "Kaggle gives no reason"


def _word_of(status: Status) -> str | None:
    if status.word == "NEW_SCRIPT":
        return "Kaggle saved this version and did not run it"
    return f"Kaggle: {status.failure}" if status.failure else None


def _where(ref: JobRef) -> str:
    return machine.shown(ref.data.get("asked"))


def _granted(kaggle: Kaggle, state: JobState, kernel: Kernel, version: int) -> str:
    """Say what machine it was, and what was asked for where that is another."""
    asked = state.ref.data.get("asked")
    if not asked:
        return _where(state.ref)
    there = kaggle.version(kernel, version)
    given = there.shape if there else None
    if not given or given == asked:
        return _where(state.ref)
    return f"{machine.shown(given)} (asked for {machine.shown(asked)})"


def _gone(ref: JobRef, reason: str) -> JobState:
    return JobState(ref=ref, state=State.FAILED, reason=reason, seen=time.time())
