"""The order of the stages from an order to a job at the service; prints nothing.

A number and a run id are drawn once, the request is written down before anything is sent,
and a command that dies at any moment leaves a ledger from which the next one finds the
truth: see :mod:`fahr_core.settlement`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import names
from fahr_core.declared import remember
from fahr_core.drafting import draft as make_draft
from fahr_core.drafting import named_job
from fahr_core.errors import ServiceError, UsageError
from fahr_core.ledger import Ledger
from fahr_core.models import (
    Artifacts,
    Capability,
    Code,
    Image,
    Job,
    Request,
    State,
    dumps,
)
from fahr_core.sending import launch, queue, send, unstaged

if TYPE_CHECKING:
    from fahr_core.drafting import Draft
    from fahr_core.ledger.record import Record, Reservation
    from fahr_core.planning import Plan
    from fahr_core.reporter import Reporter

__all__ = ["dry_run", "submit"]

#: The run id of a dry run; a drawn one's first six characters are the end of a remote name.
_NOT_DRAWN = "dryrun"


def submit(plan: Plan, reporter: Reporter) -> Record:
    """Send a job, or queue it, and give its record.

    Raises:
        FahrError: the stage that failed; nothing is recorded, and the message says whether
            anything was sent.
    """
    ledger = Ledger.at_home()
    plan = _with_outputs(plan, ledger, reporter)
    _tell_driver(plan, reporter)
    draft = make_draft(plan, ledger, reporter)
    if plan.order.name and (there := _attached(ledger, draft)):
        reporter.say("attached", f"{there.name} has the same content already")
        return there
    reservation = _reserve(ledger, draft)
    request = None
    try:
        request = _request(draft, reservation, reporter)
        ledger.intend(reservation.name, request.job, request)
        _stage(plan, request, reporter)
        state = launch(ledger, plan.session, request)
    except BaseException:
        ledger.release(reservation.name)  # nothing was sent
        if left := unstaged(lambda: plan.session, request):
            reporter.warn(left)
        raise
    if state is State.QUEUED:
        queue(request, reporter)
    else:
        send(ledger, plan.session, request, reporter)
    remember()
    return ledger.exact(reservation.name)


def dry_run(plan: Plan, reporter: Reporter) -> Request:
    """Give the exact request that :func:`submit` would send; changes nothing anywhere."""
    _tell_driver(plan, reporter)
    ledger = Ledger.at_home()
    draft = make_draft(plan, ledger, reporter)
    stem = _stem(plan)
    latest = ledger.latest_of_stem(stem)
    number = (latest.number or 0) + 1 if latest else 1
    job = named_job(draft, plan.order.name or names.job_name(stem, number), _NOT_DRAWN)
    job = plan.session.amend_job(job)
    image = None
    if plan.session.can(Capability.IMAGE):
        target = plan.session.image_target(job)
        image = Image(reference=target.repository or "local")
    return plan.session.plan_submission(job, draft.artifacts, image)


# -- before the job has a name ----------------------------------------------------------


def _with_outputs(plan: Plan, ledger: Ledger, reporter: Reporter) -> Plan:
    if not plan.inputs:
        return plan
    from fahr_core.prior_output import with_outputs_at_hand

    folder = plan.experiment.folder
    return replace(plan, inputs=with_outputs_at_hand(plan.inputs, ledger, folder, reporter))


def _tell_driver(plan: Plan, reporter: Reporter) -> None:
    train = plan.session.train
    reporter.say("driver", f"{train.name} ({plan.driver_reason}): {plan.session.info.title}")
    for note in plan.notes:
        reporter.warn(note)
    ignored = plan.settings.core["build_driver"] or plan.settings.core["train_image"]
    if ignored and not plan.session.can(Capability.IMAGE):
        reporter.warn(f"{train.name} makes no image: {ignored} has no effect")


def _stem(plan: Plan) -> str:
    return names.job_stem(plan.experiment.folder.name, Path(plan.experiment.artifact).stem)


def _content_digest(draft: Draft) -> str:
    """Name what would run, whatever the job is called: for ``--name``."""
    from fahr_core.store import digest_of

    code = Code(digest=draft.code.digest, files=0, size=0)
    environment = replace(draft.environment, created=None)
    job = named_job(replace(draft, code=code, environment=environment), "", "")
    return digest_of(dumps(replace(job, drawn_at=0.0, git=None)).encode())


def _attached(ledger: Ledger, draft: Draft) -> Record | None:
    name = names.given_name(draft.plan.order.name or "")
    there = ledger.named(name)
    if there and there.content_digest != _content_digest(draft):
        raise UsageError(
            f'the job "{name}" exists and has other content',
            "fahr fit --name ANOTHER",
            "nothing was sent",
        )
    return there


def _reserve(ledger: Ledger, draft: Draft) -> Reservation:
    plan = draft.plan
    train = plan.session.train
    place: dict[str, Any] = {
        "driver": train.name,
        "experiment": str(plan.experiment.folder),
        "artifact": plan.experiment.artifact,
        "driver_path": train.path,
        "driver_digest": train.digest,
    }
    if plan.order.name:
        digest = _content_digest(draft)
        name = names.given_name(plan.order.name)
        return ledger.reserve_named(name, content_digest=digest, **place)
    return ledger.reserve(_stem(plan), **place)


# -- the job and its request ------------------------------------------------------------


def _request(draft: Draft, reservation: Reservation, reporter: Reporter) -> Request:
    session = draft.plan.session
    job = session.amend_job(named_job(draft, reservation.name, reservation.run_id))
    _preflight(draft.plan, job, reporter)
    image = _image(draft.plan, job, draft.artifacts, reporter)
    return session.plan_submission(job, draft.artifacts, image)


def _preflight(plan: Plan, job: Job, reporter: Reporter) -> None:
    """Ask both drivers what is wrong before anything is spent.

    Raises:
        ServiceError: the service or the network failed, and nothing else is wrong.
        UsageError: with every finding that stops the job.
    """
    findings = plan.session.preflight(job)
    for finding in findings:
        if finding.level == "warning":  # one that is well is named below, and no more
            reporter.warn(f"{finding.subject}: {finding.message}")
    errors = [finding for finding in findings if finding.level == "error"]
    if errors:
        first, *others = errors
        lines = list(first.hints)
        for other in others:
            lines += [f"{other.subject}: {other.message}", *other.hints]
        kind = ServiceError if all(error.retry for error in errors) else UsageError
        raise kind(f"{first.subject}: {first.message}", *lines, "nothing was sent")
    for finding in findings:
        if finding.subject == "machine":  # what is paid for is told in full
            reporter.say("machine", finding.message)
    if subjects := [found.subject for found in findings if found.subject != "machine"]:
        reporter.say("checked", ", ".join(subjects))


def _image(plan: Plan, job: Job, artifacts: Artifacts, reporter: Reporter) -> Image | None:
    session = plan.session
    if not session.can(Capability.IMAGE):
        return None
    target = session.image_target(job)
    login = session.registry_login(target) if target.repository else None
    if login and not str(target.repository).startswith(f"{login.registry}/"):
        target = session.image_target(job)  # the registry names what was missing otherwise
    image = session.build_image(job, artifacts, target, login, reporter.progress)
    reporter.say("image", image.reference)
    return image


def _stage(plan: Plan, request: Request, reporter: Reporter) -> None:
    from fahr_core.input_files import uploads_told

    for line in uploads_told(request):
        reporter.say("inputs", line)
    for note in plan.session.stage_request(request, plan.secrets, reporter.progress).notes:
        reporter.say("note", note)
