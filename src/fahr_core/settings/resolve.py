"""Settings validated: the core's and the chosen drivers', with where each came from."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DriverError
from fahr_core.settings import remembered
from fahr_core.settings.layers import CORE_TABLES, Text, Values, table_name
from fahr_core.settings.text import read_text, unquoted
from fahr_core.settings.validated import Inspection, Missing, MissingSettings, Model, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from fahr_core.settings.layers import Layer

__all__ = [
    "CORE",
    "MissingSettings",
    "Model",
    "Settings",
    "inspect",
    "load_model",
    "peek",
    "resolve",
]

CORE = "fahr_core.settings.model:CoreSettings"


def peek(layers: Sequence[Layer], key: str) -> str | None:
    """Give the strongest word on one of the core's text settings before anything is loaded."""
    found: str | None = None
    for layer in layers:
        for written, value in layer.core.items():
            if written == key:
                found = unquoted(value) if isinstance(value, Text) else str(value)
        for written, text in layer.either:
            if written == key:
                found = unquoted(text)
    return found


def resolve(layers: Sequence[Layer], models: Sequence[Model], *, remember: bool = True) -> Settings:
    """Validate what the layers say against the core's model and the drivers' models.

    Args:
        layers: Weakest first, from ``read_layers``.
        models: The chosen drivers' models, the train driver's first; a key of the command
            line that does not say whose it is goes to the first that knows it, then to the
            core.
        remember: Whether the answer may be written to the cache.

    Raises:
        DriverError: a driver's settings model cannot be imported.
        MissingSettings: required settings are missing.
        SettingsError: every unknown key and wrong value, in one message.
    """
    places = [("", CORE), *((model.name, model.place) for model in models)]
    file = remembered.place_of(layers, places)
    if settings := remembered.recall(file):
        return settings
    settings = inspect(layers, models).check()
    if remember:
        remembered.remember(file, settings)
    return settings


def inspect(layers: Sequence[Layer], models: Sequence[Model]) -> Inspection:
    """Validate as :func:`resolve` does, and give what is wrong instead of raising it.

    Raises:
        DriverError: a driver's settings model cannot be imported.
    """
    return _Resolution(models).run(layers)


def load_model(place: str) -> type[BaseModel]:
    """Import a settings model from ``module:Class``.

    Raises:
        DriverError: there is none.
    """
    from pydantic import BaseModel

    module, _, name = place.partition(":")
    try:
        model = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DriverError(f"the settings model {place} cannot be imported: {reason}") from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise DriverError(f"{place} is no pydantic model; a driver's settings are one")
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
        self._faults: list[tuple[str, str]] = []
        self._missing: list[Missing] = []

    def run(self, layers: Sequence[Layer]) -> Inspection:
        for layer in layers:
            self._take(layer)
        values = {whose: self._validated(whose) for whose in self._models}
        settings = Settings(
            core=values.pop(""),
            drivers={self._names[whose]: table for whose, table in values.items()},
            origins={
                (self._names.get(whose, whose), key): origin
                for (whose, key), origin in self._origins.items()
            },
        )
        return Inspection(settings, self._missing, self._faults, self._train(layers))

    def _take(self, layer: Layer) -> None:
        for key, value in layer.core.items():
            # A variable that only looks like ours is told by `fahr doctor`, not refused.
            if layer.origin != f"FAHR_{key.upper()}" or key in self._models[""].model_fields:
                self._set("", key, value, layer.origin)
        for whose, table in layer.drivers.items():
            if whose in self._models:
                for key, value in table.items():
                    self._set(whose, key.replace("-", "_"), value, layer.origin)
            elif not layer.origin.startswith("FAHR_"):
                self._check_table(whose, layer.origin)
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
            self._faults.append((whose, self._unknown(whose, key, origin)))
            return
        if isinstance(value, Text):
            value = read_text(value, field.annotation)
        before = self._raw[whose].get(key)
        if add and isinstance(before, list) and isinstance(value, list):
            value = [*before, *value]
        self._raw[whose][key] = value
        self._origins[whose, key] = origin

    def _unknown(self, whose: str, key: str, origin: str) -> str:
        from fahr_core.names import shown

        guess = self._meant(key)
        owner = f"{self._names[whose]} has" if whose else "there is"
        question = f"; did you mean {guess}?" if guess else ""
        return f"{owner} no setting {shown(key)} ({origin}){question}"

    def _meant(self, key: str) -> str | None:
        """Guess what an unknown key was to be: a misspelt one, or one of a setting's own table."""
        import json

        from fahr_core.names import did_you_mean
        from fahr_core.settings.shown import type_of

        known = {
            name: f for model in self._models.values() for name, f in model.model_fields.items()
        }
        table, dot, name = key.partition(".")
        if dot and table in known and type_of(known[table]) == "table":
            return f"{table}='{json.dumps({name: '...'})}'"
        return did_you_mean(key, [*known])

    def _check_table(self, whose: str, origin: str) -> None:
        """Find a misspelt table; one of a driver that is not chosen now is left alone."""
        from fahr_core.names import did_you_mean
        from fahr_core.registry import installed

        guess = did_you_mean(whose, [*self._names, *CORE_TABLES])
        if guess and not any(
            table_name(entry.name) == whose
            for role in ("train", "build")
            for entry in installed(role)
        ):
            text = f"[{whose}] in {origin} is no driver's table; did you mean [{guess}]?"
            self._faults.append(("", text))

    def _validated(self, whose: str) -> Values:
        from pydantic import ValidationError

        model, raw = self._models[whose], self._raw[whose]
        try:
            return model.model_validate(raw).model_dump(mode="json")
        except ValidationError as error:
            for detail in error.errors():
                self._note(whose, detail)
        fields = model.model_fields.items()
        return {
            key: _alone(field, raw[key]) if key in raw else _default(field) for key, field in fields
        }

    def _note(self, whose: str, detail: ErrorDetails) -> None:
        """Sort one of pydantic's errors."""
        if detail["type"] == "missing" and len(detail["loc"]) == 1:
            key = str(detail["loc"][0])
            field = self._models[whose].model_fields[key]
            example = str((field.examples or [""])[0])
            missing = Missing(self._names[whose], key, field.description or "", example)
            self._missing.append(missing)
        else:
            self._faults.append((whose, self._fault(whose, detail)))

    def _fault(self, whose: str, detail: ErrorDetails) -> str:
        from fahr_core.settings.shown import masked

        key = str(detail["loc"][0]) if detail["loc"] else ""
        name = ".".join(str(part) for part in detail["loc"])
        reason = detail["msg"].removeprefix("Value error, ")
        if not key:  # a check of the whole model; its input is all of them
            return f"{self._names.get(whose, 'fahr')}: {reason}"
        origin = self._origins.get((whose, key), "default")
        if detail["type"] == "value_error":  # the model's own words, which name the value
            return f"{name}: {reason} ({origin})"
        if detail["type"] == "string_pattern_mismatch":
            examples = self._models[whose].model_fields[key].examples or ()
            reason = f"write it like {examples[0]}" if examples else reason
        value = json.dumps(masked(name, detail["input"]), default=str, ensure_ascii=False)
        return f"{name}: {reason}, not {value} ({origin})"

    def _train(self, layers: Sequence[Layer]) -> str | None:
        """Give the train driver as the user wrote it: a driver that is a file is its path."""
        name = next(iter(self._names.values()), None)
        written = peek(layers, "train_driver") or ""
        return written if written.endswith(".py") else name


def _alone(field: FieldInfo, raw: Any) -> Any:
    """Give a value in its type where that works; the model as a whole was refused."""
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import to_jsonable_python

    try:
        return to_jsonable_python(TypeAdapter[Any](field.annotation or Any).validate_python(raw))
    except ValidationError:
        return raw


def _default(field: FieldInfo) -> Any:
    from pydantic_core import to_jsonable_python

    default = field.get_default(call_default_factory=True) if not field.is_required() else None
    return to_jsonable_python(default, fallback=str)
