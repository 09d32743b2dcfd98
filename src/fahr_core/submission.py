"""The order of the stages from an order to a job at the service; prints nothing.

A number and a run id are drawn once, the request is written down before anything is sent,
and a command that dies at any moment leaves a ledger from which the next one finds the
truth: see :mod:`fahr_core.settlement`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import names, snapshot
from fahr_core.declared import remember
from fahr_core.environment import resolve as resolve_environment
from fahr_core.errors import UsageError
from fahr_core.experiment import git_state
from fahr_core.ledger import Ledger
from fahr_core.models import (
    Artifacts,
    Capability,
    Code,
    Environment,
    Image,
    Job,
    Request,
    State,
    dumps,
)
from fahr_core.sending import launch, queue, send

if TYPE_CHECKING:
    from fahr_core.ledger.record import Record, Reservation
    from fahr_core.planning import Plan
    from fahr_core.reporter import Reporter

__all__ = ["Draft", "dry_run", "submit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known of a job before it has a name: its code and its environment."""

    plan: Plan
    code: Code
    environment: Environment


def submit(plan: Plan, reporter: Reporter) -> Record:
    """Send a job, or queue it, and give its record.

    Raises:
        FahrError: the stage that failed; nothing is recorded, and the message says whether
            anything was sent.
    """
    ledger = Ledger.at_home()
    draft = _draft(_with_outputs(plan, ledger, reporter), reporter)
    if plan.order.name and (there := _attached(ledger, draft)):
        reporter.say("attached", f"{there.name} has the same content already")
        return there
    reservation = _reserve(ledger, draft)
    try:
        request = _request(draft, reservation, reporter)
        ledger.intend(reservation.name, request.job, request)
        _stage(plan, request, reporter)
        state = launch(ledger, plan.session, request)
    except BaseException:
        ledger.release(reservation.name)  # nothing was sent
        raise
    if state is State.QUEUED:
        queue(request, reporter)
    else:
        send(ledger, plan.session, request, reporter)
    remember()
    return ledger.exact(reservation.name)


def dry_run(plan: Plan, reporter: Reporter) -> Request:
    """Give the exact request that :func:`submit` would send; changes nothing anywhere."""
    draft = _draft(plan, reporter)
    stem = _stem(plan)
    ledger = Ledger.at_home()
    latest = ledger.latest_of_stem(stem)
    number = (latest.number or 0) + 1 if latest else 1
    job = _job(draft, plan.order.name or names.job_name(stem, number), "dry-run")
    job = plan.session.amend_job(job)
    base = plan.session.base_image(job, job.environment) if plan.session.build else None
    artifacts = plan.session.render_artifacts(job, base)
    image = None
    if plan.session.can(Capability.IMAGE):
        target = plan.session.image_target(job)
        image = Image(reference=target.repository or "local")
    return plan.session.plan_submission(job, artifacts, image)


# -- before the job has a name ----------------------------------------------------------


def _with_outputs(plan: Plan, ledger: Ledger, reporter: Reporter) -> Plan:
    if not plan.inputs:
        return plan
    from fahr_core.prior_output import with_outputs_at_hand

    folder = plan.experiment.folder
    return replace(plan, inputs=with_outputs_at_hand(plan.inputs, ledger, folder, reporter))


def _draft(plan: Plan, reporter: Reporter) -> Draft:
    _tell_driver(plan, reporter)
    order, core, folder = plan.order, plan.core, plan.experiment.folder
    environment = resolve_environment(
        folder,
        plan.experiment.artifact,
        envfile=core["envfile"],
        python=core["python"],
        upgrade=order.upgrade_env,
        progress=reporter.progress,
        write=not order.dry_run,
    )
    take = snapshot.survey if order.dry_run else snapshot.take
    code = take(
        plan.experiment, include=core["include"], exclude=core["exclude"], warn=reporter.warn
    )
    reporter.say("code", snapshot.describe(code))
    if warning := snapshot.size_warning(code):
        reporter.warn(warning)
    _tell_environment(environment, reporter)
    return Draft(plan=plan, code=code, environment=environment)


def _tell_driver(plan: Plan, reporter: Reporter) -> None:
    train = plan.session.train
    reporter.say("driver", f"{train.name} ({plan.driver_reason}): {plan.session.info.title}")
    for note in plan.notes:
        reporter.warn(note)
    ignored = plan.settings.core["build_driver"] or plan.settings.core["train_image"]
    if ignored and not plan.session.can(Capability.IMAGE):
        reporter.warn(f"{train.name} makes no image: {ignored} has no effect")


def _tell_environment(environment: Environment, reporter: Reporter) -> None:
    if environment.kind == "none" or not environment.created:
        return
    from fahr_core.environment.lock import describe_age

    count = len(environment.packages)
    packages = f"{count} package{'' if count == 1 else 's'}"
    reporter.say("lock", f"{environment.file}: {packages}, {describe_age(environment.created)}")


def _stem(plan: Plan) -> str:
    return names.job_stem(plan.experiment.folder.name, Path(plan.experiment.artifact).stem)


def _content_digest(draft: Draft) -> str:
    """Name what would run, whatever the job is called: for ``--name``."""
    from fahr_core.store import digest_of

    code = Code(digest=draft.code.digest, files=0, size=0)
    environment = replace(draft.environment, created=None)
    job = _job(replace(draft, code=code, environment=environment), "", "")
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
    job = session.amend_job(_job(draft, reservation.name, reservation.run_id))
    _preflight(draft.plan, job, reporter)
    base = session.base_image(job, job.environment) if session.build else None
    artifacts = session.render_artifacts(job, base)
    _write_artifacts(draft.plan, artifacts, reporter)
    image = _image(draft.plan, job, artifacts, reporter)
    return session.plan_submission(job, artifacts, image)


def _job(draft: Draft, name: str, run_id: str) -> Job:
    plan, session, core = draft.plan, draft.plan.session, draft.plan.core
    rule = session.info.names
    token = "" if plan.order.name else run_id[:6]
    return Job(
        name=name,
        run_id=run_id,
        remote_name=names.remote_name(name, rule, token) if name else "",
        experiment=str(plan.experiment.folder),
        artifact=plan.experiment.artifact,
        kind=plan.experiment.kind,
        train_driver=session.train.name,
        driver_path=session.train.path,
        driver_digest=session.train.digest,
        build_driver=session.build.name if session.build else None,
        train_image=_train_image(plan),
        code=draft.code,
        environment=draft.environment,
        settings=plan.settings.of(session.train.name),
        build_settings=plan.settings.of(session.build.name if session.build else None),
        params=plan.params,
        inputs=tuple(plan.inputs),
        secrets=tuple(plan.secrets),
        gpu=core["gpu"],
        timeout=core["timeout"],
        nodes=core["nodes"],
        launch=core["launch"],
        output_exclude=tuple(core["output_exclude"]),
        git=git_state(plan.experiment.folder),
        drawn_at=time.time(),
    )


def _train_image(plan: Plan) -> str | None:
    from fahr_core.choice import train_image

    return train_image(plan.layers)


def _preflight(plan: Plan, job: Job, reporter: Reporter) -> None:
    """Ask both drivers what is wrong before anything is spent.

    Raises:
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
        raise UsageError(f"{first.subject}: {first.message}", *lines, "nothing was sent")
    if findings:
        reporter.say("checked", ", ".join(finding.subject for finding in findings))


def _write_artifacts(plan: Plan, artifacts: Artifacts, reporter: Reporter) -> None:
    if not artifacts.files:
        return
    from fahr_core.render import write_files

    written = write_files(
        plan.experiment.folder,
        artifacts.files,
        overwrite=plan.order.overwrite,
        keep=plan.order.keep,
    )
    for outcome in ("wrote", "refreshed", "kept"):
        if paths := [file.path for file in written if file.outcome == outcome]:
            reporter.say(outcome, ", ".join(paths))


def _image(plan: Plan, job: Job, artifacts: Artifacts, reporter: Reporter) -> Image | None:
    session = plan.session
    if not session.can(Capability.IMAGE):
        return None
    target = session.image_target(job)
    login = session.registry_login(target) if target.repository else None
    image = session.build_image(job, artifacts, target, login, reporter.progress)
    reporter.say("image", image.reference)
    return image


def _stage(plan: Plan, request: Request, reporter: Reporter) -> None:
    for note in plan.session.stage_request(request, plan.secrets, reporter.progress).notes:
        reporter.say("staged", note)
