"""Which settings of a command line are kept in fahr.toml, and in which words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ArtifactError
from fahr_core.experiment import find_artifact
from fahr_core.settings.resolve import peek
from fahr_core.settings.shown import names_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.experiment import Experiment
    from fahr_core.session import Session
    from fahr_core.settings.layers import Layer
    from fahr_core.settings.validated import Settings

__all__ = ["Kept", "artifact_word", "kept_settings"]

_COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Kept:
    """Values for fahr.toml by driver (``""``: the core's) and key, and what is left out.

    ``secrets`` are settings whose names say so: they are never written down.
    """

    values: dict[tuple[str, str], Any]
    secrets: list[str]


def kept_settings(
    layers: Sequence[Layer],
    session: Session,
    settings: Settings,
    experiment: Experiment,
    cwd: Path,
) -> Kept:
    """Give what belongs into fahr.toml: the driver, and what the command line said.

    Paths are written as seen from the experiment, wherever (``cwd``) they were typed.
    """
    folder = experiment.folder
    kept = Kept({("", "train_driver"): _driver_word(session, folder)}, [])
    for (whose, key), origin in settings.origins.items():
        if origin != _COMMAND_LINE or (whose, key) in kept.values:
            continue
        if names_secret(key):
            kept.secrets.append(f"{whose}.{key}" if whose else key)
        elif whose:
            kept.values[whose, key] = settings.of(whose)[key]
        else:
            kept.values["", key] = _core_word(layers, key, settings.core[key])
    if envfile := kept.values.get(("", "envfile")):
        kept.values["", "envfile"] = _envfile_word(envfile, folder, cwd)
    given = {place: value for place, value in kept.values.items() if value is not None}
    return Kept(given, kept.secrets)


def artifact_word(experiment: Experiment, layers: Sequence[Layer]) -> str | None:
    """Give the artifact where ``fahr fit`` would not find it by itself."""
    try:
        found = find_artifact(None, peek(layers, "artifact"), experiment.folder)
    except ArtifactError:
        return experiment.artifact
    return None if found == experiment else experiment.artifact


def _core_word(layers: Sequence[Layer], key: str, value: Any) -> Any:
    """Give a core value as a person writes it: ``2h``, not 7200.0; a GPU refused is ``no``."""
    if key == "timeout":
        return peek(layers, key)
    return "no" if key == "gpu" and value is None else value


def _driver_word(session: Session, folder: Path) -> str:
    path = session.train.path
    return _relative(Path(path), folder) if path else session.train.name


def _envfile_word(written: str, folder: Path, cwd: Path) -> str:
    """Give the environment file's path; it is looked for in the experiment first."""
    if (folder / written).exists() or not (cwd / written).exists():
        return written
    return _relative(cwd / written, folder)


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return str(path)
