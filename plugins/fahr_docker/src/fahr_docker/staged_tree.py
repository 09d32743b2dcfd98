"""What a job adds to its environment's image: the code, the launcher and ``run.sh``.

This is the only place that says what lies where in the image.  The layer that is put on an
image in a registry and the context that an engine builds from are both written from these
entries, so that the two images hold the same files.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import ArtifactError, DiskError, FahrError
from fahr_core.experiment import shown
from fahr_core.store import read, stored_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CODE_FOLDER", "LAUNCHER_FOLDER", "Entry", "staged_tree"]

#: Where things lie in the image; no service mounts anything there.
ROOT = "opt/fahr"
CODE_FOLDER = f"/{ROOT}/code"
#: Within the code, as in the experiment folder: `docker build .` copies both at once.
LAUNCHER_FOLDER = f"{CODE_FOLDER}/.fahr/launcher"

RUN_SCRIPT = "run.sh"
LOCK = f"{CODE_FOLDER[1:]}/.fahr/environment.lock"
#: What says how to build is no part of what is built.
_BUILD_FILES = {f"{CODE_FOLDER[1:]}/Dockerfile", f"{CODE_FOLDER[1:]}/.dockerignore"}
_FILE, _EXECUTABLE = 0o644, 0o755
_PIECE = 256 * 1024
#: A name that begins so means "deleted here" to whatever unpacks layers.
#: Source: "Whiteouts" in the OCI image specification.
_DELETED = ".wh."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, folder or link of the image.

    ``path`` is relative to the image's root.  A folder has neither ``content`` nor
    ``target``, a link has its ``target``.  A content is bytes, or ``size`` bytes of a file
    from ``offset`` on.
    """

    path: str
    mode: int
    content: bytes | Path | None = None
    size: int = 0
    offset: int = 0
    target: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.content is None and self.target is None

    def parts(self) -> Iterator[bytes]:
        """Give the content in pieces.

        Raises:
            DiskError: the file cannot be read, or is shorter than it was.
        """
        if isinstance(self.content, bytes):
            yield self.content
        elif self.content is not None:
            yield from _file_parts(self.content, self.offset, self.size)


def staged_tree(
    code_digest: str,
    runtime: Path | bytes,
    run_script: bytes | None = None,
    lock: bytes | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> tuple[Entry, ...]:
    """Give what lies in the image on top of the environment, in the order of the paths.

    ``/opt/fahr`` itself has to be in the environment already, so that no layer changes what
    ``/opt`` is there.

    Args:
        code_digest: The snapshot in the store, ``Code.digest``.
        runtime: The train driver's ``runtime.py``, or its content.
        run_script: What ``run.sh`` holds if the snapshot has none.
        lock: The environment's lock, which the stage ``env`` of a Dockerfile reads.
        beside: What the runtime imports, by its path from there: ``inside/<name>.py``.

    Raises:
        ArtifactError: a name that travels means something else in a layer.
        DiskError: a file cannot be read.
        FahrError: the snapshot is not on this machine any more.
    """
    code = {e.path: e for e in _snapshot(code_digest) if e.path not in _BUILD_FILES}
    fahrs = _launcher(runtime, beside or {})
    if lock is not None:
        fahrs.append(_file(LOCK, lock, _FILE))
    if run_script is not None:
        text = run_script.replace(b"\r\n", b"\n")
        own = _file(f"{CODE_FOLDER[1:]}/{RUN_SCRIPT}", text, _EXECUTABLE)
        code.setdefault(own.path, own)
    folders = (ROOT, CODE_FOLDER[1:], f"{CODE_FOLDER[1:]}/.fahr", LAUNCHER_FOLDER[1:])
    fahrs += [_folder(path) for path in folders]
    entries = {**code, **{entry.path: entry for entry in fahrs}}
    return tuple(sorted(entries.values(), key=lambda entry: entry.path.split("/")))


def _snapshot(digest: str) -> Iterator[Entry]:
    archive = stored_path(digest)
    if not archive.is_file():
        read(digest)  # says that it is gone
    try:
        with tarfile.open(archive, "r:", encoding="utf-8", errors="surrogateescape") as tar:
            for member in tar:
                yield _snapshot_entry(archive, member)
    except tarfile.TarError as error:
        raise FahrError(f"the snapshot {digest} is damaged: {error}") from error
    except OSError as error:
        raise DiskError(f"cannot read {archive}: {error.strerror or error}") from error


def _snapshot_entry(archive: Path, member: tarfile.TarInfo) -> Entry:
    for part in member.name.split("/"):
        if part.startswith(_DELETED):
            raise ArtifactError(
                f'"{shown(member.name)}" cannot be in an image: {_DELETED} means "deleted" there',
                "give it another name, or leave it out by .fahrignore",
            )
    path = f"{CODE_FOLDER[1:]}/{member.name}"
    if member.isdir():
        return _folder(path)
    if member.issym():
        return Entry(path=path, mode=0o777, target=member.linkname)
    mode = _EXECUTABLE if member.mode & 0o100 else _FILE
    return Entry(path=path, mode=mode, content=archive, size=member.size, offset=member.offset_data)


def _launcher(runtime: Path | bytes, beside: Mapping[str, bytes]) -> list[Entry]:
    import fahr_core.launcher

    paths = sorted(Path(fahr_core.launcher.__path__[0]).glob("*.py"))
    try:
        files = {path.name: path.read_bytes() for path in paths}
        files["runtime.py"] = runtime if isinstance(runtime, bytes) else runtime.read_bytes()
    except OSError as error:
        raise DiskError(f"cannot read {error.filename}: {error.strerror}") from error
    files |= beside
    own = LAUNCHER_FOLDER[1:]
    folders = {f"{own}/{name.rpartition('/')[0]}" for name in beside}
    return [
        *map(_folder, sorted(folders)),
        *(_file(f"{own}/{name}", content, _FILE) for name, content in files.items()),
    ]


def _folder(path: str) -> Entry:
    return Entry(path=path, mode=_EXECUTABLE)


def _file(path: str, content: bytes, mode: int) -> Entry:
    return Entry(path=path, mode=mode, content=content, size=len(content))


def _file_parts(path: Path, offset: int, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            while size:
                if not (part := stream.read(min(size, _PIECE))):
                    raise DiskError(f"{path} became shorter while it was read")
                yield part
                size -= len(part)
    except OSError as error:
        raise DiskError(f"cannot read {path}: {error.strerror or error}") from error
