"""The folder that an engine builds from: what the snapshot holds, never the user's folder."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import container
from fahr_core.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fahr_docker.staged_tree import Entry

__all__ = ["Staging", "staged"]

_CODE = container.CODE[1:]


class Staging:
    """A folder with a context and, outside of it, a Dockerfile."""

    def __init__(self, folder: Path) -> None:
        self.context = folder / "context"
        self.dockerfile = folder / "Dockerfile"


@contextmanager
def staged(
    entries: Iterable[Entry], dockerfile: str, plain: str | None = None
) -> Iterator[Staging]:
    """Write a context for as long as the block lasts.

    Args:
        entries: The files, of which those below the code's folder are written, there at the top.
        dockerfile: The Dockerfile's text.
        plain: The text of the plain Dockerfile, which that one copies; None to leave it out.

    Raises:
        DiskError: the disk is full, or a file cannot be read.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="fahr-context-") as name:
            staging = Staging(Path(name))
            staging.context.mkdir()
            staging.dockerfile.write_bytes(dockerfile.encode("utf-8", "surrogateescape"))
            for entry in entries:
                _write(entry, staging.context)
            if plain is not None:
                path = staging.context / container.PLAIN_DOCKERFILE
                path.parent.mkdir(exist_ok=True)
                path.write_text(plain, "utf-8")
            yield staging
    except OSError as error:
        raise DiskError(f"cannot stage the image's files: {error.strerror or error}") from error


def _write(entry: Entry, context: Path) -> None:
    if not entry.path.startswith(f"{_CODE}/"):
        return
    path = context / entry.path[len(_CODE) + 1 :]
    if entry.is_folder:
        path.mkdir(exist_ok=True)
    elif entry.target is not None:
        path.symlink_to(entry.target)
        return
    else:
        with path.open("wb") as stream:
            stream.writelines(entry.parts())
    path.chmod(entry.mode)
