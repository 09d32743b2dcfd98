from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import Login
from fahr_docker.registry import Blob, Registry
from fahr_docker.registry.auth import Challenge, bearer_challenge
from made_images import push_image
from real_registry import PASSWORD, QUICK, SECOND_USERNAME, USERNAME, RealRegistry, running
from scripted import serving
from tokens import token_server


@pytest.fixture
def tokens(tmp_path):
    with token_server(tmp_path) as server:
        yield server


@pytest.fixture
def guarded(tokens, tmp_path):
    """Give a real registry that wants tokens."""
    (tmp_path / "registry").mkdir()
    with running(tmp_path / "registry", tokens.auth) as registry:
        yield registry


def logins(host, *names, password=PASSWORD, expires=None):
    """Give a function that gives one login after another, and the list of those given."""
    given_out = []

    def give():
        name = names[min(len(given_out), len(names) - 1)]
        given_out.append(name)
        return Login(host, name, password, expires)

    return give, given_out


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a/t"', Challenge("https://a/t")),
        (
            'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
            Challenge("https://a/t", "s", ("repository:x:pull,push",)),
        ),
        (
            'bearer Realm="https://a/t", SCOPE="repository:x:pull repository:y:pull"',
            Challenge("https://a/t", "", ("repository:x:pull", "repository:y:pull")),
        ),
        (
            'Basic realm="registry", Bearer realm="https://a/t",service=s',
            Challenge("https://a/t", "s"),
        ),
        (r'Bearer realm="https://a/t",service="a \"b\""', Challenge("https://a/t", 'a "b"')),
        ('Basic realm="Bearer"', None),
        ("Bearer", None),
        ("", None),
        ('Bearer service="x"', None),
    ],
)
def test_challenges(header, expected):
    assert bearer_challenge(header) == expected


@given(st.text())
def test_any_header_is_a_challenge_or_none(header):
    assert bearer_challenge(header) is None or "bearer" in header.lower()


def test_a_token_is_got_once_for_pulling_and_pushing(guarded, tokens):
    client = guarded.repository("test/token")
    push_image(client, "env-1")
    assert client.tags() == ("env-1",)
    assert tokens.asked_scopes() == [["repository:test/token:pull,push"]]


def test_a_token_that_ends_is_got_anew(guarded, tokens):
    tokens.life = 1
    client = guarded.repository("test/token")
    client.upload_blob(Blob.of(b"one"))
    first = len(tokens.server.asked)
    deadline = time.monotonic() + 1.1
    while time.monotonic() < deadline:  # what is waited for is the time itself
        time.sleep(0.05)
    client.upload_blob(Blob.of(b"two"))
    assert len(tokens.server.asked) == first + 1


def test_who_may_only_pull_pulls(guarded):
    digest = push_image(guarded.repository("test/token"), "env-1")
    give, _ = logins(guarded.host, SECOND_USERNAME)
    reader = guarded.repository("test/token", login=give)
    assert reader.head_manifest("env-1") == digest
    with pytest.raises(AccessError, match=rf"{guarded.host} refuses the login for test/token"):
        reader.upload_blob(Blob.of(b"x"))


def test_deleting_asks_for_its_own_token(guarded, tokens):
    client = guarded.repository("test/token")
    digest = push_image(client, "env-1")
    assert client.delete(digest)
    assert "delete" in str(tokens.asked_scopes()[-1])
    assert client.head_manifest(digest) is None


def test_mounting_asks_for_both_repositories(guarded, tokens):
    blob = Blob.of(b"shared")
    guarded.repository("test/one").upload_blob(blob)
    other = guarded.repository("test/two")
    assert other.mount_blob(blob.digest, "test/one")
    assert sorted(tokens.asked_scopes()[-1]) == [
        "repository:test/one:pull",
        "repository:test/two:pull,push",
    ]


def test_a_wrong_password_is_told_and_not_shown(guarded, tokens):
    give, _given_out = logins(guarded.host, USERNAME, password="wrong-secret")
    client = guarded.repository("test/token", login=give)
    with pytest.raises(AccessError) as error:
        client.head_manifest("env-1")
    assert f"gives no token for {guarded.host}/test/token" in error.value.message
    assert "wrong-secret" not in str(error.value)


def test_without_a_login_one_is_asked_for(guarded):
    with pytest.raises(AccessError, match=r"refuses the login|log in to the registry first"):
        guarded.repository("test/token", login=None).head_manifest("env-1")


def test_an_expired_login_is_asked_for_again_at_the_token_server(guarded, tokens):
    give, given_out = logins(guarded.host, "expired", USERNAME)
    client = guarded.repository("test/token", login=give)
    client.upload_blob(Blob.of(b"x"))
    assert given_out == ["expired", USERNAME]


def test_a_login_is_renewed_before_it_ends(real_registry: RealRegistry, repository):
    give, given_out = logins(real_registry.host, USERNAME, expires=time.time() + 5)
    client = real_registry.repository(repository, login=give)
    client.head_manifest("a")
    client.head_manifest("b")
    assert len(given_out) == 2
    give, given_out = logins(real_registry.host, USERNAME, expires=time.time() + 3600)
    client = real_registry.repository(repository, login=give)
    client.head_manifest("a")
    client.head_manifest("b")
    assert len(given_out) == 1


def test_a_wrong_password_is_asked_for_again_once(real_registry, repository):
    names = iter(("wrong-1", "wrong-2", "never"))
    client = real_registry.repository(
        repository, login=lambda: Login(real_registry.host, next(names), "secret-text")
    )
    with pytest.raises(AccessError, match=r"refuses the login for .*\n.*\n.*docker login") as error:
        client.head_manifest("env-1")
    assert next(names) == "never"
    assert "secret-text" not in str(error.value)
    assert "wrong" not in error.value.message


def test_a_login_for_another_registry_is_never_sent(real_registry, repository):
    client = real_registry.repository(
        repository, login=lambda: Login("other.example", USERNAME, PASSWORD)
    )
    with pytest.raises(FahrError, match=r"a login for other\.example was given"):
        client.head_manifest("env-1")


def test_an_expired_login_that_ecr_answers_with_403_is_renewed():
    def answer(asked):
        fresh = "b3RoZXI6" in asked.headers["authorization"]  # other:
        body = b'{"errors": [{"code": "DENIED", "message": "Your token has expired"}]}'
        return (200, {"Docker-Content-Digest": DIGEST}, b"") if fresh else (403, {}, body)

    with serving(answer) as server:
        give, given_out = logins(server.host, "AWS", "other")
        client = Registry(server.host, "team/img", give, patience=QUICK)
        assert client.head_manifest("x") == DIGEST
        assert given_out == ["AWS", "other"]


DIGEST = "sha256:" + "ab" * 32


def test_an_access_that_is_denied_is_told_with_the_registrys_words():
    body = b'{"errors": [{"code": "DENIED", "message": "quota\\nreached"}]}'
    with serving(lambda asked: (403, {}, body)) as server:
        give, given_out = logins(server.host, USERNAME)
        client = Registry(server.host, "team/img", give, patience=QUICK)
        with pytest.raises(AccessError, match=r"does not allow this .*DENIED quota reached"):
            client.get_manifest("x")
        assert len(given_out) == 1


@pytest.mark.parametrize("realm", ["http://tokens.example/t", "ftp://x/t", "tokens"])
def test_a_password_goes_to_no_server_of_tokens_in_plain(realm):
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    with serving(lambda asked: (401, challenge, b"")) as server:
        give, _ = logins(server.host, USERNAME)
        with pytest.raises(AccessError, match="not given over https"):
            Registry(server.host, "team/img", give, patience=QUICK).head_manifest("x")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"{", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": ""}']
)
def test_what_is_no_token_is_told(content):
    def answer(asked):
        if asked.path.startswith("/t"):
            return 200, {}, content
        return 401, {"WWW-Authenticate": f'Bearer realm="http://{server.host}/t"'}, b""

    with serving(answer) as server:
        give, _ = logins(server.host, USERNAME)
        with pytest.raises(ServiceError, match="answers 200 without a token"):
            Registry(server.host, "team/img", give, patience=QUICK).head_manifest("x")


@pytest.mark.parametrize("order", ["pull,push", "push,pull", "pull"])
def test_one_token_does_for_all_whatever_the_order_of_the_challenge(order):
    def answer(asked):
        if asked.path.startswith("/t"):
            return 200, {}, b'{"token": "the-token"}'
        if "Bearer" in asked.headers.get("authorization", ""):
            return 200, {"Docker-Content-Digest": DIGEST}, b""
        challenge = f'Bearer realm="http://{server.host}/t",scope="repository:team/img:{order}"'
        return 401, {"WWW-Authenticate": challenge}, b""

    with serving(answer) as server:
        give, _ = logins(server.host, USERNAME)
        client = Registry(server.host, "team/img", give, patience=QUICK)
        client.head_manifest("x")
        client.head_manifest("y")
        paths = [asked.path for asked in server.asked if asked.path.startswith("/t")]
        assert paths == ["/t?scope=repository%3Ateam%2Fimg%3Apull%2Cpush"]


def test_access_token_and_realms_with_a_query_are_understood():
    def answer(asked):
        if asked.path.startswith("/t"):
            return 200, {}, json.dumps({"access_token": "the-token"}).encode()
        if asked.headers.get("authorization") == "Bearer the-token":
            return 200, {"Docker-Content-Digest": DIGEST}, b""
        challenge = f'Bearer realm="http://{server.host}/t?account=x",service="a b"'
        return 401, {"WWW-Authenticate": challenge}, b""

    with serving(answer) as server:
        assert Registry(server.host, "team/img", patience=QUICK).head_manifest("x") == DIGEST
        assert server.asked[1].path == "/t?account=x&service=a+b"
        assert "authorization" not in server.asked[0].headers
