"""One connection to Google: credentials as they are found, and one attempt of a call with them.

Credentials are looked for as all of Google's clients do ("Application Default Credentials"): a
file that ``GOOGLE_APPLICATION_CREDENTIALS`` names (a service account's key, workload identity),
what ``gcloud auth application-default login`` left, the service account of the machine.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_gcp.failures import Answer, NoAnswer, no_credentials, said
from fahr_gcp.unreachable import why_unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SILENCES", "Connection"]

#: Seconds to a connection, and between two pieces of an answer.
_CONNECT, _READ = 10, 60
#: Attempts to get a token, the first included.
_ATTEMPTS = 4
#: How often a service may stay silent for a minute: each time somebody sits and waits.
SILENCES = 2
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Connection:
    """Sends single requests with the credentials that there are; safe to share between threads.

    Args:
        project: Whose quota counts for the calls of a person's credentials that name none.
        quota_project: Whose quota counts instead of what the credentials say.
    """

    def __init__(self, project: str, quota_project: str | None = None) -> None:
        self._project = project
        self._quota_project = quota_project
        self._lock = threading.Lock()
        self._session: Any = None
        self._credentials: Any = None

    def credentials(self, *, refused: str | None = None) -> Any:
        """Give the credentials with a token that is good; one thread asks for a new one.

        Args:
            refused: A token that a service did not take.

        Raises:
            AccessError: there are none, or none that Google knows.
            ServiceError: Google gives no token now.
        """
        from google.auth import exceptions
        from requests.exceptions import ReadTimeout

        silences = 0
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._lock:
                    return self._good(refused)
            except exceptions.GoogleAuthError as error:
                found = no_credentials(error)
                silences += isinstance(error.__cause__, ReadTimeout)
                hopeless = silences == SILENCES or not isinstance(found, ServiceError)
                if hopeless or attempt == _ATTEMPTS:
                    raise found from error
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("the last attempt raises")

    def _good(self, refused: str | None) -> Any:
        from google.auth.transport.requests import Request

        if self._credentials is None:
            self._session = _session()
            self._credentials = _found(self._project, self._quota_project)
        found = self._credentials
        if not found.valid or found.token == refused:
            found.refresh(partial(Request(self._session), timeout=_READ))
        return found

    def once(
        self,
        method: str,
        url: str,
        query: Mapping[str, Any] | None,
        body: Any,
        headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> Any:
        """Make one attempt; give the response of a success, whose body is still to be read.

        A token that is not taken any more is renewed for it.

        Raises:
            AccessError: there are no credentials.
            Answer: the service said no.
            NoAnswer: none came.
        """
        told = {
            "params": query,
            "headers": {"x-goog-api-client": _agent(), **headers},
            "json" if isinstance(body, dict) else "data": body,
        }
        credentials = self.credentials()
        response = self._sent(method, url, told, credentials, stream=stream)
        if response.status_code == 401:
            response.close()
            credentials = self.credentials(refused=credentials.token)
            response = self._sent(method, url, told, credentials, stream=stream)
        # 308 is what Cloud Storage says of a piece that is not the last one.
        if response.status_code < 300 or response.status_code == 308:
            return response
        with response:
            raise _refusal(response)

    def _sent(
        self, method: str, url: str, told: Mapping[str, Any], credentials: Any, *, stream: bool
    ) -> Any:
        import requests

        headers = dict(told["headers"])
        credentials.apply(headers)
        try:
            return self._session.request(
                method,
                url,
                timeout=(_CONNECT, _READ),
                stream=stream,
                allow_redirects=False,
                **{**told, "headers": headers},
            )
        except requests.exceptions.RequestException as error:
            silent = isinstance(error, requests.exceptions.ReadTimeout)
            sent = not _was_not_sent(error)
            raise NoAnswer(why_unreachable(error), sent=sent, silent=silent) from error

    def close(self) -> None:
        """Let the connections go; the next request opens others."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = self._credentials = None


def _session() -> Any:
    """Make a session that reads no ``.netrc``, whose passwords would stand for the token."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.auth = lambda request: request
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=16)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _found(project: str, quota_project: str | None) -> Any:
    """Find credentials."""
    import warnings

    import google.auth

    with warnings.catch_warnings():
        # A project whose quota counts is named below.
        warnings.filterwarnings("ignore", message="(?s).*without a quota project")
        credentials, _ = google.auth.default(scopes=[_SCOPE], quota_project_id=quota_project)
    return _with_quota(credentials, project)


def _with_quota(credentials: Any, project: str) -> Any:
    """Let calls of a person's credentials count for a project, which many services ask for.

    Source: "Troubleshoot your ADC setup", user credentials not working.
    """
    from google.auth.external_account_authorized_user import Credentials as OfOtherProvider
    from google.oauth2.credentials import Credentials

    persons = isinstance(credentials, (Credentials, OfOtherProvider))
    if persons and not credentials.quota_project_id:
        return credentials.with_quota_project(project)
    return credentials


def _refusal(response: Any) -> Answer | NoAnswer:
    """Read an answer that is no success."""
    import requests

    try:
        return said(response.status_code, response.text)
    except requests.exceptions.RequestException as error:
        return NoAnswer(why_unreachable(error), sent=True)


def _was_not_sent(error: Exception) -> bool:
    """Tell whether a connection could not be made, so that nothing was sent."""
    import requests
    from urllib3.exceptions import NewConnectionError

    of = requests.exceptions
    if isinstance(error, (of.ConnectTimeout, of.ProxyError, of.SSLError, of.InvalidURL)):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _agent() -> str:
    from fahr_gcp.version import VERSION

    return f"fahr-gcp/{VERSION}"
