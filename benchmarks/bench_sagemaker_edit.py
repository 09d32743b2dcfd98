"""From a changed line to the submitted job, against AWS's SDK and against the bare calls."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aws_account import BUCKET, ROLE, aws_account, environment
from image_making import PLATFORM, docker, own_home, skip_without_engine, told, untag
from paired import Paired, fahr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aws_account import Account

BOUND = 1.3
SDK_BOUND = 1.0
PAIRS = int(os.environ.get("BENCH_PAIRS", "10"))
SETTINGS = f"""train_driver = "sagemaker"
build_driver = "local-cpu"

[sagemaker]
output_path = "s3://{BUCKET}/runs"
role_name = "{ROLE}"
"""
BY_BOTO3 = """
import sys
import boto3
name, image, role = sys.argv[1:]
boto3.client("sagemaker").create_training_job(
    TrainingJobName=name,
    AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
    RoleArn=role,
    OutputDataConfig={"S3OutputPath": "s3://models/runs"},
    ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    StoppingCondition={"MaxRuntimeInSeconds": 86400},
)
"""
BY_SDK = """
import sys
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, OutputDataConfig, StoppingCondition
name, image, role = sys.argv[1:]
ModelTrainer(
    training_image=image,
    role=role,
    base_job_name=name,
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30),
    output_data_config=OutputDataConfig(s3_output_path="s3://models/runs"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=86400),
).train(wait=False, logs=False)
"""
#: The SDK would report each call to its makers otherwise.
SDK_CONFIG = """
SchemaVersion: '1.0'
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


def main() -> int:
    """Time the three ways in turn, each after an edit of its own."""
    skip_without_engine()
    if importlib.util.find_spec("fahr_sagemaker") is None or shutil.which("uv") is None:
        print("skipped: fahr-sagemaker or uv is not installed")
        return 0
    with own_home() as folder, aws_account(folder) as account, led_to(account, folder):
        sdk = environment(folder / "sdk", "oracle")
        repository = f"{account.registry}/fahr"
        try:
            return compared(Ways(folder / "digits", repository, account.role, str(sdk)))
        finally:
            untag(repository)


@contextmanager
def led_to(account: Account, folder: Path) -> Iterator[None]:
    """Lead every client to the account, and let docker push there."""
    (folder / "docker").mkdir()
    login = {"auths": {account.registry: {"auth": account.login}}}
    (folder / "docker" / "config.json").write_text(json.dumps(login), encoding="utf-8")
    (folder / "sdk.yaml").write_text(SDK_CONFIG, encoding="utf-8")
    before = dict(os.environ)
    os.environ.update(
        account.variables,
        DOCKER_CONFIG=str(folder / "docker"),
        SAGEMAKER_USER_CONFIG_OVERRIDE=str(folder / "sdk.yaml"),
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Ways:
    """The ways from an edit to a job; each keeps the seconds that its stages took."""

    def __init__(self, folder: Path, repository: str, role: str, sdk: str) -> None:
        self.folder = folder
        self.repository = repository
        self.role = role
        self.sdk = sdk
        self.number = 0
        self.stages: dict[str, dict[str, list[float]]] = {}
        folder.mkdir()
        (folder / "fahr.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
        self.edit()
        self.by_fahr()  # so that docker has its Dockerfile, whoever is first
        self.stages.clear()

    def edit(self) -> None:
        """Change a line."""
        self.number += 1
        text = f"rate = {random.random()}\nprint('rate', rate)\n"
        (self.folder / "train.py").write_text(text, encoding="utf-8")

    def by_fahr(self) -> None:
        """Send it by `fahr fit`, whose lines tell when each stage is over."""
        stages = self._begun("fahr")
        moment = time.perf_counter()
        with subprocess.Popen(
            [fahr(), "fit"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            said = []
            for line in process.stderr:
                said.append(line)
                moment = self._kept(stages, line.split(" ", 1)[0], moment)
        if process.returncode:
            raise SystemExit(f"fahr fit ended with {process.returncode}:\n{''.join(said)}")
        self._kept(stages, "end", moment)

    def by_boto3(self) -> None:
        """Send it by docker and one call of boto3's."""
        self._by_docker_and("boto3", "create_training_job", [sys.executable, "-c", BY_BOTO3])

    def by_sdk(self) -> None:
        """Send it by docker and AWS's SDK."""
        self._by_docker_and("sdk", "ModelTrainer", [self.sdk, "-W", "ignore", "-c", BY_SDK])

    def _by_docker_and(self, way: str, last: str, command: list[str]) -> None:
        stages, image = self._begun(way), f"{self.repository}:by-docker-{self.number}"
        secret = os.environ.get("SSL_CERT_FILE")
        lent = ["--secret", f"id=ca,src={secret}"] if secret else []
        options = ["--quiet", "--load", "--provenance=false", f"--platform={PLATFORM}", *lent]
        moment = time.perf_counter()
        docker("buildx", "build", *options, "--tag", image, ".", folder=self.folder)
        moment = self._kept(stages, "docker build", moment)
        docker("push", "--quiet", image)
        moment = self._kept(stages, "docker push", moment)
        words = [*command, f"bench-{self.number}", image, self.role]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{last} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        self._kept(stages, last, moment)

    def _begun(self, way: str) -> dict[str, list[float]]:
        return self.stages.setdefault(way, defaultdict(list))

    def _kept(self, stages: dict[str, list[float]], stage: str, since: float) -> float:
        now = time.perf_counter()
        stages[stage].append(now - since)
        return now


def compared(ways: Ways) -> int:
    """Time the ways, print the figures, and tell whether one is past its bound."""
    calls = {"fahr": ways.by_fahr, "boto3": ways.by_boto3, "sdk": ways.by_sdk}
    times: dict[str, list[float]] = {way: [] for way in calls}
    for number in range(PAIRS + 1):
        for way in random.sample(list(calls), k=len(calls)):
            ways.edit()
            spent = seconds(calls[way])
            if number:
                times[way].append(spent)
    for way, stages in ways.stages.items():
        print(f"{way}: {breakdown(stages)}")
    measured = tuple(times["fahr"])
    problems = [
        told("edit to job, AWS's SDK -> fahr", Paired(tuple(times["sdk"]), measured), SDK_BOUND),
        told("edit to job, bare calls -> fahr", Paired(tuple(times["boto3"]), measured), BOUND),
    ]
    return 1 if any(problems) else 0


def seconds(call: Callable[[], None]) -> float:
    """Give the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def breakdown(stages: dict[str, list[float]]) -> str:
    """Give the median of each stage in milliseconds, in the order in which they come.

    A stage of fahr's ends with the line that it prints; several lines may come at once. The
    checks before a job end with the line that tells its machine.
    """
    medians = {name: statistics.median(found) * 1000 for name, found in stages.items()}
    named = {"machine": "checks"}
    return ", ".join(
        f"{named.get(name, name)} {spent:.0f} ms"
        for name, spent in medians.items()
        if name and spent >= 1
    )


if __name__ == "__main__":
    sys.exit(main())
