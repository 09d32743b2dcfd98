from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest
from tests.clouds.aws.cloud import ACCOUNT, REGION

from fahr_core.errors import AccessError
from fahr_core.models import Absent, Found, State
from fahr_sagemaker.found import find_job, list_jobs
from fahr_sagemaker.states import job_states
from placed_jobs import NAME, PATH, placed

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{NAME}"


@pytest.mark.parametrize("name", [NAME, ARN])
def test_a_job_made_elsewhere_is_found(aws: Cloud, name: str) -> None:
    placed(aws)
    found = find_job(name, {})
    assert isinstance(found, Found)
    assert found.ref.id == NAME
    assert found.ref.data == {
        "account": ACCOUNT,
        "region": REGION,
        "arn": ARN,
        "output": f"{PATH}/{NAME}/output/",
    }
    assert found.link
    assert found.link.endswith(f"#/jobs/{NAME}")
    assert job_states([found.ref])[0].state is State.RUNNING


def test_one_of_ours_has_its_run_and_its_secrets(aws: Cloud) -> None:
    variables = {"FAHR_RUN_ID": "abc", "FAHR_SECRETS": "ssm:/fahr/x"}
    placed(aws, NAME, "Training", Environment=variables)
    found = find_job(NAME, {})
    assert isinstance(found, Found)
    assert (found.ref.data["run_id"], found.ref.data["secrets"]) == ("abc", "ssm:/fahr/x")


@pytest.mark.parametrize("name", ["never-was", "no name at all", "x" * 64])
def test_what_is_not_there_is_absent(aws: Cloud, name: str) -> None:
    assert isinstance(find_job(name, {}), Absent)


def test_a_missing_permission_is_no_absence(aws: Cloud) -> None:
    aws.deny("sagemaker:DescribeTrainingJob")
    with pytest.raises(AccessError):
        find_job(NAME, {})


def test_the_region_of_the_settings_is_asked(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(aws)
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert isinstance(find_job(NAME, {"region": REGION}), Found)
    with pytest.raises(AccessError, match="region"):
        find_job(NAME, {})


class TestListing:
    def test_the_newest_first_over_pages(self, aws: Cloud) -> None:
        for number in range(230):
            placed(aws, f"job-{number}").created = 1e9 + number
        jobs = list(list_jobs({}))
        assert [job.name for job in jobs] == [f"job-{number}" for number in range(229, -1, -1)]
        assert len(aws.called("sagemaker:ListTrainingJobs")) == 3
        assert jobs[0].state.state is State.RUNNING
        assert jobs[0].state.created == 1e9 + 229

    def test_a_page_is_asked_for_when_it_is_read(self, aws: Cloud) -> None:
        for number in range(230):
            placed(aws, f"job-{number}")
        assert len(list(islice(list_jobs({}), 20))) == 20
        assert len(aws.called("sagemaker:ListTrainingJobs")) == 1
        assert aws.called("sagemaker:DescribeTrainingJob") == []

    def test_a_listed_job_can_be_asked_about(self, aws: Cloud) -> None:
        placed(aws, NAME, "Failed").reason = "AlgorithmError: no digits, exit code: 1"
        (job,) = list_jobs({})
        assert (job.state.state, job.state.reason) == (State.FAILED, None)
        assert job_states([job.state.ref])[0].reason == "no digits"

    def test_no_job_at_all(self, aws: Cloud) -> None:
        assert list(list_jobs({})) == []
