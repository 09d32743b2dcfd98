"""Small images with fahr's labels and names, in the engine's store."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fahr_docker.engine.local import Engine

__all__ = ["made", "new_hash"]


def new_hash() -> str:
    return (uuid4().hex * 2)[:40]


@pytest.fixture
def made(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Give a function that makes an image; the store seems to hold no others.

    Whoever else uses the engine keeps what is theirs.
    """
    own: list[str] = []
    all_stored = type(engine).stored

    def make(name: str, label: str | None, base: str = "scratch", content: str = "") -> str:
        lines = f"FROM {base}\nCOPY file /{uuid4().hex}\n"
        lines += f"LABEL fahr.image={label}\n" if label else ""
        context = _tar({"Dockerfile": lines, "file": content or uuid4().hex})
        api = engine.client.api
        list(api.build(fileobj=context, custom_context=True, tag=name, rm=True))
        own.append(api.inspect_image(name)["Id"])
        return own[-1]

    monkeypatch.setattr(
        type(engine),
        "stored",
        lambda engine: [image for image in all_stored(engine) if image.id in own],
    )
    yield make
    for image in reversed(own):
        if engine.find(image):
            engine.client.api.remove_image(image, force=True)


def _tar(files: dict[str, str]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    stream.seek(0)
    return stream
