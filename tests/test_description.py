from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from fahr_core.description import SCHEMA, describe_job
from fahr_core.launcher.job import load, parse
from fahr_core.models import Code, Environment, GitState, Input, Job, Package

JOB = Job(
    name="digits-train-1",
    run_id="run",
    remote_name="digits-train-1-run",
    experiment="/home/me/digits",
    artifact="train.py",
    kind="script",
    train_driver="local",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(kind="requirements", lock="sha256:1", python="3.11.7"),
    params={"epochs": 3, "name": "größer", "layers": [1, None]},
    inputs=(Input(name="data", location="/data"), Input(name="prior", location="s3://x")),
    secrets=("TOKEN",),
    timeout=60.0,
    gpu="any",
    nodes=2,
    output_exclude=("*.tmp",),
    git=GitState(commit="abc", branch=None, dirty=True),
)


def read(document: dict[str, Any], tmp_path: Any) -> Any:
    """Read a document as the launcher does."""
    (tmp_path / "job.json").write_text(json.dumps(document))
    return parse(load({"FAHR_JOB_FILE": str(tmp_path / "job.json")}))


def test_the_launcher_reads_what_is_described(tmp_path: Any) -> None:
    document = describe_job(
        JOB, inputs={"prior": "/in/prior"}, grace=7.0, enforce_timeout=True, log="jsonl"
    )
    job = read(document, tmp_path)
    assert document["schema"] == SCHEMA
    assert (job.name, job.driver, job.artifact, job.kind) == (
        "digits-train-1", "local", "train.py", "script",
    )  # fmt: skip
    assert job.params == {"epochs": 3, "name": "größer", "layers": [1, None]}
    assert document["inputs"] == {"data": "/data", "prior": "/in/prior"}
    assert list(job.secrets) == ["TOKEN"]
    assert (job.timeout, job.grace, job.gpu) == (60.0, 7.0, True)
    assert list(job.exclude) == ["*.tmp"]
    assert document["nodes"] == 2
    assert document["git"] == {"commit": "abc", "branch": None, "dirty": True}
    assert document["environment"] == {"python": "3.11.7", "lock": "sha256:1"}
    assert document["log"] == "jsonl"


def test_what_is_not_known_is_left_out(tmp_path: Any) -> None:
    plain = replace(JOB, git=None, gpu=None, timeout=None)
    document = describe_job(plain)
    assert not {"git", "timeout", "grace", "image", "run_script"} & document.keys()
    assert None not in document.values()
    assert read(document, tmp_path).gpu is False


def test_a_service_that_keeps_time_itself_is_not_helped() -> None:
    assert "timeout" not in describe_job(JOB)
    assert describe_job(JOB, enforce_timeout=True)["timeout"] == 60.0


def test_a_job_in_an_image_with_its_own_start() -> None:
    job = replace(JOB, code=replace(JOB.code, run_script="run.sh"))
    document = describe_job(job, image="sha256:7")
    assert (document["run_script"], document["image"]) == ("run.sh", "sha256:7")


def test_it_does_not_hold_what_the_job_need_not_know() -> None:
    packages = tuple(Package(name=f"p{number}", version="1") for number in range(500))
    job = replace(JOB, environment=replace(JOB.environment, packages=packages))
    assert len(json.dumps(describe_job(job))) < 1000  # some services allow 512 characters
