"""Build by the endpoint of a Docker engine without buildx.

The context is one tar. Certificates go along as a file that only a stage which is left behind
copies; secrets cannot be lent, and what needs one is refused.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from collections import deque
from typing import IO, TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_docker.engine.failure import engine_failed, step_failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fahr_core.hookspecs import Progress
    from fahr_docker.engine.local import Engine
    from fahr_docker.engine.order import BuildOrder

__all__ = ["CERTIFICATES", "FILE", "INSTALL_BUILDX", "build", "follow", "write_context"]

#: Where the plain Dockerfile looks for certificates, in the context.
CERTIFICATES = ".fahr/ca.pem"
INSTALL_BUILDX = "install buildx: https://github.com/docker/buildx#installing"
#: The Dockerfile in the context.
FILE = "fahr.Dockerfile"
#: Dockerfile and ignore file are no part of what is copied; engines leave them out by this.
_IGNORED = f".dockerignore\n{FILE}\n"
#: Podman says of a build of several stages which one it is: ``[2/3] STEP 4/6: RUN ...``.
_STEP = re.compile(r"(?:Step \d+/\d+ : |(?:\[\d+/\d+\] )?STEP \d+(?:/\d+)?: )(.*)")
_KEPT_LINES = 200


def build(engine: Engine, order: BuildOrder, progress: Progress) -> None:
    """Build into the engine's own store.

    Raises:
        FahrError: as :meth:`Engine.build`.
        UsageError: the build needs a secret, which only buildx can lend.
    """
    lent = order.lent
    if lent.netrc or lent.index:
        raise UsageError(
            f"{order.what} needs the login of a package index, which only buildx can lend",
            INSTALL_BUILDX,
            "nothing was sent",
        )
    with tempfile.TemporaryFile() as stream:
        certificates = lent.certificates if order.target else None
        write_context(stream, order, {CERTIFICATES: certificates} if certificates else {})
        events = engine.client.api.build(
            fileobj=stream,
            custom_context=True,
            dockerfile=FILE,
            tag=order.tag,
            target=order.target,
            platform=order.platform,
            labels=dict(order.labels),
            rm=True,
            forcerm=True,
            decode=True,
        )
        follow(events, order.what, progress)


def write_context(stream: IO[bytes], order: BuildOrder, beside: Mapping[str, str]) -> None:
    """Write the tar that an engine builds from, with texts ``beside`` the files by their paths."""
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(order.context.iterdir()):
            archive.add(path, arcname=path.name, filter=_plain)
        _add(archive, FILE, order.dockerfile.read_bytes())
        _add(archive, ".dockerignore", _IGNORED.encode())
        for name, text in beside.items():
            _add(archive, name, text.encode())
    stream.seek(0)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    archive.addfile(info, io.BytesIO(content))


def follow(events: Iterable[dict[str, Any]], what: str, progress: Progress) -> None:
    """Tell of a build's steps until it has ended.

    Raises:
        FahrError: a step failed, or the engine.
    """
    step, lines = "", deque[str](maxlen=_KEPT_LINES)
    for event in events:
        if message := event.get("error"):
            deque(events, maxlen=0)  # read to its end, the connection can be used again
            if not step:
                raise engine_failed(what, str(message))
            raise step_failed(what, step, lines, str(message))
        for line in str(event.get("stream") or event.get("status") or "").splitlines():
            if begun := _STEP.match(line):
                step = begun[1]
                lines.clear()
            elif line.strip():
                lines.append(line.rstrip())
            if line.strip():
                progress("image", line.strip())
