"""The only file that talks to AWS: one account and region, by whichever credentials there are."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, ServiceError
from fahr_sagemaker.failures import no_region, root_of, translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.errors import FahrError
    from fahr_core.models import JobRef

__all__ = ["Client", "service_model"]

#: Seconds to a connection, and between two pieces of an answer.
_CONNECT, _READ = 10, 60
#: Attempts of a call, the first included: about 20 seconds of throttling are sat out.
_ATTEMPTS = 6
#: Calls that change nothing: one whose answer broke off is made once more.
_READS = ("Describe", "Get", "List")
#: Where a service is told which page is wanted, and where it tells of the next one.
_PAGES = {
    "logs": ("nextToken", "nextToken"),
    "s3": ("ContinuationToken", "NextContinuationToken"),
    "sagemaker": ("NextToken", "NextToken"),
    "ssm": ("NextToken", "NextToken"),
}
#: The clients of this process. New credentials are looked for after an AccessError.
_SHARED: dict[tuple[Any, ...], Client] = {}
_SHARING = threading.Lock()


class Client:
    """AWS in one region; each service's client is made once, when it is first used.

    botocore retries what may work a moment later, with back-off and jitter, in its mode
    ``standard``; ``AWS_RETRY_MODE`` and ``AWS_MAX_ATTEMPTS`` override it. Safe to share
    between threads.

    Args:
        region: The region, where the caller knows it; otherwise AWS's own settings tell.
        profile: A profile of AWS's settings files.
        account: The account that has to answer; checked by :meth:`check_account`.
    """

    def __init__(
        self, *, region: str | None = None, profile: str | None = None, account: str | None = None
    ) -> None:
        self.profile = profile
        self.account = account
        self._wanted_region = region
        self._lock = threading.Lock()
        self._session: Any = None
        self._services: dict[str, Any] = {}

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Client:
        """Give the client that a job's settings mean, the same for the same ones."""
        return cls._shared(settings.get("region"), settings.get("profile"), None)

    @classmethod
    def of_ref(cls, ref: JobRef) -> Client:
        """Give the client for a job, on any machine: a profile that is unknown here is left out."""
        region, account, profile = (ref.data.get(key) for key in ("region", "account", "profile"))
        plain = cls._shared(region, None, account)
        if profile and profile in plain.session.available_profiles:
            return cls._shared(region, profile, account)
        return plain

    @classmethod
    def _shared(cls, region: str | None, profile: str | None, account: str | None) -> Client:
        """Give one client for the same words: opening a session costs more than a call."""
        variables = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        key = (region, profile, account, *variables)
        with _SHARING:
            if key not in _SHARED:
                plain = _SHARED.get((None, *key[1:]))
                is_same = plain is not None and plain._found_region() == region
                made = cls(region=region, profile=profile, account=account)
                _SHARED[key] = plain if plain is not None and is_same else made
            return _SHARED[key]

    @property
    def session(self) -> Any:
        """Give boto3's session.

        Raises:
            AccessError: there is no such profile.
        """
        with self._lock:
            if self._session is None:
                self._session = self._opened()
            return self._session

    @property
    def region(self) -> str:
        """Give the region that is asked.

        Raises:
            AccessError: nobody names one.
        """
        found = self._found_region()
        if not found:
            raise no_region()
        return found

    def _found_region(self) -> str | None:
        found = self._wanted_region or self.session.region_name or os.environ.get("AWS_REGION")
        return str(found) if found else None

    @property
    def access_key(self) -> str | None:
        """Give the id of the access key in use, which is no secret; None without credentials."""
        with self.answered("sts", "credentials"):
            credentials = self.session.get_credentials()
            return credentials.access_key if credentials else None

    def service(self, name: str) -> Any:
        """Give boto3's client for a service; calls on it raise botocore's own errors."""
        region, session = self.region, self.session
        with self._lock:  # botocore's session is not safe to make two clients at once
            if name not in self._services:
                self._services[name] = session.client(
                    name, region_name=region, config=_configuration()
                )
            return self._services[name]

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation and give its answer.

        Args:
            service: boto3's name of the service, such as ``sagemaker``.
            operation: The operation's name in the API, such as ``DescribeTrainingJob``.
            arguments: Its parameters.

        Raises:
            AccessError: credentials or a permission is missing.
            FahrError: the service refused the call; ``failures.code_of`` gives its code.
            ServiceError: the service failed, or did not answer.
        """
        with self.answered(service, operation):
            client = self.service(service)
            method = getattr(client, _method(client, operation))
            answer = dict(method(**arguments))
            if operation.startswith(_READS) and _is_broken(client, operation, answer):
                answer = dict(method(**arguments))
        return _whole(client, operation, answer)

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Give the answers of an operation that has pages, one after the other.

        Raises:
            FahrError: as :meth:`call` does, for each page.
        """
        asked, told = _PAGES[service]
        page, token = self.call(service, operation, **arguments), None
        yield page
        while page.get(told) not in (None, "", token):  # the same once more would never end
            token = page[told]
            page = self.call(service, operation, **{**arguments, asked: token})
            yield page

    @contextmanager
    def answered(self, service: str, operation: str) -> Iterator[None]:
        """Turn botocore's errors within the block into fahr's, also between reads of a stream."""
        import boto3.exceptions  # type: ignore[import-untyped]
        import urllib3.exceptions
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            yield
        except (
            BotoCoreError,
            ClientError,
            boto3.exceptions.Boto3Error,
            urllib3.exceptions.HTTPError,
        ) as error:
            root = root_of(error)
            raise self._translated(root, service, operation) from root

    def check_account(self) -> None:
        """See that the credentials are those of the job's account.

        Raises:
            AccessError: they are another account's.
        """
        if self.account is None:
            return
        here = self.call("sts", "GetCallerIdentity")["Account"]
        if here != self.account:
            raise AccessError(
                f"the job is in AWS account {self.account}, the credentials are those of {here}",
                "export AWS_PROFILE=NAME    of a profile of that account",
            )

    def _translated(self, error: Exception, service: str, operation: str) -> FahrError:
        found = translated(error, service, operation, self.profile)
        if isinstance(found, AccessError):
            with _SHARING:
                _SHARED.clear()
        return found

    def _opened(self) -> Any:
        import boto3
        from botocore.exceptions import BotoCoreError

        try:
            return boto3.Session(
                botocore_session=_session(),
                profile_name=self.profile,
                region_name=self._wanted_region,
            )
        except BotoCoreError as error:
            raise translated(error, "sts", "credentials", self.profile) from error


def service_model(service: str) -> Any:
    """Give botocore's model of a service; reading it asks nobody."""
    return _session().get_service_model(service)


def _session() -> Any:
    """Open a session of botocore's; all of a process read the model of a service once."""
    import botocore.session  # type: ignore[import-untyped]

    session = botocore.session.get_session()
    session.register_component("data_loader", _loader(os.environ.get("AWS_DATA_PATH")))
    return session


@cache
def _loader(more: str | None) -> Any:
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    return create_loader(more)


def _configuration() -> Any:
    from botocore.config import Config  # type: ignore[import-untyped]

    from fahr_sagemaker.version import VERSION

    told = {"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"} & set(os.environ)
    retries = {} if told else {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    return Config(
        retries=retries or None,
        connect_timeout=_CONNECT,
        read_timeout=_READ,
        max_pool_connections=16,
        user_agent_extra=f"fahr-sagemaker/{VERSION}",
    )


def _method(client: Any, operation: str) -> str:
    from botocore import xform_name

    name = str(xform_name(operation))
    if not hasattr(client, name):
        raise AttributeError(f"{client.meta.service_model.service_name} has no {operation}")
    return name


def _whole(client: Any, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    if _is_broken(client, operation, answer):
        raise ServiceError(f"AWS's answer to {operation} came incomplete")
    return answer


def _is_broken(client: Any, operation: str, answer: dict[str, Any]) -> bool:
    """Tell whether an answer broke off: botocore reads half a document of JSON as an empty one."""
    model = client.meta.service_model.operation_model(operation)
    expected = model.output_shape is not None and model.output_shape.members
    by_json = model.service_model.metadata.get("protocol") == "json"
    return bool(by_json and expected and not answer.keys() - {"ResponseMetadata"})
