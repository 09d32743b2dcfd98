"""Why a job failed, in one line; every failing script here really fails."""

import pytest

from fahr_core.launcher.failure import duration, masked, reason
from fahr_core.launcher.supervise import Ended

from .conftest import Place


@pytest.mark.parametrize(
    ("source", "code", "expected"),
    [
        (
            "def read(row):\n    return row['label']\nread({})",
            1,
            "KeyError: 'label'  train.py:2  return row['label']",
        ),
        ("import no_such_package", 1, "No module named 'no_such_package' (train.py:1)"),
        ("import json\njson.loads('{')", 1, "json.decoder.JSONDecodeError: "),
        ("x = = 1", 1, "SyntaxError: invalid syntax  train.py:1  x = = 1"),
        ("raise KeyboardInterrupt", 130, "killed by SIGINT"),
        ("raise SystemExit(3)", 3, "exit status 3"),
        ("raise SystemExit('no data')", 1, "exit status 1: no data"),
        (
            "import argparse\nargparse.ArgumentParser(prog='p').parse_args(['--x'])",
            2,
            "exit status 2: p: error: unrecognized arguments: --x",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", 137, "killed by SIGKILL (out"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", 139, "segmentation fault"),
        ("import os\nos.abort()", 134, "aborted (SIGABRT)"),
        ("assert 1 == 2", 1, "AssertionError  train.py:1  assert 1 == 2"),
        ("raise ValueError('a\\nb')", 1, "ValueError: a  train.py:1  raise ValueError("),
        (
            "try:\n    {}['a']\nexcept KeyError:\n    raise RuntimeError('b')",
            1,
            "RuntimeError: b  train.py:4  raise RuntimeError('b')",
        ),
        (
            "import logging, sys\ntry:\n    1 / 0\nexcept Exception:\n    logging.exception('x')\n"
            "sys.exit(4)",
            4,
            "exit status 4: ZeroDivisionError: division by zero",
        ),
        (
            "raise ExceptionGroup('all', [ValueError('one')])",
            1,
            "ExceptionGroup: all (1 sub-exception)  train.py:1  raise ExceptionGroup(",
        ),
    ],
)
def test_reasons(place: Place, source: str, code: int, expected: str) -> None:
    result = place.script(source).run()
    assert result.code == code
    assert result.reason is not None
    assert result.reason.startswith(expected)


def test_frame_is_the_users_own(place: Place) -> None:
    place.script("def load(text):\n    import json\n    json.loads(text)\n", name="data.py")
    place.job.pop("artifact")
    result = place.script("import data\ndata.load('{')\n").run()
    assert result.reason is not None
    assert result.reason.endswith("  data.py:3  json.loads(text)")


def test_old_run_script(place: Place) -> None:
    (place.code / "run.sh").write_text("set -e\npython3 train.py\n")
    result = place.script("import os\nos.kill(os.getpid(), 9)").run(run_script="run.sh")
    assert (result.code, result.reason) == (137, "killed by SIGKILL (out of memory?)")
    place.script("{}['a']")
    result = place.run()
    assert (result.code, result.reason) == (1, "KeyError: 'a'  train.py:1  {}['a']")


def test_ranks_of_torch_are_read() -> None:
    text = (
        "[rank1]: Traceback (most recent call last):\n"
        '[rank1]:   File "/w/train.py", line 3, in <module>\n'
        "[rank1]:     x[0]\n"
        "[rank1]: IndexError: list index out of range\n"
        "Traceback (most recent call last):\n"
        '  File "/lib/site-packages/torch/run.py", line 9, in main\n'
        "    elastic()\n"
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    )
    found = reason(Ended(1), text, "/w", True, None)
    assert found == "IndexError: list index out of range  train.py:3  x[0]"


def test_packages_in_the_work_folder_are_not_the_users() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/w/train.py", line 3, in <module>\n'
        "    lib.fit()\n"
        '  File "/w/.venv/lib/python3.11/site-packages/lib.py", line 9, in fit\n'
        "    raise ValueError\n"
        "ValueError\n"
    )
    assert reason(Ended(1), text, "/w", False, None) == "ValueError  train.py:3  lib.fit()"


def test_no_reason_without_a_failure() -> None:
    assert reason(Ended(0), "Traceback", "/w", False, None) is None
    assert reason(Ended(-15, stopped=True), "", "/w", False, None) is None


def test_reason_fits_a_screen(place: Place) -> None:
    result = place.script("raise ValueError('x' * 100_000)").run()
    assert result.reason is not None
    assert len(result.reason) <= 600


def test_masked() -> None:
    assert masked("a secret-2 secret", ["secret", "secret-2", ""]) == "a *** ***"
    assert masked(None, ["x"]) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5, "1.5 s"),
        (90, "90 s"),
        (60, "1 min"),
        (120, "2 min"),
        (7200, "2 h"),
        (5400, "1 h 30 min"),
        (3661, "1 h 1 min 1 s"),
        (0, "0 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
