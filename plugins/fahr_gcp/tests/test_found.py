from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from tests.clouds.gcp.cloud import NUMBER, PROJECT, REGION

from fahr_core.errors import AccessError, FahrError, UsageError
from fahr_core.models import Absent, Found, JobRef, State
from fahr_gcp.found import find_job, list_jobs
from placed_jobs import EPOCH, placed

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

SETTINGS = {"project": PROJECT, "region": REGION}
OWN = {"fahr-run": "abcdefghijklmnop"}


def found(name: str, **settings: Any) -> JobRef:
    answer = find_job(name, SETTINGS | settings)
    assert isinstance(answer, Found), answer
    return answer.ref


class TestFinding:
    @pytest.mark.parametrize(
        "name",
        [
            "77",
            "their training",
            "their training/77",
            f"projects/{NUMBER}/locations/{REGION}/customJobs/77",
            f"projects/{PROJECT}/locations/{REGION}/customJobs/77",
        ],
    )
    def test_any_job_is_found_by_each_of_its_names(self, gcp: Cloud, name: str) -> None:
        placed(gcp, number="77", displayName="their training")
        placed(gcp, number="78", displayName="another")
        assert found(name).id == "77"

    def test_of_several_of_one_name_the_latest_is_found(self, gcp: Cloud) -> None:
        for number in (3, 1, 2):
            job = placed(gcp, number=str(number), displayName="train")
            job.created = EPOCH + number
        assert found("train").id == "3"

    def test_a_name_that_is_all_digits_is_a_name_too(self, gcp: Cloud) -> None:
        placed(gcp, number="77", displayName="2026")
        assert found("2026").id == "77"

    def test_a_name_is_no_filter(self, gcp: Cloud) -> None:
        placed(gcp, number="77", displayName='a "quoted" name')
        assert found('a "quoted" name').id == "77"
        answer = find_job('x" OR display_name="another', SETTINGS)
        assert isinstance(answer, Absent)

    def test_a_resource_name_has_its_own_region(self, gcp: Cloud) -> None:
        placed(gcp, number="77")
        name = f"projects/{PROJECT}/locations/{REGION}/customJobs/77"
        assert found(name, region="us-central1").data["region"] == REGION

    @pytest.mark.parametrize("name", ["never-was", "42", "never-was/42"])
    def test_what_is_not_there_is_absent_and_the_region_is_told(
        self, gcp: Cloud, name: str
    ) -> None:
        answer = find_job(name, SETTINGS)
        assert isinstance(answer, Absent)
        assert REGION in answer.reason

    def test_the_project_has_to_be_named(self) -> None:
        with pytest.raises(UsageError, match="project"):
            find_job("train", {"project": None})

    def test_the_reference_is_enough_from_any_machine(self, gcp: Cloud) -> None:
        placed(gcp, number="77", labels=OWN, base="gs://models/runs/77")
        ref = found("77")
        assert ref.data["project"] == PROJECT
        assert ref.data["run_id"] == OWN["fahr-run"]
        assert ref.data["place"] == "gs://models/runs/77"

    def test_a_missing_permission_is_said(self, gcp: Cloud) -> None:
        gcp.deny("aiplatform.customJobs.get")
        with pytest.raises(AccessError, match=r"aiplatform\.customJobs\.get"):
            find_job("77", SETTINGS)


class TestListing:
    def test_the_newest_come_first_by_names_that_are_found(self, gcp: Cloud) -> None:
        for number in (1, 2, 3):
            job = placed(gcp, number=str(number), displayName="train")
            job.created = EPOCH + number
        own = placed(gcp, "RUNNING", "SUCCEEDED", number="9", displayName="digits-1-ab", labels=OWN)
        own.created = EPOCH + 9
        jobs = list(list_jobs(SETTINGS))
        assert [job.name for job in jobs] == ["digits-1-ab", "train/3", "train/2", "train/1"]
        assert [found(job.name).id for job in jobs] == ["9", "3", "2", "1"]
        assert jobs[0].state.state is State.COMPLETE
        assert jobs[0].state.link

    def test_a_page_is_asked_for_when_it_is_read(self, gcp: Cloud) -> None:
        for number in range(250):
            placed(gcp, number=str(1000 + number)).created = EPOCH + number
        jobs = list_jobs(SETTINGS)
        first = [job.state.ref.id for job in islice(jobs, 100)]
        assert len(gcp.called("aiplatform:customJobs.list")) == 1
        rest = [job.state.ref.id for job in jobs]
        assert len(gcp.called("aiplatform:customJobs.list")) == 3
        assert first + rest == [str(1249 - number) for number in range(250)]

    def test_no_job_is_no_error(self, gcp: Cloud) -> None:
        assert list(list_jobs(SETTINGS)) == []

    def test_the_project_has_to_be_named(self) -> None:
        with pytest.raises(UsageError, match="project"):
            list(list_jobs({}))


def test_a_region_that_is_not_there_is_told_with_the_one_that_is_meant(gcp: Cloud) -> None:
    placed(gcp)
    for region in ("us-central-1", "europe-west99"):
        for ask in (lambda given: list(list_jobs(given)), lambda given: find_job("one", given)):
            with pytest.raises(FahrError, match=f"no region {region}; did you mean") as caught:
                ask({"project": PROJECT, "region": region})
            assert caught.value.hints[0].startswith("export FAHR_GCP__REGION=")
