"""What a user's order means: experiment, drivers, settings, parameters; nothing is made yet."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import choice
from fahr_core.errors import UsageError
from fahr_core.experiment import Experiment, find_artifact
from fahr_core.models import Capability, Input
from fahr_core.names import given_name
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import Model, Settings, peek, resolve
from fahr_core.settings.text import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.session import Session
    from fahr_core.settings.layers import Layer

__all__ = ["Order", "Plan", "make_plan", "models_of", "with_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user asks for, in words not yet read.

    ``options`` are the core's keys given as options, ``pairs`` texts ``key=value`` of
    ``--config``, ``param_texts`` texts of ``-p``, ``params`` values that have their type;
    ``name`` is the service's name of the job, for a ledger that is empty each time.
    """

    artifact: str | None = None
    cwd: Path = field(default_factory=Path.cwd)
    options: Mapping[str, Any] = field(default_factory=dict)
    pairs: Sequence[str] = ()
    param_texts: Sequence[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    secrets: Sequence[str] = ()
    name: str | None = None
    overwrite: bool = False
    keep: bool = False
    upgrade_env: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An order understood: everything is checked that can be checked without asking anybody."""

    order: Order
    experiment: Experiment
    layers: Sequence[Layer]
    session: Session
    driver_reason: str
    settings: Settings
    params: Mapping[str, Any]
    inputs: Sequence[Input]
    secrets: Mapping[str, str]
    notes: Sequence[str]

    @property
    def core(self) -> Mapping[str, Any]:
        """Give the core's settings."""
        return self.settings.core


def make_plan(order: Order) -> Plan:
    """Read an order against the experiment and its settings.

    Raises:
        ArtifactError: no usable training artifact.
        AccessError: the keyring that may have a secret cannot be read.
        DriverError: the chosen driver is missing or broken.
        ParameterError: a parameter that nothing takes.
        SettingsError: unknown keys or wrong values.
        UsageError: what the driver cannot do was asked for, a secret has no value, or the
            name cannot be a job's.
    """
    if inside := os.environ.get("FAHR_JOB_NAME"):
        raise UsageError(
            f"this is already the job {inside} (FAHR_JOB_NAME); a job does not send jobs"
        )
    if order.name is not None:
        given_name(order.name)
    experiment, layers = _located(order)
    driver, reason = choice.choose_train_driver(layers, experiment.folder)
    session = choice.open_chosen(layers, driver)
    layers = with_files(layers, session, experiment.folder, overwrite=order.overwrite)
    settings = resolve(layers, models_of(session), remember=not order.dry_run)
    params, notes = _parameters(order, experiment, settings)
    plan = Plan(
        order=order,
        experiment=experiment,
        layers=layers,
        session=session,
        driver_reason=reason,
        settings=settings,
        params=params,
        inputs=_inputs(order),
        secrets=_secrets(order.secrets),
        notes=[*session.warnings, *notes],
    )
    _check_capabilities(plan)
    return plan


def with_files(
    layers: Sequence[Layer], session: Session, folder: Path, *, overwrite: bool = False
) -> list[Layer]:
    """Give layers with what the files of the driver's service say, below all others.

    Files that are going to be overwritten say nothing.

    Raises:
        DriverError: what reads the files cannot be imported.
        SettingsError: a file cannot be read.
    """
    from fahr_core.settings.file_settings import file_layers

    files = [] if overwrite else file_layers(session.train.name, session.info, folder)
    return [*files, *layers]


def models_of(session: Session) -> list[Model]:
    """Give the settings models of a session's drivers, the train driver's first."""
    models = [Model(session.train.name, session.info.settings)]
    if session.build:
        models.append(Model(session.build.name, session.build_info().settings))
    return models


def _located(order: Order) -> tuple[Experiment, list[Layer]]:
    """Find the artifact; where the order has a folder or nothing, its settings may name it."""
    named, meant = None, _meant(order)
    folder = order.cwd / (meant or "")
    if os.path.isdir(folder):  # noqa: PTH112 - false for a name that no path can have
        named = peek(read_layers(folder, order.pairs), "artifact")
    experiment = find_artifact(meant, named, order.cwd)
    options = {key: _plain(value) for key, value in order.options.items()}
    return experiment, read_layers(experiment.folder, order.pairs, **options)


def _meant(order: Order) -> str | None:
    """Give the artifact without the quotes that cmd.exe passes on, unless they are its name."""
    if order.artifact is None or (order.cwd / order.artifact).exists():
        return order.artifact
    return unquoted(order.artifact)


def _plain(value: Any) -> Any:
    return unquoted(value) if isinstance(value, str) else value


def _parameters(
    order: Order, experiment: Experiment, settings: Settings
) -> tuple[dict[str, Any], list[str]]:
    values = {**settings.core["params"], **order.params}
    if not values and not order.param_texts:
        return {}, []
    from fahr_core.parameters import check_parameters, read_pairs

    texts = read_pairs(order.param_texts)
    values = {name: value for name, value in values.items() if name not in texts}
    return check_parameters(experiment, texts, values)


def _inputs(order: Order) -> list[Input]:
    if not order.inputs:
        return []
    from fahr_core.inputs import read_inputs

    return list(read_inputs(order.inputs, order.cwd))


def _secrets(names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    from fahr_core.secret_values import secret_values

    return secret_values(names)


def _check_capabilities(plan: Plan) -> None:
    asked = {
        Capability.NODES: plan.core["nodes"] > 1 and f"run on {plan.core['nodes']} machines",
        Capability.GPU: plan.core["gpu"] is not None and "give a GPU",
        Capability.TIMEOUT: plan.core["timeout"] is not None and "limit a job's time",
        Capability.INPUTS: bool(plan.inputs) and "bring inputs to a job",
        Capability.SECRETS: bool(plan.secrets) and "hand secrets to a job",
    }
    for capability, deed in asked.items():
        if deed and not plan.session.can(capability):
            raise UsageError(
                f"train driver {plan.session.train.name} cannot {deed}",
                f"fahr drivers show {plan.session.train.name}    says what it can do",
            )
