"""What the files of a driver's own service say, as layers below every other.

A service may have a file of its own beside the artifact, which its other tools read too:
``kernel-metadata.json`` of Kaggle's.  A driver that takes settings from one names the function
that reads it, in :class:`~fahr_core.models.TrainInfo`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from fahr_core.errors import DriverError
from fahr_core.settings.layers import Layer, table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from fahr_core.models import TrainInfo

    Reader = Callable[[Path], Mapping[str, Mapping[str, Any]]]

__all__ = ["file_layers"]


def file_layers(driver: str, info: TrainInfo, folder: Path) -> list[Layer]:
    """Give what a driver's files in an experiment folder say, weakest first.

    Raises:
        DriverError: the function that reads them cannot be imported.
        SettingsError: a file cannot be read.
    """
    if not info.file_settings:
        return []
    told = _reader(info.file_settings)(folder)
    return [Layer(file, drivers={table_name(driver): said}) for file, said in told.items() if said]


def _reader(place: str) -> Reader:
    module, _, name = place.partition(":")
    try:
        reader: Reader = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DriverError(f"the file settings {place} cannot be imported: {reason}") from error
    return reader
