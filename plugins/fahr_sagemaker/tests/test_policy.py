"""The policies of the documentation are enough, and ask for nothing that is not needed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import fahr_sagemaker
from fahr_core.models import Input
from fahr_core.session import open_session
from fahr_core.testing.fixtures import no_progress
from fahr_sagemaker.driver import driver
from fahr_sagemaker.settings import SageMakerSettings
from placed_requests import planned
from tabled_calls import EVERY

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "drivers"
SOURCE = Path(fahr_sagemaker.__file__).parent
#: ``client.call("s3", "PutObject"`` and the like.
CALL = re.compile(r'(?:call|pages|answered)\(\s*"([a-z0-9]+)",\s*"([A-Z]\w+)"')
#: Calls whose permission has another name, and what needs none.
OTHERS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sts:GetCallerIdentity": None,
}
#: What a call needs besides: for its tags, for the role, for a large file in parts; and what
#: a registry's own protocol needs in ECR.
BESIDES = {
    "iam:PassRole",
    "s3:AbortMultipartUpload",
    "sagemaker:AddTags",
    "secretsmanager:TagResource",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
}


def actions(name):
    """Give what a policy of the documentation allows."""
    found = set()
    for statement in json.loads((DOCS / name).read_text())["Statement"]:
        action = statement["Action"]
        found |= {action} if isinstance(action, str) else set(action)
    return found


def calls_of_the_source():
    """Give the calls that the driver's files name."""
    return {
        f"{service}:{operation}"
        for path in SOURCE.glob("*.py")
        for service, operation in CALL.findall(path.read_text())
    }


def test_a_table_of_faults_has_each_call_of_the_source():
    by_upload_file = {f"s3:{part}MultipartUpload" for part in ("Create", "Complete")}
    assert calls_of_the_source() | by_upload_file | {"s3:UploadPart"} == EVERY


def test_the_policy_allows_the_calls_of_the_source_and_no_other():
    calls = calls_of_the_source()
    assert len(calls) > 15
    needed = {OTHERS.get(call, call) for call in calls} - {None}
    assert actions("sagemaker-user-policy.json") == needed | BESIDES


@pytest.mark.parametrize("vault", ["secretsmanager", "ssm"])
def test_the_policy_is_enough_for_the_calls_that_a_job_makes(aws, tmp_path, vault):
    aws.bucket("models")
    aws.role("trainer")
    (tmp_path / "one.txt").write_text("1")
    inputs = (Input(name="data", location=str(tmp_path)),)
    aws.calls.clear()
    with aws.no_capacity():
        request = planned(aws, {"vault": vault}, inputs=inputs, secrets=("TOKEN",))
        driver.preflight(request.job)
        driver.stage_request(request, {"TOKEN": "x"}, no_progress)
        (answer,) = driver.submit_jobs([request])
        driver.find_submission(request)
        driver.job_states([answer.ref])
        driver.stop_job(answer.ref)
        with open_session("sagemaker").logs(answer.ref, follow=False, after=None) as lines:
            list(lines)
        driver.job_states([answer.ref])
    made = aws.permissions() - {"sts:GetCallerIdentity"}
    assert made <= actions("sagemaker-user-policy.json")


def test_the_documentation_names_every_setting():
    page = (DOCS / "sagemaker.md").read_text()
    assert [name for name in SageMakerSettings.model_fields if f"`{name}`" not in page] == []
