"""Settings that were valid once, remembered by content.

Validating costs an import of pydantic, which is most of the time that a small ``fahr fit``
takes.  The same values for the same version of the same models give the same answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.leftovers import unfinished
from fahr_core.paths import cache_folder
from fahr_core.settings.layers import Text
from fahr_core.settings.validated import Settings
from fahr_core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.settings.layers import Layer

__all__ = ["place_of", "recall", "remember"]


def place_of(layers: Sequence[Layer], models: Sequence[tuple[str, str]]) -> Path:
    """Give the file that holds the answer for these layers, whether or not it is there.

    Args:
        layers: What is said, weakest first.
        models: The name and the place of every model, the core's too.
    """
    return cache_folder() / "settings" / f"{_content_key(layers, models)}.json"


def _content_key(layers: Sequence[Layer], models: Sequence[tuple[str, str]]) -> str:
    """Name the question: the values, and the exact code that would judge them."""
    asked = {
        "version": [VERSION, sys.version],
        "models": [[name, place, _code_of(place)] for name, place in models],
        "layers": [
            [layer.origin, _marked(layer.core), _marked(layer.drivers), list(layer.either)]
            for layer in layers
        ],
    }
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _code_of(place: str) -> list[Any]:
    """Tell one version of a model's module from the next without importing it."""
    from importlib.util import find_spec

    name = place.partition(":")[0]
    loaded = sys.modules.get(name)
    file = getattr(loaded, "__file__", None)
    if not file:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            return []  # loading the model says what is wrong
        file = spec.origin if spec else None
    if not file:
        return []
    status = Path(file).stat()
    return [file, status.st_mtime_ns, status.st_size]


def _marked(value: Any) -> Any:
    """Keep a text of the environment apart from the same word in a file."""
    if isinstance(value, Text):
        return {"text": str(value)}
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return value


def recall(file: Path) -> Settings | None:
    """Give a remembered answer, None when there is none that can be read."""
    try:
        data = json.loads(file.read_bytes())
        origins = {(whose, key): origin for whose, key, origin in data["origins"]}
        return Settings(core=data["core"], drivers=data["drivers"], origins=origins)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(file: Path, settings: Settings) -> None:
    """Write the answer down; a cache that cannot be written only costs time."""
    data: Mapping[str, Any] = {
        "core": settings.core,
        "drivers": settings.drivers,
        "origins": [[whose, key, origin] for (whose, key), origin in settings.origins.items()],
    }
    temporary = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=unfinished())
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(data, stream)
        Path(temporary).replace(file)
    except OSError:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
