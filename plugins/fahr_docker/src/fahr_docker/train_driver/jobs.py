"""How a job is, and stopping it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.models import JobRef, JobState, State, StopResult
from fahr_core.stopping import result_of
from fahr_docker.train_driver import runtime
from fahr_docker.train_driver.connection import containers_of, naming
from fahr_docker.train_driver.keeping import kept
from fahr_docker.train_driver.planning import GRACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_docker.train_driver.containers import Containers, Seen

__all__ = ["observe", "ref_of", "states", "stop"]

#: The launcher's exit status for a job that was stopped, and a shell's for one that was killed.
_STOPPED, _KILLED = 143, 137
#: What an engine tells of a container that it had when it crashed.
_LOST = 255


def ref_of(containers: Containers, seen: Seen) -> JobRef:
    """Give the reference of the job that a container is; the same whoever asks."""
    return JobRef(
        driver="docker",
        id=seen.name,
        data={
            "run_id": seen.run_id,
            "engine": naming(containers.engine.variables),
            "grace": seen.grace,
        },
    )


def states(refs: Sequence[JobRef]) -> list[JobState]:
    """Tell how jobs are; each engine is asked once for all of its own.

    Raises:
        EngineLost: an engine that has one of them does not answer.
    """
    found: dict[int, JobState] = {}
    by_engine: dict[str, list[int]] = {}
    for number, ref in enumerate(refs):
        if home := kept(ref.data["run_id"]):
            found[number] = _kept_state(ref, home[1])
        else:
            by_engine.setdefault(str(ref.data.get("engine")), []).append(number)
    for numbers in by_engine.values():
        containers = containers_of(refs[numbers[0]])
        found |= {number: observe(containers, refs[number]) for number in numbers}
    return [found[number] for number in range(len(refs))]


def observe(containers: Containers, ref: JobRef) -> JobState:
    """Tell how a job is that has not come home."""
    seen = containers.look(ref.id)
    now = time.time()
    if seen is None or seen.run_id != ref.data["run_id"]:
        if home := kept(ref.data["run_id"]):  # it came home between the two looks
            return _kept_state(ref, home[1])
        reason = "its container was removed from the engine"
        return JobState(ref=ref, state=State.FAILED, reason=reason, seen=now)
    state = JobState(
        ref=ref,
        state=State.SUBMITTED,
        detail="paused" if seen.status == "paused" else None,
        created=seen.created,
        started=seen.started,
        where=_where(containers),
        seen=now,
    )
    if seen.is_running:
        stopping = containers.has(ref.id, runtime.STOPPING)
        return replace(state, state=State.STOPPING if stopping else State.RUNNING)
    if seen.started is None:
        return state
    return replace(_ended(containers, seen, state), exit_code=seen.exit_code, ended=seen.ended)


def _ended(containers: Containers, seen: Seen, state: JobState) -> JobState:
    """Tell how a job ended: by what the launcher wrote down, else by how the engine saw it."""
    said = containers.read(seen.name, runtime.FAILURE)
    if said is not None or (seen.exit_code and seen.out_of_memory):
        told = (said or b"").decode("utf-8", "replace")
        return replace(state, state=State.FAILED, reason=_memory(seen) or told)
    if seen.exit_code == 0:
        return replace(state, state=State.COMPLETE)
    if containers.has(seen.name, runtime.STOPPING):
        reason = "killed: its grace was over" if seen.exit_code == _KILLED else None
        return replace(state, state=State.STOPPED, reason=reason)
    if seen.exit_code == _STOPPED:
        reason = "stopped from outside of fahr: docker stop, or the engine was shut down"
        return replace(state, state=State.STOPPED, reason=reason)
    return replace(state, state=State.FAILED, reason=_outer_reason(seen))


def _memory(seen: Seen) -> str | None:
    if not seen.out_of_memory:
        return None
    limit = f" of {seen.memory / 1024**2:.0f} MiB" if seen.memory else ""
    return f"out of memory: the limit{limit} was reached (-c memory=...)"


def _outer_reason(seen: Seen) -> str:
    if seen.exit_code == _KILLED:
        return "killed from outside of fahr: docker kill, or the engine was shut down"
    if seen.exit_code == _LOST:
        return "the engine or its machine went down"
    return seen.error or f"exit status {seen.exit_code}"


def _where(containers: Containers) -> str | None:
    """Name the engine's machine where it is another than this."""
    address = containers.engine.address
    return None if address.startswith(("unix://", "npipe://")) else address


def _kept_state(ref: JobRef, told: dict[str, Any]) -> JobState:
    known = {name: told[name] for name in ("reason", "exit_code", "created", "started", "ended")}
    return JobState(ref=ref, state=State(told["state"]), seen=time.time(), **known)


def stop(ref: JobRef) -> StopResult:
    """Ask a job to stop: SIGTERM, and SIGKILL by the engine when its grace is over.

    Raises:
        EngineLost: the engine does not answer.
    """
    if home := kept(ref.data["run_id"]):
        return result_of(_kept_state(ref, home[1]).state)
    containers = containers_of(ref)
    if (state := observe(containers, ref)).state.final:
        return result_of(state.state)
    if state.state is not State.STOPPING:
        from fahr_docker.train_driver.archive import ROOT, file, tar_parts

        containers.put(ref.id, tar_parts([file(runtime.STOPPING, b"")], ROOT))
        containers.stop(ref.id, float(ref.data.get("grace") or GRACE))
    ended = observe(containers, ref).state.final
    return StopResult(outcome="stopped" if ended else "stopping")
