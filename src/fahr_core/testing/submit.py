"""The submit contract: a request is planned without asking anybody, and sent once."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from fahr_core.models import (
    Absent,
    Capability,
    Found,
    JobRef,
    Refused,
    Request,
    Submitted,
    dumps,
    from_json,
    to_json,
)
from fahr_core.testing.fixtures import DriverFixtures, job_of, no_progress, render
from fahr_core.testing.promises import broken, need
from fahr_core.testing.render import snapshot_of
from fahr_core.testing.scripts import NOTHING, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import NoReturn

    from fahr_core.models import Artifacts, Image, Job, JobState
    from fahr_core.session import Session
    from fahr_core.testing.fixtures import Lines, MakeExperiment, MakePlan, Prepare

__all__ = ["SubmitContract"]

VALUE = "7d0c-not-to-be-found-anywhere"


class SubmitContract(DriverFixtures):
    """A plan is pure; a job is sent once, and what was sent can be found."""

    def test_planning_is_pure_and_asks_nobody(
        self,
        session: Session,
        experiment: MakeExperiment,
        plan: MakePlan,
        image: Callable[[Job, Artifacts], Image | None],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """``plan_submission`` gives the same request for the same job, offline, writing nothing."""
        job = job_of(plan(experiment(NOTHING)))
        artifacts = render(session, job)
        made = image(job, artifacts)
        before = snapshot_of(tmp_path)
        _cut_network(monkeypatch)
        first = session.plan_submission(job, artifacts, made)
        second = session.plan_submission(job, artifacts, made)
        assert first == second, broken("the same job gives the same request")
        assert snapshot_of(tmp_path) == before, broken("planning writes nothing")

    def test_a_request_is_the_jobs_and_survives_json(self, prepare: Prepare) -> None:
        """A request goes into the ledger before anything is sent, and comes back the same."""
        request = prepare(NOTHING)
        again = from_json(Request, json.loads(dumps(request)))
        assert to_json(again) == to_json(request), broken("a request survives JSON")
        told = (request.driver, request.name, request.run_id, request.remote_name)
        job = request.job
        drawn = (job.train_driver, job.name, job.run_id, job.remote_name)
        assert told == drawn, broken("driver and names are those that the core drew", told)

    def test_no_secret_is_in_a_request(
        self, session: Session, prepare: Prepare, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A request names secrets and never holds one; nor does what is told of staging it."""
        need(session, Capability.SECRETS)
        monkeypatch.setenv(SECRET, VALUE)
        request = prepare(NOTHING, secrets=(SECRET,))
        assert VALUE not in dumps(request), broken("no secret is in a request")
        staged = session.stage_request(request, {SECRET: VALUE}, no_progress)
        assert VALUE not in dumps(staged), broken("no secret is in what is told of staging")

    def test_what_is_given_up_is_not_sent(
        self, session: Session, prepare: Prepare, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A staged request whose job is given up leaves no job; to say so twice is no error."""
        need(session, Capability.SECRETS)
        monkeypatch.setenv(SECRET, VALUE)
        request = prepare(NOTHING, secrets=(SECRET,))
        session.stage_request(request, {SECRET: VALUE}, no_progress)
        session.unstage_request(request)
        session.unstage_request(request)
        found = session.find_submission(request)
        assert isinstance(found, Absent), broken("what is given up is not sent", found)

    def test_staging_twice_uploads_nothing_twice(self, session: Session, prepare: Prepare) -> None:
        """Uploads go by content: a call that is repeated after an error sends nothing again."""
        request = prepare(NOTHING)
        session.stage_request(request, {}, no_progress)
        again = session.stage_request(request, {}, no_progress)
        assert again.uploaded == 0, broken("the same content is uploaded once", again)

    def test_a_job_is_absent_before_and_found_after(
        self,
        session: Session,
        prepare: Prepare,
        submit: Callable[[Request], JobRef],
        ended: Callable[[JobRef], JobState],
    ) -> None:
        """``find_submission`` tells a request that arrived from one that did not, at any time.

        It is what the core asks after a lost answer or a crash, from another process.
        """
        request = prepare(NOTHING)
        before = session.find_submission(request)
        assert isinstance(before, Absent), broken("what was not sent is Absent", before)
        ref = submit(request)
        _check_found(session, request, ref)
        ended(ref)
        _check_found(session, request, ref)

    def test_a_reference_survives_json(self, send: Callable[..., JobRef]) -> None:
        """A reference holds all that is needed to find the job again, as plain JSON."""
        ref = send(NOTHING)
        assert from_json(JobRef, json.loads(dumps(ref))) == ref, broken("a reference survives JSON")
        assert ref.id, broken("a reference has the service's id", ref)

    def test_sending_twice_makes_one_job(
        self,
        session: Session,
        prepare: Prepare,
        submit: Callable[[Request], JobRef],
        ended: Callable[[JobRef], JobState],
        lines: Lines,
    ) -> None:
        """A request that arrived and is sent again, early or late, makes no second job."""
        request = prepare("print('ran once')")
        ref = submit(request)
        self.send_again(session, request, ref)
        first = ended(ref)
        self.send_again(session, request, ref)
        last = ended(ref)
        promise = "sending a request again makes no second job"
        assert (last.state, last.started) == (first.state, first.started), broken(promise, last)
        runs = [line.text for line in lines(ref)].count("ran once")
        assert runs == 1, broken(promise, f"the script ran {runs} times")

    def send_again(self, session: Session, request: Request, ref: JobRef) -> None:
        """Send a request that is at the service already."""
        (answer,) = session.submit_jobs([request])
        known = isinstance(answer, Refused) or (isinstance(answer, Submitted) and answer.ref == ref)
        assert known, broken("sending a request again makes no second job", answer)

    def test_each_request_is_answered_in_order(
        self, session: Session, prepare: Prepare, ended: Callable[[JobRef], JobState]
    ) -> None:
        """``submit_jobs`` gives one answer for each request, in their order."""
        assert list(session.submit_jobs([])) == [], broken("no request, no answer")
        requests = [prepare(NOTHING), prepare(NOTHING)]
        for request in requests:
            session.stage_request(request, {}, no_progress)
        answers = session.submit_jobs(requests)
        assert len(answers) == len(requests), broken("each request has an answer", answers)
        for request, answer in zip(requests, answers, strict=True):
            assert isinstance(answer, Submitted), broken("a sound job is taken", answer)
            found = session.find_submission(request)
            in_order = isinstance(found, Found) and found.ref == answer.ref
            assert in_order, broken("answers come in the order of the requests", answers)
            ended(answer.ref)

    def test_what_the_service_refuses_is_refused(
        self, session: Session, refused_request: Request | None
    ) -> None:
        """A refusal is an answer with a reason, not an exception, and leaves no job."""
        if refused_request is None:
            pytest.skip("the fixture refused_request gives no request that would be refused")
        (answer,) = session.submit_jobs([refused_request])
        assert isinstance(answer, Refused), broken("what is not taken is Refused", answer)
        assert answer.reason.strip(), broken("a refusal says why", answer)
        found = session.find_submission(refused_request)
        assert isinstance(found, Absent), broken("a refused job is Absent", found)


def _check_found(session: Session, request: Request, ref: JobRef) -> None:
    found = session.find_submission(request)
    assert isinstance(found, Found), broken("what was sent is Found", found)
    assert found.ref == ref, broken("what is Found is the job that was sent", found)


def _cut_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_socket: socket.socket, address: object) -> NoReturn:
        pytest.fail(broken("planning asks nobody", f"it connects to {address}"))

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
