"""From a request to what answers it: names of calls, faults, credentials, methods, errors."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from . import dataset_service, kernel_service, log_service, other_services, storage
from .answers import Answer, Asked, Call, json_answer
from .errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .accounts import Account
    from .cloud import Cloud
    from .faults import Fault

    Method = Callable[[Cloud, Account, Asked], object]

API = re.compile(r"(?:/api)?/v1/(?P<rest>.+)")
HOSTS = ("localhost", "127.0.0.1", "api.kaggle.com", "www.kaggle.com")
METHODS: dict[str, Method] = {
    **kernel_service.METHODS,
    **dataset_service.METHODS,
    **other_services.METHODS,
}
LOGS = "kernels/logs/stream/"
ZIPPED = "kernels/output/download_zip/"


class Ways:
    """Answers what the server was asked, and notes it as a call."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def answer(self, asked: Asked) -> tuple[Answer | None, Fault | None]:
        """Give the answer (None: none), and the fault that this call meets."""
        call = Call(name_of(asked), document_of(asked), dict(asked.headers))
        self._cloud.calls.append(call)
        if not call.name:
            self._cloud.strays.append(f"{asked.method} {asked.scheme}://{asked.host}{asked.path}")
            return Answer(502, body=b"not an address of the service"), None
        fault = self._cloud.faults.take(call.name)
        call.fault = fault.kind if fault else ""
        answer = self._before(fault) if fault else self._do(call.name, asked)
        if answer is DONE:
            answer = self._do(call.name, asked)
        call.status = answer.status if answer and call.fault not in ("lost", "torn") else 0
        return answer, fault

    def _before(self, fault: Fault) -> Answer | None:
        if fault.kind in ("cut", "silent"):
            return None
        if fault.kind == "broken":
            return error_answer(ApiError(500, "An internal server error occurred."))
        if fault.kind == "limited":
            refused = error_answer(ApiError(429, "Too Many Requests"))
            wait = {"Retry-After": f"{fault.seconds:g}"}
            return Answer(429, {**refused.headers, **wait}, refused.body)
        if fault.kind == "slow":
            self._cloud.pause(fault.seconds)
        return DONE

    def _do(self, name: str, asked: Asked) -> Answer:
        try:
            if asked.host in storage.HOSTS:
                return self._cloud.storage.answer(asked)
            return self._called(name, asked)
        except ApiError as error:
            return error_answer(error)

    def _called(self, name: str, asked: Asked) -> Answer:
        if name == "IntrospectToken":
            return json_answer(other_services.introspect(self._cloud, asked))
        account = self._cloud.accounts.calling(asked.headers.get("Authorization"))
        with self._cloud.lock:
            account.count(self._cloud.limits)
            method = LONG.get(name) or METHODS.get(name)
            if method is None:
                raise ApiError(404, f"Unknown method {name}")
            given = method(self._cloud, account, asked)
        return given if isinstance(given, Answer) else json_answer(given)


DONE = Answer(0)
LONG: dict[str, Method] = {
    "LogStream": log_service.stream,
    "DownloadZip": kernel_service.download_zip,
}


def name_of(asked: Asked) -> str:
    """Give the name of a call; empty for an address that is not the service's."""
    if asked.host in storage.HOSTS:
        return "Upload" if asked.method == "PUT" else "Download"
    found = API.fullmatch(asked.path)
    if asked.host not in HOSTS or not found:
        return ""
    rest = found["rest"]
    if rest.startswith(LOGS):
        return "LogStream"
    if rest.startswith(ZIPPED):
        return "DownloadZip"
    return rest.rpartition("/")[2]


def document_of(asked: Asked) -> dict[str, object]:
    """Give the JSON of a request to the API, nothing for another."""
    if "json" not in asked.headers.get("Content-Type", ""):
        return {}
    try:
        return asked.document
    except json.JSONDecodeError:
        return {}


def error_answer(error: ApiError) -> Answer:
    return json_answer({"code": error.code, "message": error.message}, error.code)
