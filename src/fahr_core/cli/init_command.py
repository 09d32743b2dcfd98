"""Choose where this folder's jobs run and write the files for it.

Writes fahr.toml and what the driver needs beside it. At a terminal it asks only
what has no default; what it does is then one line to paste elsewhere.

Examples::

  fahr init
  fahr init train.py --train-driver=local --timeout 2h
  fahr init train.py --train-driver=sagemaker -c role_name=trainer
  fahr init --example           write a script to begin with
  fahr init --requirements      write requirements.txt from the imports
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.choice import SeveralDrivers
    from fahr_core.experiment import SeveralArtifacts
    from fahr_core.initialising import InitOrder, Setup
    from fahr_core.settings.validated import MissingSettings

__all__ = ["command"]


def command(
    artifact: options.Artifact = None,
    train_driver: options.TrainDriver = None,
    build_driver: options.BuildDriver = None,
    train_image: options.TrainImage = None,
    config: options.Config = None,
    gpu: options.Gpu = None,
    timeout: options.Timeout = None,
    envfile: options.Envfile = None,
    python: options.Python = None,
    requirements: Annotated[
        bool,
        typer.Option("--requirements", help="Write requirements.txt from what is imported."),
    ] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Write a short train.py that needs no package.")
    ] = False,
    overwrite: options.Overwrite = False,
    yes: options.Yes = False,
    no_input: options.NoInput = False,
) -> None:
    """Initialise."""
    from fahr_core.initialising import InitOrder

    order = InitOrder(
        artifact=artifact,
        options={
            "train_driver": train_driver,
            "build_driver": build_driver,
            "train_image": train_image,
            "gpu": gpu,
            "timeout": timeout,
            "envfile": envfile,
            "python": python,
        },
        pairs=config or (),
        overwrite=overwrite,
        example=example,
        requirements=requirements,
    )
    if order.files_alone:
        _write_files_alone(order)
    else:
        _init(order, may_ask=console.can_ask() and not no_input, yes=yes)


def _write_files_alone(order: InitOrder) -> None:
    from fahr_core.initialising import write_alone

    experiment = write_alone(order, console.Terminal())
    named = os.path.relpath(experiment.file)
    console.stage("next", _line(["fahr", "fit", named]))


def _init(order: InitOrder, *, may_ask: bool, yes: bool) -> None:
    """Ask what nobody has said, all before the first file is written."""
    from fahr_core.initialising import apply, equivalent

    setup, asked = _Questions(order, may_ask).answered()
    text, confirmed = _requirements(setup, may_ask=may_ask, yes=yes)
    reporter = console.Terminal()
    for warning in setup.session.warnings:
        reporter.warn(warning)
    reporter.say("driver", f"{setup.session.train.name} ({setup.driver_reason})")
    apply(setup, reporter, text)
    for key in setup.unwritten:
        _say_unwritten(key)
    if asked or confirmed:
        again = replace(setup, order=replace(setup.order, requirements=text is not None))
        _print_again(equivalent(again))
    console.stage("next", _line(_fit_words(setup)))


@dataclass
class _Questions:
    """What nobody has said, asked at a terminal until it is complete."""

    order: InitOrder
    may_ask: bool
    asked: bool = False

    def answered(self) -> tuple[Setup, bool]:
        """Give the complete setup, and whether anything was asked."""
        from fahr_core.choice import SeveralDrivers
        from fahr_core.errors import SettingsError
        from fahr_core.experiment import SeveralArtifacts
        from fahr_core.initialising import prepare
        from fahr_core.settings.validated import MissingSettings

        answer = ""
        while True:
            try:
                return prepare(self.order), self.asked
            except SeveralArtifacts as several:
                self._ask_artifact(several)
            except SeveralDrivers as several:
                self._ask_driver(several)
            except MissingSettings as lacking:
                answer = self._ask_setting(lacking)
            except SettingsError as wrong:
                if not answer or answer not in self.order.pairs:
                    raise
                console.error(wrong)
                self._take_back(answer)

    def _ask_artifact(self, several: SeveralArtifacts) -> None:
        from fahr_core.cli.asking import choose
        from fahr_core.errors import ArtifactError

        typed = self.order.artifact or ""
        paths = [os.path.join(typed, name) for name in several.names]  # noqa: PTH118
        if not self.may_ask:
            raise ArtifactError(several.message, _line(["fahr", "init", paths[0]]))
        chosen = choose("Which one is the training artifact?", several.names)
        self._complete(artifact=paths[several.names.index(chosen)])

    def _ask_driver(self, several: SeveralDrivers) -> None:
        from fahr_core.cli.asking import choose
        from fahr_core.errors import UsageError

        if not self.may_ask:
            lines = (f"fahr init --train-driver={name}" for name in several.names)
            raise UsageError(several.message, *lines)
        name = choose("Where should jobs run?", several.names)
        self._complete(options={**self.order.options, "train_driver": name})

    def _ask_setting(self, lacking: MissingSettings) -> str:
        from fahr_core.cli.asking import ask
        from fahr_core.errors import SettingsError

        first = lacking.missing[0]
        if not self.may_ask:
            pairs = [f"{one.key}={one.example or '...'}" for one in lacking.missing]
            words = ["fahr", "init", f"--train-driver={first.driver}"]
            raise SettingsError(
                lacking.message, _line(words + [word for pair in pairs for word in ("-c", pair)])
            )
        meaning = first.help.split(". ")[0].split("\n")[0].rstrip(".") or first.key
        answer = f"{first.key}={ask(f'{meaning} (--config.{first.key})')}"
        self._complete(pairs=[*self.order.pairs, answer])
        return answer

    def _complete(self, **answer: object) -> None:
        self.order = replace(self.order, **answer)  # type: ignore[arg-type]
        self.asked = True

    def _take_back(self, answer: str) -> None:
        self.order = replace(self.order, pairs=[p for p in self.order.pairs if p != answer])


def _requirements(setup: Setup, *, may_ask: bool, yes: bool) -> tuple[str | None, bool]:
    """Give the requirements to write, if any, and whether somebody was asked about them."""
    from fahr_core.starting_files import imported_packages, requirements_for

    if setup.order.requirements:
        return requirements_for(setup.experiment), False
    if setup.order.example or not setup.lacks_environment:
        return None, False
    if not (modules := imported_packages(setup.experiment)):
        return None, False
    imports = f"{setup.experiment.artifact} imports {', '.join(modules)}"
    if not may_ask and not yes:
        console.stage("packages", f"no environment file; {imports}")
        console.stage("", "fahr init --requirements")
        return None, False
    text = requirements_for(setup.experiment)
    if yes:
        return text, False
    from fahr_core.cli.asking import confirm

    console.note(f"No environment file. {imports}.")
    wanted = ", ".join(line for line in text.splitlines() if not line.startswith("#"))
    return (text if confirm(f"Write requirements.txt with {wanted}?") else None), True


def _say_unwritten(key: str) -> None:
    driver, _, name = key.rpartition(".")
    table = f"{driver.replace('-', '_')}__" if driver else ""
    variable = f"FAHR_{table}{name}".upper()
    console.note(f"warning: {key} looks like a secret and is written nowhere: set {variable}")


def _fit_words(setup: Setup) -> list[str]:
    words = ["fahr", "fit"]
    if setup.experiment.folder != setup.order.cwd.resolve():
        words.append(os.path.relpath(setup.experiment.folder))
    return words


def _print_again(words: list[str]) -> None:
    """Print the line that does the same; folded so that it can still be pasted."""
    # Not on Windows, whose shells go on in the next line each in another way.
    room = sys.maxsize if os.name == "nt" else console.width(sys.stderr) - 11
    lines = [""]
    for part in _parts(words):
        if lines[-1] and len(lines[-1]) + 1 + len(part) > room:
            lines.append(part)
        else:
            lines[-1] = f"{lines[-1]} {part}".lstrip()
    console.note(console.styled(f"{'again':<8} ", "dim") + " \\\n           ".join(lines))


def _parts(words: list[str]) -> list[str]:
    """Quote words for a shell; an option and its value are one part."""
    parts: list[str] = []
    for word in words:
        if parts and parts[-1] == "-c":
            parts[-1] = f"-c {_line([word])}"
        else:
            parts.append(_line([word]))
    return parts


def _line(words: list[str]) -> str:
    import shlex

    return shlex.join(words)
