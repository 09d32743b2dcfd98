"""The conformance kit: what every train driver promises, as tests that a plugin inherits.

A plugin's own tests are about ten lines::

    from fahr_core.testing import DriverContract

    class TestMoon(DriverContract):
        driver = "moon"                  # a name, or the path of a driver's file
        settings = {"orbit": "low"}      # what a job there needs

Each contract is a class of its own (``LogsContract`` ...), and :class:`DriverContract` is
their sum.  What a driver cannot do it does not declare, and the tests of it are skipped with
the capability's name.  Each thing that a test uses is a fixture or an attribute of
:class:`~fahr_core.testing.fixtures.DriverFixtures`, to be overridden in the subclass.

A failure begins with ``promise broken:`` and the promise.  Needs pytest: ``pip install
"fahr-core[testing]"``.
"""

import pytest

#: The modules that hold assertions; named before they are imported, so that pytest shows
#: the values of one that fails.
_REWRITTEN = (
    "fetch",
    "fixtures",
    "life_cycle",
    "logs",
    "packaging",
    "promises",
    "render",
    "settings",
    "state",
    "stop",
    "submit",
)
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _REWRITTEN))

from fahr_core.testing.contract import DriverContract  # noqa: E402 - after the line above
from fahr_core.testing.fetch import FetchContract  # noqa: E402
from fahr_core.testing.fixtures import DriverFixtures  # noqa: E402
from fahr_core.testing.life_cycle import LifeCycleContract  # noqa: E402
from fahr_core.testing.logs import LogsContract  # noqa: E402
from fahr_core.testing.packaging import PackagingContract  # noqa: E402
from fahr_core.testing.render import RenderContract  # noqa: E402
from fahr_core.testing.settings import SettingsContract  # noqa: E402
from fahr_core.testing.state import StateContract  # noqa: E402
from fahr_core.testing.stop import StopContract  # noqa: E402
from fahr_core.testing.submit import SubmitContract  # noqa: E402

__all__ = [
    "DriverContract",
    "DriverFixtures",
    "FetchContract",
    "LifeCycleContract",
    "LogsContract",
    "PackagingContract",
    "RenderContract",
    "SettingsContract",
    "StateContract",
    "StopContract",
    "SubmitContract",
]
