from __future__ import annotations

import pytest
from tests.clouds.gcp.cloud import REGION

from fahr_gcp.availability import regions_with
from fahr_gcp.client import Client
from fahr_gcp.preflight import examine
from fahr_gcp.quota import metric_of
from fahr_gcp.submission import submit
from made_jobs import job_of, pushed, request_of

T4 = "custom_model_training_nvidia_t4_gpus"
GPU = {"gpu": "T4", "build_driver": "local-gpu"}


@pytest.fixture
def sound(gcp):
    """Give a project that has all that a job needs."""
    gcp.bucket("models")
    return gcp


def told(job):
    return {found.subject: (found.level, found.message) for found in examine(job)}


def wrong(job):
    """Give what is not well: its message and what to do."""
    return [
        (found.message, found.hints)
        for found in examine(job)
        if found.level in ("error", "warning")
    ]


def test_what_is_well_is_told_too(sound):
    account = sound.service_account("trainer")
    job = job_of({"service_account": account}, secrets=("TOKEN",), **GPU)
    assert told(job) == {
        "machine": ("ok", "1 x n1-standard-4 (T4), 24 h at most: price unknown"),
        "credentials": ("ok", f"{sound.accounts.user}, project fahr-tests, europe-west4"),
        "services": ("ok", "aiplatform, artifactregistry, storage, logging, secretmanager"),
        "bucket": ("ok", "models in europe-west4"),
        "repository": ("ok", "europe-west4-docker.pkg.dev/fahr-tests/fahr/jobs, to be made"),
        "service account": ("ok", account),
        "name": ("ok", "digits-train-1-abcdef is free"),
        "quota": ("ok", "42 x NVIDIA_TESLA_T4 for training in europe-west4"),
    }
    sound.repository("fahr")
    assert told(job)["repository"] == ("ok", "europe-west4-docker.pkg.dev/fahr-tests/fahr/jobs")


def test_nothing_is_asked_without_credentials(sound, monkeypatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    ((message, hints),) = wrong(job_of())
    assert message == "no Google credentials"
    assert hints[0] == "gcloud auth application-default login"
    assert not sound.called()


def test_services_that_are_not_enabled_are_told_with_the_command(sound):
    sound.disabled |= {"artifactregistry", "logging"}
    messages = dict(wrong(job_of()))
    listed = "artifactregistry.googleapis.com, logging.googleapis.com"
    hints = messages[f"not enabled in project fahr-tests: {listed}"]
    services = listed.replace(",", "")
    assert hints == (f"gcloud services enable {services} --project=fahr-tests",)


def test_what_is_not_enabled_is_told_once(sound):
    sound.disabled |= {"aiplatform", "artifactregistry", "storage", "logging"}
    ((_, (command,)),) = wrong(job_of())
    assert command.count("googleapis.com") == 4
    sound.deny("serviceusage.services.list")  # nobody tells for all of them
    commands = [hints for _, hints in wrong(job_of())]
    assert sorted(commands) == [
        (f"gcloud services enable {service}.googleapis.com --project=fahr-tests",)
        for service in ("aiplatform", "artifactregistry", "storage")
    ]


def test_a_region_that_is_not_there_is_told_with_the_one_that_is_meant(sound):
    account = "nobody@fahr-tests.iam.gserviceaccount.com"
    settings = {"region": "europe-west99", "service_account": account}
    region, other = wrong(job_of({**settings, "output_path": "gs://models/x"}))
    assert region == (
        "Vertex AI has no region europe-west99; did you mean europe-west9?",
        ("fahr fit -c region=europe-west9",),
    )
    assert other[0] == f"there is no service account {account}"


def test_who_may_not_ask_for_services_is_told_no_fault(sound):
    sound.deny("serviceusage.services.list")
    assert wrong(job_of()) == []


def test_what_only_the_checks_ask_is_no_fault_where_nobody_answers(sound, monkeypatch):
    """Service Usage and IAM may be closed off where the services of a job are not."""
    for service in ("SERVICEUSAGE", "IAM", "COMPUTE"):
        variable = f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}"
        monkeypatch.setenv(variable, "http://127.0.0.1:9/")  # the port of nobody
    job = job_of({"service_account": sound.service_account("trainer")}, **GPU)
    found = told(job)
    assert {level for level, _ in found.values()} == {"ok", "warning"}
    assert found["services"][1].startswith("not known: ")
    assert found["quota"][0] == "warning"
    assert found["service account"][1].endswith("as given: it cannot be looked up")


def test_a_storage_that_knows_no_permissions_is_asked_for_the_bucket(sound, monkeypatch):
    call = Client.call

    def answered(client, service, method, path, *rest, **options):
        if path.endswith("/iam/testPermissions"):
            path = "storage/v1/b/none/iam/testPermissions"
        return call(client, service, method, path, *rest, **options)

    monkeypatch.setattr(Client, "call", answered)
    assert told(job_of())["bucket"][0] == "ok"
    ((message, _),) = wrong(job_of({"output_path": "gs://nowhere/x"}))
    assert message == "there is no bucket nowhere"


def test_a_bucket_that_is_not_there_is_told_with_the_command(sound):
    ((message, hints),) = wrong(job_of({"output_path": "gs://elsewhere-x/y"}))
    assert message == "there is no bucket elsewhere-x"
    assert hints == (
        "gcloud storage buckets create gs://elsewhere-x --location=europe-west4 "
        "--project=fahr-tests",
    )


def test_a_bucket_that_may_not_be_written_is_told(sound):
    sound.deny("storage.objects.create")
    ((message, hints),) = wrong(job_of())
    assert hints == (
        "gcloud storage buckets add-iam-policy-binding gs://models "
        f"--member=serviceAccount:{sound.accounts.user} --role=roles/storage.objectUser",
    )
    assert message == "bucket models: these credentials may not storage.objects.create"


def test_a_bucket_far_away_costs(gcp):
    gcp.bucket("models", "us-east1")
    assert told(job_of())["bucket"] == (
        "warning",
        "models in us-east1, not in europe-west4: traffic between regions is charged",
    )


def test_a_service_account_that_is_not_there_is_told(sound):
    account = "nobody@fahr-tests.iam.gserviceaccount.com"
    ((message, hints),) = wrong(job_of({"service_account": account}))
    assert message == f"there is no service account {account}"
    assert hints == ("gcloud iam service-accounts list --project=fahr-tests",)
    sound.deny("iam.serviceAccounts.get")
    assert wrong(job_of({"service_account": account})) == []


def test_a_service_account_that_these_credentials_may_not_use_is_told(sound):
    account = sound.service_account("trainer")
    sound.deny("iam.serviceAccounts.actAs")
    ((message, hints),) = wrong(job_of({"service_account": account}))
    assert message == f"these credentials may not act as {account}"
    assert hints == (
        f"gcloud iam service-accounts add-iam-policy-binding {account} "
        f"--member=serviceAccount:{sound.accounts.user} --role=roles/iam.serviceAccountUser",
    )


def test_a_project_that_is_not_there_is_told_once(sound):
    told = "there is no project another-project-1, or these credentials may not use it"
    assert wrong(job_of({"project": "another-project-1"}, **GPU)) == [
        (told, ("gcloud projects list",))
    ]


def test_a_project_whose_quota_cannot_count_is_the_one_that_is_told(sound, monkeypatch):
    person = str(sound.credentials.person("another-project-1"))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", person)
    ((message, _),) = wrong(job_of())
    assert message == "there is no project another-project-1, or these credentials may not use it"


def test_an_accelerator_that_the_region_has_not_is_told_with_regions_that_have(gcp):
    gcp.bucket("models", "us-east1")
    ((message, hints),) = wrong(
        job_of({"region": "us-east1"}, gpu="V100", build_driver="local-gpu")
    )
    assert message == "no zone of us-east1 has NVIDIA_TESLA_V100"
    assert hints == ("fahr fit -c region=us-central1    or asia-east1, europe-west4",)
    job = job_of({"region": "us-east1"}, **GPU)
    assert wrong(job) == []
    assert "accelerator" not in told(job)


def test_who_may_not_ask_for_accelerators_is_told_nothing_of_them(gcp):
    gcp.bucket("models", "asia-east1")
    gcp.deny("compute.acceleratorTypes.list")
    settings = {"region": "asia-east1"}
    assert wrong(job_of(settings, gpu="A100", build_driver="local-gpu")) == []


def test_an_accelerator_that_compute_engine_has_nowhere_is_taken_as_it_is(sound):
    assert wrong(job_of(gpu="B200", build_driver="local-gpu")) == []


def test_a_zone_that_does_not_answer_may_have_the_accelerator(sound, monkeypatch):
    items = {
        "zones/us-east1-b": {"acceleratorTypes": [{"name": "nvidia-l4"}]},
        "zones/europe-west4-a": {"warning": {"code": "UNREACHABLE"}},
        "zones/asia-east1-a": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
    }
    monkeypatch.setattr(Client, "pages", lambda *_, **__: iter([{"items": items}]))
    client = Client("fahr-tests", "asia-east1")
    assert regions_with(client, "NVIDIA_L4") == ["europe-west4", "us-east1"]
    assert regions_with(client, "NVIDIA_TESLA_T4") == []


def test_a_quota_that_is_too_small_is_told(sound):
    sound.bucket("anywhere", "us-east1")
    sound.quotas[REGION, T4] = 1
    settings = {"accelerator_count": 2, "replica_count": 2}
    ((message, hints),) = wrong(job_of(settings, **GPU))
    assert message == "Google allows 1 x NVIDIA_TESLA_T4 for training in europe-west4, not 4"
    assert "iam-admin/quotas?project=fahr-tests" in hints[0]
    elsewhere = {"region": "us-east1", "output_path": "gs://anywhere/x"}
    assert wrong(job_of({**settings, **elsewhere}, **GPU)) == []
    assert wrong(job_of({**settings, "strategy": "spot"}, **GPU)) == []


def test_who_may_not_ask_for_quotas_is_warned(sound):
    sound.deny("serviceusage.quotas.get")
    (found,) = [each for each in examine(job_of(**GPU)) if each.level != "ok"]
    assert found.level == "warning"
    assert "serviceusage.quotas.get" in found.message


def test_a_name_that_is_taken_is_told(sound):
    request = request_of(image=pushed(sound), remote_name="chosen")
    with sound.no_machines():
        submit(request)
        same = job_of(remote_name="chosen", run_id="another")
        assert told(same)["name"] == ("ok", "chosen has the same content already")
        other = job_of(remote_name="chosen", run_id="another", params={"a": 1})
        ((message, hints),) = wrong(other)
    assert message == "there is another job called chosen, of other content"
    assert hints == ("fahr fit --name ANOTHER",)


def test_settings_that_contradict_are_told_before_anything_is_asked(sound):
    messages = dict(wrong(job_of({"machine_type": "e2-standard-4"}, **GPU)))
    assert "--gpu=T4" in next(iter(messages)) or "takes no NVIDIA_TESLA_T4" in next(iter(messages))


def test_a_registry_of_ones_own_is_taken_as_it_is(sound):
    job = job_of({"image_repository": "127.0.0.1:5000/own/images"})
    assert told(job)["repository"] == ("ok", "127.0.0.1:5000/own/images, as given")


@pytest.mark.parametrize(
    ("accelerator", "spot", "metric"),
    [
        ("NVIDIA_TESLA_T4", False, "custom_model_training_nvidia_t4_gpus"),
        ("NVIDIA_L4", True, "custom_model_training_preemptible_nvidia_l4_gpus"),
        ("NVIDIA_A100_80GB", False, "custom_model_training_nvidia_a100_80gb_gpus"),
    ],
)
def test_a_quota_has_the_name_of_its_accelerator(accelerator, spot, metric):
    assert metric_of(accelerator, spot=spot) == metric
