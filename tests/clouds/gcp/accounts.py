"""Who there is: service accounts, their access tokens, and what each may not do."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.clouds.gcp.keys import Keys

LIFE = 3600


@dataclass(frozen=True)
class Token:
    """An access token."""

    text: str
    email: str
    expires: float
    #: Whether its scope is the whole platform.
    broad: bool = True


class Accounts:
    """The accounts of a project and the tokens that they were given."""

    def __init__(self, project: str, number: str, keys: Keys) -> None:
        """Begin with the user that tests are."""
        self.project, self._keys = project, keys
        self.user = f"tester@{project}.iam.gserviceaccount.com"
        #: A person who has logged in, and whose calls name the project that pays for them.
        self.person = "anna@example.com"
        #: What runs jobs that name no account.
        self.agent = f"service-{number}@gcp-sa-aiplatform-cc.iam.gserviceaccount.com"
        #: What pulls their images.
        self.service = f"service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
        self.emails: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self.reset()

    def reset(self) -> None:
        """Forget all others, and all tokens."""
        self.emails = {self.user: "tester", self.agent: "agent", self.person: "Anna"}
        self._tokens.clear()

    def add(self, name: str) -> str:
        """Make a service account; give its address."""
        email = f"{name}@{self.project}.iam.gserviceaccount.com"
        self.emails[email] = name
        return email

    def issue(self, email: str, life: float = LIFE) -> Token:
        """Give a new token to an account."""
        text = "ya29.c." + secrets.token_urlsafe(48)
        token = Token(text, email, time.time() + life, broad=email != self.agent)
        self._tokens[text] = token
        return token

    def find(self, text: str) -> Token | None:
        """Give what is known of a token, over or not.

        Services take what an account signed itself, too (AIP-4111).
        """
        if text.count(".") != 2 or text in self._tokens:
            return self._tokens.get(text)
        try:
            claims = self._keys.read(text)
        except ValueError:
            return None
        if claims.get("iss") not in self.emails:
            return None
        return Token(text, str(claims["iss"]), float(claims["exp"]))

    def expire(self, email: str = "") -> None:
        """Let the time of all tokens be over, or of those of one account."""
        over = time.time() - 1
        for text, token in self._tokens.items():
            if email in ("", token.email):
                self._tokens[text] = replace(token, expires=over)

    def kind(self, email: str) -> str:
        """Tell who calls: the user that tests are, a job, or the service itself."""
        if email == self.service:
            return "service"
        return "user" if email in (self.user, self.person) else "job"
