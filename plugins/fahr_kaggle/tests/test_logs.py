"""A log is made of pieces, live or kept."""

import io
import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import wait_until

from fahr_core.errors import ServiceError
from fahr_kaggle import connection, logs
from fahr_kaggle.client import Kaggle
from fahr_kaggle.connection import NotThere
from fahr_kaggle.logs import Lines, kept_lines, last_words
from jobs import ended, experiment, log_of, request_of, sent

TEXT = st.text(alphabet="ab é", max_size=5)


def texts(lines):
    return [line.text for line in lines]


@given(st.lists(TEXT, max_size=8), st.integers(1, 9))
def test_lines_do_not_depend_on_the_pieces(lines, size):
    whole = "".join(f"{line}\n" for line in lines)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    document = json.dumps([{"stream_name": "stdout", "time": 1.0, "data": one} for one in pieces])
    assert texts(kept_lines(document)) == lines
    assert [line.cursor for line in kept_lines(document)] == [
        str(number) for number in range(1, len(lines) + 1)
    ]
    for after in range(len(lines) + 1):
        assert texts(kept_lines(document, after)) == lines[after:]


def test_streams_are_lines_of_their_own():
    lines = Lines()
    pieces = [("stdout", "a"), ("stderr", "x\nfahr: "), ("stdout", "b\n"), ("stderr", "why\n")]
    got = [
        (line.source, line.text)
        for name, data in pieces
        for line in lines.feed({"stream_name": name, "data": data})
    ]
    assert got == [("stderr", "x"), ("stdout", "ab"), ("fahr", "why")]
    assert list(lines.end()) == []


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ("", []),
        ("  \n", []),
        ("no JSON\nat all", ["no JSON", "at all"]),
        ('{"data": "one"}', ["one"]),
        ('[{"data": "a\\r\\n"}, "b", {"stream_name": "odd", "data": "c"}]', ["a", "bc"]),
    ],
)
def test_whatever_is_kept_can_be_read(document, lines):
    assert texts(kept_lines(document)) == lines


def test_the_log_of_a_job_that_always_prints_ends(tmp_path, kaggle):
    script = "import time\nfor n in range(6000):\n  print(n, flush=True); time.sleep(0.1)"
    ref = sent(request_of(experiment(tmp_path, {"train.py": script})))
    wait_until(lambda: "\n20\n" in kaggle.sessions[0].log.text, 60)
    lines = log_of(ref)
    assert lines == [str(n) for n in range(len(lines))]
    assert len(lines) > 20
    assert kaggle.sessions[0].active


def test_the_last_words():
    document = json.dumps([{"stream_name": "stderr", "data": f"{n}\n\n"} for n in range(20)])
    assert last_words(document) == "15 | 16 | 17 | 18 | 19"
    assert last_words("") is None


def test_the_log_of_a_job_that_has_ended_has_to_come(tmp_path, kaggle, impatient, monkeypatch):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print('first')"})))
    ended(ref)
    kaggle.faults.add("LogStream", "silent")
    assert log_of(ref) == ["first"]
    monkeypatch.setattr(connection, "PATIENCE", 1.5)
    kaggle.faults.add("LogStream", "silent", times=99)
    for follow in (False, True):
        with pytest.raises(ServiceError, match="does not answer: could not read the log"):
            log_of(ref, follow=follow)


@pytest.mark.parametrize("follow", [False, True])
def test_a_stream_that_always_breaks_off_is_no_whole_log(tmp_path, kaggle, monkeypatch, follow):
    """Kaggle gives a document of a job that has ended; should it ever give a stream."""
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print('first')"})))
    ended(ref)

    def stream(*_):
        response = requests.Response()
        response.headers["Content-Type"] = "text/event-stream"
        response.raw = io.BytesIO(b'data: {"data": "first\\n"}\n\n')
        return response

    monkeypatch.setattr(Kaggle, "open_log", stream)
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    with pytest.raises(ServiceError, match=r"the log of .*/train version 1 broke off 5 times"):
        log_of(ref, follow=follow)


@pytest.mark.parametrize("follow", [False, True])
def test_the_log_of_a_session_without_a_stream_comes_with_its_output(
    tmp_path, kaggle, monkeypatch, follow
):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print('first'); print('second')"})))
    ended(ref)

    def gone(*_):
        raise NotThere("no stream")

    monkeypatch.setattr(Kaggle, "open_log", gone)
    assert log_of(ref, follow=follow) == ["first", "second"]
    assert log_of(ref, follow=follow, after="1") == ["second"]


@pytest.mark.parametrize("kind", ["cut", "broken", "torn", "lost", "limited"])
def test_a_log_comes_whole_through_a_bad_connection(tmp_path, kaggle, kind):
    script = "import time\nfor n in range(6): print(n, flush=True); time.sleep(0.3)"
    ref = sent(request_of(experiment(tmp_path, {"train.py": script})))
    kaggle.faults.add("LogStream", kind, times=2, after=1, seconds=0)
    assert log_of(ref, follow=True) == [str(n) for n in range(6)]
    assert log_of(ref, after="4") == ["4", "5"]


def test_a_job_that_waits_has_no_log_yet(tmp_path, kaggle):
    from tests.clouds.kaggle import Pace

    kaggle.pace = Pace(queued_seconds=3600)
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    assert log_of(ref) == []
    kaggle.faults.add("LogStream", "silent")  # so Kaggle keeps waiting who asks that early
    assert log_of(ref) == []
    kaggle.sessions[0].begin()
    assert log_of(ref, follow=True) == ["1"]
