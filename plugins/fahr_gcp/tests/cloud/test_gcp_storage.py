"""Objects as Cloud Storage keeps them: generations, checksums, ranges, uploads that resume."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading

import google_crc32c
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.clouds.gcp import Fault

GRAIN = 256 << 10
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)


@pytest.fixture
def models(gcp):
    """Give a bucket."""
    gcp.bucket("models")
    return gcp.buckets["models"]


@pytest.fixture
def upload(models, call):
    """Give a function that uploads in one request."""

    def put(name, content, **query):
        query = {"uploadType": "media", "name": name, **query}
        return call("POST", "upload/storage/v1/b/models/o", params=query, data=content)

    return put


@pytest.fixture
def begin(models, call):
    """Give a function that begins an upload that resumes, and gives its address."""

    def begun(name, **query):
        query = {"uploadType": "resumable", "name": name, **query}
        answer = call("POST", "upload/storage/v1/b/models/o", params=query, json={})
        assert answer.status_code == 200, answer.text
        return answer.headers["Location"]

    return begun


def piece(session, place, content, first, total="*"):
    headers = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}"}
    return session.put(place, data=content, headers=headers, timeout=60)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, content=st.binary(max_size=50))
def test_any_name_holds_any_content(models, call, name, content):
    from urllib.parse import quote

    query = {"uploadType": "media", "name": name}
    put = call("POST", "upload/storage/v1/b/models/o", params=query, data=content).json()
    assert put["name"] == name
    assert base64.b64decode(put["md5Hash"]) == hashlib.md5(content).digest()
    assert base64.b64decode(put["crc32c"]) == google_crc32c.Checksum(content).digest()
    place = f"storage/v1/b/models/o/{quote(name, safe='')}"
    assert call("GET", place).json() == put
    assert call("GET", place, params={"alt": "media"}).content == content
    assert call("DELETE", place).status_code == 204
    assert call("GET", place).status_code == 404


def test_what_is_not_there_is_said_in_the_services_words(models, call):
    nothing = call("GET", "storage/v1/b/models/o/x").json()["error"]
    assert nothing["message"] == "No such object: models/x"
    assert nothing["errors"][0]["reason"] == "notFound"
    bytes_ = call("GET", "storage/v1/b/models/o/x", params={"alt": "media"})
    assert (bytes_.status_code, bytes_.text) == (404, "No such object: models/x")
    bucket = call("GET", "storage/v1/b/elsewhere").json()["error"]
    assert bucket["message"] == "The specified bucket does not exist."


def test_a_generation_that_is_not_there_is_not_replaced(upload, models):
    first = upload("x", b"1", ifGenerationMatch=0).json()
    again = upload("x", b"2", ifGenerationMatch=0)
    assert again.status_code == 412
    assert again.json()["error"]["errors"][0]["reason"] == "conditionNotMet"
    second = upload("x", b"3", ifGenerationMatch=first["generation"]).json()
    assert int(second["generation"]) > int(first["generation"])
    assert models["x"].content == b"3"


def test_only_one_of_many_makes_an_object(upload):
    answers = []

    def put(number):
        answers.append(upload("lock", str(number).encode(), ifGenerationMatch=0).status_code)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [412] * 7


def test_replacing_needs_the_right_to_delete(upload, gcp):
    gcp.deny("storage.objects.delete")
    assert upload("x", b"1").status_code == 200
    refused = upload("x", b"2")
    assert refused.status_code == 403
    assert "storage.objects.delete" in refused.json()["error"]["message"]
    assert gcp.permissions() == {"storage.objects.create", "storage.objects.delete"}


@pytest.mark.parametrize(
    ("wanted", "content", "told"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_ranges_are_given_with_the_hashes_of_the_whole(models, call, upload, wanted, content, told):
    upload("x", b"0123456789")
    answer = call(
        "GET", "storage/v1/b/models/o/x", params={"alt": "media"}, headers={"Range": wanted}
    )
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["Content-Range"] == told
    assert models["x"].contents.md5 in answer.headers["X-Goog-Hash"]
    assert answer.headers["X-Goog-Generation"] == str(models["x"].generation)


def test_a_range_beyond_the_end_cannot_be_given(call, upload):
    upload("x", b"0123456789")
    headers = {"Range": "bytes=10-"}
    answer = call("GET", "storage/v1/b/models/o/x", params={"alt": "media"}, headers=headers)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")


def test_lists_have_pages_and_folders(models, call):
    for name in ("a", "b/1", "b/2", "c/d/1", "ä/1"):
        models.write(name, b"")

    def listed(**query):
        found, token = [], None
        while True:
            query["pageToken"] = token
            page = call("GET", "storage/v1/b/models/o", params=query).json()
            found += [item["name"] for item in page.get("items", [])] + page.get("prefixes", [])
            if not (token := page.get("nextPageToken")):
                return found

    assert listed(maxResults=2) == ["a", "b/1", "b/2", "c/d/1", "ä/1"]
    assert listed(maxResults=1, delimiter="/") == ["a", "b/", "c/", "ä/"]
    assert listed(prefix="c/", delimiter="/") == ["c/d/"]
    assert listed(startOffset="b/2", endOffset="d") == ["b/2", "c/d/1"]


def test_an_upload_goes_on_where_it_was(begin, models, session):
    content = bytes(range(256)) * 4096
    place = begin("x")
    first = piece(session, place, content[: 2 * GRAIN], 0)
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{2 * GRAIN - 1}")
    asked = session.put(place, headers={"Content-Range": f"bytes */{len(content)}"}, timeout=60)
    assert asked.headers["Range"] == f"bytes=0-{2 * GRAIN - 1}"
    assert "x" not in models
    last = piece(session, place, content[2 * GRAIN :], 2 * GRAIN, len(content))
    assert last.json()["size"] == str(len(content))
    assert models["x"].content == content
    again = session.put(place, headers={"Content-Range": f"bytes */{len(content)}"}, timeout=60)
    assert again.json()["generation"] == last.json()["generation"]


def test_of_an_upload_that_breaks_whole_grains_are_kept(begin, models, session):
    place = begin("x")

    def breaking():
        yield b"x" * (GRAIN + 5)
        raise ConnectionError("as if the line were cut")

    with pytest.raises(Exception, match="as if the line were cut"):
        session.put(place, data=breaking(), timeout=60)
    headers = {"Content-Range": "bytes */*"}
    asked = session.put(place, headers=headers, timeout=60)
    assert asked.status_code == 308
    assert asked.headers.get("Range") in (None, f"bytes=0-{GRAIN - 1}")
    assert "x" not in models


def test_the_condition_of_an_upload_holds_at_its_end(begin, models, session):
    place = begin("x", ifGenerationMatch=0)
    models.write("x", b"another's")
    assert piece(session, place, b"mine", 0, 4).status_code == 412
    assert models["x"].content == b"another's"


def test_an_upload_that_was_cancelled_is_gone(begin, session):
    place = begin("x")
    assert session.delete(place, timeout=60).status_code == 499
    assert piece(session, place, b"x", 0, 1).status_code == 404


def test_an_upload_whose_answer_was_lost_is_there(gcp, upload, models):
    gcp.faults.add("storage:objects.insert", Fault.LOST)
    with pytest.raises(OSError, match=r"reset|closed|aborted"):
        upload("x", b"1")
    assert models["x"].content == b"1"


def test_wrong_checksums_are_refused(call, models):
    about = {"name": "x", "md5Hash": base64.b64encode(b"0" * 16).decode()}
    body = io.BytesIO()
    body.write(b"--cut\r\nContent-Type: application/json\r\n\r\n" + json.dumps(about).encode())
    body.write(b"\r\n--cut\r\nContent-Type: text/plain\r\n\r\nhello\r\n--cut--\r\n")
    answer = call(
        "POST",
        "upload/storage/v1/b/models/o",
        params={"uploadType": "multipart"},
        data=body.getvalue(),
        headers={"Content-Type": "multipart/related; boundary=cut"},
    )
    assert answer.status_code == 400
    assert "doesn't match calculated MD5 hash" in answer.json()["error"]["message"]
    assert "x" not in models


def test_objects_are_joined_and_copied(call, models):
    models.write("a/1", b"one ")
    models.write("a/2", b"two")
    sources = {"sourceObjects": [{"name": "a/1"}, {"name": "a/2"}]}
    joined = call("POST", "storage/v1/b/models/o/all/compose", json=sources).json()
    assert "md5Hash" not in joined
    sum_ = google_crc32c.Checksum(b"one two").digest()
    assert base64.b64decode(joined["crc32c"]) == sum_
    call("POST", "storage/v1/b/models/o/all/rewriteTo/b/models/o/copy", json={})
    assert models["copy"].content == b"one two"


def test_what_is_stored_packed_comes_unpacked_unless_asked_for(call, models):
    import gzip

    models.put("x", models.store.write([gzip.compress(b"hello")]), {"contentEncoding": "gzip"})
    place, query = "storage/v1/b/models/o/x", {"alt": "media"}
    plain = call("GET", place, params=query, headers={"Accept-Encoding": "identity"})
    assert (plain.content, "Content-Encoding" in plain.headers) == (b"hello", False)
    packed = call("GET", place, params=query, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert gzip.decompress(packed.raw.read()) == b"hello"


def test_answers_hold_the_fields_that_were_asked_for(call, models):
    for name in ("a/1", "b"):
        models.write(name, b"1")
    query = {"fields": "items(name,size),prefixes,kind/x", "delimiter": "/"}
    told = call("GET", "storage/v1/b/models/o", params=query).json()
    assert told["items"] == [{"name": "b", "size": "1"}]
    assert told["prefixes"] == ["a/"]
    query = {"fields": "items/name", "maxResults": 1}
    assert call("GET", "storage/v1/b/models/o", params=query).json() == {"items": [{"name": "a/1"}]}
    wrong = call("GET", "storage/v1/b/models/o", params={"fields": "items(name"})
    assert wrong.status_code == 400


def test_one_object_is_not_written_often(gcp, upload):
    gcp.store.pause = 1.0
    assert upload("x", b"1").status_code == 200
    answer = upload("x", b"2")
    assert answer.json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
