"""What was seen of jobs a moment ago, so that several fahr commands share their questions.

Kaggle answers about twenty questions a minute before it asks for fewer; a runner, a
``fahr wait`` and a ``fahr status`` of the same job ask once between them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import JobState, dumps, from_json
from fahr_core.paths import cache_folder

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["note", "recall"]

#: Seconds that an answer for one job holds, and that each further job asked for adds.
_HOLDS = 2.0
_EACH = 1.0


def recall(ref: JobRef, count: int) -> JobState | None:
    """Give the state that was noted, if it is final or fresh; ``count`` jobs are asked for."""
    try:
        state = from_json(JobState, json.loads(_file(ref).read_bytes()))
    except (OSError, ValueError, FahrError):
        return None
    age = time.time() - (state.seen or 0.0)
    fresh = 0.0 <= age < _HOLDS + _EACH * (count - 1)
    return state if state.ref == ref and (state.state.final or fresh) else None


def note(state: JobState) -> JobState:
    """Keep a state; a disk that cannot be written only costs questions."""
    file = _file(state.ref)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(dumps(state))
        Path(name).replace(file)
    except OSError:
        return state
    return state


def _file(ref: JobRef) -> Path:
    # The run id is in it: a kernel that was deleted and made anew counts from 1 again.
    name = hashlib.sha256(dumps(ref).encode()).hexdigest()[:32]
    return cache_folder() / "kaggle" / f"{name}.json"
