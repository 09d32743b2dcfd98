from __future__ import annotations

from inspect import signature

import pytest

from fahr_core.cli.console import Terminal
from fahr_core.reporter import Quiet, Reporter

METHODS = [name for name in vars(Reporter) if name in ("say", "warn", "progress")]


@pytest.mark.parametrize("kind", [Quiet, Terminal])
def test_every_reporter_takes_what_is_told(kind: type) -> None:
    assert len(METHODS) == 3
    for name in METHODS:
        promised = signature(getattr(Reporter, name)).parameters.values()
        taken = signature(getattr(kind, name)).parameters.values()
        assert [p.kind for p in taken] == [p.kind for p in promised]
        assert [p.default for p in taken] == [p.default for p in promised]


def test_quiet_tells_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    quiet = Quiet()
    quiet.say("code", "train.py")
    quiet.warn("large")
    quiet.progress("image", "layer", done=1, total=2)
    assert capfd.readouterr() == ("", "")
