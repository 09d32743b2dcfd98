"""Jobs in the ledger that run an image, as `fahr fit` leaves them there."""

from __future__ import annotations

from fahr_core.ledger import Ledger
from fahr_core.models import Code, Environment, Job, JobRef, JobState, Request, State


def recorded(image: str, *, state: State = State.COMPLETE, ended: float | None = None) -> str:
    """Record a job whose request names an image, somewhere in it, and give its name."""
    ledger = Ledger.at_home()
    place = {"driver": "elsewhere", "experiment": "/home/me/digits", "artifact": "train.py"}
    reservation = ledger.reserve("digits-train", **place)
    name = reservation.name
    job = Job(
        name=name,
        run_id=reservation.run_id,
        remote_name=name,
        experiment=place["experiment"],
        artifact=place["artifact"],
        kind="script",
        train_driver=place["driver"],
        code=Code(digest="sha256:" + "0" * 64, files=1, size=2),
        environment=Environment(),
    )
    request = Request(
        driver=place["driver"],
        name=name,
        remote_name=name,
        run_id=reservation.run_id,
        body={"Specification": {"Images": [{"Image": image}]}},
        job=job,
    )
    ledger.intend(name, job, request)
    ledger.launch(name)
    ref = JobRef(driver=place["driver"], id=name)
    ledger.submitted(name, ref)
    if state is not State.SUBMITTED:
        ledger.update(JobState(ref=ref, state=state, ended=ended))
    return name
