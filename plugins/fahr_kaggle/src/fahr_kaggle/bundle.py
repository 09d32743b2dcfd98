"""The archive inside a pushed file: the launcher, the runtime, the job and its code.

The same content gives the same bytes: names in order, one date, one compression.
"""

from __future__ import annotations

import base64
import io
import json
import textwrap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fahr_core

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CODE", "JOB", "LIMIT", "LOCK", "Bundle", "make_bundle", "source_of"]

#: Names in the archive.
CODE = "code.tar"
JOB = "job.json"
LOCK = "environment.lock"

#: Bytes of a pushed file, below Kaggle's limit of 1 MB.
LIMIT = 900_000
#: The first date that a zip can hold.
_DATE = (1980, 1, 1, 0, 0, 0)
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Bundle:
    """The archive as a zip."""

    content: bytes

    def text(self) -> str:
        """Give it as lines of base64."""
        return "\n".join(textwrap.wrap(base64.b64encode(self.content).decode("ascii"), _WIDTH))


def make_bundle(description: Mapping[str, Any], files: Mapping[str, bytes]) -> Bundle:
    """Put the launcher, the runtime, the job's description and ``files`` into an archive."""
    contents = {**_launcher(), **files}
    contents["runtime.py"] = source_of("runtime.py")
    contents["image_packages.py"] = source_of("inside/image_packages.py")
    contents[JOB] = json.dumps(description, sort_keys=True, indent=1).encode("ascii")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same on Windows
            archive.writestr(entry, contents[name])
    return Bundle(stream.getvalue())


def source_of(name: str) -> bytes:
    """Give a file of this package that is to run inside the job."""
    return (Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n")


def _launcher() -> dict[str, bytes]:
    folder = Path(fahr_core.__file__).parent / "launcher"
    return {path.name: path.read_bytes().replace(b"\r\n", b"\n") for path in folder.glob("*.py")}
