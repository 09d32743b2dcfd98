"""A registry that stands for Artifact Registry's: who comes brings a token of Google's."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from tests.clouds import registry
from tests.clouds.gcp.errors import JSON, ApiError
from tests.clouds.gcp.keys import PROGRAM
from tests.clouds.gcp.routes import route
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

PROGRAMS = (registry.PROGRAM, PROGRAM)
ISSUER, SERVICE = "issuer-of-the-test-cloud", "registry-of-the-test-cloud"
LIFE = 300
USER = "oauth2accesstoken"
PERMISSIONS = {
    "pull": "artifactregistry.repositories.downloadArtifacts",
    "push": "artifactregistry.repositories.uploadArtifacts",
    "delete": "artifactregistry.repositories.deleteArtifacts",
}


class Registry(registry.Registry):
    """A running registry; ``host`` takes the place of ``REGION-docker.pkg.dev``."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud that signs its tokens."""
        super().__init__("fahr-gar-")
        self._cloud = cloud
        self._numbers = itertools.count()

    def begin(self, endpoint: str) -> None:
        """Start it; tokens are given at the endpoint."""
        certificate = str(self._cloud.keys.certificate_file)
        self.start(
            {
                "token": {
                    "realm": f"{endpoint}/v2/token",
                    "service": SERVICE,
                    "issuer": ISSUER,
                    "rootcertbundle": certificate,
                }
            }
        )

    def authorization(self, repository: str) -> str:
        """Give the header by which the cloud itself pushes and pulls."""
        access = [{"type": "repository", "name": repository, "actions": ["pull", "push"]}]
        return f"Bearer {self._signed(access)}"

    @route("GET /v2/token", "registry:token", open_=True)
    def token(self, asked: Asked) -> Any:
        """Give a token for what an access token may do."""
        email = self._who(asked)
        access = []
        for scope in asked.lists.get("scope", []):
            for each in scope.split(" "):
                kind, _, rest = each.partition(":")
                name, _, actions = rest.rpartition(":")
                asked.needs += [PERMISSIONS[a] for a in actions.split(",") if a in PERMISSIONS]
                granted = self._granted(email, name, actions.split(","))
                access.append({"type": kind, "name": name, "actions": granted})
        token = self._signed(access)
        return {"token": token, "access_token": token, "expires_in": LIFE}

    def _granted(self, email: str, name: str, actions: list[str]) -> list[str]:
        who = self._cloud.accounts.kind(email)
        if not self._cloud.repositories.holds(name):
            return []
        return [
            action
            for action in actions
            if action in PERMISSIONS and (who, PERMISSIONS[action]) not in self._cloud.denied
        ]

    def _who(self, asked: Asked) -> str:
        user, password = asked.login
        token = self._cloud.accounts.find(password)
        if user == USER and token and token.expires > time.time():
            return token.email
        raise RegistryError(401, "UNAUTHORIZED", "authentication failed")

    def _signed(self, access: list[dict[str, Any]]) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": "x", "jti": str(next(self._numbers))}
        times = {"nbf": now - 60, "iat": now, "exp": now + LIFE}
        return self._cloud.keys.sign({**claims, **times, "access": access})


class RegistryError(ApiError):
    """An error in the words of registries."""

    def __init__(self, code: int, word: str, message: str) -> None:
        """Take the registry's word for it."""
        super().__init__(code, message)
        self._word = word

    def answer(self, service: str) -> Answer:
        """Give the answer as a registry words it."""
        text = f'{{"errors": [{{"code": "{self._word}", "message": "{self.message}"}}]}}'
        return Answer(self.code, text.encode(), (JSON,))
