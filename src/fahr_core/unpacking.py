"""Archives that cannot escape the folder that they are unpacked into."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, TypeVar

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_core.experiment import shown
from fahr_core.models import FetchedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["extract_tar", "inside", "is_wanted"]

_CHUNK = 1024 * 1024
_BINARY = getattr(os, "O_BINARY", 0)  # Windows alone has it

T = TypeVar("T")


def extract_tar(
    source: Path | IO[bytes],
    destination: Path,
    *,
    include: Sequence[str] = (),
    refused: Callable[[str], None] | None = None,
) -> list[FetchedFile]:
    """Unpack a tar, compressed or not, as it comes in; give the files and links written.

    Nothing is written outside of ``destination``, whatever the archive says: files come
    first, through no link, and links last, each only if it stays inside.  Owners, times and
    special permissions are not taken over.

    Args:
        source: A file, or a stream that is only read forward.
        destination: A folder, made when missing; what is there already is replaced.
        include: Patterns of paths, names or folders to unpack; none for all.
        refused: Is told of each member that is not unpacked because it would lead out or is
            a device; without it the first one is an error.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
        FahrError: a member would lead out of the folder.
        ServiceError: the archive is damaged or ended early.
    """
    unpacking = _Unpacking(destination, tuple(include), refused or _refuse)
    with _opened(source) as stream:
        unpacking.run(stream)
    return unpacking.written


@contextmanager
def _opened(source: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise FahrError(f"{shown(source)} cannot be read: {error.strerror}") from None
    with stream:
        yield stream


def _refuse(reason: str) -> None:
    raise FahrError(f"the archive is not to be trusted: {reason}")


class _Unpacking:
    def __init__(
        self, destination: Path, include: Sequence[str], refused: Callable[[str], None]
    ) -> None:
        self.written: list[FetchedFile] = []
        self._destination = destination
        self._include = include
        self._refused = refused
        self._links: dict[str, str] = {}
        self._checked: set[Path] = set()

    def run(self, stream: IO[bytes]) -> None:
        try:
            self._destination.mkdir(parents=True, exist_ok=True)
            self._root = self._destination.resolve()
            for archive, member in _members(stream):
                self._unpack(archive, member)
            for path, target in self._links.items():
                self._link(path, target)
        except OSError as error:
            raise DiskError(
                f"cannot write to {shown(self._destination)}: {error.strerror or error}"
            ) from error

    def _unpack(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = inside(member.name)
        if path is None:
            self._refused(f"{shown(member.name)} leads out of its folder")
        elif path == "" or not is_wanted(path, self._include):
            return
        elif member.isdir():
            self._place(path + "/.").mkdir(exist_ok=True)
        elif member.isreg():
            self._file(archive, member, path)
        elif member.issym():
            self._links[path] = member.linkname
        elif member.islnk():
            self._hard_link(path, member.linkname)
        else:
            self._refused(f"{shown(member.name)} is no file, folder or link")

    def _place(self, path: str) -> Path:
        """Give the place of a path, its folder made; a folder that is a link ends it."""
        place = self._root / path
        if place.parent not in self._checked:
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.parent.resolve() != place.parent:
                raise FahrError(f"{shown(place.parent)} is a link: nothing is unpacked through it")
            self._checked.add(place.parent)
        return place

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        content = _reading(archive.extractfile, member)
        place = self._place(path)
        place.unlink(missing_ok=True)
        self._links.pop(path, None)
        mode = 0o777 if member.mode & 0o100 else 0o666
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        with os.fdopen(descriptor, "wb") as stream:
            while content is not None and (part := _reading(content.read, _CHUNK)):
                stream.write(part)
        self.written.append(FetchedFile(path=path, size=member.size))

    def _hard_link(self, path: str, target: str) -> None:
        aim = inside(target)
        source = self._place(aim) if aim else None
        if source is None or source.is_symlink() or not source.is_file():
            self._refused(f"{shown(path)} is a link to {shown(target)}, which is not unpacked")
            return
        place = self._place(path)
        if place == source:
            return
        place.unlink(missing_ok=True)
        try:
            os.link(source, place)
        except OSError:  # a file system without hard links
            shutil.copyfile(source, place)
        self.written.append(FetchedFile(path=path, size=place.stat().st_size))

    def _link(self, path: str, target: str) -> None:
        """Make a link whose way, written anew, goes up before it goes down.

        A ``..`` behind another link would lead from where that one ends.
        """
        above = PurePosixPath(path).parent
        aim = os.path.normpath(above / target).replace(os.sep, "/")
        if os.path.isabs(target) or inside(aim) is None:  # noqa: PTH117
            self._refused(f"the link {shown(path)} leads out of its folder")
            return
        place = self._place(path)
        if place.is_dir() and not place.is_symlink():
            self._refused(f"{shown(path)} is both a link and a folder")
            return
        place.unlink(missing_ok=True)
        place.symlink_to(os.path.relpath(aim, above))
        self.written.append(FetchedFile(path=path, size=place.lstat().st_size))


def _members(stream: IO[bytes]) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    with _reading(_open_stream, stream) as archive:
        while (member := _reading(archive.next)) is not None:
            yield archive, member
            setattr(archive, "members", [])  # noqa: B010 - else it remembers each, without end


def _open_stream(stream: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r|*")


def _reading(read: Callable[..., T], *arguments: object) -> T:
    """Call what reads the archive; whatever is wrong then is the archive's fault."""
    import lzma

    damaged = (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
    try:
        return read(*arguments)
    except (*damaged, TypeError) as error:  # tarfile's own, where gzip's heading ends early
        raise ServiceError(f"the archive is damaged or ended early: {error}") from error


def inside(name: str) -> str | None:
    """Give a name from outside as a path in its plain form, None when it leads out of its folder.

    ``""`` is the folder itself.
    """
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name:
        return None
    if os.name == "nt" and (":" in name or "\\" in name):
        return None
    return "/".join(parts)


def is_wanted(path: str, include: Sequence[str]) -> bool:
    """Tell whether a pattern means a path, its last part, or a folder above it."""
    if not include:
        return True
    above = [path, *map(str, PurePosixPath(path).parents)]
    names = [*above, PurePosixPath(path).name]
    return any(fnmatchcase(name, pattern.rstrip("/")) for pattern in include for name in names)
