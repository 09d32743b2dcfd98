"""What is staged for a container, and what is taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.testing.fixtures import no_progress
from fahr_docker.train_driver import keeping
from fahr_docker.train_driver.planning import plan
from fahr_docker.train_driver.staging import stage, unstage
from made_jobs import JOB

if TYPE_CHECKING:
    from pathlib import Path


def test_a_job_that_is_given_up_leaves_no_secrets(own_home: Path) -> None:
    request = plan(JOB, None)
    assert stage(request, {"TOKEN": "t"}, no_progress).secrets == ("TOKEN",)
    assert keeping.secrets_of(request.run_id)
    for _ in range(2):
        unstage(request)
        assert keeping.secrets_of(request.run_id) is None
