from __future__ import annotations

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import ImageTarget
from fahr_gcp import artifact_registry
from fahr_gcp.artifact_registry import Repository, login_to, repository_of, target_of
from made_jobs import job_of

URI = "europe-west4-docker.pkg.dev/fahr-tests/fahr/jobs"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Look for the repository often."""
    monkeypatch.setattr(artifact_registry, "_PAUSE", 0.01)
    monkeypatch.setattr("fahr_gcp.client._LONGEST_PAUSE", 0.02)


@pytest.mark.parametrize(
    ("settings", "uri"),
    [
        ({}, URI),
        ({"region": "us-east1"}, "us-east1-docker.pkg.dev/fahr-tests/fahr/jobs"),
        (
            {"project": "example.com:old-one"},
            "europe-west4-docker.pkg.dev/example.com/old-one/fahr/jobs",
        ),
        ({"image_repository": "us-docker.pkg.dev/p/own"}, "us-docker.pkg.dev/p/own/jobs"),
        ({"image_repository": "us-docker.pkg.dev/p/own/x"}, "us-docker.pkg.dev/p/own/x"),
        ({"image_repository": "127.0.0.1:5000/p/own"}, "127.0.0.1:5000/p/own"),
    ],
)
def test_where_the_image_goes(settings, uri):
    target = target_of(job_of(settings))
    assert target == ImageTarget(repository=uri, platform="linux/amd64", media_types="docker")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        (URI, Repository(project="fahr-tests", region="europe-west4", name="fahr")),
        ("us-docker.pkg.dev/p/r", Repository(project="p", region="us", name="r")),
        (
            "us-docker.pkg.dev/example.com/p/r/x",
            Repository(project="example.com:p", region="us", name="r"),
        ),
        ("us-docker.pkg.dev/p", None),
        ("gcr.io/p/r", None),
        ("127.0.0.1:5000/p/r", None),
    ],
)
def test_which_repository_a_uri_is_in(uri, found):
    assert repository_of(uri) == found


def test_a_missing_repository_is_made_once_with_a_policy(gcp):
    target = target_of(job_of({"encryption": None}))
    for _ in range(2):
        login = login_to(target)
    assert (login.registry, login.username) == ("europe-west4-docker.pkg.dev", "oauth2accesstoken")
    assert login.password
    assert login.expires is not None
    (call,) = gcp.called("artifactregistry:repositories.create")
    assert call.document["format"] == "DOCKER"
    actions = {each["action"] for each in call.document["cleanupPolicies"].values()}
    assert actions == {"KEEP", "DELETE"}


def test_a_repository_that_another_makes_meanwhile_is_waited_for(gcp, monkeypatch):
    there = iter([False, False, True])
    monkeypatch.setattr(artifact_registry, "_is_there", lambda *asked: next(there))
    gcp.repository("fahr")
    login_to(target_of(job_of()))
    assert len(gcp.called("artifactregistry:repositories.create")) == 1


def test_another_process_logs_in_by_the_name_alone(gcp, monkeypatch):
    monkeypatch.setattr(artifact_registry._Wanted, "of", {})
    gcp.repository("fahr")
    assert login_to(ImageTarget(repository=URI)).registry == "europe-west4-docker.pkg.dev"
    with pytest.raises(ServiceError, match="nobody told which project"):
        login_to(ImageTarget(repository="127.0.0.1:5000/p/r"))


def test_who_may_not_make_it_is_told(gcp):
    gcp.deny("artifactregistry.repositories.create")
    with pytest.raises(AccessError, match=r"artifactregistry.repositories.create"):
        login_to(target_of(job_of()))


def test_a_repository_that_is_never_there_is_told(gcp, monkeypatch):
    monkeypatch.setattr(artifact_registry, "_PATIENCE", 0.0)
    monkeypatch.setattr(artifact_registry, "_is_there", lambda *asked: False)
    with pytest.raises(ServiceError, match="is still being made"):
        login_to(target_of(job_of()))


def test_an_answer_that_is_lost_makes_it_all_the_same(gcp):
    gcp.faults.add("artifactregistry:repositories.create", Fault.LOST)
    assert login_to(target_of(job_of())).password
