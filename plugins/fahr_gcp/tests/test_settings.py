from __future__ import annotations

import pytest
from pydantic import ValidationError

from made_jobs import settings_of


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"project": "123456789"}, "is a number; the id has letters"),
        ({"project": "My Project"}, "is no id of a project"),
        ({"output_path": "s3://bucket/x"}, "is no folder of Cloud Storage"),
        ({"output_path": "gs://B/x"}, "is no name of a bucket"),
        ({"output_path": "gs://bucket/a b"}, "characters that a folder's name must not have"),
        ({"region": "us-central1-a"}, "is no region; did you mean us-central1?"),
        ({"region": "us-central-1"}, "is no region; did you mean us-central1?"),
        ({"region": "here"}, "'here' is no region: they are called like europe-west4"),
        ({"accelerator_type": "NVIDIA_TESLA_T4", "machine_type": "e2-standard-4"}, "takes no"),
        ({"max_wait": "2h"}, "strategy=flex-start"),
        ({"strategy": "spot", "persistent_resource": "res"}, "leave out strategy"),
        ({"service_account": "trainer"}, "service_account"),
        ({"network": "default"}, "network"),
        ({"labels": {"Team": "x"}}, "label 'Team'"),
        ({"labels": {"team": "Ä"}}, "label 'team'"),
        ({"labels": {"fahr-run": "x"}}, "label fahr-run is fahr's own"),
        ({"environment": {"AIP_MODEL_DIR": "x"}}, "AIP_MODEL_DIR is set by fahr"),
        ({"environment": {"A-B": "x"}}, "is no name of a variable"),
        ({"environment": {f"A{n}": "x" for n in range(41)}}, "41 variables"),
        ({"boot_disk_size": 50}, "boot_disk_size"),
        ({"timeout": "10s"}, "timeout"),
        ({"strategy": "flex-start", "timeout": "8d"}, "7 days at most"),
        ({"web_access": True}, "needs a service_account"),
        ({"restart_job": True, "disable_retries": True}, "give one of them"),
        ({"encryption": "key"}, "encryption"),
        ({"image_repository": "https://host/x"}, "image_repository"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_is_not_allowed_is_told(given, told):
    with pytest.raises(ValidationError) as caught:
        settings_of(**given)
    assert told in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ValidationError) as caught:
        settings_of(project="123", output_path="x", region="here", max_wait="1h", labels={"A": ""})
    told = str(caught.value)
    for part in ("is a number", "output_path", "region", "flex-start", "label"):
        assert part in told


def test_what_is_missing_is_told_beside_what_is_wrong():
    from fahr_gcp.settings import GcpSettings

    with pytest.raises(ValidationError) as caught:
        GcpSettings.model_validate({"project": "123", "max_wait": "1h"})
    found = {error["loc"]: error["type"] for error in caught.value.errors()}
    assert found["output_path",] == "missing"
    assert "is a number" in str(caught.value)
    assert "flex-start" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"timeout": "2h"}, ("timeout", 7200)),
        ({"strategy": "FLEX_START", "max_wait": "1d"}, ("strategy", "flex-start")),
        ({"project": "example.com:old-project"}, ("project", "example.com:old-project")),
        ({"output_path": "gs://bucket"}, ("output_path", "gs://bucket")),
        ({"image_repository": "127.0.0.1:5000/p/images"},) * 2,
    ],
)
def test_what_is_allowed(given, kept):
    settings = settings_of(**given)
    name, value = kept if isinstance(kept, tuple) else next(iter(kept.items()))
    assert settings[name] == value
