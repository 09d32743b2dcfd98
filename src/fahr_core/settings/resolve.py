"""Settings validated: the core's and the chosen drivers', with where each came from.

Validating costs an import of pydantic, which is most of the time that a small ``fahr fit``
takes.  What was valid once is therefore remembered by content: the same values for the same
version of the same model give the same answer.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError
from fahr_core.paths import cache_folder
from fahr_core.settings.layers import Text, Values, table_name
from fahr_core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from fahr_core.settings.layers import Layer

__all__ = ["Model", "Settings", "load_model", "peek", "resolve"]

CORE = "fahr_core.settings.model:CoreSettings"


@dataclass(frozen=True, slots=True)
class Model:
    """A settings model by the name of its driver and its place, ``module:Class``."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Validated values by key, and the origin of each that is not a default.

    The origins' keys are ``(whose, key)``, where the core's are whose ``""``.
    """

    core: Values
    drivers: dict[str, Values]
    origins: dict[tuple[str, str], str]

    def of(self, driver: str | None) -> Values:
        """Give a driver's values; none for no driver."""
        return self.drivers.get(driver, {}) if driver else {}


def peek(layers: Sequence[Layer], key: str) -> str | None:
    """Give the strongest word on one of the core's text settings before anything is loaded."""
    found: str | None = None
    for layer in layers:
        for written, value in (*layer.core.items(), *layer.either):
            if written == key:
                found = None if value is None else str(value)
    return found


def resolve(layers: Sequence[Layer], models: Sequence[Model], *, remember: bool = True) -> Settings:
    """Validate what the layers say against the core's model and the drivers' models.

    Args:
        layers: Weakest first, from ``read_layers``.
        models: The chosen drivers' models; a key of the command line that does not say whose
            it is goes to the first that knows it, then to the core.
        remember: Whether the answer may be written to the cache.

    Raises:
        SettingsError: every unknown key and wrong value, in one message.
    """
    key = _content_key(layers, models)
    file = cache_folder() / "settings" / f"{key}.json"
    if settings := _remembered(file):
        return settings
    settings = _Resolution(models).run(layers)
    if remember:
        _remember(file, settings)
    return settings


def load_model(place: str) -> type[BaseModel]:
    """Import a settings model from ``module:Class``."""
    module, _, name = place.partition(":")
    model: type[BaseModel] = getattr(importlib.import_module(module), name)
    return model


class _Resolution:
    """One pass over the layers; it collects every fault before it gives up."""

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = {"": load_model(CORE)} | {
            table_name(model.name): load_model(model.place) for model in models
        }
        self._names = {table_name(model.name): model.name for model in models}
        self._raw: dict[str, Values] = {whose: {} for whose in self._models}
        self._origins: dict[tuple[str, str], str] = {}
        self._faults: list[str] = []

    def run(self, layers: Sequence[Layer]) -> Settings:
        for layer in layers:
            self._take(layer)
        values = {whose: self._validated(whose) for whose in self._models}
        if self._faults:
            first, *others = self._faults
            raise SettingsError(first, *others, "fahr config    shows every setting")
        return Settings(
            core=values.pop(""),
            drivers={self._names[whose]: table for whose, table in values.items()},
            origins={
                (self._names.get(whose, whose), key): origin
                for (whose, key), origin in self._origins.items()
            },
        )

    def _take(self, layer: Layer) -> None:
        for key, value in layer.core.items():
            # A variable that only looks like ours is told by `fahr doctor`, not refused.
            if layer.origin != f"FAHR_{key.upper()}" or key in self._models[""].model_fields:
                self._set("", key, value, layer.origin)
        for whose, table in layer.drivers.items():
            if whose in self._models:
                for key, value in table.items():
                    self._set(whose, key.replace("-", "_"), value, layer.origin)
        seen: set[tuple[str, str]] = set()
        for written, text in layer.either:
            whose, key = self._owner(written)
            again = (whose, key) in seen
            seen.add((whose, key))
            self._set(whose, key, Text(text), layer.origin, add=again)

    def _owner(self, written: str) -> tuple[str, str]:
        """Say whose key a pair of the command line is."""
        whose, dot, key = written.partition(".")
        if dot and whose in self._models:
            return whose, key
        drivers = [name for name in self._models if name]
        for candidate in (*drivers, ""):
            if written in self._models[candidate].model_fields:
                return candidate, written
        return (drivers or [""])[0], written

    def _set(self, whose: str, key: str, value: Any, origin: str, *, add: bool = False) -> None:
        field = self._models[whose].model_fields.get(key)
        if field is None:
            self._faults.append(self._unknown(whose, key, origin))
            return
        if isinstance(value, Text):
            from fahr_core.settings.text import read_text

            value = read_text(value, field.annotation)
        before = self._raw[whose].get(key)
        if add and isinstance(before, list) and isinstance(value, list):
            value = [*before, *value]
        self._raw[whose][key] = value
        self._origins[whose, key] = origin

    def _unknown(self, whose: str, key: str, origin: str) -> str:
        from fahr_core.names import did_you_mean

        known = [key for model in self._models.values() for key in model.model_fields]
        guess = did_you_mean(key, known)
        owner = f"{self._names[whose]} has" if whose else "there is"
        question = f"; did you mean {guess}?" if guess else ""
        return f'{owner} no setting "{key}" ({origin}){question}'

    def _validated(self, whose: str) -> Values:
        from pydantic import ValidationError

        try:
            return self._models[whose].model_validate(self._raw[whose]).model_dump(mode="json")
        except ValidationError as error:
            self._faults.extend(self._fault(whose, detail) for detail in error.errors())
            return {}

    def _fault(self, whose: str, detail: ErrorDetails) -> str:
        key = str(detail["loc"][0]) if detail["loc"] else ""
        name = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "missing":
            return f"{self._names.get(whose, 'fahr')} needs {key}    -c {key}=..."
        origin = self._origins.get((whose, key), "default")
        reason = detail["msg"].removeprefix("Value error, ")
        prefix = f"{name}: " if name else ""
        return f"{prefix}{reason}, not {json.dumps(detail['input'], default=str)} ({origin})"


def _content_key(layers: Sequence[Layer], models: Sequence[Model]) -> str:
    """Name the question: the values, and the exact code that would judge them."""
    asked = {
        "version": [VERSION, sys.version, _code_of(CORE)],
        "models": [[model.name, model.place, _code_of(model.place)] for model in models],
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
        spec = find_spec(name)
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


def _remembered(file: Path) -> Settings | None:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    origins = {(whose, key): origin for whose, key, origin in data["origins"]}
    return Settings(core=data["core"], drivers=data["drivers"], origins=origins)


def _remember(file: Path, settings: Settings) -> None:
    """Write the answer down; a cache that cannot be written only costs time."""
    data: Mapping[str, Any] = {
        "core": settings.core,
        "drivers": settings.drivers,
        "origins": [[whose, key, origin] for (whose, key), origin in settings.origins.items()],
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(data, stream)
        Path(temporary).replace(file)
    except OSError:
        return
