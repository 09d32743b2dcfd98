"""The sum of all contracts."""

from __future__ import annotations

from fahr_core.testing.fetch import FetchContract
from fahr_core.testing.life_cycle import LifeCycleContract
from fahr_core.testing.logs import LogsContract
from fahr_core.testing.packaging import PackagingContract
from fahr_core.testing.render import RenderContract
from fahr_core.testing.settings import SettingsContract
from fahr_core.testing.state import StateContract
from fahr_core.testing.stop import StopContract
from fahr_core.testing.submit import SubmitContract

__all__ = ["DriverContract"]


class DriverContract(
    PackagingContract,
    SettingsContract,
    RenderContract,
    SubmitContract,
    StateContract,
    LogsContract,
    StopContract,
    FetchContract,
    LifeCycleContract,
):
    """Everything that a train driver promises."""
