"""Who calls: by user name and key (Basic), or by an access token (Bearer)."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import ApiError

if TYPE_CHECKING:
    from .limits import Limits


@dataclass
class Account:
    """A user of the service, with the time used of the weekly quota."""

    name: str
    key: str = "0123456789abcdef0123456789abcdef"
    token: str = ""
    gpu_used: float = 0
    tpu_used: float = 0
    competitions: set[str] = field(default_factory=set)
    recent: list[float] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.token = self.token or f"KGAT_{self.name}"

    def count(self, limits: Limits) -> None:
        """Note a call.

        Raises:
            ApiError: too many of them within the window (429).
        """
        if limits.calls is None:
            return
        now = time.monotonic()
        self.recent = [at for at in self.recent if now - at < limits.window_seconds]
        if len(self.recent) >= limits.calls:
            raise ApiError(429, "Too Many Requests")
        self.recent.append(now)


class Accounts:
    """All users of the service."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def add(self, account: Account) -> Account:
        self._accounts[account.name.lower()] = account
        return account

    def find(self, name: str) -> Account | None:
        return self._accounts.get(name.lower())

    def with_token(self, token: str) -> Account | None:
        return next((each for each in self._accounts.values() if each.token == token), None)

    def calling(self, header: str | None) -> Account:
        """Give the account that an ``Authorization`` header names.

        Raises:
            ApiError: it names none (401).
        """
        kind, _, rest = (header or "").partition(" ")
        found = None
        if kind == "Bearer":
            found = self.with_token(rest)
        elif kind == "Basic":
            found = self._with_key(rest)
        if found is None:
            raise ApiError(401, "Unauthenticated")
        return found

    def _with_key(self, encoded: str) -> Account | None:
        try:
            name, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = self.find(name)
        return account if account is not None and account.key == key else None
