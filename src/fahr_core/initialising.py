"""What ``fahr init`` decides and writes: settings, rendered files, requirements.

:func:`prepare` reads an order and writes nothing; what nobody has said yet it raises, so
that whoever can ask completes the order and prepares again.  :func:`apply` writes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import choice
from fahr_core.errors import ArtifactError, DiskError
from fahr_core.experiment import Experiment, find_artifact, shown
from fahr_core.models import Environment
from fahr_core.settings.keeping import artifact_word, kept_settings
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import peek, resolve
from fahr_core.settings.shown import names_secret
from fahr_core.starting_files import REQUIREMENTS, already_there

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.reporter import Reporter
    from fahr_core.session import Session
    from fahr_core.settings.validated import Settings

__all__ = ["InitOrder", "Setup", "apply", "equivalent", "locate", "prepare", "write_alone"]

_SETTINGS = "fahr.toml"
_HEAD = "# Settings of this experiment; `fahr config` shows each with where it comes from.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOrder:
    """What a user asks for, in words not yet read; see :class:`fahr_core.planning.Order`.

    ``example`` writes a script to begin with, ``requirements`` a requirements.txt from what
    the artifact imports.
    """

    artifact: str | None = None
    cwd: Path = field(default_factory=Path.cwd)
    options: Mapping[str, Any] = field(default_factory=dict)
    pairs: Sequence[str] = ()
    overwrite: bool = False
    example: bool = False
    requirements: bool = False

    @property
    def files_alone(self) -> bool:
        """Whether the example or the requirements are all that is wanted."""
        said = self.pairs or any(value is not None for value in self.options.values())
        return (self.example or self.requirements) and not said


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """An order understood.

    ``values`` go into fahr.toml, by driver (``""``: the core's) and key; ``unwritten`` are
    settings whose names say that they are secrets: they are never written down.
    """

    order: InitOrder
    experiment: Experiment
    session: Session
    driver_reason: str
    settings: Settings
    values: Mapping[tuple[str, str], Any]
    unwritten: Sequence[str]
    settings_text: str

    @property
    def lacks_environment(self) -> bool:
        """Whether nothing says which packages the job needs."""
        from fahr_core.environment.files import find

        named = self.settings.core["envfile"]
        return find(self.experiment.folder, self.experiment.artifact, named) is None


def prepare(order: InitOrder) -> Setup:
    """Read an order against the folder and its settings; write nothing.

    Raises:
        SeveralArtifacts, SeveralDrivers, MissingSettings: somebody has to say which.
        ArtifactError: no usable training artifact.
        DiskError: the folder cannot be written.
        DriverError: the chosen driver is missing or broken.
        SettingsError: unknown keys or wrong values, or a fahr.toml that cannot be changed.
    """
    from fahr_core.planning import models_of, with_files
    from fahr_core.settings.writing import changed_text, read_settings_text

    experiment = locate(order)
    folder = experiment.folder
    layers = read_layers(folder, order.pairs, **order.options)
    driver, reason = choice.choose_train_driver(layers, folder)
    session = choice.open_chosen(layers, driver)
    layers = with_files(layers, session, folder, overwrite=order.overwrite)
    settings = resolve(layers, models_of(session), remember=False)
    kept = kept_settings(layers, session, settings, experiment, order.cwd)
    values = kept.values
    if not order.example and (artifact := artifact_word(experiment, layers)):
        values["", "artifact"] = artifact
    there = read_settings_text(folder / _SETTINGS)
    return Setup(
        order=order,
        experiment=experiment,
        session=session,
        driver_reason=reason,
        settings=settings,
        values=values,
        unwritten=kept.secrets,
        settings_text=changed_text(there or _HEAD, values),
    )


def locate(order: InitOrder) -> Experiment:
    """Find the experiment; with ``example`` its script need not be there yet.

    Raises:
        ArtifactError: no, several or an unusable artifact, or no such folder.
        DiskError: the folder cannot be written.
    """
    typed = order.cwd / (order.artifact or "")
    is_folder = typed.is_dir()
    if order.example:
        path = typed / "train.py" if is_folder else typed
        if not path.parent.is_dir():
            raise ArtifactError(f"no folder {shown(path.parent)}")
        if path.exists():
            raise already_there(path)
        experiment = Experiment(path.parent.resolve(), path.name, "script")
    else:
        named = peek(read_layers(typed, order.pairs), "artifact") if is_folder else None
        experiment = find_artifact(order.artifact, named, order.cwd)
    if not os.access(experiment.folder, os.W_OK):
        raise DiskError(f"the folder {shown(experiment.folder)} cannot be written")
    return experiment


def apply(setup: Setup, reporter: Reporter, requirements: str | None = None) -> None:
    """Write what was decided, and tell what became of each file.

    Args:
        setup: What was decided.
        reporter: Told of the files, by what became of them.
        requirements: The text of a requirements.txt to write.

    Raises:
        FahrError: the environment file cannot be used, a template is wrong, or a file
            cannot be written.
    """
    from fahr_core.settings.writing import write_settings_text
    from fahr_core.starting_files import write_example, write_requirements

    folder = setup.experiment.folder
    outcomes: dict[str, list[str]] = {}
    if setup.order.example:
        write_example(setup.experiment.file)
        outcomes.setdefault("wrote", []).append(setup.experiment.artifact)
    if requirements is not None:
        outcome = write_requirements(folder, requirements)
        outcomes.setdefault(outcome, []).append(REQUIREMENTS)
    for outcome, paths in _written_files(setup, reporter).items():
        outcomes.setdefault(outcome, []).extend(paths)
    outcome = _settings_outcome(setup)
    if outcome != "unchanged":
        write_settings_text(folder / _SETTINGS, setup.settings_text)
    outcomes.setdefault(outcome, []).insert(0, _SETTINGS)
    for name, paths in outcomes.items():
        reporter.say(name, ", ".join(paths))


def write_alone(order: InitOrder, reporter: Reporter) -> Experiment:
    """Write the example or the requirements and nothing else; give the experiment.

    Raises:
        FahrError: as :func:`locate`; the artifact imports no package; a file cannot be written.
    """
    from fahr_core.starting_files import requirements_for, write_example, write_requirements

    experiment = locate(order)
    if order.example:
        write_example(experiment.file)
        reporter.say("wrote", experiment.artifact)
    else:
        outcome = write_requirements(experiment.folder, requirements_for(experiment))
        reporter.say(outcome, REQUIREMENTS)
    return experiment


def equivalent(setup: Setup) -> list[str]:
    """Give the words of the command line that says what was asked; secrets are left out."""
    order = setup.order
    words = ["fahr", "init"]
    if order.artifact:
        words.append(order.artifact)
    for key, value in order.options.items():
        if value is not None:
            words.append(f"--{key.replace('_', '-')}={value}")
    for pair in order.pairs:
        if not names_secret(pair.partition("=")[0]):
            words += ["-c", pair]
    flags = {"overwrite": order.overwrite, "example": order.example}
    flags["requirements"] = order.requirements
    return [*words, *(f"--{flag}" for flag, wanted in flags.items() if wanted)]


def _written_files(setup: Setup, reporter: Reporter) -> Mapping[str, list[str]]:
    """Write what the driver renders, and give the paths by what became of them."""
    from fahr_core.drafting import rendered, resolved, write_files
    from fahr_core.sample import sample_job

    session, settings, experiment = setup.session, setup.settings, setup.experiment
    environment = Environment()
    if session.build:
        environment = resolved(session, settings, experiment, reporter)
    artifacts = rendered(session, sample_job(session, settings, experiment, environment))
    return write_files(session, experiment.folder, artifacts, overwrite=setup.order.overwrite)


def _settings_outcome(setup: Setup) -> str:
    from fahr_core.settings.writing import read_settings_text

    path = setup.experiment.folder / _SETTINGS
    there = read_settings_text(path)
    if there == setup.settings_text:
        return "unchanged"
    return "changed" if there else "wrote"
