"""How training jobs are doing: SageMaker's words turned into fahr's."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.asked_states import ask_each, without_secrets
from fahr_core.durations import duration
from fahr_core.models import JobState, State
from fahr_sagemaker import asking
from fahr_sagemaker.failure_reason import parsed, reason_by_log
from fahr_sagemaker.secrets import forget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fahr_core.models import JobRef

__all__ = ["job_states", "phases", "state_of"]

#: Questions at once, well below what an account may ask in a second.
_AT_ONCE = 8

#: SageMaker's secondary statuses of a job whose container has started; before, machine, image
#: and data are awaited.  Source: DescribeTrainingJob, SecondaryStatus.
_RUNNING = {"Training", "Uploading", "Updating"}
_BREAKS = {"Interrupted", "Restarting"}
_OUT_OF_TIME = {
    "MaxRuntimeExceeded": ("time limit of {} reached", "MaxRuntimeInSeconds"),
    "MaxWaitTimeExceeded": (
        "no spot machine for long enough within a time limit of {} (max_wait)",
        "MaxWaitTimeInSeconds",
    ),
}
_ENDED = {"Completed": State.COMPLETE, "Failed": State.FAILED, "Stopped": State.STOPPED}
#: What says no more than the status itself does.
_DULL = re.compile(r"(?i)^(preparing|starting|launching|downloading|training|uploading|pending)\b")


def job_states(refs: Sequence[JobRef]) -> list[JobState]:
    """Describe each job, several at once; the answers are in the order of the question.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    return ask_each(_state, refs, _AT_ONCE)


def _state(ref: JobRef) -> JobState:
    told = asking.describe(ref)
    if told is None:
        reason = f"SageMaker knows no training job {asking.job_name(ref)}"
        return _settled(JobState(ref=ref, state=State.FAILED, reason=reason, seen=time.time()))
    return _settled(state_of(ref, told))


def _settled(said: JobState) -> JobState:
    """See to what a job's end brings: its secrets go, and a failure without words gets some."""
    if said.state is State.FAILED and not said.reason:
        said = replace(said, reason=reason_by_log(said.ref, said.exit_code))
    return without_secrets(
        said, lambda: asking.asked(said.ref, lambda client: forget(client, said.ref))
    )


def state_of(ref: JobRef, told: Mapping[str, Any]) -> JobState:
    """Turn what DescribeTrainingJob or ListTrainingJobs says into a state; it asks nobody."""
    state = _word(told)
    reason, exit_code = _why(told, state)
    return JobState(
        ref=ref,
        state=state,
        detail=_detail(told, state),
        reason=reason,
        exit_code=exit_code,
        attempt=_attempt(told),
        created=_seconds(told.get("CreationTime")),
        started=_seconds(told.get("TrainingStartTime")),
        ended=_ended(told, state),
        where=_where(told),
        seen=time.time(),
    )


def _word(told: Mapping[str, Any]) -> State:
    status, second = told["TrainingJobStatus"], told.get("SecondaryStatus")
    if status == "Stopped" and second in _OUT_OF_TIME:
        return State.FAILED
    if status in _ENDED:
        return _ENDED[status]
    if status == "Stopping":
        return State.STOPPING
    if status == "Deleting":  # only a job that has ended can be deleted
        return State.FAILED
    return State.RUNNING if second in _RUNNING else State.SUBMITTED


def _why(told: Mapping[str, Any], state: State) -> tuple[str | None, int | None]:
    if state is not State.FAILED:
        return None, 0 if state is State.COMPLETE else None
    if told["TrainingJobStatus"] == "Deleting":
        return "it is being deleted", None
    if told["TrainingJobStatus"] == "Stopped":
        text, key = _OUT_OF_TIME[told["SecondaryStatus"]]
        limit = (told.get("StoppingCondition") or {}).get(key)
        return text.format(duration(limit) if limit else "its own"), None
    said, exit_code = parsed(str(told.get("FailureReason") or ""))
    return said or None, exit_code


def _attempt(told: Mapping[str, Any]) -> int:
    """Count the starts: one more for each time that the machine was taken away."""
    words = [step["Status"] for step in told.get("SecondaryStatusTransitions") or ()]
    pairs = zip(["", *words], words, strict=False)
    return 1 + sum(word in _BREAKS and before not in _BREAKS for before, word in pairs)


def _where(told: Mapping[str, Any]) -> str | None:
    machines = told.get("ResourceConfig")
    if not machines:
        return None
    kind = machines.get("SelectedInstanceType") or machines.get("InstanceType")
    if not kind:
        groups = machines.get("InstanceGroups") or ()
        return ", ".join(f"{g['InstanceCount']} x {g['InstanceType']}" for g in groups) or None
    count = machines.get("SelectedInstanceCount") or machines.get("InstanceCount") or 1
    spot = " spot" if told.get("EnableManagedSpotTraining") else ""
    return (f"{count} x {kind}" if count > 1 else str(kind)) + spot


# -- the service's own words ------------------------------------------------------------


def phases(told: Mapping[str, Any]) -> dict[str, float]:
    """Give the seconds that a job spent in each status that is over, summed over its starts."""
    spent: dict[str, float] = {}
    for step in told.get("SecondaryStatusTransitions") or ():
        begun, ended = _seconds(step.get("StartTime")), _seconds(step.get("EndTime"))
        if begun is not None and ended is not None and step["Status"] not in _ENDED:
            spent[step["Status"]] = spent.get(step["Status"], 0.0) + max(0.0, ended - begun)
    return spent


def _detail(told: Mapping[str, Any], state: State) -> str:
    """Say the status, why it waits, how long each earlier one took, and what is billed."""
    now = str(told.get("SecondaryStatus") or told["TrainingJobStatus"])
    steps = told.get("SecondaryStatusTransitions") or ()
    said = str(steps[-1].get("StatusMessage") or "") if steps else ""
    waits = state is State.SUBMITTED and said and not _DULL.match(said)
    spent = [f"{status} {duration(seconds)}" for status, seconds in phases(told).items()]
    parts = [f"{now}: {said}" if waits else now, ", ".join(spent), _billed(told)]
    return "; ".join(filter(None, parts))


def _billed(told: Mapping[str, Any]) -> str:
    billed, trained = told.get("BillableTimeInSeconds"), told.get("TrainingTimeInSeconds")
    if billed is None:
        return ""
    count = (told.get("ResourceConfig") or {}).get("InstanceCount") or 1
    machines = f" on each of {count} machines" if count > 1 else ""
    text = f"billed {billed} s{machines}"
    if told.get("EnableManagedSpotTraining") and trained:
        text += f" of {trained} s, spot saves {100 - 100 * billed / trained:.0f} %"
    return text


def _ended(told: Mapping[str, Any], state: State) -> float | None:
    if not state.final:
        return None
    return _seconds(told.get("TrainingEndTime") or told.get("LastModifiedTime"))


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
