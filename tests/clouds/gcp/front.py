"""The WSGI application: it records, refuses and strikes, and lets the services answer."""

from __future__ import annotations

import contextlib
import functools
import json
import time
import traceback
from typing import TYPE_CHECKING, Any

from tests.clouds.faults import Fault
from tests.clouds.gcp import errors
from tests.clouds.gcp.asked import Asked, Call
from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.fields import selected
from tests.clouds.gcp.routes import Route, find, routes_of
from tests.clouds.striking import Answer, answer_struck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.clouds.gcp.cloud import Cloud

BEFORE = {
    Fault.ERROR: errors.internal_error,
    Fault.UNAVAILABLE: errors.unavailable,
    Fault.THROTTLE: errors.throttled,
}
NOWHERE = b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"
#: Services that are asked by a token of their own kind, or that no project enables.
ALWAYS = ("oauth2", "sts", "metadata", "registry", "iamcredentials")

#: What a job that runs as the service's own agent may call: its tokens have no wider scope.
NARROW = ("storage", "logging")


class Front:
    """Answers every request."""

    def __init__(self, cloud: Cloud, services: Iterable[Any]) -> None:
        """Take the services whose methods answer."""
        self._cloud, self._routes = cloud, routes_of(services)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        asked = Asked.of(environ)
        route = find(self._routes, asked)
        if route is None:
            self._cloud.strays.append(f"{asked.method} {asked.path}")
            return Answer(404, NOWHERE, (("Content-Type", "text/html"),)).send(start)
        self._note(route, asked)
        strike = self._cloud.faults.take(route.name)
        refusals = {
            fault: functools.partial(_refusal, route, error) for fault, error in BEFORE.items()
        }
        effect = functools.partial(self._effect, route, asked)
        answer = answer_struck(environ, strike, effect, refusals)
        return answer.send(start)

    def _note(self, route: Route, asked: Asked) -> None:
        """Record the call, whatever becomes of it."""
        token = self._cloud.accounts.find(asked.token or asked.login[1])
        asked.caller = token.email if token else ""
        sent: dict[str, Any] = {}
        if asked.header("Content-Type").startswith("application/json"):
            with contextlib.suppress(ValueError):
                sent = json.loads(asked.body or b"{}")
        headers = {
            name[5:].lower().replace("_", "-"): value
            for name, value in asked.environ.items()
            if name.startswith("HTTP_") and name != "HTTP_AUTHORIZATION"
        }
        names = {name: asked.name(name) for name in asked.names}
        asked.needs = list(route.permissions)
        call = Call(route.name, asked.caller, asked.needs, names | asked.query, sent, headers)
        self._cloud.calls.append(call)

    def _effect(self, route: Route, asked: Asked) -> Answer:
        try:
            self._admit(route, asked)
            made = route.handle(asked)
            if wanted := asked.query.get("fields") or asked.query.get("$fields"):
                made = made if isinstance(made, Answer) else selected(made, wanted)
        except ApiError as error:
            if route.service == "storage" and asked.query.get("alt") == "media":
                headers = (("Content-Type", "text/html"), *error.headers)
                return Answer(error.code, error.message.encode(), headers)
            return error.answer(route.service)
        except OSError:  # the client has gone
            raise
        except Exception:  # told to the test that owns the cloud
            self._cloud.runner.problems.append(traceback.format_exc())
            raise
        return made if isinstance(made, Answer) else errors.document(made)

    def _admit(self, route: Route, asked: Asked) -> None:
        """Check who calls, and whether they may.

        Raises:
            ApiError: unknown, over, without the permission, or the service is not enabled.
        """
        if route.open:
            return
        service = route.service
        if not asked.token:
            if service == "storage" and self._cloud.anonymous:
                asked.caller = self._cloud.accounts.user
                return
            raise errors.no_credentials(service)
        token = self._cloud.accounts.find(asked.token)
        if token is None or token.expires < time.time():
            raise errors.bad_credentials(service, expired=token is not None)
        if not token.broad and service not in NARROW:
            raise errors.narrow(service)
        if service not in ALWAYS:
            self._cloud.check_enabled(service)
        self._check_quota_project(asked, service)
        self._cloud.check_project(service, asked.names)
        for permission in route.permissions:
            self._cloud.check_permission(asked, service, permission)

    def _check_quota_project(self, asked: Asked, service: str) -> None:
        """Check the project that pays: a person's calls have to name one.

        Raises:
            ApiError: none is named, or the caller may not use it.
        """
        paying = asked.header("X-Goog-User-Project")
        if paying:
            self._cloud.check_project(service, {"project": paying})
            try:
                self._cloud.check_permission(asked, "serviceusage", "serviceusage.services.use")
            except ApiError as error:
                raise errors.may_not_pay(service, paying) from error
        elif asked.caller == self._cloud.accounts.person and service not in ("storage", *ALWAYS):
            raise errors.nobody_pays(service)


def _refusal(route: Route, error: Callable[[], ApiError]) -> Answer:
    return error().answer(route.service)
