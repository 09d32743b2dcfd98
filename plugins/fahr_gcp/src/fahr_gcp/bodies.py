"""The bytes of an answer, read as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Body"]


class Body:
    """The bytes of an answer as they come, and what its headers say."""

    def __init__(self, response: Any, operation: str) -> None:
        self._response = response
        self._operation = operation
        self.headers: Mapping[str, str] = response.headers
        length = response.headers.get("Content-Length")
        #: Bytes that are still to come, where the service says so.
        self.length = int(length) if length is not None else None

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes, none at the end.

        Raises:
            ServiceError: the connection broke.
        """
        import urllib3.exceptions

        try:
            return bytes(self._response.raw.read(size, decode_content=False))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ServiceError(f"the connection broke in {self._operation}: {error}") from error

    def close(self) -> None:
        """Let the connection go."""
        self._response.close()
