"""The WSGI application before moto: it records, refuses, strikes, and answers what moto cannot."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

from tests.clouds.aws import answers
from tests.clouds.aws.answers import ServiceError
from tests.clouds.aws.calls import Call, read_call
from tests.clouds.aws.validation import validate
from tests.clouds.faults import Fault
from tests.clouds.serving import Handler
from tests.clouds.striking import Answer, answer_struck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.clouds.aws.cloud import Cloud

CREDENTIALS = "/v2/credentials/"
BEFORE = {
    Fault.ERROR: answers.internal_error,
    Fault.UNAVAILABLE: answers.unavailable,
    Fault.THROTTLE: answers.throttled,
}


class MotoHandler(Handler, MotoRequestHandler):
    """Keeps the names of headers as moto needs them."""


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
        return answer.send(start)

    def _asked(self, call: Call, environ: dict[str, Any]) -> Answer | None:
        """Give the answer, or None where moto may stream it: archives are large."""
        self._cloud.calls.append(call)
        strike = self._cloud.faults.take(call.name)
        if strike is None and call.service == "s3" and self._admitted(call):
            return None
        refusals = {
            fault: functools.partial(_refusal, call, error) for fault, error in BEFORE.items()
        }
        effect = functools.partial(self._effect, call, environ)
        return answer_struck(environ, strike, effect, refusals)

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


def _refusal(call: Call, error: Callable[[Call], ServiceError]) -> Answer:
    return answers.refusal(call, error(call))


def _answer_of(app: Any, environ: dict[str, Any]) -> Answer:
    from werkzeug.test import run_wsgi_app

    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    return Answer(int(status.split(None, 1)[0]), b"".join(body), tuple(headers))
