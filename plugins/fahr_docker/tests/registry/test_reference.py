from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import UsageError
from fahr_docker.registry.reference import (
    Reference,
    base_url,
    is_same_registry,
    is_tag,
    parse_reference,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
ports = st.one_of(st.just(""), st.integers(1, 65535).map(":{}".format))
hosts = st.one_of(
    st.builds("{}.{}{}".format, labels, labels, ports),
    st.builds("{}:{}".format, labels, st.integers(1, 65535)),
    st.builds("localhost{}".format, ports),
)
parts = st.from_regex(r"[a-z0-9]+((\.|_|__|-{1,3})[a-z0-9]+){0,2}", fullmatch=True)
repositories = st.lists(parts, min_size=1, max_size=4).map("/".join)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digests = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", "docker.io/library/python"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("team/img", "docker.io/team/img"),
        ("docker.io/python", "docker.io/library/python"),
        ("index.docker.io/team/img:1", "docker.io/team/img:1"),
        ("localhost/img", "localhost/img"),
        ("127.0.0.1:5000/team/img:tag", "127.0.0.1:5000/team/img:tag"),
        (f"127.0.0.1:5000/team/img:tag@{DIGEST}", f"127.0.0.1:5000/team/img:tag@{DIGEST}"),
        ("[::1]:5000/img", "[::1]:5000/img"),
        ("registry.example/a/b/c", "registry.example/a/b/c"),
        ("Team/img", "Team/img"),
    ],
)
def test_names_are_read_as_the_engine_does(text, expected):
    assert str(parse_reference(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "img:",
        "img@",
        "img@sha256:12",
        "img@md5:" + "0" * 32,
        "Img",
        "a//b",
        "team/Img",
        "-a",
        "a_",
        "img:t g",
        "img:tag\n",
        "img\n",
        "ho st/img",
        "https://registry.example/img",
        "img:" + "t" * 129,
        "r.example/" + "a" * 250,
        "r.example:/img",
        "bücher",
        "img:täg",
        "user:password@registry.example/img",
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(UsageError, match="is not the name of an image"):
        parse_reference(text)


def test_a_password_in_a_name_is_not_repeated():
    for text in ("user:secret@registry.example/img", "https://user:secret@registry.example/img"):
        with pytest.raises(UsageError) as error:
            parse_reference(text)
        with pytest.raises(UsageError) as other:
            base_url(text)
        assert "secret" not in str(error.value) + str(other.value)


@given(hosts, repositories, st.none() | tags, st.none() | digests)
def test_a_name_comes_back_as_it_was(host, repository, tag, digest):
    reference = Reference(registry=host, repository=repository, tag=tag, digest=digest)
    assert parse_reference(str(reference)) == reference
    assert True


@given(st.text(max_size=60) | st.from_regex(r"[a-zA-Z0-9./:@_\[\]-]{1,60}", fullmatch=True))
def test_any_text_is_a_stable_name_or_refused(text):
    try:
        reference = parse_reference(text)
    except UsageError:
        return
    assert parse_reference(str(reference)) == reference
    assert "\n" not in str(reference)
    assert reference.tag is None or is_tag(reference.tag)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("registry.example", "https://registry.example"),
        ("registry.example:5000", "https://registry.example:5000"),
        ("https://registry.example/", "https://registry.example"),
        ("docker.io", "https://registry-1.docker.io"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("127.8.9.1", "http://127.8.9.1"),
        ("localhost:5000", "http://localhost:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("https://127.0.0.1:5000", "https://127.0.0.1:5000"),
        ("localhost.example", "https://localhost.example"),
        ("127.0.0.1.example", "https://127.0.0.1.example"),
    ],
)
def test_plain_http_is_for_this_machine_alone(host, expected):
    assert base_url(host) == expected


@pytest.mark.parametrize(
    "host",
    [
        "http://registry.example",
        "ftp://registry.example",
        "a b",
        "",
        "u:p@r.example",
        "r.example/x",
    ],
)
def test_what_is_no_host_is_refused(host):
    with pytest.raises(UsageError):
        base_url(host)


def test_one_registry_under_several_names():
    assert is_same_registry("https://index.docker.io/v1/", "docker.io")
    assert is_same_registry("https://Registry.example", "registry.example")
    assert not is_same_registry("registry.example", "registry.example:5000")
