from __future__ import annotations

import socket
import ssl
from contextlib import closing
from threading import Thread

import pytest
import requests
from google.auth.exceptions import TransportError

from fahr_gcp.unreachable import why_unreachable


def failed(url, **options):
    """Give what requests raises."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy of the caller's
        with pytest.raises(requests.exceptions.RequestException) as caught:
            session.get(url, timeout=30, **options)
    return caught.value


@pytest.fixture
def port():
    """Give a port that nobody listens at."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return free.getsockname()[1]


def test_a_host_that_refuses_is_told_with_its_port(port):
    error = failed(f"http://127.0.0.1:{port}/storage/v1/b/models/o?prefix=x")
    assert why_unreachable(error) == f"127.0.0.1:{port}: connection refused"


def test_a_name_that_means_nothing_is_told():
    error = failed("https://nowhere-aiplatform.invalid/v1/projects")
    assert why_unreachable(error) == "nowhere-aiplatform.invalid: its name is not known"


def test_a_proxy_that_does_not_answer_is_told(port):
    proxies = {"https": f"http://127.0.0.1:{port}"}
    error = failed("https://storage.invalid/", proxies=proxies)
    assert why_unreachable(error) == "storage.invalid: by the proxy: connection refused"


def test_a_connection_that_is_cut_is_told():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        Thread(target=lambda: server.accept()[0].close()).start()
        host = "{}:{}".format(*server.getsockname())
        assert why_unreachable(failed(f"http://{host}/x")).startswith(f"{host}: ")


def test_a_certificate_of_nobody_is_told():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    assert why_unreachable(error) == "its certificate is not trusted: self-signed certificate"


def test_what_google_auth_wraps_is_told_by_its_cause(port):
    wrapped = TransportError("HTTPConnectionPool(host=...)")
    wrapped.__cause__ = failed(f"http://127.0.0.1:{port}/token")
    assert why_unreachable(wrapped) == f"127.0.0.1:{port}: connection refused"
