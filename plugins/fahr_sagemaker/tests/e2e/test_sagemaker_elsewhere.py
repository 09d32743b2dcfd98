"""Jobs that this machine has no record of; the old lines; faults on the way."""

from __future__ import annotations

import shutil

from tests.clouds.aws import Fault

DRIVER = "--train-driver=sagemaker"


def test_a_job_is_fetched_from_another_machine(fahr, aws, tmp_path):
    fahr.write("train.py", "print('hello')\nopen('model.txt', 'w').write('weights')\n")
    name, _ = fahr.sent("train.py")
    remote = fahr.job(name)["remote_name"]
    shutil.rmtree(fahr.home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "complete" in fahr("status", remote, DRIVER, cwd=elsewhere).stdout
    assert "hello" in fahr("logs", remote, DRIVER, cwd=elsewhere).stdout
    fahr("fetch", "./", remote, DRIVER, cwd=elsewhere)
    assert (elsewhere / "model.txt").read_text() == "weights"


def test_the_old_line_stands(fahr, aws):
    (fahr.folder / "fahr.toml").unlink()
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\n")
    words = [
        "--train-driver='sagemaker'",
        "--build-driver='local-cpu'",
        "--config.output_path=s3://models/runs",
        "--config.role_name=trainer",
    ]
    fahr("init", "train.py", *words)
    name = fahr("fit", "train.py", *words, timeout=480).line
    fahr.at_service(name).wait_for("final", timeout=480)
    assert fahr("fit", timeout=480).line.startswith("digits-train-")  # by what init kept
    assert "model.txt" in fahr.fetched(name)


def test_an_answer_that_is_lost_makes_no_second_job(fahr, aws):
    fahr.write("train.py", "print('hello')\n")
    aws.faults.add("sagemaker:CreateTrainingJob", Fault.LOST)
    name, job = fahr.sent("train.py")
    assert job.status == "Completed"
    assert len(aws.jobs) == 1
    assert fahr.ended(name)["state"] == "complete"


def test_a_service_that_is_busy_for_a_moment_is_asked_again(fahr, aws):
    fahr.write("train.py", "print('hello')\n")
    for call in ("iam:GetRole", "ecr:GetAuthorizationToken", "sagemaker:CreateTrainingJob"):
        aws.faults.add(call, Fault.THROTTLE)
    _, job = fahr.sent("train.py")
    assert job.status == "Completed"
    assert len(aws.faults.struck) == 3


def test_a_role_that_does_not_trust_the_service_is_said_before_anything_is_made(fahr, aws):
    aws.role("stranger", trusts="ec2.amazonaws.com")
    fahr.write("train.py", "print('hello')\n")
    words = (DRIVER, "--build-driver=local-cpu", "-c", "role_name=stranger")
    told = fahr.error("fit", "train.py", *words, timeout=480)
    assert "sagemaker.amazonaws.com" in told
    assert len(aws.jobs) == 0
    assert not aws.called("ecr:CreateRepository", "s3:PutObject")
