"""Job descriptions, however they arrive."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.launcher.job import StartError, load, parse

JOB = {"name": "a-train-1", "artifact": "train.py"}


def test_defaults() -> None:
    job = parse({**JOB, "timeout": None, "from_the_future": 1})
    assert (job.kind, job.grace, job.timeout, job.params, job.log) == (
        "script",
        30.0,
        None,
        {},
        "raw",
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**JOB, "schema": 2}, "has schema 2, this launcher knows 1"),
        ({**JOB, "schema": "1"}, "has schema '1'"),
        ({**JOB, "grace": "30"}, "grace '30' is no number of seconds"),
        ({**JOB, "timeout": True}, "timeout True is no number of seconds"),
        ({"name": "a"}, "lacks artifact"),
        ({}, "lacks name and artifact"),
        ({**JOB, "artifact": "../train.py"}, "is not inside the experiment"),
        ({**JOB, "artifact": "/train.py"}, "is not inside the experiment"),
        ({**JOB, "artifact": "a\\..\\..\\train.py"}, "is not inside the experiment"),
    ],
)
def test_refused(document: dict[str, object], message: str) -> None:
    with pytest.raises(StartError, match=message.replace("(", "\\(")):
        parse(document)


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.integers(1, 600))
def test_numbered_variables(params: dict[str, object], limit: int) -> None:
    text = json.dumps({**JOB, "params": params})
    pieces = [text[at : at + limit] for at in range(0, len(text), limit)]
    environ = {f"FAHR_JOB_{number}": piece for number, piece in enumerate(pieces)}
    assert load(environ)["params"] == params


def test_file_and_array(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"jobs": [{"name": "a"}, {"name": "b"}]}))
    environ = {"FAHR_JOB_FILE": str(path), "FAHR_JOB_INDEX": "1"}
    assert load(environ) == {"name": "b"}
    for index in ("2", "-1", "x"):
        with pytest.raises(StartError, match="among the 2 described"):
            load({**environ, "FAHR_JOB_INDEX": index})
    path.write_text(json.dumps({"name": "alone"}))
    assert load(environ) == {"name": "alone"}


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "neither FAHR_JOB_FILE nor FAHR_JOB_0"),
        ({"FAHR_JOB_FILE": "/no/such"}, "can not be read"),
        ({"FAHR_JOB_0": "{"}, "is not JSON"),
        ({"FAHR_JOB_0": "[]"}, "is not a JSON object"),
    ],
)
def test_unreadable(environ: dict[str, str], message: str) -> None:
    with pytest.raises(StartError, match=message):
        load(environ)
