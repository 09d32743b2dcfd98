"""An experiment's code in the store, and the layer of it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from fahr_core.store import put
from fahr_docker.layer import Layer, code_layer
from fahr_docker.staged_tree import staged_tree

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = b"def places():\n    return {}\n"


def snapshot_of(files: dict[str, bytes], links: dict[str, str] | None = None) -> str:
    """Store a snapshot by hand and give its digest; a name that ends in a slash is a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size = len(content)
            info.mode = 0o755 if name.endswith((".sh", "/")) else 0o644
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return put(stream.getvalue())


def layer_of(folder: Path, files: dict[str, bytes]) -> Layer:
    runtime = folder / "runtime.py"
    runtime.write_bytes(RUNTIME)
    return code_layer(staged_tree(snapshot_of(files), runtime))
