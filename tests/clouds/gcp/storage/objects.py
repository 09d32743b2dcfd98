"""Cloud Storage's calls about objects, other than what moves their bytes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.routes import route
from tests.clouds.gcp.storage.bucket import check_conditions
from tests.clouds.gcp.storage.resources import WRITABLE, shown_object
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.storage.bucket import Bucket
    from tests.clouds.gcp.storage.buckets import BucketCalls

OBJECT = "/storage/v1/b/{bucket}/o/{object}"
MOST = 1000
MOST_SOURCES = 32


class ObjectCalls:
    """The calls about objects."""

    def __init__(self, cloud: Cloud, buckets: BucketCalls) -> None:
        """Take the cloud and the calls that find a bucket."""
        self._cloud, self._buckets = cloud, buckets

    @route("GET /storage/v1/b/{bucket}/o", "storage:objects.list", "storage.objects.list")
    def list(self, asked: Asked) -> Any:
        """List objects, a page at a time; with a delimiter as folders are listed."""
        bucket = self._buckets.find(asked)
        query = asked.query
        most = min(int(query.get("maxResults") or MOST), self._cloud.storage_page, MOST)
        after = _name_of(query.get("pageToken", ""))
        found = _entries(bucket, query)
        page = [each for each in found if each.encode() > after.encode()][: most + 1]
        items, prefixes = [], []
        for name in page[:most]:
            if found[name]:
                prefixes.append(name)
            elif name in bucket:
                items.append(shown_object(bucket, bucket[name], asked.address))
        told: dict[str, Any] = {"kind": "storage#objects"}
        told |= {"items": items} if items else {}
        told |= {"prefixes": prefixes} if prefixes else {}
        if len(page) > most:
            told["nextPageToken"] = base64.b64encode(page[most - 1].encode()).decode()
        return told

    @route("PATCH " + OBJECT, "storage:objects.patch", "storage.objects.update")
    def patch(self, asked: Asked) -> Any:
        """Change what is said of an object; null forgets."""
        return self._describe(asked, keep=True)

    @route("PUT " + OBJECT, "storage:objects.update", "storage.objects.update")
    def update(self, asked: Asked) -> Any:
        """Say anew what is said of an object."""
        return self._describe(asked, keep=False)

    @route("DELETE " + OBJECT, "storage:objects.delete", "storage.objects.delete")
    def delete(self, asked: Asked) -> Answer:
        """Delete an object."""
        bucket, name = self._buckets.find(asked), asked.name("object")
        with bucket.lock:
            bucket.find(name, asked.query.get("generation", ""))
            bucket.check(name, asked.query)
            bucket.delete(name)
        return Answer(204)

    @route("POST " + OBJECT + "/compose", "storage:objects.compose", "storage.objects.create")
    def compose(self, asked: Asked) -> Any:
        """Join objects of a bucket to one."""
        bucket, name = self._buckets.find(asked), asked.name("object")
        wanted = asked.json()
        sources = wanted.get("sourceObjects", [])
        if not 1 <= len(sources) <= MOST_SOURCES:
            text = "The number of source components provided "
            raise ApiError(400, f"{text}({len(sources)}) exceeds the maximum ({MOST_SOURCES}).")
        parts = []
        for source in sources:
            part = bucket.find(source["name"], str(source.get("generation") or ""))
            conditions = source.get("objectPreconditions", {})
            told = {name: str(value) for name, value in conditions.items()}
            check_conditions(told, part.generation, part.metageneration)
            parts.append(part.content)
        self._check_replacing(asked, bucket, name)
        contents = bucket.store.write(parts)
        contents = type(contents)(contents.file, contents.size, "", contents.crc32c)
        about = _writable(wanted.get("destination") or {}) | {"componentCount": len(parts)}
        made = bucket.put(name, contents, about, lambda: bucket.check(name, asked.query))
        return shown_object(bucket, made, asked.address)

    @route(
        "POST " + OBJECT + "/rewriteTo/b/{target}/o/{copy}",
        "storage:objects.rewrite",
        "storage.objects.get",
        "storage.objects.create",
    )
    def rewrite(self, asked: Asked) -> Any:
        """Copy an object, at once."""
        made = self._copy(asked)
        size = made["size"]
        return {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": size,
            "objectSize": size,
            "done": True,
            "resource": made,
        }

    @route(
        "POST " + OBJECT + "/copyTo/b/{target}/o/{copy}",
        "storage:objects.copy",
        "storage.objects.get",
        "storage.objects.create",
    )
    def copy(self, asked: Asked) -> Any:
        """Copy an object."""
        return self._copy(asked)

    def _copy(self, asked: Asked) -> dict[str, Any]:
        bucket = self._buckets.find(asked)
        source = bucket.find(asked.name("object"), asked.query.get("sourceGeneration", ""))
        asked.names["bucket"] = asked.names["target"]
        target, name = self._buckets.find(asked), asked.name("copy")
        self._check_replacing(asked, target, name)
        contents = target.store.write([source.content])
        about = source.about | _writable(asked.json())
        made = target.put(name, contents, about, lambda: target.check(name, asked.query))
        return shown_object(target, made, asked.address)

    def _describe(self, asked: Asked, *, keep: bool) -> Any:
        bucket, name = self._buckets.find(asked), asked.name("object")
        wanted = asked.json()
        with bucket.lock:
            found = bucket.find(name, asked.query.get("generation", ""))
            bucket.check(name, asked.query)
            about = (dict(found.about) if keep else {}) | _writable(wanted)
            about = {key: value for key, value in about.items() if value is not None}
            if keep and isinstance(wanted.get("metadata"), dict):
                merged = found.about.get("metadata", {}) | wanted["metadata"]
                about["metadata"] = {k: v for k, v in merged.items() if v is not None}
            changed = bucket.describe(name, about)
        return shown_object(bucket, changed, asked.address)

    def _check_replacing(self, asked: Asked, bucket: Bucket, name: str) -> None:
        if name in bucket:
            self._cloud.check_permission(asked, "storage", "storage.objects.delete")


def _entries(bucket: Bucket, query: dict[str, str]) -> dict[str, bool]:
    """Give names in their order, and whether each is a prefix that stands for several."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start, end = query.get("startOffset", "").encode(), query.get("endOffset", "").encode()
    found: dict[str, bool] = {}
    for name in bucket.names:
        key = name.encode()
        if not name.startswith(prefix) or key < start or (end and key >= end):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            found[prefix + rest[: rest.index(delimiter) + len(delimiter)]] = True
            if query.get("includeTrailingDelimiter") != "true" or not name.endswith(delimiter):
                continue
        found.setdefault(name, False)
    return dict(sorted(found.items(), key=lambda pair: pair[0].encode()))


def _name_of(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except ValueError as error:
        raise ApiError(400, "Invalid page token") from error


def _writable(wanted: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if key in WRITABLE}
