"""Objects of a store as files in a folder: names that cannot escape it, several at once."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from fahr_core.errors import DiskError
from fahr_core.experiment import shown
from fahr_core.unpacking import inside, is_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from fahr_core.models import FetchedFile

__all__ = ["paths_of", "save_each"]

_AT_ONCE = 4

T = TypeVar("T")


def paths_of(
    named: Iterable[tuple[str, T]],
    include: Sequence[str],
    refused: Callable[[str], None],
) -> dict[str, T]:
    """Give each object the path of its file in a folder, in the order of the names.

    Args:
        named: Objects with the names that they have below the folder; of two that mean the
            same file the first one has it.
        include: Patterns of paths, names or folders that are wanted; none for all.
        refused: Is told of each object that can have no file: its name leads out of the
            folder, or another object needs its name for a file or a folder.
    """
    found: dict[str, T] = {}
    for name, item in named:
        path = inside(name)
        if path is None:
            refused(f"{shown(name)} leads out of its folder")
        elif not path or name.endswith("/") or not is_wanted(path, include):
            continue  # a name with a slash at its end is what consoles call a folder
        elif path in found:
            refused(f"{shown(name)} is the name of another file too")
        else:
            found[path] = item
    folders = {str(above) for path in found for above in PurePosixPath(path).parents}
    for path in found.keys() & folders:
        refused(f"{shown(path)} is the name of a folder too")
        del found[path]
    return dict(sorted(found.items()))


def save_each(
    save: Callable[[str, T], FetchedFile],
    found: Mapping[str, T],
    destination: Path,
    at_once: int = _AT_ONCE,
) -> list[FetchedFile]:
    """Save objects under their paths, several at once; the first failure ends it.

    The folders that they need below ``destination`` are made before: a call that is left behind
    when the fetch is interrupted must not make anew what was removed meanwhile.

    Raises:
        DiskError: a folder cannot be made.
    """
    from fahr_core.side_by_side import side_by_side

    try:
        for folder in dict.fromkeys((destination / path).parent for path in found):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"cannot write {shown(folder)}: {error.strerror or error}") from error
    return side_by_side(lambda one: save(*one), [*found.items()], at_once)
