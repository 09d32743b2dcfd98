"""Cloud Storage's JSON API: buckets, objects, uploads that resume, downloads in ranges."""

from __future__ import annotations

from tests.clouds.gcp.storage.bucket import Bucket, Contents, StoredObject
from tests.clouds.gcp.storage.buckets import BucketCalls
from tests.clouds.gcp.storage.downloads import DownloadCalls
from tests.clouds.gcp.storage.objects import ObjectCalls
from tests.clouds.gcp.storage.uploads import UploadCalls

__all__ = [
    "Bucket",
    "BucketCalls",
    "Contents",
    "DownloadCalls",
    "ObjectCalls",
    "StoredObject",
    "UploadCalls",
]
