"""What is asked of the server and what it answers, before and after HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """A request: ``scheme`` and ``host`` as the client wrote them, whatever way it came."""

    method: str
    scheme: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def url(self, host: str, path: str) -> str:
        """Give an address that the client reaches by the way that it came."""
        return f"{self.scheme}://{host}{path}"

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the body."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class Answer:
    """An answer: its body, or a file (a part of it from ``start``), or a stream of pieces."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: Path | None = None
    start: int = 0
    stream: Iterator[bytes] | None = None


def json_answer(document: object, status: int = 200) -> Answer:
    """Give a JSON document as an answer."""
    body = json.dumps(document).encode()
    return Answer(status, {"Content-Type": "application/json; charset=utf-8"}, body)


def redirect(url: str) -> Answer:
    """Send the client to another address."""
    return Answer(302, {"Location": url})


@dataclass
class Call:
    """A call as it was made, for a test to look at; ``status`` is 0 without an answer."""

    name: str
    document: dict[str, Any]
    headers: Mapping[str, str]
    status: int = 0
    fault: str = ""
    at: float = field(default_factory=time.monotonic)

    @property
    def user_agent(self) -> str:
        return self.headers.get("User-Agent", "")

    @property
    def credentials(self) -> str:
        """The kind of credentials: ``Basic``, ``Bearer`` or nothing."""
        return self.headers.get("Authorization", "").partition(" ")[0]
