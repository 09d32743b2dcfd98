"""A registry with a password that stands for ECR's."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
from typing import Any

from tests.clouds import registry

PROGRAMS = (registry.PROGRAM, "htpasswd")
#: The host that ECR gives, and moto too.
ECR_HOST = re.compile(rb"(?:https://)?\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?")


class Registry(registry.Registry):
    """A running registry; ``host`` takes the place of ECR's host names."""

    def __init__(self, account: str) -> None:
        """Start it."""
        super().__init__("fahr-ecr-")
        self.account, self.token = account, ""
        self.renew_token()
        self.start({"htpasswd": {"realm": "ecr", "path": str(self.folder / "htpasswd")}})

    def renew_token(self) -> None:
        """Draw another token; the one before it has expired."""
        self.token = secrets.token_urlsafe(40)
        command = ["htpasswd", "-Bbn", "-C", "5", "AWS", self.token]
        made = subprocess.run(command, capture_output=True, check=True)
        (self.folder / "htpasswd").write_bytes(made.stdout)

    @property
    def login(self) -> str:
        """Give user and token as GetAuthorizationToken does."""
        return base64.b64encode(f"AWS:{self.token}".encode()).decode()

    def authorization(self, repository: str) -> str:
        """Give the header by which the cloud itself pushes and pulls."""
        return f"Basic {self.login}"

    def has_repository(self, name: str) -> bool:
        """Tell whether ECR has a repository, whatever was pushed."""
        from moto.ecr.models import ecr_backends

        return any(name in region.repositories for region in ecr_backends[self.account].values())

    def rewrite(self, action: str, body: bytes) -> bytes:
        """Lead an answer of moto's ECR to this registry."""
        if action == "GetAuthorizationToken" and b"authorizationData" in body:
            answer: dict[str, Any] = json.loads(body)
            for data in answer["authorizationData"]:
                data["authorizationToken"] = self.login
                data["proxyEndpoint"] = f"http://{self.host}"
            return json.dumps(answer).encode()
        return ECR_HOST.sub(self.host.encode(), body)
