"""The account's kernels as jobs, whoever pushed them.

Kaggle's list does not say how a kernel's session is.  Each kernel that is read is asked for, some
at a time; what has ended is noted, and not asked for again.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from fahr_core.models import JobRef, JobState, RemoteJob, State
from fahr_core.side_by_side import side_by_side
from fahr_kaggle import seen
from fahr_kaggle.client import Kaggle
from fahr_kaggle.states import seen_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_kaggle.answers import Listed

__all__ = ["list_jobs"]

#: Kernels that are looked at together, and how many of them at one time.
_TOGETHER = 7
_AT_ONCE = 4
#: Questions that are asked without a pause, as many as a list shows, and the seconds for each
#: further one: Kaggle answers about twenty in a minute.
_FREE = 21
_PACE = 3.0
#: Seconds after a push in which Kaggle may not know of its session yet.
_NEW = 600.0


def list_jobs() -> Iterator[RemoteJob]:
    """Give the account's kernels, the newest run first, each with its latest version's state.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    with Kaggle() as kaggle:
        kernels, asked = kaggle.kernels(), 0
        while some := [_numbered(kaggle, one) for one in islice(kernels, _TOGETHER)]:
            unknown = sum(_noted(one) is None for one in some)
            asked += unknown
            if asked > _FREE:
                time.sleep(_PACE * unknown)
            states = side_by_side(lambda one: _noted(one) or _state(kaggle, one), some, _AT_ONCE)
            for one, state in zip(some, states, strict=True):
                if state:
                    yield RemoteJob(name=str(one.kernel), state=state)


def _numbered(kaggle: Kaggle, one: Listed) -> Listed:
    """Give a kernel with its latest version's number, which a list may leave out."""
    if one.number is not None:
        return one
    latest = kaggle.version(one.kernel)
    return replace(one, number=latest.number if latest else 0)


def _reference(one: Listed) -> JobRef:
    # The id is in it: a kernel that was deleted and made anew counts from 1 again.
    data = {"asked": one.shape, "kernel": one.id}
    return JobRef(driver="kaggle", id=f"{one.kernel}/{one.number}", data=data)


def _noted(one: Listed) -> JobState | None:
    return seen.recall(_reference(one), 1)


def _state(kaggle: Kaggle, one: Listed) -> JobState | None:
    """Ask for a kernel's state; None of one that was never run."""
    ref, status = _reference(one), kaggle.status(one.kernel, one.number or 0)
    if status is not None:
        return seen.note(replace(seen_state(ref, one.kernel, status), created=one.ran))
    if one.ran is None or time.time() - one.ran > _NEW:
        return None
    return JobState(ref=ref, state=State.SUBMITTED, created=one.ran, link=one.kernel.link)
