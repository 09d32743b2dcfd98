"""What is printed and where: for people, for pipes, for programs."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

COLOUR = "\x1b["


@pytest.fixture
def complete(fahr):
    """Give the name of a complete job that printed a hundred lines."""
    fahr.script("print(*range(100), sep='\\n')", "print('oops', file=sys.stderr)")
    name = fahr("fit", "train.py").line
    fahr.ended(name)
    return name


def shell(fahr, line, **variables):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=fahr.folder,
        env=fahr.environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_closed_pipe_is_no_failure(fahr, complete):
    done = shell(fahr, "fahr logs | head -1")
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert "Traceback" not in done.stderr
    assert "rror" not in done.stderr
    for line in ("fahr ls --json", "fahr --help", "fahr show", "fahr logs -f"):
        done = shell(fahr, f"{line} | true")
        assert (done.returncode, "rror" in done.stderr) == (0, False), (line, done.stderr)


def test_json_is_one_document_on_stdout(fahr, complete):
    job = fahr("status", "--json").document
    fields = ["name", "remote_name", "driver", "state", "reason", "attempt", "experiment"]
    fields += ["params", "created", "started", "ended", "link"]
    assert set(fields) <= set(job)
    assert (job["name"], job["state"], job["driver"]) == (complete, "complete", "local")
    for time in ("created", "started", "ended"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(\+00:00|Z)", job[time])
    (listed,) = fahr("ls", "--json").document
    assert {key: listed[key] for key in fields} == {key: job[key] for key in fields}
    shown = fahr("show", "--json").document
    assert {key: shown[key] for key in fields} == {key: job[key] for key in fields}
    assert fahr("wait", "--json").document["state"] == "complete"
    assert fahr("fetch", "--json").document["name"] == complete
    assert fahr("stop", complete, "--json").document[0]["name"] == complete
    assert fahr("fit", "train.py", "--json").document["name"] == "digits-train-2"
    lines = [json.loads(line) for line in fahr("logs", complete, "--json").stdout.splitlines()]
    assert {"time", "source", "text"} == set(lines[0])
    assert {line["source"] for line in lines} >= {"stdout", "stderr"}


def test_an_error_is_a_document_on_stderr_with_json(fahr):
    for words in (["status", "no-such"], ["fit", "none.py"], ["wait"], ["fetch", "x"]):
        done = fahr(*words, "--json", status=2)
        assert done.stdout == ""
        error = json.loads(done.stderr)["error"]
        assert set(error) == {"code", "message", "hint"}
        assert error["message"]


def test_in_a_pipe_ls_is_tab_separated_and_whole(fahr, complete):
    (line,) = fahr("ls").stdout.splitlines()
    fields = line.split("\t")
    assert fields[:3] == [complete, "complete", "local"]
    assert len(fields) == 7


def test_fit_prints_the_name_alone_on_stdout(fahr):
    fahr.script()
    done = fahr("fit", "train.py")
    assert done.stdout == "digits-train-1\n"
    assert "fahr logs -f digits-train-1" in done.stderr
    assert "fahr fetch digits-train-1" in done.stderr


def test_colour_is_for_those_who_want_it(fahr, complete):
    assert COLOUR not in fahr("status").stdout + fahr("status", "no-such", status=2).stderr
    wanted = fahr("status", "no-such", status=2, env={"FORCE_COLOR": "1"})
    assert COLOUR in wanted.stderr
    both = fahr("status", "no-such", status=2, env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert COLOUR not in both.stderr


def test_log_lines_can_be_chosen(fahr, complete):
    assert fahr("logs", "--tail", "2").stdout.splitlines() in (["99", "oops"], ["98", "99"])
    timed = fahr("logs", "-t", "--tail", "1").line
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", timed)
    assert len(fahr("logs", "--since", "10m").stdout.splitlines()) == 101


def test_a_job_is_meant_by_name_by_prefix_or_by_nothing(fahr, complete):
    fahr("fit", "train.py")
    assert "digits-train-2" in fahr("status").stdout
    assert "digits-train-1" in fahr("status", "digits-train-1").stdout
    assert "digits-train-2" in fahr("status", "digits-train").stdout
    fahr.error("stop", "digits-train")  # full names only
    other = fahr.folder.parent / "other"
    other.mkdir()
    assert "digits-train-2" in fahr("status", cwd=other).stdout  # else the latest of all


def test_a_dry_run_changes_nothing(fahr):
    fahr.script()
    fahr.write("requirements.txt", "iniconfig\n")
    before = snapshot(fahr)
    done = fahr("fit", "train.py", "--dry-run")
    assert isinstance(done.document, dict)
    assert "nothing was made, built or sent" in done.stderr
    assert snapshot(fahr) == before
    assert fahr.jobs() == {}
    assert fahr("fit", "train.py").line == "digits-train-1"


def snapshot(fahr):
    """What a dry run might leave: files of the experiment, environments and jobs."""
    files = {path: path.read_bytes() for path in fahr.folder.rglob("*") if path.is_file()}
    made = {path for kind in ("environments", "jobs", "store") for path in fahr.home.glob(kind)}
    return files, made
