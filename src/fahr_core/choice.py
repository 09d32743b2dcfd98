"""Which drivers serve a job, when settings, variables and options are taken together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import registry
from fahr_core.errors import UsageError
from fahr_core.models import Capability
from fahr_core.session import Session
from fahr_core.settings.layers import Text, table_name
from fahr_core.settings.resolve import peek
from fahr_core.settings.text import read_text, unquoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.settings.layers import Layer

__all__ = ["SeveralDrivers", "choose_train_driver", "extensions_of", "open_chosen", "own_image"]

#: Names that the first fahr took in both ``--train-image`` and ``--build-driver``.
_OLD_IMAGES = {"default-cpu": "local-cpu", "default-gpu": "local-gpu"}
_NO_GPU = ("no", "none", "false", "")


class SeveralDrivers(UsageError):  # noqa: N818 - reads as the fact that it states
    """Nobody says where the job runs, and several drivers could."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"where should the job run? {', '.join(names)}",
            *(f"fahr fit --train-driver={name}" for name in names),
        )
        self.names = list(names)


def choose_train_driver(layers: Sequence[Layer], folder: Path) -> tuple[str, str]:
    """Give the train driver's name and why it is this one.

    Without a word from anybody it is ``local``, unless exactly one other is installed
    (``docker`` does not count); an experiment with a ``fahr.toml`` is never moved by an
    installation.

    Raises:
        SeveralDrivers: several are installed and nobody chooses.
    """
    for layer in reversed(layers):
        if name := peek([layer], "train_driver"):
            return _placed(name, layer, folder), f"from {layer.origin}"
    others = [entry.name for entry in registry.installed("train")]
    others = [name for name in others if name not in ("local", "docker")]
    if not others or (folder / "fahr.toml").exists():
        return "local", "the built-in driver"
    if len(others) == 1:
        return others[0], "the only one installed"
    raise SeveralDrivers(["local", *others])


def open_chosen(layers: Sequence[Layer], train: str) -> Session:
    """Open a session with the train driver and, if it wants an image, a build driver."""
    extensions = extensions_of(layers)
    session = Session(registry.find("train", train), None, extensions)
    if not session.can(Capability.IMAGE):
        return session
    has_gpu = _has_gpu(layers, train, session.info.gpu_settings)
    name = _build_driver(layers, has_gpu=has_gpu)
    return Session(session.train, registry.find("build", name), extensions)


def own_image(train_image: str | None) -> str | None:
    """Give the image that the setting names, None where it is an old name of a build driver."""
    return None if train_image in _OLD_IMAGES else train_image


def _placed(name: str, layer: Layer, folder: Path) -> str:
    """Give a driver's name; the path of one that fahr.toml names is relative to its folder."""
    if layer.origin == "fahr.toml" and name.endswith(".py"):
        return str(folder / Path(name).expanduser())
    return name


def _build_driver(layers: Sequence[Layer], *, has_gpu: bool = False) -> str:
    if name := peek(layers, "build_driver"):
        return name
    asked = has_gpu or (peek(layers, "gpu") or "no").lower() not in _NO_GPU
    default = "local-gpu" if asked else "local-cpu"
    return _OLD_IMAGES.get(peek(layers, "train_image") or "", default)


def _has_gpu(layers: Sequence[Layer], train: str, gpu_settings: Sequence[tuple[str, str]]) -> bool:
    """Tell whether the train driver's settings name a machine with a GPU."""
    whose = table_name(train)
    for key, pattern in gpu_settings:
        found: str = ""
        for layer in layers:
            table = layer.drivers.get(whose, {})
            said = [value for written, value in table.items() if written.replace("-", "_") == key]
            said += [text for name, text in layer.either if name in (key, f"{whose}.{key}")]
            found = unquoted(str(said[-1])) if said else found
        if re.fullmatch(pattern, found):
            return True
    return False


def extensions_of(layers: Sequence[Layer]) -> list[str]:
    """Give the names of the extensions that the settings switch on."""
    for layer in reversed(layers):
        typed = dict(layer.either).get("extensions")
        value = layer.core.get("extensions") if typed is None else Text(typed)
        if value is not None:
            return list(read_text(value, list) if isinstance(value, Text) else value)
    return []
