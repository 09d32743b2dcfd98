from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from fahr_core.version import VERSION
from tests.cli.calling import call
from tests.cli.records import fill
from tests.told_driver import Service, distributions, told

if TYPE_CHECKING:
    from tests.cli.calling import Call
    from tests.distributions import Distributions

__all__ = ["call", "distributions", "told"]


def test_where_to_begin(call: Call) -> None:
    done = call()
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"fahr {VERSION}  sends a training script or notebook off")
    for command in ("fit train.py", "ls", "fetch", "init", "doctor"):
        assert any(line.startswith(f"  fahr {command} ") for line in lines)
    assert lines[-1] == "  all commands: fahr --help"
    assert all(len(line) <= 80 for line in lines)


def test_what_is_installed_and_no_driver_is_loaded(call: Call, told: Service) -> None:
    told.at = lambda hook: (_ for _ in ()).throw(AssertionError(hook))
    assert "here: local; installed: told" in call().out


def test_many_drivers_are_counted_where_their_names_are_too_long(
    call: Call, distributions: Distributions
) -> None:
    for name in ("gcp", "kaggle"):
        distributions.add(name)
    assert "here: local; installed: gcp, kaggle" in call().out
    distributions.add("sagemaker")
    lines = call().out.splitlines()
    assert "  fahr fit train.py    run it       here: local; 3 more: fahr drivers" in lines


def test_what_runs(call: Call) -> None:
    now = time.time()
    fill(1)
    fill(1, stem="a", state="running", created=now, started=now - 240)
    done = call()
    assert "  running: a-1, told, 4 min     fahr logs -f a-1" in done.out
    assert "digits-train" not in done.out
    fill(4, stem="b", state="submitted")
    lines = call().out.splitlines()
    assert len([line for line in lines if "fahr logs -f" in line]) == 3
    assert "  and 2 more: fahr ls" in lines


def test_no_driver_and_nothing_heavy_is_imported() -> None:
    code = "import sys; from fahr_core.cli.app import run; run([])\n"
    code += "print([m for m in ('pydantic', 'msgspec', 'fahr_core.local.driver', 'jinja2',"
    code += " 'pluggy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = eval(done.stdout.splitlines()[-1])
    assert not {"pydantic", "msgspec", "fahr_core.local.driver", "jinja2"} & set(loaded)
