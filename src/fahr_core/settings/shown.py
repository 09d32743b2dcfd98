"""Settings as people read them: a model as rows, values with their origin, secrets masked."""

from __future__ import annotations

import json
import re
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import inspect, load_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from fahr_core.settings.layers import Layer
    from fahr_core.settings.validated import Inspection, Model

__all__ = [
    "ModelRow",
    "ValueRow",
    "folder_rows",
    "json_schema",
    "masked",
    "model_rows",
    "names_secret",
    "type_of",
    "value_rows",
    "value_text",
]

MASK = "****"
_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secrets?|tokens?|credentials?|apikey|key)(?:_|$)"
)
_LOGIN = re.compile(r"(://)[^/@\s:]*:[^/@\s]*@")
_TYPES = {
    bool: "yes/no",
    dict: "table",
    float: "number",
    int: "whole number",
    list: "list",
    str: "text",
    types.NoneType: "",
}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One setting of a model; ``default`` is its text, None where the setting is required."""

    key: str
    type: str
    default: str | None
    help: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One setting's value, masked where it is a secret, and where it comes from.

    ``key`` is ``role_name`` of the core or ``sagemaker.role_name`` of a driver; ``origin`` is
    ``default`` where nobody gives it, ``needed`` where somebody has to.
    """

    key: str
    value: Any
    origin: str


def model_rows(place: str) -> list[ModelRow]:
    """Give the settings of a model, the required ones first.

    Raises:
        DriverError: the model cannot be imported.
    """
    rows = []
    for key, field in load_model(place).model_fields.items():
        default = None
        if not field.is_required():
            default = value_text(masked(key, field.get_default(call_default_factory=True)))
        meaning = " ".join((field.description or "").split())
        rows.append(ModelRow(key, type_of(field), default, meaning))
    return sorted(rows, key=lambda row: row.default is not None)


def json_schema(place: str) -> dict[str, Any]:
    """Give the JSON schema of a settings model.

    Raises:
        DriverError: the model cannot be imported.
    """
    return load_model(place).model_json_schema()


def value_rows(
    layers: Sequence[Layer], models: Sequence[Model]
) -> tuple[list[ValueRow], list[str]]:
    """Give every setting of the core and the drivers, and what is wrong with them.

    Raises:
        DriverError: a driver's settings model cannot be imported.
    """
    inspected = inspect(layers, models)
    settings = inspected.settings
    rows = _rows("", settings.core, inspected)
    for name, values in settings.drivers.items():
        rows += _rows(name, values, inspected)
    return rows, [text for _, text in inspected.faults]


def folder_rows(
    folder: Path, pairs: Sequence[str] = (), **options: Any
) -> tuple[list[ValueRow], list[str]]:
    """Give every setting that holds in a folder, of the core and of its drivers.

    Args:
        folder: The experiment folder.
        pairs: ``key=value`` texts of the command line.
        options: The core's keys given as options.

    Raises:
        SettingsError: a settings file cannot be read.
    """
    from fahr_core import choice
    from fahr_core.errors import FahrError, SettingsError
    from fahr_core.planning import models_of, with_files

    layers = read_layers(folder, pairs, **options)
    try:
        driver, _ = choice.choose_train_driver(layers, folder)
        session = choice.open_chosen(layers, driver)
        problems = []
        try:
            layers = with_files(layers, session, folder)
        except SettingsError as error:
            problems.append(error.message)
        rows, faults = value_rows(layers, models_of(session))
        return rows, [*problems, *faults]
    except FahrError as error:  # no driver, or a broken one: the core's are there all the same
        rows, faults = value_rows(layers, [])
        return rows, [*faults, error.message]


def _rows(driver: str, values: Mapping[str, Any], inspected: Inspection) -> list[ValueRow]:
    missing = {(one.driver, one.key) for one in inspected.missing}
    origins = inspected.settings.origins
    return [
        ValueRow(
            key=f"{driver}.{key}" if driver else key,
            value=masked(key, value),
            origin="needed" if (driver, key) in missing else origins.get((driver, key), "default"),
        )
        for key, value in values.items()
    ]


def names_secret(key: str) -> bool:
    """Tell whether a setting's name suggests that its value is a secret."""
    return _SECRET.search(key.lower().replace("-", "_")) is not None


def masked(key: str, value: Any) -> Any:
    """Give a value without what its name says is secret, and without logins in addresses."""
    if isinstance(value, dict):
        return {inner: masked(f"{key}_{inner}", item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(key, item) for item in value]
    if isinstance(value, str):
        if names_secret(key):
            return MASK if value else value
        return _LOGIN.sub(rf"\1{MASK}@", value)
    return value


def value_text(value: Any) -> str:
    """Give a value on one line, as one would write it behind ``-c key=``."""
    if value is None:
        return "none"
    if isinstance(value, str) and value.isprintable():
        return value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(value, default=str)


def type_of(field: FieldInfo) -> str:
    """Give a setting's type in words."""
    # Of a whole annotation pydantic takes the metadata off.
    return _word_for(field.metadata) or type_text(field.annotation)


def type_text(annotation: Any) -> str:
    """Give an annotation in words: ``text``, ``list of text``, ``auto or python``.

    A :class:`~fahr_core.settings.fields.Kind` in the metadata of ``Annotated`` names the type.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _word_for(arguments[1:]) or type_text(arguments[0])
    if origin is typing.Literal:
        return " or ".join(value_text(value) for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(filter(None, map(type_text, arguments)))
    if origin in (list, tuple, set, frozenset) and arguments:
        return f"list of {type_text(arguments[0])}"
    plain = origin or annotation
    return _TYPES.get(plain, getattr(plain, "__name__", str(plain)))


def _word_for(metadata: Sequence[Any]) -> str | None:
    from fahr_core.settings.fields import Kind

    return next((one.word for one in metadata if isinstance(one, Kind)), None)
