"""Every call can go wrong, in each of the ways that a network and a service have."""

from __future__ import annotations

import time

import pytest
import requests
from kaggle_sdk import client_of, output, save, status
from requests.exceptions import ChunkedEncodingError, HTTPError
from tests.clouds.kaggle import Limits


def test_a_call_that_is_cut_has_done_nothing(client, cloud):
    cloud.faults.add("SaveKernel", "cut")
    with pytest.raises(requests.exceptions.ConnectionError):
        save(client)
    assert cloud.sessions == []
    assert save(client).version_number == 1
    assert [call.status for call in cloud.calls] == [0, 200]


def test_an_answer_that_is_lost_took_effect(client, cloud):
    cloud.faults.add("SaveKernel", "lost")
    with pytest.raises(requests.exceptions.ConnectionError):
        save(client)
    assert len(cloud.sessions) == 1
    assert save(client).version_number == 2


def test_a_service_that_is_busy_says_when_to_come_again(client, cloud):
    cloud.faults.add("GetKernelSessionStatus", "limited", seconds=7)
    save(client)
    with pytest.raises(HTTPError) as error:
        status(client)
    assert error.value.response.status_code == 429
    assert error.value.response.headers["Retry-After"] == "7"


def test_a_service_that_is_broken_has_done_nothing(client, cloud):
    cloud.faults.add("SaveKernel", "broken", times=2)
    for _ in range(2):
        with pytest.raises(HTTPError) as error:
            save(client)
        assert error.value.response.status_code == 500
    assert save(client).version_number == 1


def test_a_slow_call_takes_its_time(client, cloud):
    cloud.faults.add("SaveKernel", "slow", seconds=0.3)
    started = time.monotonic()
    save(client)
    assert time.monotonic() - started >= 0.3


def test_a_silent_server_answers_nobody_and_lets_go(client, cloud):
    cloud.faults.add("*", "silent")
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get("http://localhost/api/v1/kernels/logs/stream/anna/x", timeout=0.3)
    assert save(client).version_number == 1


def test_a_file_ends_in_its_middle(client, cloud):
    save(client, "open('model', 'w').write('x' * 1000)")
    cloud.wait("anna/train-it")
    cloud.faults.add("Download", "torn")
    (file,) = output(client).files
    with pytest.raises(ChunkedEncodingError):
        requests.get(file.url)
    assert len(requests.get(file.url).content) == 1000


def test_a_fault_can_wait_for_its_call(client, cloud):
    cloud.faults.add("SaveKernel", "cut", after=1)
    save(client)
    assert cloud.faults.left == 1
    with pytest.raises(requests.exceptions.ConnectionError):
        save(client)
    assert cloud.faults.left == 0


def test_too_many_calls_within_a_while_are_429(clouds, outside):
    cloud = clouds(limits=Limits(calls=2, window_seconds=1000))
    with client_of(cloud, outside) as client:
        save(client)
        save(client)
        with pytest.raises(HTTPError, match="Too Many Requests"):
            save(client)


def test_what_is_not_the_services_is_noted(client, cloud):
    assert requests.get("http://example.invalid/x").status_code == 502
    assert cloud.strays == ["GET http://example.invalid/x"]
