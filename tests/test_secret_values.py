from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import AccessError, UsageError
from fahr_core.secret_values import secret_values

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

#: A keyring that is a file, as keyrings of machines without a desktop are.
IN_A_FILE = """
import json, os
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class InAFile(KeyringBackend):
    priority = 1
    place = Path(os.environ["HOME"], "keys.json")

    def _kept(self):
        return json.loads(self.place.read_text()) if self.place.exists() else {}

    def get_password(self, service, username):
        if (self.place.parent / "locked").exists():
            raise KeyringLocked("it is locked")
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self.place.write_text(json.dumps({**self._kept(), f"{service}/{username}": password}))
"""


@pytest.fixture
def keyring(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give the package keyring, with a keyring of the test's own."""
    module = pytest.importorskip("keyring")
    (tmp_path / "in_a_file.py").write_text(IN_A_FILE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "in_a_file.InAFile")
    sys.modules.pop("in_a_file", None)
    module.core.init_backend()
    return module


def keep(name: str, value: str) -> None:
    """Keep a value by keyring's own command, as the hint says."""
    subprocess.run(
        [sys.executable, "-m", "keyring", "set", "fahr", name],
        input=value,
        text=True,
        check=True,
        env=dict(os.environ),
    )


def test_the_environment_goes_before_the_keyring(
    keyring: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("TOKEN", "of the keyring")
    keep("OTHER", "in the keyring alone, äöü")
    monkeypatch.setenv("TOKEN", "of the environment")
    assert secret_values(["TOKEN", "OTHER"]) == {
        "TOKEN": "of the environment",
        "OTHER": "in the keyring alone, äöü",
    }


def test_what_neither_has_is_told_with_both_ways(keyring: ModuleType) -> None:
    with pytest.raises(UsageError, match="neither the environment nor the keyring") as problem:
        secret_values(["NO_SUCH"])
    assert problem.value.hints == (
        "export NO_SUCH=...",
        "or, kept for all jobs: keyring set fahr NO_SUCH",
    )


def test_a_keyring_that_is_locked(keyring: ModuleType, own_home: Path) -> None:
    (own_home / "locked").touch()
    with pytest.raises(AccessError, match="the secret TOKEN: it is locked") as problem:
        secret_values(["TOKEN"])
    assert problem.value.hints == ("export TOKEN=...",)


def test_a_machine_without_a_keyring(keyring: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keyring.core.init_backend()
    with pytest.raises(UsageError, match="neither the environment nor the keyring"):
        secret_values(["TOKEN"])


def test_without_the_package_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("TOKEN", "")
    assert secret_values(["TOKEN"]) == {"TOKEN": ""}
    with pytest.raises(UsageError, match="no value for the secret NO_SUCH: it is not") as problem:
        secret_values(["TOKEN", "NO_SUCH"])
    export, install = problem.value.hints
    assert export == "export NO_SUCH=..."
    assert "keyring" in install
