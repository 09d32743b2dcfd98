"""The HTTP servers of a cloud: for this machine, and for the jobs' containers."""

from __future__ import annotations

import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    """Lets a fault reach the connection; says nothing of each request."""

    def make_environ(self) -> dict[str, Any]:
        """Add this handler to what the application gets."""
        return super().make_environ() | {"fahr.handler": self}

    def connection_dropped(
        self, error: BaseException, environ: dict[str, Any] | None = None
    ) -> None:
        """Close the file that was being sent: werkzeug does not where a client breaks off."""
        body = (environ or {}).get("fahr.body")
        if hasattr(body, "close"):
            body.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Server:
    """A thread that answers requests at one address."""

    def __init__(
        self,
        app: Any,
        host: str = "127.0.0.1",
        port: int = 0,
        handler: type[WSGIRequestHandler] = Handler,
    ) -> None:
        """Listen and answer at once.

        Raises:
            OSError: the address is not this machine's, or taken.
        """
        self._server = make_server(host, port, app, threaded=True, request_handler=handler)
        self._server.block_on_close = False  # type: ignore[attr-defined]
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
