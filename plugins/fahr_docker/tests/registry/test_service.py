from __future__ import annotations

import subprocess
import sys
import time
from email.utils import formatdate

import pytest

from fahr_core.errors import AccessError, FahrError, ServiceError, UsageError
from fahr_core.models import Login
from fahr_docker.registry import Patience, Registry
from fahr_docker.registry.service import _seconds
from real_registry import QUICK, USERNAME
from scripted import serving

DIGEST = "sha256:" + "ab" * 32
FOUND = (200, {"Docker-Content-Digest": DIGEST}, b"")
SECRET = "the-very-secret"


def client(host, **options):
    options = {"patience": QUICK} | options
    return Registry(host, "team/img", lambda: Login(host, USERNAME, SECRET), **options)


def test_nothing_listens():
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:1 does not answer: connection refused"):
        client("127.0.0.1:1").head_manifest("x")


def test_a_name_that_is_not_known():
    with pytest.raises(ServiceError, match=r"nowhere\.invalid does not answer: its name"):
        client("nowhere.invalid").head_manifest("x")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status):
    answers = iter([(status, {}, b""), (status, {}, b""), FOUND])
    with serving(lambda asked: next(answers)) as server:
        assert client(server.host).head_manifest("x") == DIGEST


def test_it_is_tried_as_often_as_patience_says():
    with serving(lambda asked: (503, {}, b"")) as server:
        with pytest.raises(ServiceError, match=r"cannot answer now \(503\)"):
            client(server.host, patience=Patience(attempts=3, first_delay=0.01)).head_manifest("x")
        assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 405, 409, 418, 501])
def test_what_will_not_pass_is_told_at_once(status):
    body = b'{"errors": [{"code": "UNSUPPORTED", "message": "never\\u001b[31m mind"}]}'
    with serving(lambda asked: (status, {}, body)) as server:
        with pytest.raises(ServiceError, match=rf"\({status} UNSUPPORTED never \[31m mind\)"):
            client(server.host).get_manifest("x")
        assert len(server.asked) == 1


def test_a_page_of_a_proxy_is_not_repeated_in_a_message():
    page = f"<html>{SECRET}</html>".encode()
    with serving(lambda asked: (500, {}, page)) as server:
        with pytest.raises(ServiceError) as error:
            client(server.host).get_manifest("x")
        assert SECRET not in str(error.value)
        assert "html" not in str(error.value)


def test_a_pause_is_a_number_or_a_date():
    assert _seconds("7") == 7
    assert _seconds(formatdate(time.time() + 100, usegmt=True)) == pytest.approx(100, abs=5)
    assert _seconds(formatdate(time.time() - 100, usegmt=True)) == 0
    assert _seconds("soon") is None
    assert _seconds("") is None


def test_a_pause_is_kept():
    answers = iter([(429, {"Retry-After": "1"}, b""), FOUND])
    with serving(lambda asked: next(answers)) as server:
        started = time.monotonic()
        assert client(server.host).head_manifest("x") == DIGEST
        assert time.monotonic() - started >= 1


def test_connections_are_kept(through, faulty):
    registry = through()
    for _ in range(5):
        registry.head_manifest("x")
    assert len(faulty.seen) == 5
    assert faulty.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(through, faulty):
    registry = through()
    registry.head_manifest("x")
    faulty.once(1, "cut before")
    assert registry.head_manifest("x") is None


def test_a_login_does_not_follow_to_another_host():
    with serving(lambda asked: (200, {}, b"{}")) as other:
        there = {"Location": f"http://{other.host}/stored?signature={SECRET}"}
        with serving(lambda asked: (307, there, b"")) as server:
            with pytest.raises(UsageError):  # what is stored there is no manifest
                client(server.host).get_manifest("x")
            assert "authorization" in server.asked[0].headers
            assert "authorization" not in other.asked[0].headers


def test_a_storage_that_refuses_is_asked_again_and_shows_no_signature():
    with serving(lambda asked: (403, {}, b"")) as other:
        there = {"Location": f"http://{other.host}/stored?signature={SECRET}"}
        with serving(lambda asked: (307, there, b"")) as server:
            with pytest.raises(ServiceError, match="the storage behind it answers 403") as error:
                client(server.host).get_manifest("x")
            assert SECRET not in str(error.value)
            assert len(server.asked) == QUICK.attempts


def test_a_redirect_without_end_is_told():
    with (
        serving(lambda asked: (307, {"Location": asked.path}, b"")) as server,
        pytest.raises(ServiceError, match="round in circles"),
    ):
        client(server.host).get_manifest("x")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x.example/y"])
def test_a_redirect_to_no_web_address_is_refused(target):
    with (
        serving(lambda asked: (307, {"Location": target}, b"")) as server,
        pytest.raises(ServiceError, match="not https"),
    ):
        client(server.host).get_manifest("x")


def test_an_answer_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("fahr_docker.registry.exchange.LARGEST_ANSWER", 1000)
    with (
        serving(lambda asked: (200, {}, bytes(1001))) as server,
        pytest.raises(ServiceError, match="more than 1000 bytes"),
    ):
        client(server.host).get_manifest("x")


@pytest.mark.parametrize("location", ["", "http://[", "http://127.0.0.1:99999/x", "\x00"])
def test_a_senseless_address_is_an_error_of_ours(location):
    with (
        serving(lambda asked: (307, {"Location": location}, b"")) as server,
        pytest.raises(FahrError),
    ):
        client(server.host).get_manifest("x")


def test_https_is_spoken_and_an_unknown_authority_refused(monkeypatch, tmp_path):
    with serving_tls(tmp_path) as (host, certificate):
        address = f"https://{host}"
        with pytest.raises(AccessError, match=r"certificate of .* is not trusted: self"):
            Registry(address, "team/img", patience=QUICK).head_manifest("x")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Registry(address, "team/img", patience=QUICK).head_manifest("x") == DIGEST


def test_http_where_https_is_spoken_is_told(real_registry):
    with pytest.raises(ServiceError, match="does not answer"):
        Registry(f"https://{real_registry.host}", "x", patience=QUICK).head_manifest("x")


@pytest.mark.parametrize("repository", ["", "A", "a b", "../x", "a/", "a?b"])
def test_what_is_no_repository_is_refused(repository):
    with pytest.raises(UsageError, match="is not the name of a repository"):
        Registry("registry.example", repository)


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    asked = []

    def answer(request):
        asked.append(request.path)
        return 502, {}, b""

    with serving(answer) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:{SECRET}@{proxy.host}")
        with pytest.raises(ServiceError, match="does not answer") as error:
            client("registry.example").head_manifest("x")
        assert SECRET not in str(error.value)


def test_this_machine_is_asked_without_a_proxy(monkeypatch, registry):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert registry.head_manifest("x") is None


def test_urllib3_is_not_imported_before_the_first_request():
    code = (
        "import sys, fahr_docker.append, fahr_docker.registry as r\n"
        "r.Registry('registry.example', 'a')\n"
        "print({'urllib3', 'http.client', 'docker', 'urllib.request'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def serving_tls(folder):
    import contextlib
    import ssl
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    from real_registry import need_program

    need_program("openssl")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder,
        capture_output=True,
        check=True,
    )

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response_only(200)
            self.send_header("Docker-Content-Digest", DIGEST)
            self.end_headers()

        def log_message(self, *_):
            """Keep quiet."""

    @contextlib.contextmanager
    def run():
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", folder / "cert.pem"
        server.shutdown()
        server.server_close()

    return run()
