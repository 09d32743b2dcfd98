"""The experiment: the folder that holds a training artifact, and the commit it stands at.

A path typed by a person becomes an absolute folder and an artifact in it that can be run:
a script that parses, or a notebook with at least one code cell.  Everything that can be
wrong with it is found here, before anything is sent.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fahr_core.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fahr_core.models import GitState

__all__ = ["Experiment", "SeveralArtifacts", "find_artifact", "git_state", "shown"]

Kind = Literal["script", "notebook"]

_KINDS: Mapping[str, Kind] = {".py": "script", ".ipynb": "notebook"}
_NEVER_ALONE = {"setup.py", "conftest.py", "noxfile.py", "__init__.py", "__main__.py"}
_CUSTOMARY = ("train.py", "train.ipynb")
_GIT_PATIENCE = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Experiment:
    """A folder (absolute, resolved) and the training artifact in it.

    ``artifact`` is relative to the folder, with ``/`` between parts.
    """

    folder: Path
    artifact: str
    kind: Kind

    @property
    def file(self) -> Path:
        """Give the training artifact as a path that can be opened."""
        return self.folder / self.artifact


class SeveralArtifacts(ArtifactError):  # noqa: N818 - reads as the fact that it states
    """A folder holds several artifacts (``names``) and nobody says which one is meant."""

    def __init__(self, names: Sequence[str], typed: str | None) -> None:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        super().__init__(
            f"which artifact? {', '.join(map(shown, names[:8]))}{more}",
            f"fahr fit {shlex.quote(os.path.join(typed or '', names[0]))}",  # noqa: PTH118
        )
        self.names = list(names)


def find_artifact(path: str | None, settings_artifact: str | None, cwd: Path) -> Experiment:
    """Find the training artifact that a person means.

    Args:
        path: What was typed: a file, whose folder is the experiment; a folder; or None,
            for the folder ``cwd``.
        settings_artifact: The artifact that the folder's settings name, relative to it.
        cwd: Where relative paths start.

    Raises:
        ArtifactError: none, several or an unusable one: a missing file, another suffix, a
            script with a syntax error, an empty or broken notebook.
    """
    experiment = _locate(path, settings_artifact, cwd)
    _check(experiment)
    return experiment


def git_state(folder: Path) -> GitState | None:
    """Give the commit that a folder stands at, None outside of git or without git.

    Only the folder's own files count for dirtiness, those not yet added too.
    """
    if not any(_exists(parent / ".git") for parent in (folder, *folder.parents)):
        return None
    report = _git_status(folder)
    return None if report is None else _read_status(report)


def shown(path: str | os.PathLike[str]) -> str:
    """Give a path as one printable line, whatever its characters are."""
    text = os.fspath(path)
    return text if text.isprintable() else repr(text)[1:-1]


def _locate(path: str | None, settings_artifact: str | None, cwd: Path) -> Experiment:
    typed = cwd / (path or "")
    if path is not None and not _is_folder(typed):
        return _from_file(path, typed)
    folder = typed.resolve()
    if settings_artifact:
        return _from_settings(folder, settings_artifact)
    return _experiment(folder, _only_artifact(folder, path))


def _from_file(path: str, typed: Path) -> Experiment:
    if not _is_file(typed):
        raise _missing(path, typed)
    return _experiment(typed.parent.resolve(), typed.name)


def _from_settings(folder: Path, artifact: str) -> Experiment:
    if not _is_file(folder / artifact):
        raise _missing(artifact, folder / artifact, " (named by the setting artifact)")
    place = (folder / artifact).parent.resolve() / Path(artifact).name
    if not place.is_relative_to(folder):
        raise ArtifactError(
            f"{shown(artifact)} (named by the setting artifact) is outside of {shown(folder)}"
        )
    return _experiment(folder, place.relative_to(folder).as_posix())


def _experiment(folder: Path, artifact: str) -> Experiment:
    kind = _KINDS.get(Path(artifact).suffix)
    if kind is None:
        raise ArtifactError(
            f"{shown(artifact)} is no training artifact: it has to be a .py script or an .ipynb "
            "notebook"
        )
    return Experiment(folder, artifact, kind)


def _only_artifact(folder: Path, typed: str | None) -> str:
    names = [name for name in _files(folder) if _may_be_artifact(name)]
    if len(names) == 1:
        return names[0]
    customary = [name for name in _CUSTOMARY if name in names]
    if len(customary) == 1:
        return customary[0]
    if not names:
        raise ArtifactError(
            f"no training artifact in {shown(folder)} (a .py script or an .ipynb notebook)",
            "fahr init --example",
        )
    raise SeveralArtifacts(customary or names, typed)


def _may_be_artifact(name: str) -> bool:
    if name.startswith((".", "test_")) or name.endswith(".executed.ipynb"):
        return False
    return Path(name).suffix in _KINDS and name not in _NEVER_ALONE


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())
    except OSError as error:
        raise ArtifactError(f"{shown(folder)} cannot be read: {error.strerror}") from None


def _missing(named: str, path: Path, origin: str = "") -> ArtifactError:
    from fahr_core.names import did_you_mean

    if _exists(path):
        return ArtifactError(f"{shown(named)}{origin} is neither a file nor a folder")
    if path.is_symlink():
        target = shown(path.readlink())
        return ArtifactError(f"{shown(named)}{origin} is a link to {target}, which is not there")
    beside = [item.name for item in path.parent.iterdir()] if _is_folder(path.parent) else []
    if not (guess := did_you_mean(path.name, beside)):
        return ArtifactError(f"no file {shown(named)}{origin}")
    meant = os.path.join(os.path.dirname(named), guess)  # noqa: PTH118, PTH120
    return ArtifactError(f"no file {shown(named)}{origin}; did you mean {shown(meant)}?")


def _is_file(path: Path) -> bool:
    return _asked(path, Path.is_file)


def _is_folder(path: Path) -> bool:
    return _asked(path, Path.is_dir)


def _exists(path: Path) -> bool:
    return _asked(path, Path.exists)


def _asked(path: Path, question: Callable[[Path], bool]) -> bool:
    """Ask a path something; a name that no file can have is an error of its own."""
    try:
        return question(path)
    except OSError as error:
        raise ArtifactError(f"{shown(path)}: {error.strerror}") from None


def _check(experiment: Experiment) -> None:
    _check_name(experiment.file)
    try:
        content = experiment.file.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{shown(experiment.file)} cannot be read: {error.strerror}") from None
    if experiment.kind == "script":
        _check_script(experiment.artifact, content)
    else:
        _check_notebook(experiment.artifact, content)


def _check_name(file: Path) -> None:
    """Refuse a name that is no text here: no service and no record could hold it."""
    try:
        os.fspath(file).encode("utf-8")
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        raise ArtifactError(
            f"{shown(file)}: this name is no text in {encoding}, this machine's encoding of names",
            "rename it" if encoding == "utf-8" else "export PYTHONUTF8=1",
        ) from None


def _check_script(artifact: str, content: bytes) -> None:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, artifact, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise ArtifactError(
            f"{shown(artifact)}:{error.lineno or 1}: {error.msg}", *([shown(line)] if line else [])
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ArtifactError(f"{shown(artifact)} is no Python script: {error}") from None


def _check_notebook(artifact: str, content: bytes) -> None:
    import json

    try:
        notebook = json.loads(content)
    except json.JSONDecodeError as error:
        what = f"line {error.lineno}: {error.msg}" if content.strip() else "it is empty"
        raise ArtifactError(f"{shown(artifact)} is not a notebook: {what}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"{shown(artifact)} is not a notebook: {error}") from None
    _check_cells(artifact, notebook)


def _check_cells(artifact: str, notebook: object) -> None:
    if isinstance(notebook, dict) and "worksheets" in notebook:
        raise ArtifactError(
            f"{shown(artifact)} is a notebook of an old format: open it in Jupyter and save it"
        )
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ArtifactError(f'{shown(artifact)} is not a notebook: it has no list "cells"')
    if not any(_holds_code(cell) for cell in cells):
        raise ArtifactError(f"{shown(artifact)} has no code cells: there is nothing to run")


def _holds_code(cell: object) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return False
    source = cell.get("source", "")
    return bool("".join(source).strip() if isinstance(source, list) else str(source).strip())


def _git_status(folder: Path) -> str | None:
    import subprocess

    command = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch"]
    # A hook that runs fahr sets GIT_DIR and the like to its own repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [*command, "--untracked-files=normal", "--", "."],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def _read_status(report: str) -> GitState | None:
    from fahr_core.models import GitState

    lines = report.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    commit, branch = heads.get("branch.oid"), heads.get("branch.head")
    if commit is None or commit == "(initial)":
        return None
    dirty = any(line and not line.startswith("#") for line in lines)
    return GitState(commit=commit, branch=None if branch == "(detached)" else branch, dirty=dirty)
