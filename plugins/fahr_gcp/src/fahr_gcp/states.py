"""How custom jobs are doing: Vertex AI's words turned into fahr's."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.asked_states import ask_each, without_secrets
from fahr_core.durations import duration
from fahr_core.models import JobState, State
from fahr_gcp import asking
from fahr_gcp.failure_reason import parsed, reason_of
from fahr_gcp.links import console_link
from fahr_gcp.moments import seconds
from fahr_gcp.secrets import forget
from fahr_gcp.telling import machines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.models import JobRef

__all__ = ["is_final", "job_states", "state_of"]

#: Source: JobState, Vertex AI API reference. A job that is paused waits for somebody; one that
#: is updated goes on meanwhile; of one that succeeded in part something is missing.
_STATES = {
    "QUEUED": State.SUBMITTED,
    "PENDING": State.SUBMITTED,
    "PAUSED": State.SUBMITTED,
    "RUNNING": State.RUNNING,
    "UPDATING": State.RUNNING,
    "CANCELLING": State.STOPPING,
    "SUCCEEDED": State.COMPLETE,
    "PARTIALLY_SUCCEEDED": State.FAILED,
    "FAILED": State.FAILED,
    "EXPIRED": State.FAILED,
    "CANCELLED": State.STOPPED,
}
_REASONS = {
    "EXPIRED": "it expired before there were machines for it",
    "PARTIALLY_SUCCEEDED": "it succeeded in part only: some results may be missing",
}
#: Seconds that a job may run where nothing is said. Source: Scheduling.timeout.
_DEFAULT_LIMIT = 7 * 86400


def job_states(refs: Sequence[JobRef]) -> list[JobState]:
    """Ask for each job, several at once; the answers are in the order of the question.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: Google does not answer.
    """
    return ask_each(_state, refs)


def _state(ref: JobRef) -> JobState:
    told = asking.describe(ref)
    if told is None:
        reason = f"Vertex AI knows no custom job {ref.id} in {asking.region_of(ref)}"
        return JobState(ref=ref, state=State.FAILED, reason=reason, seen=time.time())
    said = state_of(ref, told)
    if said.state is State.FAILED and not said.reason:
        said = replace(said, reason=reason_of(said.ref, told))
    return without_secrets(
        said, lambda: asking.asked(said.ref, lambda client: forget(client, said.ref))
    )


def state_of(ref: JobRef, told: Mapping[str, Any]) -> JobState:
    """Turn what customJobs.get or .list says into a state; it asks nobody.

    A failure of the job's own has no reason yet: :func:`job_states` looks for its words.
    """
    state = _word(told)
    failure = parsed(str((told.get("error") or {}).get("message") or ""))
    return JobState(
        ref=ref,
        state=state,
        detail=_detail(told, state),
        reason=_why(told) if state is State.FAILED else None,
        exit_code=0 if state is State.COMPLETE else failure.code,
        created=seconds(told.get("createTime")),
        started=seconds(told.get("startTime")),
        ended=_ended(told, state),
        link=console_link(str(ref.data["project"]), asking.region_of(ref), ref.id),
        where=machines_of(told),
        seen=time.time(),
    )


def is_final(told: Mapping[str, Any]) -> bool:
    """Tell whether a job has ended, by the service's word for its state."""
    return _word(told).final


def _service_word(told: Mapping[str, Any]) -> str:
    return str(told.get("state") or "JOB_STATE_UNSPECIFIED").removeprefix("JOB_STATE_")


def _word(told: Mapping[str, Any]) -> State:
    word = _service_word(told)
    if word == "CANCELLED" and _ran_out_of_time(told):
        return State.FAILED
    if word in _STATES:
        return _STATES[word]
    # A word that is new to this driver must not be waited on for ever.
    return State.FAILED if told.get("endTime") else State.SUBMITTED


def _why(told: Mapping[str, Any]) -> str | None:
    """Give the reason that needs no further question; None where the job's own words are."""
    word = _service_word(told)
    message = str((told.get("error") or {}).get("message") or "")
    if word == "CANCELLED":
        return f"time limit of {duration(_limit(told))} reached"
    if word == "FAILED":
        failure = parsed(message)
        return None if failure.by_job or not failure.said else failure.said
    return ": ".join(filter(None, [_REASONS.get(word, f"it ended as {word}"), message]))


def _ran_out_of_time(told: Mapping[str, Any]) -> bool:
    """Tell whether a job was cancelled because its time was up: the state alone does not tell."""
    started, ended = seconds(told.get("startTime")), seconds(told.get("endTime"))
    return started is not None and ended is not None and ended - started >= _limit(told)


def _limit(told: Mapping[str, Any]) -> float:
    text = str(_scheduling(told).get("timeout") or "").removesuffix("s")
    try:
        return float(text) or _DEFAULT_LIMIT
    except ValueError:
        return _DEFAULT_LIMIT


def _scheduling(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return (told.get("jobSpec") or {}).get("scheduling") or {}


# -- the service's own words ------------------------------------------------------------


def _detail(told: Mapping[str, Any], state: State) -> str:
    """Say the service's word, how long the job waited for machines, and how long it ran."""
    created, started = seconds(told.get("createTime")), seconds(told.get("startTime"))
    changed, ended = seconds(told.get("updateTime")), _ended(told, state)
    parts = [_service_word(told)]
    if created is not None and started is not None:
        parts.append(f"waited {duration(max(0.0, started - created))}")
    if started is not None and ended is not None:
        parts.append(f"ran {duration(max(0.0, ended - started))}")
    if ended is None and changed is not None:
        parts[0] += f" for {duration(max(0.0, time.time() - changed))}"
    return ", ".join(parts)


def _ended(told: Mapping[str, Any], state: State) -> float | None:
    """Give when a job ended; of one that expired the service tells only when it was changed."""
    if not state.final:
        return None
    return seconds(told.get("endTime") or told.get("updateTime"))
