"""AWS's own SDK runs what fahr makes, and runs on the test cloud."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest
from tests.clouds.needs import need_programs

TRAIN = """
import os
epochs = 1
print("trains", epochs, "at", os.environ["FAHR_EXECUTION_ENVIRONMENT"])
open("model.txt", "w").write("weights")
"""

ON_THE_CLOUD = """
import json, sys
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, OutputDataConfig, StoppingCondition
image, role, environment = sys.argv[1:]
trainer = ModelTrainer(
    training_image=image,
    role=role,
    base_job_name="oracle",
    environment=json.loads(environment),
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30),
    output_data_config=OutputDataConfig(s3_output_path="s3://models/oracle"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
)
trainer.train(wait=True, logs=True)
"""

LOCALLY = """
import json, os, sys
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute
from sagemaker.train.model_trainer import Mode
image, role, environment = sys.argv[1:]
trainer = ModelTrainer(
    training_mode=Mode.LOCAL_CONTAINER,
    training_image=image,
    role=role,
    base_job_name="oracle",
    environment=json.loads(environment),
    compute=Compute(instance_type="local_cpu", instance_count=1),
    local_container_root=os.getcwd(),
)
trainer.train(wait=True)
"""


@pytest.fixture
def built(fahr, aws):
    """Give image, role and variables of a job that fahr sent."""
    fahr.write("train.py", TRAIN)
    _, job = fahr.sent("train.py", "-p", "epochs=7")
    assert job.reason == ""
    (call,) = aws.called("sagemaker:CreateTrainingJob")
    image = call.parameters["AlgorithmSpecification"]["TrainingImage"]
    environment = call.parameters.get("Environment", {})
    return image, call.parameters["RoleArn"], json.dumps(environment)


def test_the_sdks_own_trainer_runs_on_the_test_cloud(aws, sdk, built):
    sdk(ON_THE_CLOUD, *built)
    (job,) = [job for job in aws.jobs if job.name.startswith("oracle")]
    assert (job.status, job.reason) == ("Completed", "")
    body = aws.client("s3", own=True).get_object(
        Bucket="models", Key=job.model.removeprefix("s3://models/")
    )["Body"]
    with tarfile.open(fileobj=io.BytesIO(body.read())) as tar:
        assert "model.txt" in tar.getnames()


def test_an_image_of_fahr_runs_in_the_sdks_local_mode(aws, sdk, built, aws_engine, tmp_path):
    compose = subprocess.run(["docker", "compose", "version"], capture_output=True)
    if compose.returncode != 0:
        need_programs("docker-compose")  # local mode takes either
    image = built[0]
    login = {"username": "AWS", "password": aws.registry.token}
    aws_engine.images.pull(image, auth_config=login)
    try:
        told = sdk(LOCALLY, *built)
    finally:
        aws_engine.images.remove(image, force=True)
    assert "trains 7 at sagemaker" in told
    (archive,) = (tmp_path / "sdk").rglob("model.tar.gz")
    with tarfile.open(archive) as tar:
        assert "model.txt" in tar.getnames()
