"""The places where settings are written, weakest first, read but not yet validated.

A file holds the core's keys at the top and one table for each driver::

    train_driver = "sagemaker"
    artifact = "train.py"

    [sagemaker]
    role_name = "trainer"

The tables ``output`` and ``params`` are the core's own.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError
from fahr_core.paths import user_settings_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["CORE_TABLES", "Layer", "Text", "Values", "read_layers", "table_name"]

#: Tables of a settings file that are not a driver's.
CORE_TABLES = ("output", "params")

#: Variables that are fahr's but no settings: of the machine, and of the inside of a job.
_NOT_SETTINGS = frozenset(
    {
        "FAHR_CHECKPOINT_DIR",
        "FAHR_DEBUG",
        "FAHR_EXECUTION_ENVIRONMENT",
        "FAHR_HOME",
        "FAHR_INPUT_DIR",
        "FAHR_JOB_FILE",
        "FAHR_JOB_INDEX",
        "FAHR_JOB_NAME",
        "FAHR_OUTPUT_DIR",
        "FAHR_PARAMS",
        "FAHR_RUNTIME",
    }
)

Values = dict[str, Any]


class Text(str):
    """A value that was written as text, to be read by what its key wants."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says.

    ``core`` are the core's keys, ``drivers`` the tables of drivers, ``either`` the pairs of
    the command line that do not say whose key they are.
    """

    origin: str
    core: Mapping[str, Any] = field(default_factory=dict)
    drivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    either: Sequence[tuple[str, str]] = ()


def table_name(driver: str) -> str:
    """Give the name of a driver's table and, in capitals, of its variables."""
    return driver.replace("-", "_")


def read_layers(folder: Path, pairs: Sequence[str] = (), **options: Any) -> list[Layer]:
    """Read every layer that holds for an experiment folder, weakest first.

    Args:
        folder: The experiment folder.
        pairs: ``key=value`` texts of the command line; a bare ``key`` means true.
        options: The core's keys that were given as options; None is "not given".

    Raises:
        SettingsError: a file is not TOML, or a pair has no key.
    """
    layers = [
        _file_layer(user_settings_file()),
        _project_layer(folder),
        _file_layer(folder / "fahr.toml", "fahr.toml"),
        *_environment_layers(os.environ),
        _command_line_layer(pairs, options),
    ]
    return [layer for layer in layers if layer.core or layer.drivers or layer.either]


def _file_layer(path: Path, name: str | None = None) -> Layer:
    origin = name or str(path)
    return _layer(_toml(path, origin), origin)


def _project_layer(folder: Path) -> Layer:
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if path.is_file():
            return _layer(_tool_table(path), f"{path} [tool.fahr]")
        if (parent / ".git").exists():
            break
    return Layer("pyproject.toml")


def _tool_table(path: Path) -> Values:
    tools = _toml(path, str(path)).get("tool", {})
    table = tools.get("fahr", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: fahr is a table: [tool.fahr]")
    return table


def _toml(path: Path, name: str) -> Values:
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot read {name}: {reason}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name} is not valid TOML: {error}") from error


def _layer(table: Values, origin: str) -> Layer:
    drivers = {
        table_name(key): value
        for key, value in table.items()
        if isinstance(value, dict) and key not in CORE_TABLES
    }
    core = {key: value for key, value in table.items() if table_name(key) not in drivers}
    output = core.pop("output", {})
    if not isinstance(output, dict):
        raise SettingsError(f"{origin}: output is a table: [output]")
    return Layer(origin, core | {f"output_{key}": item for key, item in output.items()}, drivers)


def _environment_layers(environment: Mapping[str, str]) -> list[Layer]:
    layers = []
    for variable in sorted(environment):
        if not variable.startswith("FAHR_") or variable in _NOT_SETTINGS:
            continue
        driver, found, key = variable.removeprefix("FAHR_").lower().partition("__")
        value = Text(environment[variable])
        if found and driver == "output":
            layers.append(Layer(variable, core={f"output_{key}": value}))
        elif found:
            layers.append(Layer(variable, drivers={driver: {key: value}}))
        else:
            layers.append(Layer(variable, core={driver: value}))
    return layers


def _command_line_layer(pairs: Sequence[str], options: Mapping[str, Any]) -> Layer:
    core = {
        key: Text(value) if isinstance(value, str) else value
        for key, value in options.items()
        if value is not None
    }
    return Layer("command line", core, either=[_pair(pair) for pair in pairs])


def _pair(pair: str) -> tuple[str, str]:
    key, found, value = pair.partition("=")
    if not key.strip():
        raise SettingsError(f'"{pair}" names no setting', "write -c key=value")
    return key.strip().replace("-", "_"), value if found else "true"
