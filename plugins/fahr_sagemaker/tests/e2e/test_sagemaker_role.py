"""The policy that the documentation has for the role of jobs, held against real jobs."""

from __future__ import annotations

import json
from pathlib import Path

POLICY = Path(__file__).parents[4] / "docs" / "drivers" / "sagemaker-role-policy.json"
#: What SageMaker does as the role besides, where this cloud cannot see it: pulling the image by
#: the registry's own protocol, metrics.  Source: Amazon SageMaker AI Developer Guide,
#: "CreateTrainingJob API: Execution Role Permissions".
UNSEEN = {
    "cloudwatch:PutMetricData",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "logs:DescribeLogStreams",
}
TRAIN = """
import os
from pathlib import Path
assert os.environ["TOKEN"] == "made-up"
assert Path(os.environ["FAHR_INPUT_DIR"], "data", "one.txt").read_text() == "1"
Path(os.environ["FAHR_CHECKPOINT_DIR"], "state.txt").write_text("at the end")
Path("model.txt").write_text("weights")
print("trained")
"""


def test_the_roles_policy_is_enough_for_a_job_and_allows_no_more(fahr, aws):
    fahr.write("train.py", TRAIN)
    (fahr.folder.parent / "data").mkdir()
    (fahr.folder.parent / "data" / "one.txt").write_text("1")
    words = ("--secret=TOKEN", "--input=data=../data")
    for vault in ("secretsmanager", "ssm"):
        _, job = fahr.sent("train.py", *words, "-c", f"vault={vault}", env={"TOKEN": "made-up"})
        assert (job.status, job.reason) == ("Completed", "")
    used = aws.permissions("job") | aws.permissions("role")
    allowed = {
        action
        for statement in json.loads(POLICY.read_text())["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert used - allowed == set()
    assert allowed - used == UNSEEN
