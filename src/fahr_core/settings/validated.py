"""What validating settings gives: the values with their origins, or what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.settings.layers import Values

__all__ = ["Inspection", "Missing", "MissingSettings", "Model", "Settings"]


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


@dataclass(frozen=True, slots=True)
class Missing:
    """A required setting that nobody gives; ``help`` and ``example`` may be empty."""

    driver: str
    key: str
    help: str
    example: str

    def __str__(self) -> str:
        return f"{self.key} ({self.example})" if self.example else self.key


@dataclass(frozen=True, slots=True)
class Inspection:
    """Settings as far as they are valid, and all that is wrong with them.

    Where a driver's values are not valid as a whole, ``settings`` holds them as written, and
    defaults.  ``faults`` are lines by the driver whose settings they are about, ``""`` for
    the core's; ``train`` is the driver that a hint names, as the user wrote it.
    """

    settings: Settings
    missing: Sequence[Missing]
    faults: Sequence[tuple[str, str]]
    train: str | None = None

    def check(self) -> Settings:
        """Give the settings when nothing is wrong with them.

        Raises:
            MissingSettings: required ones are missing, and that is all.
            SettingsError: everything that is wrong, in one message.
        """
        if not self.faults and not self.missing:
            return self.settings
        missing = MissingSettings(self.missing, self.train) if self.missing else None
        if missing and not self.faults:
            raise missing
        first, *others = [text for _, text in self.faults]
        also = [missing.message] if missing else []
        raise SettingsError(first, *others, *also, "fahr config    shows every setting")


class MissingSettings(SettingsError):  # noqa: N818 - reads as the fact that it states
    """Drivers need settings that nobody gives."""

    def __init__(self, missing: Sequence[Missing], train: str | None = None) -> None:
        needs = [
            f"{driver} needs {_listed([one for one in missing if one.driver == driver])}"
            for driver in dict.fromkeys(one.driver for one in missing)
        ]
        super().__init__("; ".join(needs), _init_line(train))
        self.missing = list(missing)


def _listed(missing: Sequence[Missing]) -> str:
    *most, last = [str(one) for one in missing]
    return f"{', '.join(most)} and {last}" if most else last


def _init_line(train: str | None) -> str:
    import shlex

    return f"fahr init --train-driver={shlex.quote(train)}" if train else "fahr init"
