"""What never travels with a job unless a person asks for it by name.

Secrets, version control, virtual environments, caches and data, told by their names or by
what lies in them.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = [
    "FETCHING",
    "Counting",
    "Named",
    "folder_by_content",
    "folder_by_name",
    "is_data",
    "is_personal",
    "secret",
]

_SECRETS = re.compile(
    r"""\.env.* | .*\.(pem|key) | \.?credentials.* | [._]netrc | kaggle\.json
    | \.git-credentials | \.pypirc
    | id_(rsa|dsa|ecdsa|ed25519|xmss)(_sk)?([._-].*)?  # whatever it was renamed to
    | id_[^.]*(\.pub)?                                 # a key of one's own name has no suffix
    """,
    re.VERBOSE | re.DOTALL,
)
_SECRET_FOLDERS = {".aws", ".ssh", ".gnupg", ".kaggle"}
#: How the folder's name begins into which a fetch that runs writes.
FETCHING = ".fahr-fetch"
_FOLDERS = {
    ".git",  # a file in a worktree
    ".hg",
    ".svn",
    ".fahr",
    "__pycache__",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    "node_modules",
}
#: A virtual environment, one of conda's, the output of a job.
_CONTENTS = ("pyvenv.cfg", "conda-meta", "fahr-job.json")
_DATA = re.compile(r"(.*[_-])?(data|datasets?)", re.DOTALL)
#: Below these a folder named data holds the settings of a dataset, as Hydra's groups do.
_SETTINGS = {"conf", "config", "configs"}


def secret(name: str, is_folder: bool) -> bool:
    """Tell whether a file or folder of this name is taken for a secret.

    ``id_*`` is a key unless it has a suffix: ``id_rsa``, ``id_work`` and ``id_work.pub`` are,
    ``id_map.json`` and ``id_tools.py`` are not; nor is a folder.
    """
    folded = name.casefold()
    if is_folder:
        return folded in _SECRET_FOLDERS or folded.startswith((".env", "credentials"))
    return bool(_SECRETS.fullmatch(folded))


def folder_by_name(name: str) -> bool:
    """Tell whether a folder of this name, or a file in its place, stays here."""
    return name in _FOLDERS or name.startswith(FETCHING)


def folder_by_content(names: Collection[str]) -> bool:
    """Tell whether a folder that holds these names is an environment or earlier output."""
    return any(mark in names for mark in _CONTENTS)


def is_personal(folder: Path) -> bool:
    """Tell whether a folder holds all sorts of things: home, Desktop, Downloads, a root."""
    import tempfile

    try:
        home = Path.home().resolve()
    except RuntimeError:  # a user without a home
        home = Path(folder.anchor)
    shared = {home, *home.parents, Path(folder.anchor), Path(tempfile.gettempdir()).resolve()}
    shared |= {Path(place) for place in ("/tmp", "/var/tmp", "/home", "/Users")}  # noqa: S108
    return folder in shared or (folder.parent == home and folder.name in _everyday(home))


def _everyday(home: Path) -> set[str]:
    """Give the names of a person's folders, as a desktop in their language calls them too."""
    names = {"Desktop", "Downloads", "Documents"}
    try:
        # freedesktop.org's user-dirs.dirs: XDG_DESKTOP_DIR="$HOME/Schreibtisch"
        lines = (home / ".config" / "user-dirs.dirs").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return names
    return names | {line.rpartition("/")[2].rstrip('"') for line in lines if "_DIR=" in line}


@dataclass(slots=True)
class Counting:
    """Sizes of folders that stay here, counted within bounds: it is only for a message."""

    entries: int = 1000
    seconds: float = 0.02

    def size(self, folder: str) -> int:
        """Give a folder's size in bytes; below zero when there is more than was counted."""
        until, total, waiting = time.monotonic() + self.seconds, 0, [folder]
        while waiting:
            for size, inner in self._scan(waiting.pop()):
                if self.entries <= 0 or time.monotonic() > until:
                    return -max(total, 1)
                self.entries -= 1
                total += size
                waiting += inner
        self.seconds = max(0.0, until - time.monotonic())
        return total

    def _scan(self, folder: str) -> Iterator[tuple[int, list[str]]]:
        try:
            with os.scandir(folder) as found:
                for item in found:
                    is_folder = item.is_dir(follow_symlinks=False)
                    size = 0 if is_folder else item.stat(follow_symlinks=False).st_size
                    yield size, [item.path] if is_folder else []
        except OSError:
            return  # closed to us, or gone


def is_data(path: str) -> bool:
    """Tell whether a folder is named as one of data: ``data``, ``datasets``, ``raw_data``.

    ``conf/data`` and the like are not.
    """
    *above, name = path.casefold().split("/")
    return bool(_DATA.fullmatch(name)) and not _SETTINGS.intersection(above)


class Named:
    """The paths that a person asks for by name, or refuses.

    A pattern without a slash names a file or folder anywhere, one with a slash is relative
    to the experiment; ``*``, ``?`` and ``[abc]`` stay within a part, ``**`` is any number of
    parts.

    Raises:
        UsageError: a pattern that leads out of the experiment.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_parts(pattern) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def names(self, path: str) -> bool:
        """Tell whether a pattern means this very path."""
        parts = path.split("/")
        return any(_match(parts, pattern) for pattern in self._patterns)

    def names_itself(self, path: str) -> bool:
        """Tell whether a pattern means this path, and not just all that is in a folder."""
        parts = path.split("/")
        return any(_match(parts, p) for p in self._patterns if p[-1].strip("*"))

    def reaches_into(self, path: str) -> bool:
        """Tell whether a pattern with a slash could mean something below this folder."""
        parts = path.split("/")
        return any(_reaches(parts, p) for p in self._patterns if p[0] != "**")


def _parts(pattern: str) -> list[str]:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or pattern.startswith(("/", "~")):
        raise UsageError(f'"{pattern}" names nothing inside of the experiment folder')
    return parts if "/" in pattern.strip("/") else ["**", *parts]


def _match(parts: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_match(parts[skip:], pattern[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and _same(parts[0], pattern[0]) and _match(parts[1:], pattern[1:])


def _reaches(parts: list[str], pattern: list[str]) -> bool:
    if not parts or not pattern:
        return bool(pattern)
    if pattern[0] == "**":
        return True
    return _same(parts[0], pattern[0]) and _reaches(parts[1:], pattern[1:])


def _same(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
