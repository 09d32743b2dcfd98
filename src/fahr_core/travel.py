"""What of an experiment travels with a job: a walk over the folder that reads no content.

Who decides, the strongest first: the artifact always travels; what the settings exclude never
does; what they include does; secrets, environments, caches and data never do, nor does what
``fahr fetch`` brought and nobody changed; then come the ignore files.  A folder that is
nobody's experiment (home, Downloads, a root) sends only the artifact, the modules it imports
and the environment file.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import ArtifactError
from fahr_core.experiment import shown
from fahr_core.ignoring import Ignoring
from fahr_core.unsent import (
    Counting,
    Named,
    folder_by_content,
    folder_by_name,
    is_data,
    is_personal,
    secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fahr_core.experiment import Experiment

__all__ = ["Entry", "Travellers", "travellers", "unreadable"]

_NOTABLE = 1000**2  # bytes from which an ignored file is worth a word
_ENVIRONMENT_FILES = (
    "requirements.txt",
    "environment.yaml",
    "environment.yml",
    "pyproject.toml",
    "uv.lock",
    ".python-version",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link that travels; ``target`` is set for links alone."""

    path: str
    source: str
    size: int = 0
    folder: bool = False
    executable: bool = False
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Travellers:
    """What travels, in the order of paths, and what notably does not.

    A size in ``left_out`` that is below zero means: more than this, not counted to its end.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, int], ...]


def travellers(
    experiment: Experiment,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    fetched: Mapping[str, tuple[int, int]] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Travellers:
    """Find what travels with a job of this experiment.

    Args:
        experiment: The folder and its artifact.
        include: Patterns of what travels although a rule leaves it out.
        exclude: Patterns of what never travels.
        fetched: Size and time of change (nanoseconds) of the files that are earlier jobs' output.
        warn: Is told what a person would not expect, one line at a time.

    Raises:
        ArtifactError: a folder cannot be read.
        UsageError: a pattern or an ignore file is wrong.
    """
    walk = _Walk(experiment, Named(include), Named(exclude), fetched or {}, warn or _silent)
    return walk.run()


def _silent(_line: str) -> None:
    pass


def unreadable(path: str, error: OSError) -> ArtifactError:
    """Give the error for something that should travel and cannot be read."""
    return ArtifactError(
        f"{shown(path)} cannot be read: {error.strerror or error}",
        "a line in .fahrignore leaves it out",
    )


class _Taking(Enum):
    """What is taken of a folder."""

    ALL = "all but what a rule leaves out"
    ASKED = "all but secrets and the like: it was included by name"
    CODE = "Python files: a package that is named as data"
    NAMED = "only what is included by name"


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder still to be walked; ``linked`` when it lies outside, behind a link."""

    path: str
    source: str
    ignoring: Ignoring
    taking: _Taking = _Taking.ALL
    linked: bool = False


@dataclass(slots=True)
class _Walk:
    experiment: Experiment
    include: Named
    exclude: Named
    fetched: Mapping[str, tuple[int, int]]
    warn: Callable[[str], None]
    entries: list[Entry] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    waiting: list[_Folder] = field(default_factory=list)
    wanted: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()
    counting: Counting = field(default_factory=Counting)

    def run(self) -> Travellers:
        folder = self.experiment.folder
        taking = _Taking.ALL
        if is_personal(folder):
            taking = _Taking.NAMED
            self._want_only_code(folder)
        self.passages = _above((self.experiment.artifact, *self.wanted))
        self.waiting = [_Folder("", str(folder), Ignoring.above(folder), taking)]
        while self.waiting:
            self._enter(self.waiting.pop())
        entries = sorted(self._without_output_folders(), key=lambda entry: entry.path)
        entries = self._without_lost_links(entries)
        left = sorted(self.left_out.items(), key=lambda item: (-abs(item[1]), item[0]))
        return Travellers(tuple(entries), tuple(left))

    def _want_only_code(self, folder: Path) -> None:
        from fahr_core.imports import local_modules

        self.wanted = local_modules(folder, self.experiment.artifact).union(_ENVIRONMENT_FILES)
        self.warn(
            f"{shown(folder)} does not travel as a folder: only {shown(self.experiment.artifact)},"
            " the modules it imports and the environment file"
        )

    def _without_output_folders(self) -> list[Entry]:
        """Leave out the folders that hold nothing but output: the next job makes them itself."""
        filled = _above([entry.path for entry in self.entries if not entry.folder])
        empty = _above(self.outputs) - filled
        return [entry for entry in self.entries if entry.path not in empty]

    def _without_lost_links(self, entries: list[Entry]) -> list[Entry]:
        """Leave out the links to what stays here."""
        links = [entry for entry in entries if entry.target is not None]
        there = {entry.path for entry in entries} | {"."}
        lost = {link.path for link in links if _aim(link) not in there}
        for path in lost:
            self._leave_link(path, "its target does not travel")
        return [entry for entry in entries if entry.path not in lost]

    def _enter(self, folder: _Folder) -> None:
        try:
            with os.scandir(folder.source) as found:
                items = {item.name: item for item in found}
        except OSError as error:
            raise unreadable(folder.path or folder.source, error) from None
        if folder.path and not self._opens(folder, items):
            return
        if not folder.linked:
            below = folder.ignoring.below(Path(folder.source), folder.path, items)
            folder = replace(folder, ignoring=below)
        for item in items.values():
            self._meet(item, folder)

    def _opens(self, folder: _Folder, names: dict[str, os.DirEntry[str]]) -> bool:
        """Take the folder itself, unless what lies in it says that it stays."""
        if folder.taking is _Taking.NAMED:
            return True
        if folder_by_content(names) and not self.include.names_itself(folder.path):
            self._pass_by(folder)
            return False
        if folder.taking is _Taking.CODE and "__init__.py" not in names:
            self._leave_folder(folder)
            return False
        self.entries.append(Entry(folder.path, folder.source, folder=True))
        return True

    def _meet(self, item: os.DirEntry[str], above: _Folder) -> None:
        path = f"{above.path}/{item.name}" if above.path else item.name
        if path == self.experiment.artifact:
            self._take(path, item.path, item.stat())
        elif self.exclude.names(path):
            return
        elif item.is_symlink():
            self._meet_link(item, path, above)
        elif item.is_dir():
            self._meet_folder(item.name, replace(above, path=path, source=item.path))
        else:
            self._meet_file(item.name, item.path, path, above)

    def _meet_file(self, name: str, source: str, path: str, above: _Folder) -> None:
        try:
            status = os.lstat(source)
        except FileNotFoundError:
            return  # an editor's temporary file, gone by now
        if secret(name, is_folder=False):
            if self.include.names_itself(path):
                self._take(path, source, status)
            else:
                self.left_out[path] = status.st_size
        elif self._is_output(path, status) and not self.include.names(path):
            self.left_out[path] = status.st_size
            self.outputs.append(path)
        elif self._travels(name, path, above):
            self._take(path, source, status)
        elif above.taking is not _Taking.NAMED and status.st_size >= _NOTABLE:
            self.left_out[path] = status.st_size

    def _is_output(self, path: str, status: os.stat_result) -> bool:
        return self.fetched.get(path) == (status.st_size, status.st_mtime_ns)

    def _travels(self, name: str, path: str, above: _Folder) -> bool:
        if self.include.names(path) or above.taking is _Taking.ASKED:
            return True
        if above.taking is _Taking.NAMED:
            return path in self.wanted
        if folder_by_name(name) or name.endswith(".executed.ipynb"):
            return False
        if above.taking is _Taking.CODE and not name.endswith(".py"):
            return False
        return not above.ignoring.ignores(path, is_folder=False)

    def _meet_folder(self, name: str, folder: _Folder) -> None:
        never = secret(name, is_folder=True)
        if never or folder_by_name(name):
            if self.include.names_itself(folder.path):
                self.waiting.append(replace(folder, taking=_Taking.ASKED))
                return
            if never:
                self._leave_folder(folder)
            self._pass_by(folder)
        elif self.include.names(folder.path):
            self.waiting.append(replace(folder, taking=_Taking.ASKED))
        elif folder.path in self.wanted:
            self.waiting.append(replace(folder, taking=_Taking.ALL))
        elif folder.taking is _Taking.NAMED:
            self._pass_by(folder)
        elif folder.taking is _Taking.ALL and folder.path not in self.passages:
            self._meet_plain_folder(folder)
        else:
            self.waiting.append(folder)

    def _meet_plain_folder(self, folder: _Folder) -> None:
        if is_data(folder.path):
            if (Path(folder.source) / "__init__.py").is_file():
                self.waiting.append(replace(folder, taking=_Taking.CODE))
            else:
                self._leave_folder(folder)
                self._pass_by(folder)
        elif folder.ignoring.ignores(folder.path, is_folder=True):
            self._leave_folder(folder, least=_NOTABLE)
            self._pass_by(folder)
        else:
            self.waiting.append(folder)

    def _pass_by(self, folder: _Folder) -> None:
        """Walk into a folder that stays only where something in it is asked for by name."""
        if folder.path in self.passages or self.include.reaches_into(folder.path):
            self.waiting.append(replace(folder, taking=_Taking.NAMED))

    def _meet_link(self, item: os.DirEntry[str], path: str, above: _Folder) -> None:
        if above.taking is _Taking.NAMED and not self.include.names(path):
            if path not in self.wanted:
                return
        elif secret(item.name, is_folder=False) and not self.include.names_itself(path):
            self.left_out[path] = 0
            return
        target = Path(os.path.realpath(item.path))  # unlike Path.resolve, bears a loop
        if not os.path.exists(target):  # noqa: PTH110 - so does this
            self._leave_link(path, "a link to nothing")
        elif target.is_relative_to(self.experiment.folder):
            if self.include.names(path) or self._travels(item.name, path, above):
                aim = os.path.relpath(target, Path(item.path).parent)
                self.entries.append(Entry(path, item.path, target=aim.replace(os.sep, "/")))
        else:
            self._meet_outside(path, target, above)

    def _meet_outside(self, path: str, target: Path, above: _Folder) -> None:
        """Follow a link out of the experiment only when it is included by its name."""
        if not self.include.names_itself(path) or above.linked:
            self._leave_link(path, "a link out of the folder", f"include it: -c include={path}")
        elif target.is_dir():
            self.waiting.append(
                replace(above, path=path, source=str(target), taking=_Taking.ASKED, linked=True)
            )
        else:
            self._take(path, str(target), target.stat())

    def _take(self, path: str, source: str, status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode):
            executable = bool(status.st_mode & stat.S_IXUSR)
            self.entries.append(Entry(path, source, status.st_size, executable=executable))
        else:
            self._leave_link(path, "not a plain file")

    def _leave_folder(self, folder: _Folder, least: int = 0) -> None:
        size = self.counting.size(folder.source)
        if size < 0 or size >= least:
            self.left_out[folder.path + "/"] = size

    def _leave_link(self, path: str, why: str, hint: str = "") -> None:
        self.left_out[path] = 0
        self.warn(f"{shown(path)} stays here: {why}" + (f"; {hint}" if hint else ""))


def _above(paths: Sequence[str]) -> frozenset[str]:
    parts = [path.split("/") for path in paths]
    return frozenset("/".join(p[:depth]) for p in parts for depth in range(1, len(p)))


def _aim(link: Entry) -> str:
    """Give the path in the experiment that a link leads to."""
    folder, target = os.path.dirname(link.path), link.target or ""  # noqa: PTH120
    return os.path.normpath(os.path.join(folder, target)).replace(os.sep, "/")  # noqa: PTH118
