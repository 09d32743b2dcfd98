from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import DiskError, FahrError
from fahr_core.ledger import Ledger
from fahr_docker.train_driver import keeping
from fahr_docker.train_driver.planning import plan
from made_jobs import JOB

if TYPE_CHECKING:
    from pathlib import Path

RUN = "abcdefghij234567"


def test_secrets_are_kept_for_this_user_alone_and_forgotten(own_home: Path) -> None:
    keeping.keep_secrets(RUN, {"TOKEN": "t"})
    (path,) = own_home.rglob("secrets.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(keeping.secrets_of(RUN) or b"") == {"TOKEN": "t"}
    keeping.forget_secrets(RUN)
    assert keeping.secrets_of(RUN) is None
    assert not path.parent.exists()


def test_secrets_that_cannot_be_kept_are_an_error(own_home: Path) -> None:
    (own_home / "fahr").mkdir()
    (own_home / "fahr" / "docker").write_text("in the way")
    with pytest.raises(DiskError, match="cannot write to"):
        keeping.keep_secrets(RUN, {"TOKEN": "t"})


@pytest.mark.parametrize("run_id", ["../escape", "", "a/b", "x" * 100])
def test_another_ones_label_leads_nowhere(run_id: str) -> None:
    with pytest.raises(FahrError, match="is no run id"):
        keeping.job_folder(run_id)


def test_old_secrets_go_when_no_job_waits_for_them(own_home: Path) -> None:
    ledger = Ledger.at_home()
    waiting = ledger.reserve("exp-train", driver="docker", experiment="/exp", artifact="train.py")
    job = replace(JOB, name=waiting.name, run_id=waiting.run_id, remote_name=waiting.name)
    ledger.intend(waiting.name, job, plan(job, None))
    ledger.launch(waiting.name)
    assert waiting.run_id in {record.run_id for record in ledger.active()}
    for run_id in (RUN, "kept234567abcdef", waiting.run_id):
        keeping.keep_secrets(run_id, {"TOKEN": "t"})
    for run_id in (RUN, waiting.run_id):
        path = keeping.job_folder(run_id).secrets
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    keeping.forget_old_secrets()
    left = {path.parent.name for path in own_home.rglob("secrets.json")}
    assert left == {"kept234567abcdef", waiting.run_id}
