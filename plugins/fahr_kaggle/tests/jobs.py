"""Jobs and requests as the core makes them, for tests that send them themselves."""

from __future__ import annotations

from itertools import count

from fahr_core import registry
from fahr_core.models import Submitted
from fahr_core.planning import Order, make_plan
from fahr_core.session import Session
from fahr_core.testing.fixtures import job_of, no_progress

NUMBERS = count(1)


def experiment(folder, files, name="digits"):
    """Write an experiment folder and give it; the first file is its artifact."""
    place = folder / name
    for path, text in files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return place


def request_of(place, artifact="train.py", **order):
    """Give the request for an artifact; ``pairs`` are settings, as after ``-c``."""
    options = {"train_driver": "kaggle", **order.pop("options", {})}
    plan = make_plan(Order(artifact=artifact, cwd=place, options=options, **order))
    job = job_of(plan, next(NUMBERS))
    return plan.session.plan_submission(job, plan.session.render_artifacts(job, None), None)


def job_for(place, artifact="train.py", **order):
    """Give the job that such a request is for."""
    return request_of(place, artifact, **order).job


def session():
    """Give a session with the driver."""
    return Session(registry.find("train", "kaggle"), None)


def sent(request):
    """Stage and send a request and give its reference."""
    driver = session()
    driver.stage_request(request, {}, no_progress)
    (answer,) = driver.submit_jobs([request])
    assert isinstance(answer, Submitted), answer
    return answer.ref


def ended(ref, seconds=180):
    """Wait for a job's end and give its state."""
    import time

    driver = session()
    limit = time.monotonic() + seconds
    while True:
        (state,) = driver.job_states([ref])
        if state.state.final:
            return state
        assert time.monotonic() < limit, state
        time.sleep(0.1)


def fetched(ref, folder, **options):
    """Fetch a job's output and give the files' contents by their paths."""
    from fahr_core.models import FetchOptions

    folder.mkdir()
    session().fetch_output(ref, folder, FetchOptions(**options), no_progress)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def log_of(ref, **how):
    """Give the texts of a job's log."""
    with session().logs(ref, follow=how.get("follow", False), after=how.get("after")) as lines:
        return [line.text for line in lines]


def patiently(work):
    """Do work that may fail for a while, as a person repeats a command."""
    from fahr_core.errors import ServiceError

    for attempt in range(4):
        try:
            return work()
        except ServiceError:
            if attempt == 3:
                raise
    raise AssertionError
