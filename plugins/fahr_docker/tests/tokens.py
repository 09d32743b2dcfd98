"""A server of tokens that the real registry trusts, signed by openssl."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from real_registry import PASSWORD, SECOND_USERNAME, USERNAME, need_program
from scripted import Asked, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ISSUER, SERVICE = "issuer-of-this-test", "registry-of-this-test"


@dataclass
class TokenServer:
    """Gives tokens to whom ``allowed`` says, for ``life`` seconds."""

    folder: Path
    life: int = 300
    server: Server = field(default_factory=Server)
    allowed: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            f"{USERNAME}:{PASSWORD}": ("pull", "push", "delete"),
            f"{SECOND_USERNAME}:{PASSWORD}": ("pull",),
            "": (),
        }
    )

    @property
    def auth(self) -> dict:
        """What the registry's configuration says of it."""
        return {
            "token": {
                "realm": f"http://{self.server.host}/token",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.folder / "cert.pem"),
            }
        }

    def asked_scopes(self) -> list[list[str]]:
        return [parse_qs(urlsplit(a.path).query).get("scope", []) for a in self.server.asked]

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        kind, _, text = asked.headers.get("authorization", "Basic ").partition(" ")
        who = base64.b64decode(text).decode() if kind == "Basic" else kind
        if who not in self.allowed:
            return 401, {}, b'{"errors": [{"code": "UNAUTHORIZED", "message": "no"}]}'
        access = []
        for scope in parse_qs(urlsplit(asked.path).query).get("scope", []):
            kind, name, actions = scope.split(":")
            granted = [a for a in actions.split(",") if a in self.allowed[who]]
            access.append({"type": kind, "name": name, "actions": granted})
        told = {"token": self.sign(access), "expires_in": self.life}
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()

    def sign(self, access: list[dict]) -> str:
        certificate = (self.folder / "cert.pem").read_text().split("-----")[2].replace("\n", "")
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": "x", "jti": str(time.monotonic_ns())}
        claims |= {"nbf": now - 60, "iat": now, "exp": now + self.life, "access": access}
        head = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.folder / "key.pem")]
        signed = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return f"{text}.{_base64(signed.stdout)}"


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    """Run a server of tokens for as long as the block lasts."""
    need_program("openssl")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=tokens", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    tokens = TokenServer(folder)
    with serving(tokens.answer) as server:
        tokens.server = server
        yield tokens


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
