from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.clouds.faults import Fault
from tests.clouds.gcp.cloud import NUMBER, PROJECT, REGION

from fahr_core.models import Absent, Found, JobRef, Refused, Submitted, Unknown, from_json, to_json
from fahr_gcp.client import Client
from fahr_gcp.submission import find, submit
from made_jobs import pushed, request_of

CREATE, LIST = "aiplatform:customJobs.create", "aiplatform:customJobs.list"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait for nothing longer than a moment."""
    monkeypatch.setattr("fahr_gcp.client._LONGEST_PAUSE", 0.01)
    monkeypatch.setattr("fahr_gcp.connection._READ", 2)
    monkeypatch.setattr("fahr_gcp.submission._BETWEEN", 0.01)


@pytest.fixture
def sound(gcp):
    """Give a project that has all that a job needs, but machines: no job runs."""
    gcp.bucket("models")
    with gcp.no_machines():
        yield gcp


def planned(cloud, settings=None, **changes):
    return request_of(settings, image=pushed(cloud), **changes)


def made(cloud):
    """Give the names of the jobs that are not cancelled."""
    return [job.asked["displayName"] for job in cloud.jobs if not job.cancelling]


def test_a_request_is_a_job_and_is_found_again(sound):
    request = planned(sound)
    assert isinstance(find(request), Absent)
    answer = submit(request)
    assert isinstance(answer, Submitted)
    assert find(request) == Found(ref=answer.ref, link=answer.link)
    assert made(sound) == ["digits-train-1-abcdef"]


def test_the_reference_holds_what_any_machine_needs(sound):
    account = {"service_account": sound.service_account("trainer")}
    ref = submit(planned(sound, account, secrets=("TOKEN",))).ref
    (job,) = sound.jobs
    assert ref.id == job.number
    assert ref.data == {
        "project": PROJECT,
        "region": REGION,
        "name": f"projects/{NUMBER}/locations/{REGION}/customJobs/{job.number}",
        "display_name": "digits-train-1-abcdef",
        "run_id": "abcdefghijklmnop",
        "place": "gs://models/x/digits-train-1-abcdef",
        "secrets": f"projects/{PROJECT}/secrets/fahr-digits-train-1-abcdef",
    }
    assert from_json(JobRef, to_json(ref)) == ref


def test_the_link_is_the_consoles_page(sound):
    answer = submit(planned(sound))
    assert answer.link == (
        "https://console.cloud.google.com/agent-platform/locations/europe-west4/training/"
        f"{answer.ref.id}?project=fahr-tests"
    )


def test_a_request_that_is_sent_again_makes_no_second_job(sound):
    request = planned(sound)
    assert submit(request) == submit(request)
    assert made(sound) == ["digits-train-1-abcdef"]


def test_no_other_job_is_touched_whatever_a_list_gives(sound, monkeypatch):
    pages = Client.pages

    def every(client, service, path, query=None):
        return pages(client, service, path)

    monkeypatch.setattr(Client, "pages", every)
    requests = [planned(sound, remote_name=name, run_id=name) for name in ("one", "two")]
    refs = [submit(request).ref for request in requests]
    assert [find(request).ref for request in requests] == refs
    assert made(sound) == ["one", "two"]


def test_a_chosen_name_attaches_to_its_content_and_to_no_other(sound):
    first = submit(planned(sound, remote_name="chosen", run_id="a"))
    again = submit(planned(sound, remote_name="chosen", run_id="b"))
    assert again.ref.id == first.ref.id
    other = submit(planned(sound, remote_name="chosen", run_id="c", params={"n": 1}))
    assert isinstance(other, Refused)
    assert "another job called chosen" in other.reason
    assert made(sound) == ["chosen"]


@pytest.mark.parametrize(
    "fault", [Fault.TIMEOUT, Fault.RESET, Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE]
)
def test_a_call_that_did_not_arrive_is_made_again(sound, fault):
    sound.faults.add(CREATE, fault, seconds=3)
    assert isinstance(submit(planned(sound)), Submitted)
    assert made(sound) == ["digits-train-1-abcdef"]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.BROKEN])
@pytest.mark.parametrize("times", [1, math.inf])
def test_an_answer_that_is_lost_makes_one_job(sound, fault, times):
    sound.faults.add(CREATE, fault, times=times)
    answer = submit(planned(sound))
    assert isinstance(answer, Submitted)
    (job,) = sound.jobs
    assert answer.ref.id == job.number


def test_a_call_that_arrives_late_leaves_one_job(sound, monkeypatch):
    """The list does not show the first one in time, so that the call is made again."""
    from fahr_gcp import submission

    request = planned(sound)
    sound.faults.add(CREATE, Fault.LOST)
    monkeypatch.setattr(submission, "jobs_labelled", _late(submission.jobs_labelled, 3))
    answer = submit(request)
    assert isinstance(answer, Submitted)
    assert len(sound.jobs) == 2
    assert made(sound) == ["digits-train-1-abcdef"]
    (kept,) = [job for job in sound.jobs if not job.cancelling]
    assert kept.number == answer.ref.id


def _late(real, times):
    asked = []

    def listed(*words):
        asked.append(words)
        return real(*words) if len(asked) > times else []

    return listed


def test_what_nobody_can_tell_is_unknown(sound):
    sound.faults.add(CREATE, Fault.LOST, times=math.inf)
    sound.faults.add(LIST, Fault.ERROR, times=math.inf, skip=1)
    request = planned(sound)
    answer = submit(request)
    assert isinstance(answer, Unknown)
    assert "Google" in answer.reason
    assert isinstance(find(request), Unknown)
    sound.faults.clear()
    assert isinstance(find(request), Found)
    assert made(sound) == ["digits-train-1-abcdef"]


def test_a_service_that_fails_all_along_has_no_job(sound):
    sound.faults.add(CREATE, Fault.ERROR, times=math.inf)
    request = planned(sound)
    assert isinstance(submit(request), Unknown)
    assert isinstance(find(request), Absent)
    assert made(sound) == []


def test_a_missing_permission_is_refused_with_its_name(sound):
    sound.deny("aiplatform.customJobs.create")
    answer = submit(planned(sound))
    assert isinstance(answer, Refused)
    assert "aiplatform.customJobs.create" in answer.reason
    assert made(sound) == []


def test_a_service_account_that_may_not_be_used_is_told(sound):
    sound.service_account("trainer")
    sound.deny("iam.serviceAccounts.actAs")
    account = f"trainer@{PROJECT}.iam.gserviceaccount.com"
    answer = submit(planned(sound, {"service_account": account}))
    assert isinstance(answer, Refused)
    assert "roles/iam.serviceAccountUser" in str(answer.hints)


def test_a_quota_is_explained(sound):
    sound.quotas[REGION, "custom_model_training_nvidia_t4_gpus"] = 0
    answer = submit(planned(sound, gpu=True, build_driver="local-gpu"))
    assert isinstance(answer, Refused)
    assert "custom_model_training_nvidia_t4_gpus" in answer.reason
    assert "https://console.cloud.google.com/iam-admin/quotas?project=fahr-tests" in str(
        answer.hints
    )
    assert "nothing is charged" in answer.hints


def test_a_job_waits_for_accelerators_that_other_jobs_have(sound, monkeypatch):
    sound.quotas[REGION, "custom_model_training_nvidia_t4_gpus"] = 0
    monkeypatch.setattr("fahr_gcp.submission.quota_of", lambda *asked, spot: 4)
    two = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 2}
    answer = submit(planned(sound, two, gpu=True, build_driver="local-gpu", nodes=2))
    assert answer == Refused(
        reason="other jobs have the 4 x NVIDIA_TESLA_T4 that Google allows at once", busy=True
    )
    answer = submit(planned(sound, two, gpu=True, build_driver="local-gpu", nodes=3))
    assert isinstance(answer, Refused)
    assert not answer.busy


def test_what_the_service_refuses_is_told_in_its_words(sound):
    request = planned(sound)
    (pool,) = request.body["jobSpec"]["workerPoolSpecs"]
    spec = {
        **request.body["jobSpec"],
        "workerPoolSpecs": [{**pool, "machineSpec": {"machineType": "n1-nothing-4"}}],
    }
    answer = submit(replace(request, body={**request.body, "jobSpec": spec}))
    assert isinstance(answer, Refused)
    assert "n1-nothing-4" in answer.reason


def test_no_credentials_are_no_crash(sound, monkeypatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    answer = submit(planned(sound))
    assert isinstance(answer, Refused)
    assert answer.reason == "no Google credentials"
    assert answer.hints[0] == "gcloud auth application-default login"
