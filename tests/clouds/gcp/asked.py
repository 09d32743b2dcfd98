"""A request as it came in, and the call that it is."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.clouds.gcp.errors import bad_json

PIECE = 1 << 20


@dataclass
class Asked:
    """An HTTP request; its body is read once, and only when somebody asks for it."""

    environ: dict[str, Any]
    method: str
    #: As it was sent: names of objects are told apart by how their slashes are quoted.
    path: str
    query: dict[str, str]
    #: The same, where a word comes several times.
    lists: dict[str, list[str]] = field(default_factory=dict)
    #: What the address names, unquoted: ``project``, ``location``, ``object``.
    names: dict[str, str] = field(default_factory=dict)
    #: Who asks: an e-mail address; empty where the call needs none.
    caller: str = ""
    #: The permissions that it turned out to need, as the record of the call has them.
    needs: list[str] = field(default_factory=list)
    _body: bytes | None = None

    @classmethod
    def of(cls, environ: dict[str, Any]) -> Asked:
        """Read the line and the headers of a request."""
        parts = urlsplit(environ["REQUEST_URI"].encode("latin-1").decode("utf-8", "replace"))
        lists = parse_qs(parts.query, keep_blank_values=True)
        query = {name: values[-1] for name, values in lists.items()}
        return cls(environ, environ["REQUEST_METHOD"], parts.path, query, lists)

    def header(self, name: str) -> str:
        """Give a header; empty where there is none."""
        key = name.upper().replace("-", "_")
        prefix = "" if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
        return str(self.environ.get(prefix + key, ""))

    @property
    def address(self) -> str:
        """Give the address by which the client reached the service."""
        return f"http://{self.header('Host')}"

    @property
    def token(self) -> str:
        """Give the access token; empty where there is none."""
        kind, _, token = self.header("Authorization").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    @property
    def login(self) -> tuple[str, str]:
        """Give user and password; empty where there are none."""
        kind, _, text = self.header("Authorization").partition(" ")
        if kind.lower() != "basic":
            return "", ""
        try:
            user, _, password = base64.b64decode(text).decode().partition(":")
        except ValueError:
            return "", ""
        return user, password

    def pieces(self) -> Any:
        """Give the body piece by piece, as far as it comes."""
        stream = self.environ["wsgi.input"]
        if self.environ.get("wsgi.input_terminated"):
            while piece := stream.read(PIECE):
                yield piece
            return
        left = int(self.environ.get("CONTENT_LENGTH") or 0)
        while left and (piece := stream.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    @property
    def body(self) -> bytes:
        """Give the whole body."""
        if self._body is None:
            self._body = b"".join(self.pieces())
        return self._body

    @property
    def form(self) -> dict[str, str]:
        """Give the fields of a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))

    def json(self) -> dict[str, Any]:
        """Give the document of the body.

        Raises:
            ApiError: it is none.
        """
        try:
            document = json.loads(self.body or b"{}")
        except ValueError as error:
            raise bad_json(str(error)) from error
        if not isinstance(document, dict):
            raise bad_json("Root element must be a message.")
        return document

    def name(self, which: str) -> str:
        """Give what the address names."""
        return unquote(self.names[which])


@dataclass(frozen=True)
class Call:
    """A call that was made."""

    #: Service and method, such as ``aiplatform:customJobs.create``.
    name: str
    #: Who called, by e-mail address.
    caller: str
    #: The permissions that it needed.
    permissions: list[str]
    #: What the address names, and its query.
    parameters: dict[str, str]
    #: The document that was sent; empty for uploads.
    document: dict[str, Any]
    #: Headers, by their names in lower case, without the token.
    headers: dict[str, str]
    time: float = field(default_factory=time.time)
