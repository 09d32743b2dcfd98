"""Rendered files: made from Jinja templates, written by the overwrite rule.

A template is looked for in the experiment (``.fahr/templates/<driver>/``), then in the
driver's package, then in the core; one in the experiment can extend ``driver/<file>`` or
``core/<file>``.  A file in the experiment belongs to whoever edited it: fahr writes what is
missing, refreshes what nobody edited, and leaves the rest alone unless told to overwrite.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from fahr_core.errors import DiskError, DriverError, FahrError, UsageError
from fahr_core.experiment import shown
from fahr_core.marks import is_unedited, mark, unmark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment

    from fahr_core.models import RenderedFile

__all__ = ["Written", "is_edited", "plan_files", "render", "template_environment", "write_files"]

Outcome = Literal["wrote", "kept", "refreshed", "unchanged"]
_CORE = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered file and what became of it."""

    path: str
    outcome: Outcome


def template_environment(driver: str, templates: Path, experiment: Path) -> Environment:
    """Give the Jinja environment of a driver's templates.

    An undefined variable is an error; the filter ``shell_quote`` makes one word of a text.

    Args:
        driver: The driver's name.
        templates: The folder of templates in its package.
        experiment: The experiment folder, whose own templates come first.
    """
    import shlex

    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

    own, of_core = FileSystemLoader(templates), FileSystemLoader(_CORE)
    named = PrefixLoader({"driver": own, "core": of_core})
    overrides = FileSystemLoader(_overrides(experiment, driver))
    environment = Environment(  # noqa: S701 - the texts are no HTML
        loader=ChoiceLoader([overrides, own, of_core, named]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shell_quote"] = lambda value: shlex.quote(str(value))
    return environment


def render(
    template: str, values: Mapping[str, Any], *, driver: str, templates: Path, experiment: Path
) -> str:
    """Render a template with ``values``; see :func:`template_environment` for the rest.

    Raises:
        DriverError: the driver's template is missing or wrong.
        UsageError: the experiment's own template is wrong.
    """
    from jinja2 import TemplateError

    environment = template_environment(driver, templates, experiment)
    try:
        return environment.get_template(template).render(values)
    except TemplateError as error:
        own = _overrides(experiment, driver) / template
        line = getattr(error, "lineno", None)
        where = f"{shown(own if own.exists() else template)}{f':{line}' if line else ''}"
        message = f"template {where}: {type(error).__name__}: {error.message or template}"
        raise (UsageError if own.exists() else DriverError)(message) from error


def plan_files(
    folder: Path, files: Iterable[RenderedFile], *, overwrite: bool = False, keep: bool = False
) -> list[Written]:
    """Tell what :func:`write_files` would do; change nothing.

    Raises:
        DiskError: a file that is there cannot be read.
        DriverError: a path that leads out of the folder.
    """
    return [Written(file.path, _outcome(folder, file, overwrite, keep)) for file in files]


def write_files(
    folder: Path, files: Iterable[RenderedFile], *, overwrite: bool = False, keep: bool = False
) -> list[Written]:
    """Write rendered files into the experiment folder and tell what became of each.

    Args:
        folder: The experiment folder.
        files: The files; their text is written with line feeds and fahr's mark.
        overwrite: Replace edited files too.
        keep: Leave every file that is there, also one that nobody edited.

    Raises:
        DiskError: the disk is full, or the folder cannot be written.
        DriverError: a path that leads out of the folder.
    """
    files = list(files)
    planned = plan_files(folder, files, overwrite=overwrite, keep=keep)
    for file, written in zip(files, planned, strict=True):
        if written.outcome in ("wrote", "refreshed"):
            _write(folder / file.path, mark(_plain(file.text), file.mark), file.executable)
    return planned


def is_edited(path: Path, mark: str = "comment") -> bool:
    """Tell whether a file that is there is somebody's own work: edited, or never fahr's.

    Raises:
        DiskError: it cannot be read.
    """
    text = _read(path)
    return text is not None and not is_unedited(text, mark)


def _overrides(experiment: Path, driver: str) -> Path:
    return experiment / ".fahr" / "templates" / driver


def _outcome(folder: Path, file: RenderedFile, overwrite: bool, keep: bool) -> Outcome:
    parts = PurePosixPath(file.path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise DriverError(f"the rendered file {shown(file.path)} is outside of the experiment")
    there = _read(folder / file.path)
    if there is None:
        return "wrote"
    wanted = mark(_plain(file.text), file.mark)
    if unmark(_plain(there), file.mark)[0] == unmark(wanted, file.mark)[0]:
        return "unchanged"
    if keep:
        return "kept"
    if is_unedited(there, file.mark):
        return "refreshed"
    return "wrote" if overwrite else "kept"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(path: Path) -> str | None:
    """Give a file's text, None when there is no such file; what is no UTF-8 reads somehow."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        if path.is_symlink():
            raise DiskError(f"{shown(path)} is a link to nothing") from None
        return None
    except OSError as error:
        raise _disk_error(path, error) from error


def _write(path: Path, text: str, executable: bool) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".fahr-writing-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        Path(temporary).chmod(0o755 if executable else 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise _disk_error(path, error) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _disk_error(path: Path, error: OSError) -> FahrError:
    return DiskError(f"cannot write {shown(path)}: {error.strerror or error}")
