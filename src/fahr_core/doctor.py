"""Look at this machine, the drivers and the accounts, and say what to do about each.

Nothing is sent or made, but what killed commands and ended jobs have left is removed: files
half written, folders of jobs that were never sent, secrets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core import choice, machine_checks, registry
from fahr_core.driver_listing import DriverRow, driver_rows
from fahr_core.errors import FahrError
from fahr_core.experiment import Experiment, find_artifact
from fahr_core.machine_checks import Check, Level
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import CORE, load_model, peek, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fahr_core.models import Finding
    from fahr_core.session import Session
    from fahr_core.settings.layers import Layer

__all__ = ["Check", "examine"]


def examine(folder: Path, train_driver: str | None = None) -> Iterator[Check]:
    """Check everything that a job from this folder depends on; each finding as it is made.

    Args:
        folder: The experiment folder.
        train_driver: The driver whose accounts are checked; by default the folder's.
    """
    yield machine_checks.check_installation()
    layers: list[Layer] | None = None
    try:
        layers = read_layers(folder, train_driver=train_driver)
        yield from machine_checks.check_settings_files(folder)
    except FahrError as error:
        yield _failed(error)
    yield machine_checks.check_home()
    yield from machine_checks.check_ledger()
    experiment = _experiment(folder, layers or [])
    yield from machine_checks.check_programs(experiment)
    if layers is not None:  # without settings nobody can tell which driver is meant
        yield from _check_drivers(folder, layers, experiment)


def _check_drivers(
    folder: Path, layers: Sequence[Layer], experiment: Experiment | None
) -> Iterator[Check]:
    rows = [*driver_rows("train", layers), *driver_rows("build", layers)]
    needed: list[str] = ["local"]  # always there, and looked at only where it is chosen
    try:
        driver, reason = choice.choose_train_driver(layers, folder)
        session = choice.open_chosen(layers, driver)
    except choice.SeveralDrivers as several:
        names = ", ".join(several.names)
        yield Check("skip", f"no driver is chosen here: {names}", ("fahr init",))
    except FahrError as error:
        needed.append(driver)
        yield _failed(error)
    else:
        needed += [listed.name for listed in (session.train, session.build) if listed]
        sample = experiment or Experiment(folder.resolve(), "train.py", "script")
        yield from _Chosen(session, reason, layers, sample).checks()
    yield from _check_others([row for row in rows if row.listed.name not in needed])
    yield from _check_others([row for row in driver_rows("extension") if row.problem])
    yield from _check_duplicates()
    yield from machine_checks.check_variables(os.environ, _known_keys(rows))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The folder's own driver, looked at as closely as that goes without a job."""

    session: Session
    reason: str
    layers: Sequence[Layer]
    experiment: Experiment

    def checks(self) -> Iterator[Check]:
        name = self.session.train.name
        for warning in self.session.warnings:
            yield Check("WARN", warning)
        try:
            findings = self._findings()
        except FahrError as error:
            yield _failed(error)
            return
        for finding in findings:
            yield _told(name, finding)
        if not any(finding.level == "error" for finding in findings):
            yield Check("ok", f"{name} ({self.reason}): {self.session.info.title}")

    def _findings(self) -> list[Finding]:
        from fahr_core.planning import models_of, with_files
        from fahr_core.sample import sample_job

        layers = with_files(self.layers, self.session, self.experiment.folder)
        settings = resolve(layers, models_of(self.session), remember=False)
        return self.session.preflight(sample_job(self.session, settings, self.experiment))


def _check_others(rows: Sequence[DriverRow]) -> Iterator[Check]:
    for row in rows:
        if row.problem:
            name, origin = row.listed.name, row.listed.origin
            hint = f"fahr drivers check {name}"
            yield Check("WARN", f"{name} ({origin}) is broken: {row.problem}", (hint,))
    whole = [row for row in rows if not row.problem and row.listed.role == "train"]
    if whole:
        names = [row.listed.name for row in whole]
        hint = f"fahr doctor --train-driver={names[0]}"
        yield Check("skip", f"not this folder's: {', '.join(names)}", (hint,))


def _check_duplicates() -> Iterator[Check]:
    roles: tuple[registry.Role, ...] = ("train", "build", "extension")
    for role in roles:
        for used, hidden in registry.shadowed(role):
            text = f"{used.name} is in {used.origin} and in {hidden.origin}; the first is used"
            yield Check("WARN", text, (f"python -m pip uninstall {hidden.distribution}",))


def _experiment(folder: Path, layers: Sequence[Layer]) -> Experiment | None:
    """Find the artifact; a folder without one is no fault here."""
    try:
        return find_artifact(None, peek(layers, "artifact"), folder)
    except FahrError:
        return None


def _known_keys(rows: Sequence[DriverRow]) -> dict[str, list[str] | None]:
    """Give the settings' keys of the core and of each driver, None of a broken one."""
    keys: dict[str, list[str] | None] = {"": list(load_model(CORE).model_fields)}
    for row in rows:
        info = row.info
        keys[row.listed.name] = list(load_model(info.settings).model_fields) if info else None
    return keys


def _failed(error: FahrError) -> Check:
    return Check("FIX", error.message, tuple(error.hints))


def _told(driver: str, finding: Finding) -> Check:
    levels: dict[str, Level] = {"error": "FIX", "warning": "WARN"}
    level = levels.get(finding.level, "ok")
    text = f"{driver}: {finding.subject}: {finding.message}"
    return Check(level, text, tuple(finding.hints))
