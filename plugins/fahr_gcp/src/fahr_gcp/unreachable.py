"""Why a connection failed, in words for people: requests' own are the names of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["why_unreachable"]

_LONGEST = 300


def why_unreachable(error: BaseException) -> str:
    """Say which host a connection failed to, and what the system says of it.

    Args:
        error: An exception of requests', or of google-auth's that has one as its cause.
    """
    from requests.exceptions import ProxyError

    causes = list(_causes(error))
    hosts = [host for host in map(_host, causes) if host]
    proxy = "by the proxy: " if any(isinstance(one, ProxyError) for one in causes) else ""
    return f"{hosts[0]}: {proxy}{_words(causes[-1])}" if hosts else _words(causes[-1])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _host(error: BaseException) -> str:
    request: Any = getattr(error, "request", None)
    return urlsplit(str(request.url)).netloc if request is not None else ""


def _words(error: BaseException) -> str:
    from socket import gaierror

    if isinstance(error, gaierror):
        return "its name is not known"
    if untrusted := getattr(error, "verify_message", None):
        return f"its certificate is not trusted: {untrusted}"
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    text = " ".join(said.split())[:_LONGEST]
    return text[:1].lower() + text[1:]
