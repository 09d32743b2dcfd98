from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import FahrError, ServiceError, UsageError
from fahr_core.store import digest_of
from fahr_docker.registry import MissingBlobs, Registry
from fahr_docker.registry.manifests import DOCKER_MANIFEST, parse_manifest
from made_images import OCI, push_image
from real_registry import QUICK
from scripted import serving

NOWHERE = "sha256:" + "00" * 32


@pytest.mark.parametrize("kinds", [OCI, None])
def test_an_image_is_found_by_tag_and_digest(registry, kinds):
    digest = push_image(registry, "env-1", **({"kinds": kinds} if kinds else {}))
    assert registry.head_manifest("env-1") == registry.head_manifest(digest) == digest
    by_tag, by_digest = registry.get_manifest("env-1"), registry.get_manifest(digest)
    assert by_tag == by_digest
    assert by_tag.digest == digest
    assert registry.head_blob(by_tag.layers[0].digest) == by_tag.layers[0].size


def test_what_is_not_there_is_none(registry):
    assert registry.head_manifest("env-1") is None
    assert registry.head_manifest(NOWHERE) is None
    assert registry.get_manifest("env-1") is None
    assert registry.delete(NOWHERE) is False
    assert registry.tags() == ()


def test_a_manifest_whose_contents_are_missing_is_refused(registry):
    entry = {"mediaType": "x", "digest": NOWHERE, "size": 1}
    told = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": entry, "layers": [entry]}
    with pytest.raises(MissingBlobs, match="lost layers"):
        registry.put_manifest("env-1", json.dumps(told).encode(), DOCKER_MANIFEST)
    assert registry.tags() == ()


def test_a_blob_that_is_lost_for_a_moment_while_another_stores_it_does_not_stop_a_push():
    unknown = json.dumps({"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}).encode()
    asked = []

    def answer(request):
        asked.append(request.method)
        if len(asked) == 1:
            return 404, {"Content-Type": "application/json"}, unknown
        return 201, {"Docker-Content-Digest": digest_of(b"{}")}, b""

    with serving(answer) as server:
        registry = Registry(server.host, "team/img", patience=QUICK)
        assert registry.put_manifest("env-1", b"{}", DOCKER_MANIFEST) == digest_of(b"{}")
    assert asked == ["PUT", "PUT"]


def test_a_manifest_is_deleted_with_all_its_tags(registry):
    digest = push_image(registry, "one")
    push_image(registry, "two")
    assert registry.delete(digest)
    assert registry.head_manifest("one") is None
    assert registry.tags() == ()


def test_a_registry_that_does_not_delete_is_told():
    with (
        serving(lambda asked: (405, {}, b"")) as server,
        pytest.raises(UsageError, match=f"{server.host} does not delete team/img:x"),
    ):
        Registry(server.host, "team/img", patience=QUICK).delete("x")


def test_all_tags_are_listed(registry):
    content = registry.get_manifest(push_image(registry, "t-0")).content
    for number in range(1, 7):
        registry.put_manifest(f"t-{number}", content, DOCKER_MANIFEST)
    assert sorted(registry.tags()) == [f"t-{number}" for number in range(7)]


def test_tags_come_page_by_page():
    def answer(asked):
        page = int(asked.path.partition("last=")[2] or 0)
        link = {"Link": f'</v2/team/img/tags/list?n=1000&last={page + 1}>; rel="next"'}
        return 200, link if page < 2 else {}, json.dumps({"tags": [f"t-{page}"]}).encode()

    with serving(answer) as server:
        assert Registry(server.host, "team/img", patience=QUICK).tags() == ("t-0", "t-1", "t-2")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"tags": 1}'])
def test_what_is_no_list_of_tags_is_told(content):
    with (
        serving(lambda asked: (200, {}, content)) as server,
        pytest.raises(ServiceError, match="cannot list the tags"),
    ):
        Registry(server.host, "team/img", patience=QUICK).tags()


def test_pages_without_end_are_told(monkeypatch):
    monkeypatch.setattr("fahr_docker.registry.client._MOST_PAGES", 5)
    link = {"Link": '</v2/team/img/tags/list?last=x>; rel="next"'}
    with (
        serving(lambda asked: (200, link, b'{"tags": ["x"]}')) as server,
        pytest.raises(ServiceError, match="has no end"),
    ):
        Registry(server.host, "team/img", patience=QUICK).tags()


def test_a_registry_that_does_not_say_the_digest_is_asked_for_the_manifest():
    content = b'{"schemaVersion": 2}'
    with serving(lambda asked: (200, {}, content)) as server:
        client = Registry(server.host, "team/img", patience=QUICK)
        assert client.head_manifest("x") == digest_of(content)
        assert client.head_manifest(NOWHERE) == NOWHERE


def test_a_registry_that_says_another_digest_is_not_believed():
    other = {"Docker-Content-Digest": NOWHERE}
    with serving(lambda asked: (200, other, b"{}")) as server:
        client = Registry(server.host, "team/img", patience=QUICK)
        with pytest.raises(ServiceError, match="came damaged"):
            client.get_manifest("x")
        with pytest.raises(ServiceError, match="came damaged"):
            client.get_manifest("sha256:" + "11" * 32)
    with serving(lambda asked: (201, other, b"")) as server:
        client = Registry(server.host, "team/img", patience=QUICK)
        with pytest.raises(ServiceError, match=f"was stored as {NOWHERE}, not as sha256:"):
            client.put_manifest("x", b"{}", DOCKER_MANIFEST)


def test_a_tag_that_cannot_change_and_says_the_same_is_enough():
    content = b'{"schemaVersion": 2}'

    def answer(asked):
        if asked.method == "PUT":
            return 400, {}, b'{"errors": [{"code": "TAG_INVALID", "message": "immutable"}]}'
        return 200, {"Docker-Content-Digest": digest_of(content)}, b""

    with serving(answer) as server:
        client = Registry(server.host, "team/img", patience=QUICK)
        assert client.put_manifest("x", content, DOCKER_MANIFEST) == digest_of(content)
        with pytest.raises(ServiceError, match="400 TAG_INVALID immutable"):
            client.put_manifest("x", b"{}", DOCKER_MANIFEST)


@pytest.mark.parametrize(
    "media_type", ["application/vnd.docker.distribution.manifest.v1+prettyjws", "text/html", ""]
)
def test_a_kind_that_is_not_used_here_is_told(media_type):
    with (
        serving(lambda asked: (200, {"Content-Type": media_type}, b"{}")) as server,
        pytest.raises(UsageError, match="is no image that can be used here"),
    ):
        Registry(server.host, "team/img", patience=QUICK).get_manifest("x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["config", "layers", "digest", "size", "mediaType", "urls"]), inner
        )
    ),
    max_leaves=8,
)


@given(json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20))
def test_any_content_is_a_manifest_or_an_error(content):
    with suppress(FahrError):
        assert parse_manifest(content, DOCKER_MANIFEST, "x").content == content
