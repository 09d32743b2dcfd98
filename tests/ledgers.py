"""Ledgers with jobs in them, and processes that use them, for the tests of several files."""

import os  # noqa: F401 - for children
import subprocess
import sys
import textwrap
from pathlib import Path

from fahr_core.errors import DiskError  # noqa: F401 - for children
from fahr_core.ledger import Ledger  # noqa: F401 - for children
from fahr_core.models import (
    Absent,
    Code,
    Environment,
    Found,
    Job,
    JobRef,
    JobState,
    Request,
    State,
    Submitted,
    TrainInfo,
)

PLACE = {"driver": "local", "experiment": "/home/me/digits", "artifact": "train.py"}


def child(code, *arguments):
    """Start a Python process that knows ``ledger``, ``PLACE`` and this file's names."""
    prelude = "import sys, os; from pathlib import Path; from tests.ledgers import *;"
    prelude += "ledger = Ledger(Path(sys.argv[1]))\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + textwrap.dedent(code), *map(str, arguments)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def request_for(reservation, lane=None, driver="local", params=None, attended=False, secrets=()):
    job = Job(
        name=reservation.name,
        run_id=reservation.run_id,
        remote_name=f"{reservation.name}-abc234",
        experiment=PLACE["experiment"],
        artifact=PLACE["artifact"],
        kind="script",
        train_driver=driver,
        code=Code(digest="sha256:00", files=1, size=2),
        environment=Environment(),
        params=params or {},
        secrets=secrets,
    )
    return Request(
        driver=driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body={"x": 1},
        job=job,
        lane=lane,
        attended=attended,
    )


def intend(
    ledger, stem="digits-train", lane=None, params=None, attended=False, secrets=(), **place
):
    reservation = ledger.reserve(stem, **{**PLACE, **place})
    driver = place.get("driver", "local")
    request = request_for(reservation, lane, driver, params, attended, secrets)
    ledger.intend(reservation.name, request.job, request)
    return reservation.name


def ref_of(name):
    return JobRef(driver="local", id=f"id-of-{name}")


def send(ledger, stem="digits-train", **kwargs):
    name = intend(ledger, stem, **kwargs)
    assert ledger.launch(name) is State.SUBMITTING
    ledger.submitted(name, ref_of(name), "https://example.org/job")
    return name


def said(name, state, **about):
    return JobState(ref=ref_of(name), state=state, **about)


class Service:
    """A service that takes jobs and ends each after a few questions, or does what it is told.

    ``answers`` are given instead of taking a job, one for each submission: an answer or an
    exception; ``sent`` counts what was taken.
    """

    def __init__(self, *answers, questions=2):
        self.info = TrainInfo(title="a test", settings="nothing:Nothing", poll=0.002)
        self.answers = list(answers)
        self.questions = questions
        self.found = []
        self.sent = []
        self.asked = {}
        self.most = 0

    def __call__(self, record):
        return self

    def submit_jobs(self, requests):
        (request,) = requests
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            self.sent.append(request.name)
            running = [name for name in self.sent if self.asked.get(name, 0) < self.questions]
            self.most = max(self.most, len(running))
            answer = Submitted(ref=ref_of(request.name))
        return [answer]

    def find_submission(self, request):
        answer = self.found.pop(0) if self.found else None
        if isinstance(answer, BaseException):
            raise answer
        if answer is not None:
            return answer
        return Found(ref=ref_of(request.name)) if request.name in self.sent else Absent()

    def job_states(self, refs):
        return [self.state_of(ref) for ref in refs]

    def state_of(self, ref):
        name = ref.id.removeprefix("id-of-")
        self.asked[name] = self.asked.get(name, 0) + 1
        ended = self.asked[name] >= self.questions
        return JobState(ref=ref, state=State.COMPLETE if ended else State.RUNNING)
