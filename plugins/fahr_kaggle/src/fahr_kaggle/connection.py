"""One connection to Kaggle by its own SDK, with what the SDK lacks: limits, retries, errors.

The SDK sets no timeouts, so that a silent server would hang it for ever, and sends no
User-Agent; it knows neither KAGGLE_USERNAME nor KAGGLE_CONFIG_DIR.  Where the service is comes
from its own variables, as for the official client: KAGGLE_API_ENVIRONMENT, ``https_proxy``.
"""

from __future__ import annotations

import random
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from fahr_core.errors import AccessError, ServiceError
from fahr_kaggle.credentials import find_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from fahr_kaggle.credentials import Credentials

__all__ = ["Connection", "Declined", "NotThere", "Throttled", "sdk"]

T = TypeVar("T")

#: Seconds to connect, and to wait for a word of an answer.
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
#: Seconds after which a call is not repeated any more.
PATIENCE = 90.0
#: The same as long as Kaggle has not answered at all: there may be no network.
FIRST_PATIENCE = 10.0
#: Seconds before the first repetition; each further one waits twice as long.
FIRST_PAUSE = 1.0
#: Answers after which the same call may succeed.
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_MANY = 429
_LATER = "the same command may work in a minute"


class NotThere(Exception):  # noqa: N818 - reads as the fact that it states
    """Kaggle has no such thing, or not for this account: it does not tell these apart."""


class Throttled(ServiceError):  # noqa: N818 - reads as the fact that it states
    """Kaggle asks for fewer calls; the call was not carried out."""


class Declined(ServiceError):  # noqa: N818 - reads as the fact that it states
    """Kaggle has read the call and will not carry it out."""


def sdk(module: str) -> Any:
    """Import a module of Kaggle's SDK, which takes a quarter of a second and has no types."""
    return import_module(f"kagglesdk.{module}")


class Connection:
    """Calls methods of the SDK's clients."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        from fahr_kaggle.version import VERSION

        self.credentials = credentials or find_credentials()
        self._reached = False
        self._client = sdk("kaggle_client").KaggleClient(
            username=self.credentials.username,
            password=self.credentials.key,
            api_token=self.credentials.token,
            user_agent=f"fahr-kaggle/{VERSION}",
        )
        self.http = self._opened(self._client)
        if self.credentials.oauth_file:
            self._log_in(self.credentials.oauth_file)

    @property
    def api(self) -> Any:
        """Give the SDK's client."""
        return self._client

    def call(
        self,
        what: str,
        method: Callable[[Any], T],
        request: Any,
        *,
        repeat: bool = True,
        patience: float | None = None,
    ) -> T:
        """Call a method, again where that may help.

        Args:
            what: The deed for messages: ``ask for the state of NAME/train``.
            method: A method of one of the SDK's clients.
            request: Its argument.
            repeat: Whether the call may be made twice; a refusal for too many calls is always
                repeated, since nothing was done.
            patience: Seconds after which it is not repeated any more, other than the usual;
                0 is for what is good to know, and asked for once.

        Raises:
            AccessError: Kaggle does not take the credentials.
            NotThere: there is no such thing.
            ServiceError: no answer, or none that makes sense.
        """
        return self.trying(what, lambda: method(request), repeat=repeat, patience=patience)

    def trying(
        self,
        what: str,
        work: Callable[[], T],
        *,
        repeat: bool = True,
        patience: float | None = None,
    ) -> T:
        """Do work that talks to Kaggle; see :meth:`call`."""
        begun, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                done = work()
                self._reached = True
                return done
            except Exception as error:
                self._reached |= _is_answer(error)
                problem, wait = self._translated(what, error)
                again = repeat or isinstance(problem, Throttled)
                if wait is None or not again:
                    raise problem from error
                wait = max(wait, pause) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
                usual = PATIENCE if self._reached else FIRST_PATIENCE
                limit = usual if patience is None else patience
                if time.monotonic() - begun + wait > limit:
                    raise problem from error
            time.sleep(wait)
            pause *= 2

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def _translated(self, what: str, error: Exception) -> tuple[Exception, float | None]:
        """Give the error to raise, and how long to wait where the call may be repeated."""
        import requests

        if isinstance(error, requests.HTTPError) and error.response is not None:
            return self._refusal(what, error.response, str(error))
        if isinstance(error, requests.Timeout):
            return ServiceError(f"Kaggle does not answer: could not {what}", _LATER), 0.0
        if isinstance(error, requests.JSONDecodeError | ValueError | KeyError):
            return ServiceError(f"Kaggle's answer makes no sense: could not {what} ({error})"), 0.0
        if isinstance(error, requests.RequestException):
            return ServiceError(f"cannot reach Kaggle to {what}: {_cause(error)}", _LATER), 0.0
        return error, None

    def _refusal(
        self, what: str, response: requests.Response, text: str
    ) -> tuple[Exception, float | None]:
        status, told = _status(response)
        told = told or text
        if status == _TOO_MANY:
            problem = Throttled(f"Kaggle asks for fewer calls: could not {what}", _LATER)
            return problem, _retry_after(response)
        if status in _TEMPORARY:
            text = f"Kaggle failed ({status}): could not {what}: {told}"
            return ServiceError(text, _LATER), 0.0
        if status == 401:
            return AccessError(
                f"Kaggle does not accept the credentials from {self.credentials.source}",
                self.credentials.renewal,
            ), None
        if status in (403, 404):
            return NotThere(told), None
        return Declined(f"Kaggle refused ({status}): could not {what}: {told}"), None

    def _opened(self, client: Any) -> requests.Session:
        """Give the SDK's session, with limits; the SDK itself makes it only at its first call."""
        http_client = client.http_client()
        http_client.__enter__()
        session: requests.Session = http_client._session
        adapter = _limited_adapter()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _log_in(self, file: str) -> None:
        """Take the access token of a login of OAuth's, refreshed where it has expired."""
        login = sdk("kaggle_creds").KaggleCredentials.load(self._client, file)
        token = self.trying("refresh the login", login.get_access_token) if login else None
        if not token:
            raise AccessError(f"the Kaggle login in {file} has expired", self.credentials.renewal)
        self.http.headers["Authorization"] = f"Bearer {token}"


def _limited_adapter() -> requests.adapters.HTTPAdapter:
    from requests.adapters import HTTPAdapter

    class Limited(HTTPAdapter):
        """Sets limits where the caller has set none."""

        def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
            if named.get("timeout") is None:
                named["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
            return super().send(request, *arguments, **named)

    return Limited()


def _is_answer(error: Exception) -> bool:
    """Tell whether the service itself answered, or kept silent on a connection that it took."""
    import requests

    return isinstance(error, requests.HTTPError | requests.ReadTimeout)


def _status(response: requests.Response) -> tuple[int, str]:
    """Give an answer's status and message; the body's code counts where the header says 200."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return response.status_code, ""
    code = body.get("code")
    inner = code if isinstance(code, int) else 0
    status = response.status_code if response.status_code >= 400 else inner
    return status, str(body.get("message") or "")


def _retry_after(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0


def _cause(error: Exception) -> str:
    """Give the innermost cause: requests wraps it several times."""
    inner: BaseException = error
    while isinstance(reason := getattr(inner, "reason", None) or inner.__cause__, BaseException):
        inner = reason
    text = str(inner).rpartition(": ")[2].rstrip("\"')>")
    return text or type(error).__name__
