"""The packaging contract: a driver is found, loads, and costs nothing to ask about."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from string import ascii_letters
from types import ModuleType

import pytest

from fahr_core import registry
from fahr_core.deferred import broken_places
from fahr_core.models import TrainInfo
from fahr_core.session import Session
from fahr_core.testing.fixtures import DriverFixtures
from fahr_core.testing.promises import broken

__all__ = ["PackagingContract", "imported_by", "own_modules"]

_PROBE = """
import json, sys
from fahr_core import names, session
import pluggy
before = set(sys.modules)
{code}
files = {{name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}}
print(json.dumps(files))
"""


class PackagingContract(DriverFixtures):
    """A driver is listed once, loads, ships its types, and tells of itself without its SDK."""

    @pytest.fixture
    def listed(self) -> registry.Listed:
        """Give the driver as its distribution declares it."""
        return registry.find("train", self.driver)

    def test_it_is_listed_once_by_its_name(self, listed: registry.Listed) -> None:
        """An entry point in the group ``fahr.train_drivers`` names the driver, and no other does.

        Of two with one name only one is used, and a person cannot tell which.
        """
        if listed.path:
            pytest.skip(f"{listed.path} is a file, not a distribution")
        names = [entry.name for entry in registry.installed("train")]
        assert listed.name in names, broken(f"{registry.GROUPS['train']} lists the driver", names)
        rivals = [
            f"{used.origin}, {hidden.origin}"
            for used, hidden in registry.shadowed("train")
            if used.name == listed.name
        ]
        assert not rivals, broken("no other distribution has a driver of this name", rivals)

    def test_it_loads_and_has_the_hooks_that_it_declares(self, session: Session) -> None:
        """What the entry point names is a module or an instance with every hook that it needs.

        Opening the session has checked the hooks' names, arguments and role; hooks that are
        deferred are imported here.
        """
        assert session.warnings == []
        wrong = broken_places(registry.load(session.train))
        assert not wrong, broken("a deferred hook's function is there", "; ".join(wrong))

    def test_it_tells_of_itself(self, session: Session) -> None:
        """``train_info`` gives a title of one line, a name rule that works, and always the same."""
        info = session.info
        assert isinstance(info, TrainInfo), broken("train_info gives a TrainInfo", info)
        one_line = info.title.strip() and "\n" not in info.title
        assert one_line, broken("the title is one line", info.title)
        rule = info.names
        assert rule.limit >= max(rule.minimum, 20), broken("a name of 20 characters fits", rule)
        letters = re.findall(f"[{rule.alphabet}]", ascii_letters)
        assert letters, broken("the alphabet is the inside of a character class", rule)
        assert info.poll > 0, broken("poll is a number of seconds", info.poll)
        again = Session(session.train, session.build).info
        assert again == info, broken("train_info always gives the same", again)

    def test_telling_of_itself_imports_no_sdk(self, listed: registry.Listed) -> None:
        """Loading the driver and asking ``train_info`` imports nothing heavy.

        Every ``fahr fit`` pays for it. Standard library, the core and the driver's own modules
        are free; name others that are light in ``light_imports``.
        """
        code = f"session.open_session({(listed.path or listed.name)!r})"
        heavy = imported_by(code) - self.light_imports - own_modules(listed)
        assert not heavy, broken("train_info imports no SDK", ", ".join(sorted(heavy)))

    def test_it_ships_its_types(self, listed: registry.Listed) -> None:
        """A file ``py.typed`` lies in the driver's package, so that types reach its users."""
        if listed.path:
            pytest.skip(f"{listed.path} is a file, not a package")
        plugin = registry.load(listed)
        module = plugin if isinstance(plugin, ModuleType) else sys.modules[type(plugin).__module__]
        top = sys.modules[module.__name__.partition(".")[0]]
        marks = [Path(folder, "py.typed") for folder in getattr(top, "__path__", [])]
        there = any(mark.is_file() for mark in marks)
        assert there, broken("py.typed lies in the package", top.__name__)


def imported_by(code: str) -> set[str]:
    """Give the packages of others, by the names that are imported, that running code imports."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(code=code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    files: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    tops = {name.partition(".")[0] for name in files}
    return {top for top in tops - sys.stdlib_module_names if not top.startswith(("fahr", "_"))}


def own_modules(listed: registry.Listed) -> set[str]:
    """Give the modules that belong to the driver: its package, or the files beside its file."""
    if listed.path:
        beside = Path(listed.path).parent.iterdir()
        return {path.stem for path in beside if path.suffix == ".py" or path.is_dir()}
    return {listed.target.partition(":")[0].partition(".")[0]}
