"""From a changed line to the submitted job, against AWS's SDK and against the bare calls."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from cloud_account import account, environment
from edit_to_job import Other, measured
from image_making import own_home, skip_without_engine

PROGRAM = Path(__file__).with_name("aws_account.py")
SETTINGS = """train_driver = "sagemaker"
build_driver = "local-cpu"

[sagemaker]
output_path = "s3://models/runs"
role_name = "trainer"
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
    with own_home() as folder, account("fahr_sagemaker", PROGRAM, folder) as found:
        sdk = str(environment(folder / "sdk", "fahr_sagemaker", "oracle"))
        (folder / "sdk.yaml").write_text(SDK_CONFIG, encoding="utf-8")
        os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"] = str(folder / "sdk.yaml")
        others = (
            Other(
                name="AWS's SDK",
                call="ModelTrainer",
                command=(sdk, "-W", "ignore", "-c", BY_SDK),
                bound=1.0,
            ),
            Other(
                name="bare calls",
                call="create_training_job",
                command=(sys.executable, "-c", BY_BOTO3),
                bound=1.3,
            ),
        )
        return measured(found, folder / "digits", SETTINGS, others)


if __name__ == "__main__":
    sys.exit(main())
