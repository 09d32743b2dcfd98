"""What is got and put by its address, beside the SDK: files of an output, live logs, uploads.

A file's address carries its own permission; the account's stays with Kaggle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_kaggle import connection
from fahr_kaggle.connection import NotThere

if TYPE_CHECKING:
    from pathlib import Path

    import requests

    from fahr_kaggle.connection import Connection

__all__ = ["open_address", "open_stream", "put_file", "read_address"]


def read_address(kaggle: Connection, url: str) -> bytes:
    """Give the content of a small file."""

    def get() -> bytes:
        with _got(_stranger(), url) as response:
            return response.content

    return kaggle.trying("read a file", get)


def open_address(kaggle: Connection, url: str, offset: int = 0) -> requests.Response:
    """Open a file, from ``offset`` bytes on where the server can do that."""
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    return kaggle.trying("fetch a file", lambda: _got(_stranger(), url, headers=headers))


def open_stream(
    kaggle: Connection, what: str, path: str, label: str, quiet: float | None
) -> requests.Response:
    """Open a stream of the account's: events as they come, else one whole document.

    Args:
        kaggle: The connection.
        what: The deed for messages.
        path: The stream's, behind ``kernels/logs/stream``.
        label: The version, as Kaggle writes it.
        quiet: Seconds without a word after which reading it fails; None where it has to answer.

    Raises:
        NotThere: there is none (yet), or it has said nothing for ``quiet`` seconds.
        ServiceError: it has said nothing though it has to answer.
    """
    url = kaggle.api.http_client()._get_request_url("kernels/logs/stream", path)

    def get() -> requests.Response:
        import requests

        try:
            response = _got(
                kaggle.http,
                url,
                params={"versionLabel": label},
                headers={"Accept": "text/event-stream, */*"},
                timeout=(connection.CONNECT_SECONDS, quiet or connection.READ_SECONDS),
            )
        except requests.ReadTimeout as error:
            if quiet is None:
                raise
            raise NotThere("it has said nothing yet") from error
        if response.headers.get("Content-Type", "").startswith("application/json"):
            _ = response.content  # a whole document: what breaks now can be repeated
        return response

    return kaggle.trying(what, get)


def put_file(kaggle: Connection, what: str, url: str, file: Path) -> None:
    """Upload a file to the address that was given for it."""

    def put() -> None:
        limits = (connection.CONNECT_SECONDS, connection.PATIENCE)
        with file.open("rb") as stream:
            _stranger().put(url, data=stream, timeout=limits).raise_for_status()

    kaggle.trying(what, put)


def _stranger() -> Any:
    """Give what calls without the account's permission."""
    import requests

    return requests


def _got(opener: Any, url: str, **options: Any) -> requests.Response:
    import requests

    limits = options.pop("timeout", (connection.CONNECT_SECONDS, connection.READ_SECONDS))
    response: requests.Response = opener.get(url, stream=True, timeout=limits, **options)
    try:
        response.raise_for_status()
    except requests.HTTPError:
        response.close()
        raise
    return response
