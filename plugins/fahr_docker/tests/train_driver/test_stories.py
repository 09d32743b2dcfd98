"""Users' stories: a rehearsal on this machine's engine, by command line."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from fahr_core.testing.scripts import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import Fahr


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_from_nothing_to_a_fetched_model_and_no_container_left(fahr: Fahr) -> None:
    ran = fahr.fit("write", "--follow")
    assert ran.status == 0, ran.err
    assert ran.lines == [f"user {os.getuid()}"]
    assert "complete" in ran.err
    logs = fahr("logs", "-t")
    fetched = fahr("fetch")
    assert fetched.lines == ["./docker-story-train-1"]
    files = files_of(fahr.folder / "docker-story-train-1")
    assert files.keys() == {"model.txt", "checkpoints/step-1", "fahr-job.json"}
    record = json.loads(files["fahr-job.json"])
    assert (record["state"], record["driver"]) == ("complete", "docker")
    assert fahr.containers() == []
    # All can be asked and fetched again, also where no engine answers.
    gone = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    assert fahr("logs", "-t", **gone) == logs
    assert fahr.job("docker-story-train-1")["state"] == "complete"
    again = fahr("fetch", "./again", "docker-story-train-1", **gone)
    assert again.status == 0, again.err
    assert files_of(fahr.folder / "again") == files


def test_a_notebook_comes_home_executed(fahr: Fahr) -> None:
    (fahr.folder / "train.py").unlink()
    source = notebook(
        "steps = 1", "open('model.txt', 'w').write('m' * steps); print('made', steps)"
    )
    (fahr.folder / "train.ipynb").write_text(source)
    ran = fahr("fit", "train.ipynb", "--train-driver=docker", "-psteps=3", "--follow")
    assert ran.status == 0, ran.err
    assert "made 3" in ran.out
    assert fahr("fetch").status == 0
    files = files_of(fahr.folder / "docker-story-train-1")
    assert files["model.txt"] == "mmm"
    assert "made 3" in files["train.executed.ipynb"]
    assert fahr.containers() == []


def test_a_failure_has_its_reason_and_its_output(fahr: Fahr) -> None:
    ran = fahr.fit("fail", "--follow")
    assert ran.status == 1
    assert "ValueError: no digits in the data" in ran.err
    assert "Traceback (most recent call last):" in ran.lines
    job = fahr.job("docker-story-train-1")
    assert job["state"] == "failed"
    assert job["reason"].startswith("ValueError: no digits in the data  train.py:")
    assert fahr("fetch").status == 0
    assert files_of(fahr.folder / "docker-story-train-1")["half.txt"] == "half"
    assert fahr.containers() == []


def test_a_job_is_stopped_and_keeps_what_it_saved(fahr: Fahr) -> None:
    name = fahr.sent("wait")
    fahr.until(name, "ready")
    assert fahr("stop", name).status == 0
    waited = fahr("wait", name)
    assert waited.status == 1
    assert fahr.job(name)["state"] == "stopped"
    assert "caught SIGTERM" in fahr("logs", name).lines
    assert fahr("fetch").status == 0
    assert files_of(fahr.folder / name)["saved.txt"] == "saved"


def test_a_job_that_does_not_mind_is_killed_when_its_grace_is_over(fahr: Fahr) -> None:
    name = fahr.sent("stay", "-cgrace=2")
    fahr.until(name, "ready")
    started = time.monotonic()
    assert fahr("stop", name).status == 0
    assert fahr("wait", name, "--timeout=60").status == 1
    assert time.monotonic() - started < 60
    assert fahr.job(name)["state"] == "stopped"


def test_a_time_limit_ends_a_job(fahr: Fahr) -> None:
    ran = fahr.fit("wait", "--follow", "--timeout=2s")
    assert ran.status == 1
    job = fahr.job("docker-story-train-1")
    assert (job["state"], job["reason"]) == ("failed", "time limit of 2 s reached")


def test_a_memory_limit_is_the_reason_that_is_told(fahr: Fahr) -> None:
    ran = fahr.fit("memory", "--follow", "-cmemory=100m")
    assert ran.status == 1
    assert "out of memory: the limit of 100 MiB was reached" in ran.err


def test_shared_memory_and_variables_are_as_they_are_set(fahr: Fahr) -> None:
    ran = fahr.fit("shm", "--follow", "-cshm_size=300m")
    assert ran.lines[1:] == [f"shm {300 * 1024**2}"], ran.err
    (fahr.folder / "fahr.toml").write_text(
        "[docker]\nuser = '4321'\nenvironment = { COLOUR = 'teal' }\n"
    )
    ran = fahr.fit("many", "--follow")
    assert ran.lines == ["user 4321", "teal /opt/fahr/job/home"], ran.err


@pytest.mark.parametrize("mounted", ["true", "false"])
def test_inputs_can_be_read_and_not_written(fahr: Fahr, mounted: str) -> None:
    data = fahr.folder.parent / "digits"
    (data / "raw files").mkdir(parents=True)
    (data / "raw files" / "épöque.txt").write_text("1")
    (data / "empty.txt").write_text("")
    data.chmod(0o777)  # what keeps the job from writing is not that it is another's
    one = fahr.folder.parent / "one.txt"
    one.write_text("2")
    before = files_of(data)
    options = (f"--input=digits={data}", f"--input=one={one}", f"-cmount_inputs={mounted}")
    ran = fahr.fit("inputs", "--follow", "-cuser=4321", *options)
    assert ran.status == 0, ran.err
    assert "digits/raw files/épöque.txt 1" in ran.lines
    assert "one 2" in ran.lines
    assert ran.lines[-1] == "not written"
    assert files_of(data) == before


def test_an_earlier_jobs_output_is_an_input(fahr: Fahr) -> None:
    first = fahr.fit("write", "--follow")
    assert first.status == 0, first.err
    ran = fahr.fit("inputs", "--follow", "--input=prior=job:docker-story-train-1")
    assert "prior/model.txt model" in ran.lines, ran.err
    assert "prior/checkpoints/step-1 1" in ran.lines


def test_what_the_driver_cannot_read_is_refused(fahr: Fahr) -> None:
    ran = fahr.fit("inputs", "--input=data=s3://bucket/prefix")
    assert ran.status == 2
    assert "cannot read s3://bucket/prefix" in ran.err
    assert "nothing was sent" in ran.err


def test_three_at_once_do_not_disturb_each_other(fahr: Fahr) -> None:
    commands = [
        fahr.start("fit", "--train-driver=docker", "-ptask=write", "-cjobs_at_once=3", "-f")
        for _ in range(3)
    ]
    ended = [command.communicate(timeout=240) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], ended
    for number in (1, 2, 3):
        assert fahr("fetch", f"./{number}", f"docker-story-train-{number}").status == 0
        assert "model.txt" in files_of(fahr.folder / str(number))
    assert fahr.containers() == []


def test_a_job_waits_while_as_many_run_as_may(fahr: Fahr) -> None:
    first = fahr.sent("wait", "-cjobs_at_once=1")
    fahr.until(first, "ready")
    second = fahr.sent("write", "-cjobs_at_once=1")
    assert fahr.job(second)["state"] == "queued"
    fahr("stop", first)
    assert fahr("wait", second, "--timeout=120").status == 0


def test_a_long_log_is_whole_and_in_order(fahr: Fahr) -> None:
    ran = fahr.fit("print", "--follow")
    assert ran.status == 0, ran.err
    lines = ran.lines[1:]
    assert lines[:20000] == [f"line {number}" for number in range(20000)]
    assert "".join(lines[20000:]) == "x" * 100000
    assert fahr("logs").lines == ran.lines
    assert fahr("fetch").status == 0
    assert fahr("logs").lines == ran.lines


def test_a_secret_is_where_the_job_reads_it_and_nowhere_else(fahr: Fahr) -> None:
    value = "0d9a-not-to-be-found-anywhere"
    ran = fahr.fit("secret", "--follow", "--secret=TOKEN_OF_TEST", TOKEN_OF_TEST=value)
    assert ran.lines[1:] == ["has it", "secrets left False"], ran.err
    (container,) = fahr.containers()
    api = fahr.engine.client.api
    assert value not in json.dumps(api.inspect_container(container.id))
    assert value not in json.dumps(api.inspect_image(container.image.id))
    assert value not in json.dumps(api.history(container.image.id))
    stream, _ = api.get_archive(container.id, "/opt/fahr")
    assert value.encode() not in b"".join(stream)
    kept = [path for path in fahr.home.rglob("*") if path.is_file()]
    assert not [path for path in kept if value.encode() in path.read_bytes()]


def test_a_job_is_found_by_who_has_no_record_of_it(fahr: Fahr, tmp_path: Path) -> None:
    name = fahr.sent("write")
    assert fahr("wait", name).status == 0
    (container,) = fahr.containers()
    fahr.variables["FAHR_HOME"] = str(tmp_path / "another")
    service = (container.name, "--train-driver=docker")
    ran = fahr("status", *service, "--json")
    assert ran.status == 0, ran.err
    told = json.loads(ran.out)
    assert (told["state"], told["params"]) == ("complete", {"task": "write"})
    assert fahr("logs", *service).lines == [f"user {os.getuid()}"]
    assert fahr("fetch", "./theirs", *service).status == 0
    assert "model.txt" in files_of(fahr.folder / "theirs")
    assert len(fahr.containers()) == 1, "another's job stays where it is"


def test_a_container_that_somebody_else_has_is_left_alone(fahr: Fahr) -> None:
    name = f"own-{os.getpid()}-{time.time_ns()}"
    other = fahr.engine.client.api.create_container("python:3.11-slim-bookworm", "true", name=name)
    try:
        ran = fahr.fit("write", f"--name={name}")
        assert ran.status == 2
        assert f"another container called {name}" in ran.told
        assert fahr.engine.client.api.inspect_container(name)["Id"] == other["Id"]
    finally:
        fahr.engine.client.api.remove_container(name)


def test_a_gpu_is_refused_where_there_is_none(fahr: Fahr) -> None:
    with_gpu = "nvidia" in fahr.engine.client.info().get("Runtimes", {})
    if with_gpu:
        pytest.skip("this engine has GPUs")
    ran = fahr.fit("write", "--gpu")
    assert ran.status == 2
    assert "the engine gives no GPU to containers" in ran.told
    assert "sudo nvidia-ctk runtime configure --runtime=docker" in ran.err
    assert fahr.containers() == []


def test_without_an_engine_nothing_is_sent(fahr: Fahr) -> None:
    ran = fahr.fit("write", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ran.status == 2
    assert "no Docker engine answers (unix:///nowhere/docker.sock)" in ran.err
    assert fahr("ls").out == ""


def test_files_belong_to_who_called_fahr(fahr: Fahr) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can call as another user, by setpriv")
    uid, group = 4321, os.stat("/var/run/docker.sock").st_gid
    # Allowed to read what is root's, where this Python lies, and to write nothing of it.
    may_read = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    as_user = (f"--reuid={uid}", f"--regid={uid}", f"--groups={group}", *may_read)
    fahr.prefix = ("setpriv", *as_user)
    person = fahr.folder.parent
    for path in (person, fahr.folder, fahr.folder / "train.py"):
        os.chown(path, uid, uid)
    fahr.variables["HOME"] = str(person)
    ran = fahr.fit("write", "--follow")
    assert ran.lines == [f"user {uid}"], ran.err
    assert fahr("fetch").status == 0
    assert [path for path in person.rglob("*") if path.lstat().st_uid != uid] == []
