from __future__ import annotations

import base64
import hashlib
import io

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import ServiceError
from fahr_gcp import checksums
from fahr_gcp.checksums import Checked
from fahr_gcp.objects import Object

#: Of "123456789". Source: RFC 3720, B.4; the check value of CRC-32C (Castagnoli).
DIGITS, CHECK_VALUE = b"123456789", "4waSgw=="


def crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(content).digest()).decode()


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def item(**sums: str) -> Object:
    return Object(bucket="b", name="model.bin", size=9, generation="1", **sums)


def read(content: bytes, wanted: Object, piece: int = 4) -> bytes:
    checked = Checked(io.BytesIO(content), wanted)
    whole = b"".join(iter(lambda: checked.read(piece), b""))
    checked.check()
    return whole


@given(st.binary(max_size=200), st.integers(1, 64))
def test_what_comes_whole_is_taken(content: bytes, piece: int) -> None:
    assert read(content, item(crc32c=crc32c(content), md5=md5(content)), piece) == content


def test_the_sum_is_castagnolis() -> None:
    assert read(DIGITS, item(crc32c=CHECK_VALUE)) == DIGITS


@pytest.mark.parametrize("sums", [{"crc32c": CHECK_VALUE}, {"md5": md5(DIGITS)}])
@pytest.mark.parametrize("content", [b"123456780", b"12345678", b"1234567899", b""])
def test_what_is_damaged_is_said(sums: dict[str, str], content: bytes) -> None:
    with pytest.raises(ServiceError, match=r"gs://b/model\.bin came damaged"):
        read(content, item(**sums))


def test_where_nothing_was_compiled_the_md5_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_crc32c, "implementation", "python")
    assert read(DIGITS, item(crc32c="not looked at", md5=md5(DIGITS))) == DIGITS
    with pytest.raises(ServiceError):
        read(DIGITS, item(crc32c="looked at"))  # of a composite there is no other


def test_an_object_without_a_sum_cannot_be_checked() -> None:
    assert read(DIGITS, item()) == DIGITS
    assert checksums._sum_of(item()) == (None, "")
