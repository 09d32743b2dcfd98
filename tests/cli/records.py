"""Records of jobs as the ledger gives them, and ledgers with many of them."""

from __future__ import annotations

import time
from typing import Any

from fahr_core.ledger import Ledger
from fahr_core.ledger.record import Record
from fahr_core.models import State


def record(**about: Any) -> Record:
    """Give a record of a job that was sent a minute ago, otherwise as said."""
    known: dict[str, Any] = dict.fromkeys(Record.__dataclass_fields__)
    known |= {
        "name": "digits-train-4",
        "stem": "digits-train",
        "number": 4,
        "run_id": "run",
        "remote_name": "digits-train-4-run",
        "driver": "told",
        "state": State.SUBMITTED,
        "attempt": 1,
        "experiment": "/home/me/digits",
        "artifact": "train.py",
        "created": time.time() - 60,
        "from_queue": False,
        "params": {},
    }
    return Record(**{**known, **about})


def fill(count: int, **about: Any) -> Ledger:
    """Record so many jobs that are complete, or as said; the newest has the highest number."""
    ledger = Ledger.at_home()
    values = {
        "stem": "digits-train",
        "driver": "told",
        "state": "complete",
        "experiment": "/home/me/digits",
        "artifact": "train.py",
        "created": 1e9,
        **about,
    }
    columns = ", ".join(f'"{name}"' for name in ("name", "number", "run_id", *values))
    marks = ", ".join("?" * (len(values) + 3))
    rows = [
        (f"{values['stem']}-{number}", number, f"run-{values['stem']}-{number}", *values.values())
        for number in range(1, count + 1)
    ]
    with ledger.file.writing() as db:
        db.executemany(f"INSERT INTO jobs ({columns}) VALUES ({marks})", rows)
    return ledger
