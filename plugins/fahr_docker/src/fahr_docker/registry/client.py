"""A repository of a registry, as the rest of the plugin uses it."""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING

from fahr_core.errors import ServiceError
from fahr_docker.registry import blobs, manifests
from fahr_docker.registry.exchange import joined
from fahr_docker.registry.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from fahr_core.models import Login
    from fahr_docker.registry.blobs import Blob
    from fahr_docker.registry.exchange import Patience
    from fahr_docker.registry.manifests import Manifest

__all__ = ["Registry"]

_PAGE = 1000
_MOST_PAGES = 1000
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


class Registry:
    """One repository over HTTP; may be used from several threads.

    Every method raises AccessError when the login or the access is refused, and ServiceError
    when the registry does not answer, also after the attempts that ``patience`` allows.

    Args:
        base: The registry's host; plain http is used for this machine alone.
        repository: The repository in it.
        login: Gives a login when one is needed, and is asked again when that has expired; None
            reads and writes without one.
        patience: How long to wait for it.

    Raises:
        UsageError: the host or the repository is no such name.
    """

    def __init__(
        self,
        base: str,
        repository: str,
        login: Callable[[], Login] | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._service = Service(base, repository, login, patience)

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Registry and repository."""
        return self._service.name

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def head_manifest(self, target: str) -> str | None:
        """Give the digest behind a tag or digest, None when there is nothing."""
        return manifests.read_digest(self._service, target)

    def get_manifest(self, target: str, platform: str = "linux/amd64") -> Manifest | None:
        """Give a manifest by tag or digest, of an index the one for the platform.

        Raises:
            UsageError: there is none for the platform, or it is too old a kind.
        """
        return manifests.read_manifest(self._service, target, platform)

    def put_manifest(self, target: str, content: bytes, media_type: str) -> str:
        """Store a manifest, whose contents are there already, and give its digest.

        Raises:
            MissingBlobs: the registry lacks something that the manifest names.
        """
        return manifests.write_manifest(self._service, target, content, media_type)

    def delete(self, target: str) -> bool:
        """Delete a tag, or by digest a manifest and all its tags; false when it is not there.

        Raises:
            UsageError: the registry does not delete.
        """
        return manifests.delete(self._service, target)

    def head_blob(self, digest: str) -> int | None:
        """Give a blob's size in bytes, None when it is not there."""
        return blobs.blob_size(self._service, digest)

    def read_blob(self, digest: str) -> bytes:
        """Give a blob of at most 16 MiB, its digest checked."""
        return blobs.read_blob(self._service, digest)

    def download_blob(self, digest: str, target: IO[bytes]) -> int:
        """Write a blob to a stream that can seek, its digest checked, and give its size.

        Raises:
            DiskError: the stream cannot be written.
        """
        return blobs.download(self._service, digest, target)

    def upload_blob(self, blob: Blob, sent: Callable[[int, int], None] | None = None) -> bool:
        """Store a blob; false when it was there and nothing was sent.

        ``sent`` is told how many bytes of how many have arrived, after each request.

        Raises:
            DiskError: the blob cannot be read.
        """
        return blobs.upload(self._service, blob, sent)

    def mount_blob(self, digest: str, source: str) -> bool:
        """Take a blob over from another repository; tell whether it is there now."""
        return blobs.mount(self._service, digest, source)

    def tags(self) -> tuple[str, ...]:
        """Give all tags, none for a repository that is not there."""
        found: list[str] = []
        url: str | None = self._service.url(f"tags/list?n={_PAGE}")
        for _ in range(_MOST_PAGES):
            if url is None:
                return tuple(found)
            url = self._page_of_tags(url, found)
        raise ServiceError(f"{self.name}: the list of tags has no end")

    def _page_of_tags(self, url: str, found: list[str]) -> str | None:
        """Add a page of tags to ``found`` and give the address of the next one."""
        answer = self._service.request("GET", url)
        if answer.status == 404:
            return None
        try:
            told = json.loads(answer.body if answer.status == 200 else b"{}")
            found += [str(tag) for tag in told["tags"] or ()]
        except (ValueError, KeyError, TypeError):
            raise self._service.failure(answer, "cannot list the tags") from None
        link = _NEXT.search(answer.headers.get("link", ""))
        return joined(answer.url, link.group(1)) if link else None
