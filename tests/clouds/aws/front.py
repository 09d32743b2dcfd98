"""The WSGI application before moto: it records, refuses, strikes, and answers what moto cannot."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.aws import answers
from tests.clouds.aws.answers import Answer, ServiceError
from tests.clouds.aws.calls import Call, read_call
from tests.clouds.aws.faults import Fault
from tests.clouds.aws.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.clouds.aws.cloud import Cloud

CREDENTIALS = "/v2/credentials/"
BEFORE = {
    Fault.ERROR: answers.internal_error,
    Fault.UNAVAILABLE: answers.unavailable,
    Fault.THROTTLE: answers.throttled,
}


class Front:
    """Answers every request; what is neither refused nor replaced goes to moto."""

    def __init__(self, cloud: Cloud, moto: Any) -> None:
        self._cloud, self._moto = cloud, moto

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        path = environ["PATH_INFO"]
        answer: Answer | None
        if path.startswith(CREDENTIALS):
            answer = self._credentials(path.removeprefix(CREDENTIALS))
        elif (call := read_call(environ)) is None:
            return self._moto(environ, start)  # type: ignore[no-any-return]
        elif self._cloud.is_own(call):
            if call.service != "sagemaker":
                return self._moto(environ, start)  # type: ignore[no-any-return]
            answer = self._effect(call, environ)
        else:
            answer = self._asked(call, environ)
        if answer is None:
            return self._moto(environ, start)  # type: ignore[no-any-return]
        headers = [*answer.headers]
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        start(f"{answer.status} -", headers)
        return [answer.body]

    def _asked(self, call: Call, environ: dict[str, Any]) -> Answer | None:
        """Give the answer, or None where moto may stream it: archives are large."""
        self._cloud.calls.append(call)
        fault, seconds = self._cloud.faults.take(call) or (None, 0.0)
        if fault in (Fault.TIMEOUT, Fault.RESET):
            if fault is Fault.TIMEOUT:
                self._hold(environ, seconds)
            _reset(environ)
        if fault in BEFORE:
            return answers.refusal(call, BEFORE[fault](call))
        if fault is None and call.service == "s3" and self._admitted(call):
            return None
        answer = self._effect(call, environ)
        if fault is Fault.LOST:
            _reset(environ)
        if fault is Fault.SLOW:
            self._hold(environ, seconds)
        return _cut(answer) if fault is Fault.BROKEN else answer

    def _effect(self, call: Call, environ: dict[str, Any]) -> Answer:
        try:
            self._cloud.admit(call)
            validate(call.service, call.action, call.parameters)
            if handle := self._cloud.handler(call):
                return answers.document(handle(call.parameters))
            if simulated := self._cloud.simulated(call):
                return simulated
        except ServiceError as fault:
            return answers.refusal(call, fault)
        answer = _answer_of(self._moto, environ)
        if call.service == "ecr":
            return Answer(answer.status, self._cloud.registry.rewrite(call.action, answer.body))
        return answer

    def _admitted(self, call: Call) -> bool:
        try:
            self._cloud.admit(call)
        except ServiceError:
            return False
        return True

    def _credentials(self, token: str) -> Answer:
        found = self._cloud.credentials_of(token)
        return Answer(200 if found else 404, json.dumps(found or {}).encode())

    def _hold(self, environ: dict[str, Any], seconds: float) -> None:
        """Wait until the time is over, the client has hung up, or the cloud ends."""
        connection = environ["werkzeug.socket"]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._cloud.closing.wait(0.05):
            readable = select.select([connection], [], [], 0)[0]
            if readable and not connection.recv(1, socket.MSG_PEEK):
                return


def _answer_of(app: Any, environ: dict[str, Any]) -> Answer:
    from werkzeug.test import run_wsgi_app

    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    return Answer(int(status.split(None, 1)[0]), b"".join(body), tuple(headers))


def _cut(answer: Answer) -> Answer:
    """Give half of an answer that says that it is whole."""
    kept = [pair for pair in answer.headers if pair[0].lower() != "content-length"]
    headers = (*kept, ("Content-Length", str(len(answer.body) or 1)))
    return Answer(answer.status, answer.body[: len(answer.body) // 2], headers)


def _reset(environ: dict[str, Any]) -> None:
    """Reset the connection, so that the client gets no answer at all."""
    environ["fahr.handler"].close_connection = True
    connection = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
    raise ConnectionAbortedError
