"""The only file that talks to Google: one project and region, by whichever credentials there are.

A call names the service, HTTP's method and the path with the API's version::

    client = Client.of_settings(job.settings)        # or Client.of_ref(ref)
    client.call("aiplatform", "GET", f"v1/{client.location}/customJobs/{number}")
    for page in client.pages("aiplatform", f"v1/{client.location}/customJobs", {"filter": ...}):
        page.get("customJobs", ())
    with closing(client.open("storage", object_path(bucket, key), {"alt": "media"},
                             start=0, stop=1024)) as body:
        body.read(100)

Errors are those of :mod:`fahr_core.errors`; ``failures.status_of`` gives HTTP's status.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_gcp.bodies import Body
from fahr_gcp.connection import SILENCES, Connection
from fahr_gcp.endpoints import endpoint
from fahr_gcp.failures import (
    Answer,
    NoAnswer,
    is_passing,
    translated,
    unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import JobRef

__all__ = ["DEFAULT_REGION", "Client"]

#: Attempts of a call, the first included, and the longest pause between two, in seconds: about
#: half a minute of throttling is sat out.
_ATTEMPTS = 6
_LONGEST_PAUSE = 16.0
#: As Google's own client does, when nobody names one.
DEFAULT_REGION = "us-central1"
#: gcloud's variables for a region, then its client's for Vertex AI. Source: "gcloud config",
#: sections ai and compute; google-cloud-aiplatform, initializer.
_REGIONS = ("CLOUDSDK_AI_REGION", "CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION")
#: What a client is made of besides its arguments: other ones mean another client.
_VARIABLES = ("CLOUDSDK_", "GOOGLE_", "GCE_METADATA", "STORAGE_EMULATOR_HOST")

_SHARED: dict[tuple[Any, ...], Client] = {}
_SHARING = threading.Lock()


class Client:
    """Google Cloud, one project and one region; safe to share between threads.

    What may work a moment later is asked again, with back-off and jitter.

    Args:
        project: The project's id.
        region: Where jobs run; by default what gcloud's variables say, or us-central1.
        quota_project: The project whose quota pays for the calls of a user's credentials; by
            default the one that these name, or ``project``.
    """

    def __init__(
        self, project: str, region: str | None = None, quota_project: str | None = None
    ) -> None:
        self.project = project
        self.quota_project = quota_project
        told = (os.environ.get(name) for name in _REGIONS)
        self.region = region or next(filter(None, told), DEFAULT_REGION)
        self._connection = Connection(project, quota_project)

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Client:
        """Give the client that a job's settings mean, the same for the same ones."""
        told = (settings.get(key) for key in ("project", "region", "quota_project"))
        return cls._shared(*told)

    @classmethod
    def of_ref(cls, ref: JobRef) -> Client:
        """Give the client for a job, on any machine."""
        told = (ref.data.get(key) for key in ("project", "region", "quota_project"))
        return cls._shared(*told)

    @classmethod
    def _shared(cls, project: Any, region: Any, quota_project: Any) -> Client:
        """Give one client for the same words: a token costs more than a call."""
        variables = sorted(item for item in os.environ.items() if item[0].startswith(_VARIABLES))
        key = (project, region, quota_project, *variables)
        with _SHARING:
            if key not in _SHARED:
                _SHARED[key] = cls(str(project), region, quota_project)
            return _SHARED[key]

    @property
    def location(self) -> str:
        """Give ``projects/<project>/locations/<region>``, where jobs and repositories are."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def member(self) -> str:
        """Name who asks, as a command that grants a role does; credentials name no person.

        Raises:
            AccessError: there are no credentials.
        """
        account = self.identity
        return f"serviceAccount:{account}" if account else '"user:$(gcloud config get account)"'

    @property
    def identity(self) -> str | None:
        """Give the service account's address of the credentials in use, where they name one.

        Raises:
            AccessError: there are no credentials.
        """
        told = getattr(self._connection.credentials(), "service_account_email", None)
        return str(told) if told and "@" in str(told) else None

    def token(self) -> tuple[str, float | None]:
        """Give an access token and when it ends, in seconds since the epoch.

        Raises:
            AccessError: no credentials, or none that Google knows.
            ServiceError: Google does not answer.
        """
        from datetime import UTC

        credentials = self._connection.credentials()
        ends = getattr(credentials, "expiry", None)
        return str(credentials.token), ends.replace(tzinfo=UTC).timestamp() if ends else None

    def call(
        self,
        service: str,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        again: bool = True,
        attempts: int = _ATTEMPTS,
    ) -> dict[str, Any]:
        """Make a call and give its answer, ``{}`` for an empty one.

        Args:
            service: ``aiplatform``, ``storage``, ``logging`` ... : :mod:`fahr_gcp.endpoints`.
            method: HTTP's method.
            path: The path with the API's version, already quoted where it has to be; or a whole
                address, which an earlier answer gave.
            query: Parameters of the URL; a list gives one for each item.
            body: What is sent: JSON, but for bytes, which go as they are.
            headers: Further headers.
            again: Whether it may be made again when nobody knows whether it arrived.
            attempts: How often it is made at most, the first time included.

        Raises:
            AccessError: credentials, a permission or a quota is missing.
            FahrError: the service refused the call.
            ServiceError: the service failed, or did not answer.
        """
        response = self._answered(
            service, method, path, query, body, headers or {}, again=again, attempts=attempts
        )
        with response:
            try:
                text = response.content
                return dict(response.json()) if text else {}
            except (ValueError, TypeError, OSError) as error:
                operation = _operation(service, method, path)
                cause = NoAnswer(f"the answer came incomplete: {error}", sent=True)
                raise unanswered(cause, operation) from cause

    def pages(
        self,
        service: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        attempts: int = _ATTEMPTS,
    ) -> Iterator[dict[str, Any]]:
        """Give the answers of a list that has pages, one after the other; see ``call``."""
        token: str | None = None
        while True:
            more = {"pageToken": token} if token else {}
            page = self.call(service, "GET", path, {**(query or {}), **more}, attempts=attempts)
            yield page
            token = page.get("nextPageToken")
            if not token:
                return

    def open(
        self,
        service: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        start: int | None = None,
        stop: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        """Open the bytes of an answer, from ``start`` up to and without ``stop``.

        They come as they are stored: an object that is stored compressed stays so.

        Raises:
            AccessError: credentials or a permission is missing.
            FahrError: the service refused the call; its status is 416 beyond the object's end.
            ServiceError: the service failed, or did not answer.
        """
        ranged = (
            {} if start is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}
        )
        own = {"Accept-Encoding": "gzip", **ranged, **(headers or {})}
        response = self._answered(service, "GET", path, query, None, own, again=True, stream=True)
        return Body(response, _operation(service, "GET", path))

    def begin_upload(self, path: str, query: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        """Begin an upload in pieces and give the address that these go to, by ``call``.

        Raises:
            AccessError: a permission is missing.
            ServiceError: Google does not answer.
        """
        told = {"uploadType": "resumable", **query}
        with self._answered("storage", "POST", path, told, None, headers, again=True) as response:
            address = response.headers.get("Location")
        if not address:
            raise ServiceError("Cloud Storage gave no address for an upload in pieces")
        return str(address)

    def close(self) -> None:
        """Let the connections go."""
        self._connection.close()

    # -- one attempt after the other ----------------------------------------------------

    def _answered(
        self,
        service: str,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        headers: Mapping[str, str],
        *,
        again: bool,
        stream: bool = False,
        attempts: int = _ATTEMPTS,
    ) -> Any:
        operation = _operation(service, method, path)
        whole = path.startswith(("https://", "http://"))
        url = path if whole else f"{endpoint(service, self.region)}/{path}"
        arrived, silences = False, 0
        for attempt in range(1, attempts + 1):
            try:
                return self._connection.once(method, url, query, body, headers, stream=stream)
            except (Answer, NoAnswer) as cause:
                cause.repeated = arrived
                arrived = arrived or _may_have_arrived(cause)
                silences += isinstance(cause, NoAnswer) and cause.silent
                hopeless = not is_passing(cause) or (arrived and not again)
                if hopeless or attempt == attempts or silences == SILENCES:
                    if isinstance(cause, NoAnswer):
                        raise unanswered(cause, operation) from cause
                    raise translated(cause, operation, self) from cause
                _pause(attempt, cause)
        raise AssertionError("the last attempt raises")


def _may_have_arrived(cause: Answer | NoAnswer) -> bool:
    return cause.sent if isinstance(cause, NoAnswer) else cause.status >= 500 or cause.status == 408


def _pause(attempt: int, cause: Answer | NoAnswer) -> None:
    """Wait before the next attempt: longer each time, and not as long as others do."""
    import random

    longest = min(_LONGEST_PAUSE, 2.0 ** (attempt - 1))
    slow = isinstance(cause, Answer) and cause.status == 429
    time.sleep(random.uniform(longest / 2 if slow else longest / 8, longest))  # noqa: S311


def _operation(service: str, method: str, path: str) -> str:
    """Name a call for people: the service, and the last words of the path that are its own."""
    *before, last = path.partition("?")[0].rstrip("/").split("/")
    if last == "o" and before:
        last = f"objects of {before[-1]}"
    return f"{service}: {method} {last}"
