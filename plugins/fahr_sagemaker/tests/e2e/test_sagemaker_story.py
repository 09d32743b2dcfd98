"""One job, from a folder to a model that came home."""

from __future__ import annotations

import json
import shlex

from tests.e2e.at_cloud import LONG, MODEL


def test_a_script_with_its_modules_and_parameters(fahr, aws):
    fahr.write("net/__init__.py", "")
    fahr.write("net/layers.py", "DEEP = 42\n")
    fahr.write("train.py", MODEL)
    name, job = fahr.sent("train.py", "-p", "epochs=7", "-p", "name=a b")
    assert job.reason == ""
    assert "trains 7 a b 42 sagemaker" in fahr.printed(name)
    shown = fahr.job(name)
    assert (shown["state"], shown["attempt"]) == ("complete", 1)
    files = fahr.fetched(name)
    assert files["out/model.txt"].read_text() == "weights"
    record = json.loads(files["fahr-job.json"].read_text())
    assert record["parameters"] == {"epochs": 7, "name": "a b"}
    (call,) = aws.called("sagemaker:CreateTrainingJob")
    assert "@sha256:" in call.parameters["AlgorithmSpecification"]["TrainingImage"]
    assert call.parameters["OutputDataConfig"]["S3OutputPath"].startswith("s3://models/runs")


def test_the_second_fit_of_the_same_code_builds_and_pushes_nothing(fahr, aws):
    fahr.write("train.py", "print('hello')\n")
    first, _ = fahr.sent("train.py")
    second, _ = fahr.sent("train.py", env={"DOCKER_HOST": "tcp://127.0.0.1:1"})  # nobody there
    assert (first, second) == ("digits-train-1", "digits-train-2")
    images = [
        call.parameters["AlgorithmSpecification"]["TrainingImage"]
        for call in aws.called("sagemaker:CreateTrainingJob")
    ]
    assert len(images) == 2
    assert len(set(images)) == 1


def test_what_a_fit_prints_to_follow_fetch_and_stop_it_works_as_it_stands(fahr):
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\nprint('trained')\n")
    told = fahr("fit", "train.py", *fahr.drivers, timeout=LONG)
    _, _, following = told.stderr.partition("\nnext ")
    logs, fetch, stop = [shlex.split(line)[1:] for line in following.splitlines()]
    assert "trained" in fahr(*logs, timeout=LONG).stdout.splitlines()  # ends with the job
    assert (fahr.folder / fahr(*fetch).line / "model.txt").read_text() == "weights"
    fahr(*stop)
    console = "https://eu-west-1.console.aws.amazon.com/"
    links = [word for word in told.stderr.split() if word.startswith(console)]
    assert [link.removeprefix(console).partition("/")[0] for link in links] == [
        "cloudwatch",
        "sagemaker",
    ]


def test_a_dry_run_makes_nothing(fahr, aws):
    fahr.write("train.py", "print('hello')\n")
    told = fahr("fit", "train.py", "--dry-run", *fahr.drivers, timeout=480).document
    assert told["TrainingJobName"].startswith("digits-train-1-")
    assert told["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert len(aws.jobs) == 0
    changing = {call.name for call in aws.calls} & {
        "ecr:CreateRepository",
        "s3:PutObject",
        "sagemaker:CreateTrainingJob",
    }
    assert changing == set()
