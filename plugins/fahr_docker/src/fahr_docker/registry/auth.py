"""Basic and Bearer logins, as a registry asks for them.

Sources: "Token authentication" in Distribution's documentation; RFC 9110, section 11.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from fahr_core.errors import AccessError, FahrError
from fahr_docker.registry.exchange import Broken
from fahr_docker.registry.reference import is_loopback, is_same_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import Login
    from fahr_docker.registry.exchange import Answer

__all__ = ["Authorization", "Challenge", "bearer_challenge"]

_SOON = 30  # seconds before its end that a login is renewed
_SHORTEST_LIFE = 60  # of a token, in seconds, where its server does not say
_TOKEN = re.compile(r"[\x21-\x7e]+")
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """Where to get a token, for what."""

    realm: str
    service: str = ""
    scopes: tuple[str, ...] = ()


def bearer_challenge(header: str) -> Challenge | None:
    """Give the Bearer challenge of a ``WWW-Authenticate`` header, None when there is none."""
    found = re.search(r"(?:^|,)\s*bearer\s+(.*)", header, re.IGNORECASE)
    if found is None:
        return None
    told: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(found.group(1)):
        told.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
    if "realm" not in told:
        return None
    return Challenge(
        realm=told["realm"],
        service=told.get("service", ""),
        scopes=tuple(told.get("scope", "").split()),
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    text: str
    until: float


class Authorization:
    """The logins and tokens for one repository; used from several threads.

    Args:
        registry: The registry's host, which a login has to be for.
        repository: The repository whose push tokens are asked for early.
        login: Gives a login each time that it is asked; None for anonymous reading.
        ask_token: Sends a GET to an address, with these headers, and gives the answer.
    """

    def __init__(
        self,
        registry: str,
        repository: str,
        login: Callable[[], Login] | None,
        ask_token: Callable[[str, dict[str, str]], Answer],
    ) -> None:
        self._registry = registry
        self._repository = repository
        self._ask_login = login
        self._ask_token = ask_token
        self._lock = threading.RLock()
        self._login: Login | None = None
        self._challenges: dict[str, Challenge] = {}
        self._tokens: dict[Challenge, _Token] = {}

    def attempt(self, access: str) -> Attempt:
        """Begin a request of a kind of access: ``pull``, ``push`` or another word."""
        return Attempt(self, access)

    def header(self, access: str) -> str | None:
        """Give the header ``Authorization`` that should do for a kind of access."""
        with self._lock:
            if challenge := self._challenges.get(access):
                return f"Bearer {self._token(challenge)}"
            return self._basic()

    def take_challenge(self, challenge: Challenge, access: str) -> None:
        """Get a token that a registry asks for.

        Where there is a login it is one for pushing at once: who reads an environment's
        manifest here mostly goes on to push.
        """
        with self._lock:
            wide = self._widened(challenge)
            for asked in dict.fromkeys((wide, challenge)):
                self._tokens.pop(asked, None)
                try:
                    self._token(asked)
                except AccessError:
                    if asked == challenge:
                        raise
                    continue
                break
            self._challenges[access] = asked
            if asked == wide:
                self._challenges |= {"pull": asked, "push": asked} if self._covers(asked) else {}

    def renew(self, used: str | None) -> bool:
        """Ask for a new login in place of the one used; false when there is no other."""
        with self._lock:
            if (ask := self._ask_login) is None:
                return False
            before = self._basic()
            if before == used or used is None or used.startswith("Bearer "):
                self._login = self._new_login(ask)
                self._tokens.clear()
                return self._basic() != before
            return True  # another thread was quicker

    def _token(self, challenge: Challenge) -> str:
        token = self._tokens.get(challenge)
        if token is None or token.until <= time.monotonic():
            token = self._tokens[challenge] = self._fetch(challenge)
        return token.text

    def _fetch(self, challenge: Challenge) -> _Token:
        url = _token_url(challenge)
        basic = self._basic()
        answer = self._ask_token(url, _headers(basic))
        if answer.status in (401, 403) and self.renew(basic):
            answer = self._ask_token(url, _headers(self._basic()))
        if answer.status in (400, 401, 403, 404):
            raise AccessError(
                f"{urlsplit(challenge.realm).netloc} gives no token for"
                f" {self._registry}/{self._repository}",
                "user name or password is wrong, has expired, or may not use this repository"
                if basic
                else "log in to the registry first",
            )
        return _read_token(answer)

    def _basic(self) -> str | None:
        """Give the login as a header; a login that expires soon is asked for again."""
        if (ask := self._ask_login) is None:
            return None
        if self._login is None or _expires_soon(self._login):
            self._login = self._new_login(ask)
        if not self._login.username and not self._login.password:
            return None
        text = f"{self._login.username}:{self._login.password}"
        return "Basic " + base64.b64encode(text.encode()).decode()

    def _new_login(self, ask: Callable[[], Login]) -> Login:
        login = ask()
        if not is_same_registry(login.registry, self._registry):
            raise FahrError(f"a login for {login.registry} was given for {self._registry}")
        return login

    def _widened(self, challenge: Challenge) -> Challenge:
        own = f"repository:{self._repository}:"
        if self._basic() is None:
            return challenge
        kept = [
            scope
            for scope in challenge.scopes
            if not scope.startswith(own) or set(scope[len(own) :].split(",")) - {"pull", "push"}
        ]
        wide = f"{own}pull,push"
        return Challenge(challenge.realm, challenge.service, tuple(dict.fromkeys((*kept, wide))))

    def _covers(self, challenge: Challenge) -> bool:
        return challenge.scopes == (f"repository:{self._repository}:pull,push",)


class Attempt:
    """One request's way past the registry's refusals."""

    def __init__(self, authorization: Authorization, access: str) -> None:
        self._authorization = authorization
        self._access = access
        self._used: str | None = None
        self._got_token = False
        self._renewed = False

    def headers(self) -> dict[str, str]:
        """Give the headers to send this time."""
        self._used = self._authorization.header(self._access)
        return _headers(self._used)

    def after_refusal(self, challenge_header: str) -> bool:
        """Get ready for another try after a refusal; false when there is nothing left to try.

        Raises:
            AccessError: the server of tokens refuses.
        """
        challenge = bearer_challenge(challenge_header)
        if challenge and not self._got_token:
            self._got_token = True
            self._authorization.take_challenge(challenge, self._access)
            return True
        if self._renewed or not self._authorization.renew(self._used):
            return False
        self._renewed = True
        if challenge:
            self._authorization.take_challenge(challenge, self._access)
        return True


def _headers(authorization: str | None) -> dict[str, str]:
    return {"Authorization": authorization} if authorization else {}


def _expires_soon(login: Login) -> bool:
    return login.expires is not None and login.expires - _SOON <= time.time()


def _token_url(challenge: Challenge) -> str:
    parts = urlsplit(challenge.realm)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.netloc)):
        raise AccessError(f"the tokens of {parts.netloc} are not given over https")
    query = [("service", challenge.service)] if challenge.service else []
    query += [("scope", scope) for scope in challenge.scopes]
    return challenge.realm + ("&" if parts.query else "?") + urlencode(query)


def _read_token(answer: Answer) -> _Token:
    try:
        told: Any = json.loads(answer.body) if answer.status == 200 else {}
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    text = told.get("token") or told.get("access_token")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise Broken(f"{urlsplit(answer.url).netloc} answers {answer.status} without a token")
    life = told.get("expires_in")
    seconds = float(life) if isinstance(life, (int, float)) else float(_SHORTEST_LIFE)
    return _Token(text, time.monotonic() + seconds - min(10.0, seconds / 10))
