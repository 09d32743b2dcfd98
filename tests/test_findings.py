from __future__ import annotations

import pytest

from fahr_core.errors import AccessError
from fahr_core.findings import finding_of, found_by
from fahr_core.models import Finding


def test_what_is_well_is_told():
    assert found_by("role", lambda: "trainer") == Finding(
        level="ok", subject="role", message="trainer"
    )


def test_an_error_is_told_with_its_hints_but_not_that_nothing_was_sent():
    def check():
        raise AccessError("no such role", "make it", "nothing was sent")

    assert found_by("role", check) == Finding(
        level="error", subject="role", message="no such role", hints=("make it",)
    )
    assert finding_of("role", AccessError("x"), "warning").level == "warning"


def test_a_bug_is_no_finding():
    with pytest.raises(ZeroDivisionError):
        found_by("role", lambda: str(1 / 0))
