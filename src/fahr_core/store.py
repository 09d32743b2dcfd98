"""Contents by digest: snapshots, locks and bodies that a job names.

A content is written to a temporary file and renamed, so that a reader sees all of it or
nothing, and two writers of the same content do no harm.  Digests are ``sha256:<hex>``.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from fahr_core.errors import DiskError, FahrError
from fahr_core.leftovers import unfinished
from fahr_core.paths import store_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["digest_of", "put", "read", "stored_path", "writing"]


def digest_of(content: bytes) -> str:
    """Give the digest that names ``content``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def stored_path(digest: str) -> Path:
    """Give the file that holds a content, whether or not it is there."""
    _, _, name = digest.partition(":")
    return store_folder() / name[:2] / name


def put(content: bytes) -> str:
    """Store ``content`` and give its digest.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
    """
    with writing() as content_file:
        content_file.write(content)
    return content_file.digest


def read(digest: str) -> bytes:
    """Give the content that ``digest`` names.

    Raises:
        FahrError: it is not on this machine.
    """
    try:
        return stored_path(digest).read_bytes()
    except FileNotFoundError:
        raise FahrError(f"the content {digest} is not on this machine any more") from None


class ContentFile:
    """A file being written into the store; ``digest`` is known once it is closed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.digest = ""

    def write(self, data: bytes) -> int:
        """Write and count ``data``."""
        self._hash.update(data)
        return self._stream.write(data)

    def tell(self) -> int:
        """Give the number of bytes written, as :mod:`tarfile` asks."""
        return self._stream.tell()

    def flush(self) -> None:
        """Pass on to the file."""
        self._stream.flush()

    def finish(self) -> str:
        """Give the digest of what was written."""
        self.digest = "sha256:" + self._hash.hexdigest()
        return self.digest


@contextmanager
def writing() -> Iterator[ContentFile]:
    """Open a content for writing; its ``digest`` is set when the block ends without error.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
    """
    folder = store_folder()
    temporary = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=unfinished())
        with os.fdopen(descriptor, "wb") as stream:
            content = ContentFile(cast("IO[bytes]", stream))
            yield content
        final = stored_path(content.finish())
        final.parent.mkdir(exist_ok=True)
        Path(temporary).replace(final)
    except OSError as error:
        raise DiskError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
