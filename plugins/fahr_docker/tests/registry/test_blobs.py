from __future__ import annotations

import io
import os

import pytest

from fahr_core.errors import AccessError, DiskError, ServiceError
from fahr_core.store import digest_of
from fahr_docker.registry import Blob, Patience, Registry, blobs
from real_registry import QUICK
from scripted import serving

CHUNK = 1000
CUTS = ("cut before", "cut body", "cut after", "cut answer", "500", "429")


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(blobs, "CHUNK", CHUNK)


def stored(registry, digest):
    target = io.BytesIO()
    registry.download_blob(digest, target)
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 300_000])
def test_a_blob_goes_there_and_back(registry, size):
    content = os.urandom(size)
    blob = Blob.of(content)
    assert registry.head_blob(blob.digest) is None
    assert registry.upload_blob(blob)
    assert registry.head_blob(blob.digest) == size
    assert stored(registry, blob.digest) == content


def test_what_is_there_is_not_sent_again(through, registry, faulty):
    blob = Blob.of(b"once")
    assert registry.upload_blob(blob)
    assert not through().upload_blob(blob)
    assert len(faulty.seen) == 1
    assert faulty.bytes_in == 0


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_a_large_blob_goes_in_chunks(through, faulty, size, small_chunks):
    content, told = os.urandom(size), []
    client = through()
    client.upload_blob(Blob.of(content), lambda done, total: told.append((done, total)))
    patches = sum(line.startswith("PATCH") for line in faulty.seen)
    assert patches == (0 if size <= CHUNK else -(-size // CHUNK))
    assert stored(client, digest_of(content)) == content
    assert told == sorted(told)
    assert told[-1] == (size, size)


@pytest.mark.parametrize("fault", CUTS)
def test_an_upload_in_chunks_gets_over_a_failure_of_any_request(
    through, faulty, small_chunks, fault
):
    for request in range(1, 7):  # POST, four times PATCH, PUT
        content = os.urandom(3 * CHUNK + 5)
        faulty.once(request, fault)
        client = through()
        client.upload_blob(Blob.of(content))
        assert stored(client, digest_of(content)) == content


def test_after_a_cut_the_upload_goes_on_where_it_was(through, faulty, small_chunks):
    content = os.urandom(5 * CHUNK)
    faulty.once(5, "cut before")  # the fourth chunk
    through().upload_blob(Blob.of(content))
    methods = [line.split()[0] for line in faulty.seen]
    assert methods == ["POST", *["PATCH"] * 4, "GET", *["PATCH"] * 2, "PUT"]
    assert faulty.bytes_in == len(content)


def test_a_line_that_is_cut_often_is_not_given_up_while_it_gets_on(through, faulty, small_chunks):
    content = os.urandom(12 * CHUNK)
    faulty.choose = lambda number, method, path: (
        "cut before" if method == "PATCH" and number % 3 == 2 else None
    )
    client = through(patience=Patience(attempts=2, first_delay=0.01))
    client.upload_blob(Blob.of(content))
    faulty.begin()
    assert stored(client, digest_of(content)) == content


def test_an_upload_that_never_gets_on_is_given_up(through, faulty, small_chunks):
    faulty.choose = lambda number, method, path: "cut body" if method == "PATCH" else None
    with pytest.raises(ServiceError, match="does not answer"):
        through().upload_blob(Blob.of(os.urandom(3 * CHUNK)))


@pytest.mark.parametrize("fault", ["cut before", "cut answer", "damage answer", "500"])
def test_a_download_begins_anew(through, registry, faulty, fault):
    content = os.urandom(100_000)
    registry.upload_blob(Blob.of(content))
    faulty.once(1, fault)
    assert stored(through(), digest_of(content)) == content


def test_what_comes_damaged_each_time_is_refused(through, registry, faulty):
    blob = Blob.of(b"content")
    registry.upload_blob(blob)
    faulty.always_from(1, "damage answer")
    with pytest.raises(ServiceError, match="came damaged"):
        through().read_blob(blob.digest)


def test_what_is_left_of_a_body_is_not_taken_for_an_answer(registry, monkeypatch):
    large = Blob.of(os.urandom(3_000_000))
    registry.upload_blob(large)
    monkeypatch.setattr(blobs, "_SMALL", 10)
    for _ in range(3):
        with pytest.raises(ServiceError, match="is larger than 10 bytes"):
            registry.read_blob(large.digest)
        assert registry.head_blob(large.digest) == large.size


def test_a_blob_that_is_not_there_is_told(registry):
    digest = digest_of(b"nowhere")
    with pytest.raises(ServiceError, match=f"has no content {digest}"):
        registry.read_blob(digest)


def test_a_blob_is_taken_over_from_another_repository(real_registry, registry, repository):
    blob = Blob.of(os.urandom(10))
    other = real_registry.repository(repository + "/other")
    assert not other.mount_blob(blob.digest, repository)
    registry.upload_blob(blob)
    assert other.mount_blob(blob.digest, repository)
    assert other.head_blob(blob.digest) == blob.size


def test_a_content_that_is_not_what_its_digest_says_is_refused(registry):
    wrong = Blob(digest=digest_of(b"one"), size=3, stream=io.BytesIO(b"two"))
    with pytest.raises(ServiceError, match="DIGEST_INVALID"):
        registry.upload_blob(wrong)
    assert registry.head_blob(wrong.digest) is None


def test_a_file_that_became_shorter_is_told(registry):
    shorter = Blob(digest=digest_of(b"whole"), size=5, stream=io.BytesIO(b"who"))
    with pytest.raises(DiskError, match="became shorter"):
        registry.upload_blob(shorter)


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told(registry):
    blob = Blob.of(b"content")
    registry.upload_blob(blob)
    with pytest.raises(DiskError, match="No space left on device"):
        registry.download_blob(blob.digest, FullDisk())


def test_a_registry_that_cannot_mount_is_asked_without():
    def answer(asked):
        if asked.method == "POST" and "mount" in asked.path:
            return 400, {}, b""
        return (
            (202, {"Location": "/up?_state=x"}, b"") if asked.method == "POST" else (201, {}, b"")
        )

    with serving(answer) as server:
        assert Registry(server.host, "team/img", patience=QUICK).upload_blob(Blob.of(b"x"))
        put = server.asked[-1]
        assert put.path == f"/up?_state=x&digest={digest_of(b'x')}"
        assert put.body == b"x"


def test_a_longer_chunk_that_is_asked_for_is_sent(small_chunks):
    def answer(asked):
        if asked.method == "POST":
            return 202, {"Location": "/up", "OCI-Chunk-Min-Length": "2500"}, b""
        return 202 if asked.method == "PATCH" else 201, {"Location": "/up"}, b""

    with serving(answer) as server:
        Registry(server.host, "team/img", patience=QUICK).upload_blob(Blob.of(bytes(4000)))
        ranges = [a.headers["content-range"] for a in server.asked if a.method == "PATCH"]
        assert ranges == ["0-2499", "2500-3999"]


def test_a_missing_repository_is_told():
    body = b'{"errors": [{"code": "NAME_UNKNOWN"}]}'
    with (
        serving(lambda asked: (404, {}, body)) as server,
        pytest.raises(AccessError, match=f"no repository {server.host}/team/img"),
    ):
        Registry(server.host, "team/img", patience=QUICK).upload_blob(Blob.of(b"x"))


@pytest.mark.parametrize("location", ["http://elsewhere.example/up", "ftp://x/up"])
def test_an_upload_goes_nowhere_in_plain(location):
    with (
        serving(lambda asked: (202, {"Location": location}, b"")) as server,
        pytest.raises(ServiceError, match="for uploads, not by https"),
    ):
        Registry(server.host, "team/img", patience=QUICK).upload_blob(Blob.of(b"x"))


def test_an_upload_without_a_place_is_told():
    with (
        serving(lambda asked: (202, {}, b"")) as server,
        pytest.raises(ServiceError, match="does not say where to upload"),
    ):
        Registry(server.host, "team/img", patience=QUICK).upload_blob(Blob.of(b"x"))
