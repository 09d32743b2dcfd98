"""Requests to one repository of a registry: logged in, repeated while that may help.

What a registry refuses becomes one of fahr's errors here; 404 is left to the caller, who
knows what it means.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from fahr_core.errors import AccessError, ServiceError
from fahr_docker.registry.auth import Authorization
from fahr_docker.registry.exchange import Broken, Exchange, Patience, joined
from fahr_docker.registry.reference import base_url, check_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fahr_core.models import Login
    from fahr_docker.registry.exchange import Answer, Body

__all__ = ["Service"]

T = TypeVar("T")
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_TEXT = 200


class Service:
    """One repository of a registry, and how to ask it.

    Args:
        base: The registry's host, or its address with the scheme.
        repository: The repository in it.
        login: Gives a login when one is needed, and another when that has expired.
        patience: How long to wait for it.
    """

    def __init__(
        self,
        base: str,
        repository: str,
        login: Callable[[], Login] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.base = base_url(base)
        self.registry = base.rpartition("://")[2].rstrip("/")
        self.repository = check_repository(repository)
        self.patience = patience or Patience()
        self.exchange = Exchange(self.patience)
        self.authorization = Authorization(
            self.registry,
            self.repository,
            login,
            lambda url, headers: self._settled(self.exchange.once("GET", url, headers)),
        )

    @property
    def name(self) -> str:
        """Registry and repository, as messages show them."""
        return f"{self.registry}/{self.repository}"

    def url(self, path: str) -> str:
        """Give the address of something in the repository."""
        return f"{self.base}/v2/{self.repository}/{path}"

    def location(self, answer: Answer) -> str:
        """Give the address that an answer names as the next one.

        Raises:
            ServiceError: it names none, or one that is not https.
        """
        if "location" not in answer.headers:
            raise ServiceError(f"{self.name}: the registry does not say where to upload to")
        url = joined(answer.url, answer.headers["location"])
        own = (urlsplit(url).scheme, urlsplit(url).netloc) == urlsplit(self.base)[:2]
        if not own and urlsplit(url).scheme != "https":
            raise ServiceError(
                f"{self.name}: the registry names {urlsplit(url).netloc} for uploads, not by https"
            )
        return url

    def request(
        self,
        method: str,
        url: str,
        *,
        access: str = "pull",
        headers: dict[str, str] | None = None,
        body: Body | None = None,
    ) -> Answer:
        """Ask until there is an answer that repeating would not change.

        Raises:
            AccessError: the registry refuses the login or the access.
            ServiceError: it does not answer.
        """
        return self.patiently(lambda: self.once(method, url, access, headers or {}, body))

    def once(
        self,
        method: str,
        url: str,
        access: str,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
    ) -> Answer:
        """Ask once, but for what a renewed login or token mends.

        Raises:
            AccessError: the registry refuses the login or the access.
            Broken: there is no answer, or one that says to try again.
        """
        attempt = self.authorization.attempt(access)
        while True:
            sent = {**(headers or {}), **self._login_headers(url, attempt.headers())}
            answer = self.exchange.once(method, url, sent, body)
            if not self._refused(answer, attempt.after_refusal):
                return self._settled(answer)

    def download(self, url: str) -> Iterator[bytes]:
        """Give the body of an answer in parts.

        Raises:
            AccessError: the registry refuses the login or the access.
            Broken: there is no whole answer, or one that says to try again.
            ServiceError: there is no such content.
        """
        attempt = self.authorization.attempt("pull")
        while True:
            sent = attempt.headers()
            with self.exchange.opened("GET", url, sent) as (answer, parts):
                if answer.status == 200:
                    yield from parts
                    return
            if not self._refused(answer, attempt.after_refusal):
                self._settled(answer)
                raise ServiceError(f"{self.name} has no content {url.rpartition('/')[2]}")

    def patiently(self, step: Callable[[], T], progress: Callable[[], int] | None = None) -> T:
        """Do a step until it is not broken off any more.

        Args:
            step: What to do.
            progress: Gives a number; attempts are counted anew whenever it has grown.

        Raises:
            ServiceError: the last attempt was broken off as well.
        """
        failed, reached = 0, 0
        while True:
            try:
                return step()
            except Broken as broken:
                before, reached = reached, progress() if progress else 0
                failed = 1 if reached > before else failed + 1
                if failed >= self.patience.attempts:
                    raise ServiceError(broken.message, *broken.hints) from None
                self.pause(failed, broken)

    def pause(self, number: int, broken: Broken) -> None:
        """Wait after the failed attempt of a number, counted from 1.

        Raises:
            ServiceError: the registry asks for a longer pause than is waited for.
        """
        if broken.pause is not None and broken.pause > self.patience.longest_pause:
            seconds = f"{broken.pause:.0f} s"
            raise ServiceError(f"{broken.message}; try again in {seconds}") from None
        delay = min(self.patience.first_delay * 2 ** (number - 1), self.patience.longest_delay)
        delay *= 0.5 + random.random() / 2  # noqa: S311 - so that jobs do not come back together
        time.sleep(max(delay, broken.pause or 0))

    def failure(self, answer: Answer, what: str) -> ServiceError:
        """Make an error of an answer that was not to be expected."""
        return ServiceError(f"{self.name}: {what} ({_told(answer)})")

    def close(self) -> None:
        """Close the connections."""
        self.exchange.close()

    def _login_headers(self, url: str, headers: dict[str, str]) -> dict[str, str]:
        """Keep the login from another host, which a registry may name for uploads."""
        return headers if urlsplit(url).netloc == urlsplit(self.base).netloc else {}

    def _refused(self, answer: Answer, try_again: Callable[[str], bool]) -> bool:
        """Tell whether to ask again with another login.

        Raises:
            AccessError: no other login is left, or the access is refused.
            Broken: the storage behind the registry refuses what it was sent there with.
        """
        if answer.status not in (401, 403):
            return False
        if urlsplit(answer.url).netloc != urlsplit(self.base).netloc:
            raise Broken(f"{self.name}: the storage behind it answers {answer.status}")
        # ECR says 403 of an expired login, and a HEAD cannot say why.
        expired = not answer.body or b"expired" in answer.body
        if (answer.status == 401 or expired) and try_again(
            answer.headers.get("www-authenticate", "")
        ):
            return True
        if answer.status == 403:
            raise AccessError(
                f"{self.registry} does not allow this for {self.repository} ({_told(answer)})",
                "ask its owner for the permission to pull and push there",
            )
        raise AccessError(
            f"{self.registry} refuses the login for {self.repository}",
            "user name or password is wrong, has expired, or may not use this repository",
            f"to log in anew: docker login {self.registry}",
        )

    def _settled(self, answer: Answer) -> Answer:
        """Give an answer back that repeating would not change.

        Raises:
            Broken: it says to try again.
        """
        if answer.status in _TRY_AGAIN:
            host = urlsplit(answer.url).netloc
            pause = _seconds(answer.headers.get("retry-after", ""))
            raise Broken(f"{host} cannot answer now ({_told(answer)})", pause=pause)
        return answer


def error_codes(answer: Answer) -> tuple[str, ...]:
    """Give the registry's own codes of what is wrong, such as ``BLOB_UPLOAD_INVALID``."""
    return tuple(str(error.get("code", "")) for error in _errors(answer))


def _told(answer: Answer) -> str:
    """Tell an answer in a few words; nothing of a body that is not a registry's."""
    texts = [f"{e.get('code', '')} {e.get('message', '')}".strip() for e in _errors(answer)]
    text = "".join(c if c.isprintable() else " " for c in ", ".join(texts))
    return f"{answer.status} {text[:_LONGEST_TEXT]}".strip()


def _errors(answer: Answer) -> list[dict[str, Any]]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return []
    errors = told.get("errors") if isinstance(told, dict) else None
    return [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []


def _seconds(header: str) -> float | None:
    """Read ``Retry-After``: seconds or a date."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
