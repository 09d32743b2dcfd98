from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from fahr_core.settings.fields import Seconds, line_errors


class Settings(BaseModel):
    limit: Seconds = 1


@pytest.mark.parametrize(
    ("given", "seconds"), [("2h", 7200), ("90", 90), (90, 90), ("1.5m", 90), ("1d", 86400)]
)
def test_durations_are_whole_seconds(given, seconds):
    assert Settings(limit=given).limit == seconds


@pytest.mark.parametrize("given", ["soon", "", "0.5s", None, "1x"])
def test_what_is_no_duration_is_refused(given):
    with pytest.raises(ValidationError):
        Settings(limit=given)


class Others(BaseModel):
    name: str
    count: int


def test_errors_are_told_again_together_with_others():
    with pytest.raises(ValidationError) as caught:
        Others.model_validate({"count": "many"})
    errors = [*line_errors(caught.value), {"type": "missing", "loc": ("more",), "input": None}]
    again = ValidationError.from_exception_data("Others", errors)
    told = [(found["loc"], found["type"]) for found in again.errors()]
    assert told == [(("name",), "missing"), (("count",), "int_parsing"), (("more",), "missing")]
    assert "unable to parse" in str(again)
