"""One HTTP request and its answer: a pool of connections, time limits, and what went wrong.

Nothing is repeated here but redirects.  urllib3 costs 100 ms to import and comes with the
first request.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from fahr_core.errors import AccessError, ServiceError
from fahr_docker.registry.reference import is_loopback
from fahr_docker.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import urllib3

__all__ = ["Answer", "Body", "Broken", "Exchange", "Patience", "joined"]

LARGEST_ANSWER = 16 * 1024**2  # bytes; registries limit manifests to 4 MiB
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_CHUNK = 1024 * 1024
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a registry is waited for; all times in seconds.

    ``answer`` is the longest silence on a connection.  A failed attempt is followed by a
    pause of up to ``first_delay``, doubled each time up to ``longest_delay``.  A registry that
    asks for a longer pause than ``longest_pause`` is not waited for.
    """

    attempts: int = 5
    connect: float = 10
    answer: float = 60
    first_delay: float = 0.5
    longest_delay: float = 15
    longest_pause: float = 60


class Broken(ServiceError):  # noqa: N818 - reads as the fact that it states
    """A request has no whole answer, or one that says to try again.

    ``pause`` is the time in seconds that the registry asked to wait.
    """

    def __init__(self, message: str, *hints: str, pause: float | None = None) -> None:
        super().__init__(message, *hints)
        self.pause = pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request sends; ``parts`` gives it in pieces, from its beginning each time.

    The pieces are small: a time limit holds for each of them.
    """

    length: int
    parts: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, content: bytes) -> Body:
        """Make one of bytes."""
        pieces = [content[start : start + 65536] for start in range(0, len(content), 65536)]
        return cls(length=len(content), parts=lambda: pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; header names are in lower case, repeated headers joined by a comma."""

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Exchange:
    """Sends requests to any host, from any thread, over connections that are kept."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def once(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None = None
    ) -> Answer:
        """Send one request and read the answer.

        Raises:
            AccessError: the server's certificate is not trusted.
            Broken: there is no whole answer.
        """
        with self.opened(method, url, headers, body) as (answer, parts):
            return Answer(
                status=answer.status,
                url=answer.url,
                headers=answer.headers,
                body=b"".join(_limited(parts, answer.url)),
            )

    @contextmanager
    def opened(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None = None
    ) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send one request; give the answer without its body, and the body in parts.

        Raises:
            AccessError: the server's certificate is not trusted.
            Broken: there is no answer, or its body ends early.
        """
        response, url = self._followed(method, url, dict(headers), body)
        try:
            yield _head(response, url), _parts(response, url)
        finally:
            if not response.closed:  # a connection with a rest of it on is of no use
                response.close()
            response.release_conn()

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.clear()

    def _followed(
        self, method: str, url: str, headers: dict[str, str], body: Body | None
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        for _ in range(_MOST_REDIRECTS):
            response = self._sent(method, url, headers, body)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None:
                return response, url
            response.drain_conn()
            response.release_conn()
            target = joined(url, target)
            if _origin(target) != _origin(url):
                _check_redirect(url, target)
                headers.pop("Authorization", None)
            url = target
        raise Broken(f"{_host(url)} sends requests round in circles")

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None
    ) -> urllib3.BaseHTTPResponse:
        import urllib3

        sent = {"User-Agent": f"fahr-docker/{VERSION}", "Accept-Encoding": "identity", **headers}
        if body is not None:
            sent["Content-Length"] = str(body.length)
        limits = urllib3.Timeout(connect=self._patience.connect, read=self._patience.answer)
        with _told(url):
            return self._pool(url).request(
                method,
                url,
                headers=sent,
                body=body.parts() if body is not None and body.length else None,
                timeout=limits,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )

    def _pool(self, url: str) -> urllib3.PoolManager:
        import urllib3

        proxy = _proxy(url)
        if proxy not in self._pools:
            kind: Any = urllib3.PoolManager if proxy is None else urllib3.ProxyManager
            options: dict[str, Any] = {"maxsize": _CONNECTIONS, "num_pools": _CONNECTIONS}
            if proxy is not None:
                options |= {"proxy_url": proxy, "proxy_headers": _proxy_login(proxy)}
            self._pools[proxy] = kind(**options)
        return self._pools[proxy]


def _head(response: urllib3.BaseHTTPResponse, url: str) -> Answer:
    headers = {name.lower(): ", ".join(response.headers.getlist(name)) for name in response.headers}
    return Answer(status=response.status, url=url, headers=headers)


def _parts(response: urllib3.BaseHTTPResponse, url: str) -> Iterator[bytes]:
    with _told(url):
        while part := response.read(_CHUNK):
            yield part


def _limited(parts: Iterator[bytes], url: str) -> Iterator[bytes]:
    read = 0
    for part in parts:
        read += len(part)
        if read > LARGEST_ANSWER:
            raise ServiceError(f"{_host(url)} answers with more than {LARGEST_ANSWER} bytes")
        yield part


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn what urllib3 raises into errors without addresses: a redirect's may hold a key."""
    from urllib3 import exceptions

    try:
        yield
    except exceptions.SSLError as error:
        raise _certificate(url, error) from None
    except exceptions.HTTPError as error:
        raise Broken(f"{_host(url)} does not answer: {_reason(error)}") from None


def _certificate(url: str, error: Exception) -> AccessError | Broken:
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return AccessError(
            f"the certificate of {_host(url)} is not trusted: {cause.verify_message}",
            "name a file with its authority's certificate in the variable SSL_CERT_FILE",
        )
    return Broken(f"{_host(url)} does not answer: {getattr(cause, 'reason', None) or 'TLS failed'}")


def _reason(error: Exception) -> str:
    from urllib3 import exceptions

    if isinstance(error, exceptions.NameResolutionError):
        return "its name is not known"
    if isinstance(error, exceptions.ProxyError):
        return f"the proxy failed ({_reason(error.original_error)})"
    late = isinstance(error, exceptions.TimeoutError) or _has(error, TimeoutError)
    if late and not isinstance(error, exceptions.NewConnectionError):
        return "it takes too long"
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return "the connection was cut"


def _has(error: Exception, kind: type[Exception]) -> bool:
    return any(isinstance(cause, kind) for cause in (error.__cause__, *error.args))


def joined(url: str, target: str) -> str:
    """Give the address that a server names, seen from another of its addresses.

    Raises:
        ServiceError: it is no address.
    """
    try:
        return urljoin(url, target)
    except ValueError:
        raise ServiceError(f"{_host(url)} names something that is no address") from None


def _check_redirect(url: str, target: str) -> None:
    parts = urlsplit(target)
    secure = parts.scheme == "https" or urlsplit(url).scheme == "http"
    if parts.scheme not in ("http", "https") or not secure:
        raise ServiceError(f"{_host(url)} sends requests on to an address that is not https")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _proxy(url: str) -> str | None:
    """Give the proxy that this machine's settings name for an address."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if is_loopback(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return None if not proxy else proxy if "://" in proxy else f"http://{proxy}"


def _proxy_login(proxy: str) -> dict[str, str]:
    from urllib.parse import unquote

    from urllib3.util import make_headers

    user, at, _ = urlsplit(proxy).netloc.rpartition("@")
    return dict(make_headers(proxy_basic_auth=unquote(user))) if at else {}
