"""Cloud Storage's calls about buckets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.routes import route
from tests.clouds.gcp.storage.bucket import NO_BUCKET, Bucket
from tests.clouds.gcp.storage.resources import shown_bucket
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
TAKEN = "Your previous request to create the named bucket succeeded and you already own it."


class BucketCalls:
    """All buckets, and the calls about them."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud that holds them."""
        self._cloud = cloud

    def find(self, asked: Asked) -> Bucket:
        """Give the bucket that an address names.

        Raises:
            ApiError: there is none.
        """
        found = self._cloud.buckets.get(asked.name("bucket"))
        if found is None:
            raise ApiError(404, NO_BUCKET)
        return found

    @route("GET /storage/v1/b/{bucket}", "storage:buckets.get", "storage.buckets.get")
    def get(self, asked: Asked) -> Any:
        """Tell of a bucket."""
        return self._shown(asked, self.find(asked))

    @route("GET /storage/v1/b", "storage:buckets.list", "storage.buckets.list")
    def list(self, asked: Asked) -> Any:
        """List the project's buckets."""
        prefix = asked.query.get("prefix", "")
        items = [
            self._shown(asked, each)
            for name, each in sorted(self._cloud.buckets.items())
            if name.startswith(prefix)
        ]
        return {"kind": "storage#buckets", **({"items": items} if items else {})}

    @route("POST /storage/v1/b", "storage:buckets.insert", "storage.buckets.create")
    def insert(self, asked: Asked) -> Any:
        """Make a bucket."""
        wanted = asked.json()
        name = str(wanted.get("name", ""))
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Invalid bucket name: '{name}'")
        if name in self._cloud.buckets:
            raise ApiError(409, TAKEN)
        made = self._cloud.new_bucket(name, str(wanted.get("location", "US")))
        made.about |= {key: wanted[key] for key in ("labels", "lifecycle") if key in wanted}
        return self._shown(asked, made)

    @route("PATCH /storage/v1/b/{bucket}", "storage:buckets.patch", "storage.buckets.update")
    def patch(self, asked: Asked) -> Any:
        """Change what is said of a bucket."""
        bucket = self.find(asked)
        bucket.about |= asked.json()
        bucket.metageneration += 1
        return self._shown(asked, bucket)

    @route("DELETE /storage/v1/b/{bucket}", "storage:buckets.delete", "storage.buckets.delete")
    def delete(self, asked: Asked) -> Answer:
        """Delete an empty bucket."""
        bucket = self.find(asked)
        if bucket.names:
            raise ApiError(409, "The bucket you tried to delete is not empty.")
        del self._cloud.buckets[bucket.name]
        return Answer(204)

    @route("GET /storage/v1/b/{bucket}/iam/testPermissions", "storage:buckets.testIamPermissions")
    def permissions_of_bucket(self, asked: Asked) -> Any:
        """Tell which of some permissions the caller has."""
        self.find(asked)
        wanted = asked.lists.get("permissions", [])
        who = self._cloud.accounts.kind(asked.caller)
        allowed = [each for each in wanted if (who, each) not in self._cloud.denied]
        return {"kind": "storage#testIamPermissionsResponse", "permissions": allowed}

    def _shown(self, asked: Asked, bucket: Bucket) -> dict[str, Any]:
        return shown_bucket(bucket, asked.address, self._cloud.number)
