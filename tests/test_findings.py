from __future__ import annotations

import threading

import pytest

from fahr_core.errors import AccessError
from fahr_core.findings import finding_of, found_at_once, found_by
from fahr_core.models import Finding


def test_what_is_well_is_told():
    known = Finding(level="ok", subject="role", message="trainer")
    assert found_by("role", lambda: "trainer") == [known]


def test_an_error_is_told_with_its_hints_but_not_that_nothing_was_sent():
    def check():
        raise AccessError("no such role", "make it", "nothing was sent")

    wrong = Finding(level="error", subject="role", message="no such role", hints=("make it",))
    assert found_by("role", check) == [wrong]
    assert finding_of("role", AccessError("x"), "warning").level == "warning"


def test_a_bug_is_no_finding():
    with pytest.raises(ZeroDivisionError):
        found_by("role", lambda: str(1 / 0))


def test_questions_are_asked_at_one_time_and_told_in_their_order():
    both = threading.Barrier(2, timeout=30)

    def asked(subject):
        both.wait()  # broken unless the other is asked meanwhile
        return found_by(subject, lambda: "well")

    found = found_at_once([lambda: asked("role"), lambda: asked("bucket")])
    assert [one.subject for one in found] == ["role", "bucket"]
