"""What a fault does to the connection of a request, and the answers that it lets through."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.clouds.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.clouds.faults import Strike


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; a body that is not bytes comes in pieces and tells its length."""

    status: int
    body: Any = b""
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        headers = [*self.headers]
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(self.body))))
        start(f"{self.status} -", headers)
        return [self.body] if isinstance(self.body, bytes) else self.body

    def cut(self) -> Answer:
        """Give half of the answer, which says that it is whole."""
        kept = [pair for pair in self.headers if pair[0].lower() != "content-length"]
        headers = (*kept, ("Content-Length", str(len(self.body) or 1)))
        return replace(self, body=self.body[: len(self.body) // 2], headers=headers)


def answer_struck(
    environ: dict[str, Any],
    strike: Strike | None,
    effect: Callable[[], Answer],
    refusals: Mapping[Fault, Callable[[], Answer]],
) -> Answer:
    """Answer a request that a fault strikes.

    Args:
        environ: the request (WSGI), as :class:`tests.clouds.serving.Handler` makes it.
        strike: the fault; None: all is well.
        effect: lets the call take effect.
        refusals: what the service answers in its place.
    """
    if strike is None:
        return _noted(environ, effect())
    fault = strike.fault
    if fault in (Fault.TIMEOUT, Fault.RESET):
        if fault is Fault.TIMEOUT:
            _hold(environ, strike)
        _reset(environ)
    if fault in refusals:
        return refusals[fault]()
    answer = effect()
    if fault is Fault.LOST:
        if hasattr(answer.body, "close"):
            answer.body.close()  # a file, of which nobody will read
        _reset(environ)
    if fault is Fault.SLOW:
        _hold(environ, strike)
    return _noted(environ, answer.cut() if fault is Fault.BROKEN else answer)


def _noted(environ: dict[str, Any], answer: Answer) -> Answer:
    """Tell the handler what is to be closed where the client breaks off."""
    environ["fahr.body"] = answer.body
    return answer


def _hold(environ: dict[str, Any], strike: Strike) -> None:
    """Wait until the time is over, the client has hung up, or the fault is taken back."""
    connection = environ["werkzeug.socket"]
    deadline = time.monotonic() + strike.seconds
    while time.monotonic() < deadline and not strike.over.wait(0.05):
        readable = select.select([connection], [], [], 0)[0]
        if readable and not connection.recv(1, socket.MSG_PEEK):
            return


def _reset(environ: dict[str, Any]) -> None:
    """Reset the connection, so that the client gets no answer at all."""
    environ["fahr.handler"].close_connection = True
    connection = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
    raise ConnectionAbortedError
