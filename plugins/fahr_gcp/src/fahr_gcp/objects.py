"""What a job left in Cloud Storage: found by its prefix, read in ranges of one version of each."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from fahr_core.errors import FahrError, ServiceError
from fahr_core.ranged import ObjectChanged, ranged_stream
from fahr_gcp import asking
from fahr_gcp.failures import status_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Mapping
    from typing import Any

    from fahr_core.models import JobRef
    from fahr_gcp.bodies import Body
    from fahr_gcp.client import Client

__all__ = ["Object", "find_objects", "object_path", "read", "split"]

#: What the service answers when the version is gone, or there are fewer bytes of it.
_OTHER_VERSION = (404, 412, 416)
_FIELDS = "items(name,size,generation,crc32c,md5Hash,contentEncoding),nextPageToken"
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object; ``size`` in bytes, ``generation`` names its version.

    ``crc32c`` and ``md5`` are in base64 as the service keeps them; an object that was composed
    of others has no MD5.  ``encoding`` is ``gzip`` where it is stored compressed.
    """

    bucket: str
    name: str
    size: int
    generation: str
    crc32c: str = ""
    md5: str = ""
    encoding: str = ""


def split(uri: str) -> tuple[str, str]:
    """Give bucket and name of ``gs://bucket/name``."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def object_path(bucket: str, name: str) -> str:
    """Give the path of an object in the JSON API."""
    return f"storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def find_objects(ref: JobRef, uri: str) -> list[Object]:
    """Give the objects below ``gs://bucket/prefix``.

    Raises:
        AccessError: they may not be listed.
        ServiceError: Google does not answer.
    """
    bucket, prefix = split(uri)

    def pages(client: Client) -> list[dict[str, Any]]:
        path = f"storage/v1/b/{quote(bucket, safe='')}/o"
        query = {"prefix": prefix, "fields": _FIELDS, "maxResults": _PAGE}
        return list(client.pages("storage", path, query))

    return [
        _object_of(bucket, told)
        for page in asking.asked(ref, pages)
        for told in page.get("items") or ()
    ]


def read(
    ref: JobRef, item: Object, *, told: Callable[[int], None], at_once: int | None = None
) -> io.BufferedReader:
    """Open an object as a stream that is read forward and goes on after a cut.

    Args:
        ref: The job whose project pays.
        item: The object; another version under its name is an error.
        told: Is told how many bytes were read so far.
        at_once: How many parts come in parallel.
    """

    def open_range(start: int, stop: int) -> Body:
        return asking.asked(ref, lambda client: _opened(client, item, start, stop))

    return ranged_stream(open_range, item.size, told=told, at_once=at_once)


def _opened(client: Client, item: Object, start: int, stop: int) -> Body:
    path, query = object_path(item.bucket, item.name), {"alt": "media"}
    if item.generation:
        query["generation"] = item.generation
    try:
        body = client.open("storage", path, query, start=start, stop=stop)
    except FahrError as error:
        if status_of(error) in _OTHER_VERSION:
            changed = f"gs://{item.bucket}/{item.name} was replaced while it was fetched"
            raise ObjectChanged(changed, "the same command fetches the new one") from error
        raise
    if body.length not in (None, stop - start):
        with closing(body):
            raise ServiceError(f"Google gave another range of {item.name} than was asked for")
    return body


def _object_of(bucket: str, told: Mapping[str, Any]) -> Object:
    return Object(
        bucket=bucket,
        name=str(told["name"]),
        size=int(told.get("size") or 0),
        generation=str(told.get("generation") or ""),
        crc32c=str(told.get("crc32c") or ""),
        md5=str(told.get("md5Hash") or ""),
        encoding=str(told.get("contentEncoding") or ""),
    )
