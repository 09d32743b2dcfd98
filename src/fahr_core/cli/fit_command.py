"""Send a training script or notebook off as a job.

Returns as soon as the job is on its way and prints its name; --follow stays
and ends with the job's exit status.

Examples::

  fahr fit train.py
  fahr fit train.ipynb -p epochs=20 -p lr=0.01 --follow
  fahr fit train.py --train-driver=sagemaker --gpu --timeout 2h
  fahr fit train.py --input data=./images --dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.models import LogLine
    from fahr_core.planning import Order, Plan

__all__ = ["command"]


def command(
    artifact: options.Artifact = None,
    train_driver: options.TrainDriver = None,
    build_driver: options.BuildDriver = None,
    train_image: options.TrainImage = None,
    config: options.Config = None,
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter of the artifact."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="NAME=WHERE", help="What the job reads: a folder, URI or job:NAME."
        ),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="NAME", help="A variable that the job gets in secret."),
    ] = None,
    gpu: options.Gpu = None,
    timeout: options.Timeout = None,
    chain: options.Chain = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", metavar="N", help="Run on N machines at once.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The job's name at the service, for CI."),
    ] = None,
    envfile: options.Envfile = None,
    python: options.Python = None,
    upgrade_env: Annotated[
        bool, typer.Option("--upgrade-env", help="Resolve the environment file again.")
    ] = False,
    overwrite: options.Overwrite = False,
    keep: options.Keep = False,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Print the job's log until it has ended.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact request; change nothing.")
    ] = False,
    as_json: options.Json = False,
    yes: options.Yes = False,  # noqa: ARG001 - for drivers that cost money
    no_input: options.NoInput = False,
) -> int:
    """Order a job."""
    from fahr_core.planning import Order

    order = Order(
        artifact=artifact,
        options={
            "train_driver": train_driver,
            "build_driver": build_driver,
            "train_image": train_image,
            "gpu": gpu,
            "timeout": timeout,
            "nodes": nodes,
            "envfile": envfile,
            "python": python,
        },
        pairs=[*(config or ()), *([f"chain={chain}"] if chain else ())],
        param_texts=param or (),
        inputs=inputs or (),
        secrets=secret or (),
        name=name,
        overwrite=overwrite,
        keep=keep,
        upgrade_env=upgrade_env,
        dry_run=dry_run,
    )
    if dry_run:
        return _show_request(order, no_input=no_input)
    return _fit(order, follow=follow, as_json=as_json, no_input=no_input)


def _fit(order: Order, *, follow: bool, as_json: bool, no_input: bool) -> int:
    from fahr_core.cli.work import open_ledger
    from fahr_core.leftovers import sweep_at_times
    from fahr_core.models import Capability
    from fahr_core.submission import submit

    reporter = console.Terminal()
    ledger = open_ledger()
    sweep_at_times(ledger)  # first: they may be what fills the disk
    plan = _planned(order, no_input=no_input)
    record = submit(plan, reporter)
    if as_json:
        from fahr_core.cli.shown import job_json

        console.out_json(job_json(record))
    if follow:
        from fahr_core.cli.following import follow_job

        show = _to_stderr if as_json else None  # stdout is the one document
        return follow_job(ledger, record, show=show, waiting_told=True)
    console.stage("next", f"fahr logs -f {record.name}")
    console.stage("", f"fahr fetch {record.name}")
    if plan.session.info.paid and plan.session.can(Capability.STOP):
        console.stage("", f"fahr stop {record.name}")
    if not as_json:
        console.out(record.name)
    return 0


def _to_stderr(line: LogLine) -> None:
    console.note(line.text)


def _show_request(order: Order, *, no_input: bool) -> int:
    from fahr_core.models import to_json
    from fahr_core.submission import dry_run

    request = dry_run(_planned(order, no_input=no_input), console.Terminal())
    console.out_json(to_json(request.body))
    console.note("dry run: nothing was made, built or sent")
    return 0


def _planned(order: Order, *, no_input: bool) -> Plan:
    """Plan the order; where several drivers could serve, ask somebody who is there."""
    from dataclasses import replace

    from fahr_core.choice import SeveralDrivers
    from fahr_core.planning import make_plan

    try:
        return make_plan(order)
    except SeveralDrivers as several:
        if no_input or not console.can_ask():
            raise
        from fahr_core.cli.asking import choose

        driver = choose("Where should the job run?", several.names)
        return make_plan(replace(order, options={**order.options, "train_driver": driver}))
