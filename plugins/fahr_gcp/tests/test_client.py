from __future__ import annotations

import math
import socket
import threading
from contextlib import closing

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import JobRef
from fahr_gcp import client as clients
from fahr_gcp.client import Client
from fahr_gcp.endpoints import endpoint
from fahr_gcp.failures import Answer, is_certain, said, status_of

OBJECT = "storage/v1/b/models/o/x"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait for nothing longer than a moment."""
    monkeypatch.setattr(clients, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr("fahr_gcp.connection._READ", 2)


@pytest.fixture
def client(gcp):
    """Give a client of a project with a bucket that holds one object, ``x``."""
    gcp.bucket("models")
    gcp.buckets["models"].write("x", b"0123456789")
    return Client.of_settings({"project": gcp.project, "region": gcp.regions[0]})


# -- who asks, and where ----------------------------------------------------------------------


def test_a_service_account_gives_tokens(gcp, client):
    token, ends = client.token()
    assert token
    assert ends is not None
    assert client.identity == gcp.accounts.user


@pytest.mark.parametrize("impersonating", [True, False])
def test_workload_identity_gives_tokens(gcp, client, monkeypatch, impersonating):
    file = gcp.credentials.federation(impersonating=impersonating)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    own = Client(gcp.project, gcp.regions[0])
    with closing(own):
        assert own.call("storage", "GET", OBJECT)["name"] == "x"


@pytest.mark.parametrize("named", ["", "other-project"])
def test_a_persons_calls_count_for_a_project(gcp, client, monkeypatch, named):
    file = gcp.credentials.person(quota_project=named)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    seen = []
    own = Client(gcp.project, gcp.regions[0])
    with closing(own):
        try:
            own.call("aiplatform", "GET", f"v1/{own.location}/customJobs")
        except AccessError as error:
            seen.append(error.message)
    headers = gcp.called("aiplatform:customJobs.list")
    told = [call.headers.get("x-goog-user-project") for call in headers]
    assert told == [named or gcp.project] or named in str(seen)


def test_nobody_is_told_how_to_become_somebody(client, monkeypatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(AccessError, match="no Google credentials") as caught:
        Client("fahr-tests").token()
    assert caught.value.hints[0] == "gcloud auth application-default login"
    assert is_certain(caught.value)


def test_a_file_that_is_no_key_is_told(client, monkeypatch, tmp_path):
    (tmp_path / "key.json").write_text("{}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(AccessError, match="credentials cannot be used"):
        Client("fahr-tests").token()


def test_a_token_that_is_not_taken_any_more_is_renewed(gcp, client):
    client.call("storage", "GET", OBJECT)
    gcp.accounts.expire()
    assert client.call("storage", "GET", OBJECT)["name"] == "x"


def test_the_same_settings_have_one_client(monkeypatch, gcp):
    settings = {"project": "fahr-tests", "region": None}
    one = Client.of_settings(settings)
    assert one is Client.of_settings(settings)
    assert one is Client.of_ref(JobRef(driver="gcp", id="1", data={"project": "fahr-tests"}))
    monkeypatch.setenv("CLOUDSDK_AI_REGION", "us-east1")
    other = Client.of_settings(settings)
    assert other is not one
    assert (one.region, other.region) == ("us-central1", "us-east1")


def test_one_token_does_for_all_threads(gcp, client):
    work = [threading.Thread(target=client.call, args=("storage", "GET", OBJECT)) for _ in range(8)]
    for each in work:
        each.start()
    for each in work:
        each.join()
    assert len(gcp.called("oauth2:token")) == 1


@pytest.mark.parametrize(
    ("variables", "service", "address"),
    [
        ({}, "aiplatform", "https://europe-west4-aiplatform.googleapis.com"),
        ({}, "logging", "https://logging.googleapis.com"),
        (
            {"CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM": "https://own.p.googleapis.com/"},
            "aiplatform",
            "https://own.p.googleapis.com",
        ),
        (
            {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": "https://own.p.googleapis.com/compute/v1/"},
            "compute",
            "https://own.p.googleapis.com",
        ),
        ({"STORAGE_EMULATOR_HOST": "localhost:1"}, "storage", "http://localhost:1"),
    ],
)
def test_services_answer_where_the_variables_say(monkeypatch, variables, service, address):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert endpoint(service, "europe-west4") == address


# -- answers and none -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_of_a_moment_is_not_noticed(gcp, client, fault):
    gcp.faults.add("storage:objects.get", fault, seconds=3 if fault is not Fault.SLOW else 0.1)
    assert client.call("storage", "GET", OBJECT)["name"] == "x"


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET, Fault.UNAVAILABLE])
def test_a_call_that_may_have_arrived_is_not_made_again_unasked(gcp, client, fault):
    gcp.faults.add("storage:objects.get", fault)
    with pytest.raises(ServiceError, match="Google") as caught:
        client.call("storage", "GET", OBJECT, again=False)
    assert not is_certain(caught.value)
    assert len(gcp.called("storage:objects.get")) == 1


@pytest.mark.parametrize(
    ("silent", "told"),
    [
        ("storage:buckets.get", "no answer from Google to storage: GET"),
        ("oauth2:token", "Google gives no token"),
    ],
)
def test_a_service_that_stays_silent_is_given_up_the_second_time(
    gcp, client, monkeypatch, silent, told
):
    monkeypatch.setattr("fahr_gcp.connection._READ", 1)
    gcp.faults.add(silent, Fault.TIMEOUT, times=math.inf)
    with pytest.raises(ServiceError, match=told) as caught:
        client.call("storage", "GET", "storage/v1/b/models")
    assert len(gcp.faults.struck) == 2
    assert caught.value.hints == ("the same command may work in a minute",)


def test_too_many_calls_are_explained(gcp, client):
    gcp.faults.add("storage:objects.get", Fault.THROTTLE, times=math.inf)
    with pytest.raises(ServiceError, match="answers fewer calls than we made") as caught:
        client.call("storage", "GET", OBJECT, again=False)
    assert is_certain(caught.value)  # so it was made again all the same
    assert len(gcp.faults.struck) == clients._ATTEMPTS
    assert "iam-admin/quotas?project=fahr-tests" in str(caught.value.hints)


def test_a_machine_that_does_not_answer_is_told(monkeypatch, gcp):
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"127.0.0.1:{port}")
    with pytest.raises(ServiceError) as caught:
        Client("fahr-tests").call("storage", "GET", "storage/v1/b/models/o", attempts=2)
    told = "Google cannot be reached for storage: GET objects of models"
    assert caught.value.message == f"{told}: 127.0.0.1:{port}: connection refused"
    assert is_certain(caught.value)


def test_a_missing_permission_is_named(gcp, client):
    gcp.deny("aiplatform.customJobs.list")
    with pytest.raises(AccessError, match=r"may not aiplatform.customJobs.list") as caught:
        client.call("aiplatform", "GET", f"v1/{client.location}/customJobs")
    assert status_of(caught.value) == 403
    gcp.deny("storage.objects.get")
    with pytest.raises(AccessError, match=r"may not storage.objects.get"):
        client.call("storage", "GET", OBJECT)


def test_a_service_that_is_not_enabled_is_told_with_the_command(gcp, client):
    gcp.disabled.add("aiplatform")
    with pytest.raises(AccessError) as caught:
        client.call("aiplatform", "GET", f"v1/{client.location}/customJobs")
    assert caught.value.hints == (
        "gcloud services enable aiplatform.googleapis.com --project=fahr-tests",
    )


def test_what_is_not_there_has_its_status(client):
    with pytest.raises(FahrError) as caught:
        client.call("storage", "GET", f"{OBJECT}-not")
    assert status_of(caught.value) == 404
    assert is_certain(caught.value)


def test_pages_are_given_one_after_the_other(gcp, client):
    gcp.storage_page = 2
    for number in range(5):
        gcp.buckets["models"].write(f"y/{number}", b"")
    pages = list(client.pages("storage", "storage/v1/b/models/o", {"prefix": "y/"}))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]


def test_bytes_come_in_ranges(client):
    with closing(client.open("storage", OBJECT, {"alt": "media"}, start=2, stop=5)) as body:
        assert body.length == 3
        assert body.read(100) == b"234"
    with closing(client.open("storage", OBJECT, {"alt": "media"})) as body:
        assert body.read(4) + body.read(100) == b"0123456789"
    with pytest.raises(FahrError) as caught:
        client.open("storage", OBJECT, {"alt": "media"}, start=20, stop=30)
    assert status_of(caught.value) == 416


@pytest.mark.parametrize(
    ("status", "text", "code", "message"),
    [
        (
            404,
            '{"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}}',
            "NOT_FOUND",
            "no",
        ),
        (403, '{"error": {"message": "a\\nb", "errors": [{"reason": "x"}]}}', "x", "a b"),
        (400, '{"error": "invalid_grant", "error_description": "bad"}', "invalid_grant", "bad"),
        (502, "<html>Bad gateway</html>", "", "<html>Bad gateway</html>"),
        (500, "", "", ""),
        (500, "[]", "", "[]"),
    ],
)
def test_all_forms_of_an_error_are_read(status, text, code, message):
    answer = said(status, text)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.code, answer.message) == (status, code, message)
