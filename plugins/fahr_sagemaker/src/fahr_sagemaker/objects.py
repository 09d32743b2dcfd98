"""What a job left in S3: found by its prefix, read in ranges of one version of each object."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError, ServiceError
from fahr_core.ranged import ObjectChanged, ranged_stream
from fahr_sagemaker import asking
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from fahr_core.models import JobRef
    from fahr_sagemaker.client import Client

__all__ = ["Object", "find_objects", "read", "split"]

_OTHER_VERSION = ("PreconditionFailed", "InvalidRange", "NoSuchKey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object of S3; ``size`` in bytes, ``etag`` names its version."""

    bucket: str
    key: str
    size: int
    etag: str


def split(uri: str) -> tuple[str, str]:
    """Give bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def find_objects(ref: JobRef, bucket: str, prefix: str) -> list[Object]:
    """Give the objects below a prefix.

    Raises:
        AccessError: they may not be listed.
        ServiceError: S3 does not answer.
    """

    def pages(client: Client) -> list[Any]:
        return list(client.pages("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix))

    return [
        Object(bucket=bucket, key=item["Key"], size=int(item["Size"]), etag=str(item["ETag"]))
        for page in asking.asked(ref, pages)
        for item in page.get("Contents") or ()
    ]


def read(
    ref: JobRef, item: Object, *, told: Callable[[int], None], at_once: int | None = None
) -> io.BufferedReader:
    """Open an object as a stream that is read forward and goes on after a cut.

    Args:
        ref: The job whose account it is in.
        item: The object; another one under its key is an error.
        told: Is told how many bytes were read so far.
        at_once: How many parts come in parallel.
    """

    def open_range(start: int, stop: int) -> _Body:
        return asking.asked(ref, lambda client: _opened(client, item, start, stop))

    return ranged_stream(open_range, item.size, told=told, at_once=at_once)


def _opened(client: Client, item: Object, start: int, stop: int) -> _Body:
    where = {"Bucket": item.bucket, "Key": item.key, "IfMatch": item.etag}
    try:
        answer = client.call("s3", "GetObject", Range=f"bytes={start}-{stop - 1}", **where)
    except FahrError as error:
        if code_of(error) in _OTHER_VERSION:
            changed = f"s3://{item.bucket}/{item.key} was replaced while it was fetched"
            raise ObjectChanged(changed, "the same command fetches the new one") from error
        raise
    body = _Body(client, answer["Body"])
    if answer["ContentLength"] != stop - start:
        with closing(body):
            raise ServiceError(f"S3 gave another range of {item.key} than was asked for")
    return body


class _Body:
    """The bytes of a range, with fahr's errors."""

    def __init__(self, client: Client, stream: Any) -> None:
        self._client = client
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        try:
            with self._client.answered("s3", "GetObject"):
                return bytes(self._stream.read(size))
        except OSError as error:
            raise ServiceError(f"the connection to S3 broke: {error}") from error

    def close(self) -> None:
        self._stream.close()
