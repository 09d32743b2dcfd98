"""Buckets and objects as the JSON API shows them."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.clouds.gcp.storage.bucket import Bucket, StoredObject

#: What a client may say of an object.
WRITABLE = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
)


def moment(seconds: float) -> str:
    """Give a time with its milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def shown_bucket(bucket: Bucket, address: str, number: str) -> dict[str, Any]:
    """Give a bucket as ``storage#bucket``."""
    return {
        "kind": "storage#bucket",
        "selfLink": f"{address}/storage/v1/b/{bucket.name}",
        "id": bucket.name,
        "name": bucket.name,
        "projectNumber": number,
        "metageneration": str(bucket.metageneration),
        "location": bucket.location.upper(),
        "locationType": "region" if "-" in bucket.location else "multi-region",
        "storageClass": "STANDARD",
        "etag": etag(bucket.metageneration),
        "timeCreated": moment(bucket.created),
        "updated": moment(bucket.created),
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "inherited",
        },
        **bucket.about,
    }


def shown_object(bucket: Bucket, stored: StoredObject, address: str) -> dict[str, Any]:
    """Give an object as ``storage#object``."""
    link = f"{address}/storage/v1/b/{bucket.name}/o/{quote(stored.name, safe='')}"
    media = link.replace("/storage/v1/", "/download/storage/v1/")
    generation = str(stored.generation)
    about = {"contentType": "application/octet-stream", **stored.about}
    told = {
        "kind": "storage#object",
        "id": f"{bucket.name}/{stored.name}/{generation}",
        "selfLink": link,
        "mediaLink": f"{media}?generation={generation}&alt=media",
        "name": stored.name,
        "bucket": bucket.name,
        "generation": generation,
        "metageneration": str(stored.metageneration),
        "storageClass": "STANDARD",
        "size": str(stored.contents.size),
        "md5Hash": stored.contents.md5,
        "crc32c": stored.contents.crc32c,
        "etag": etag(stored.generation, stored.metageneration),
        "timeCreated": moment(stored.created),
        "updated": moment(stored.updated or stored.created),
        "timeStorageClassUpdated": moment(stored.created),
        "timeFinalized": moment(stored.created),
        **about,
    }
    if not stored.contents.md5:  # a composite has none
        del told["md5Hash"]
    return told


def etag(*numbers: int) -> str:
    """Give what changes whenever a resource does."""
    return base64.b64encode("-".join(map(str, numbers)).encode()).decode()
