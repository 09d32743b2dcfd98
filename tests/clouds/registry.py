"""A registry with a password that stands for ECR's: Debian's docker-registry."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PROGRAMS = ("docker-registry", "htpasswd")
#: The host that ECR gives, and moto too.
ECR_HOST = re.compile(rb"(?:https://)?\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?")
MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
STRAIGHT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Registry:
    """A running registry; ``host`` takes the place of ECR's host names."""

    def __init__(self, account: str, folder: Path | None = None) -> None:
        """Start it, keeping what is pushed in a folder (None: its own, gone at the end)."""
        self.account = account
        self._own = None if folder else tempfile.TemporaryDirectory(prefix="fahr-ecr-")
        self._folder = folder or Path(self._own.name if self._own else "")
        self.token = ""
        self.renew_token()
        self._process = self._start()
        self.host = f"127.0.0.1:{self._wait_for_port()}"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        if self._own:
            self._own.cleanup()

    def renew_token(self) -> None:
        """Draw another token; the one before it has expired."""
        self.token = secrets.token_urlsafe(40)
        command = ["htpasswd", "-Bbn", "-C", "5", "AWS", self.token]
        made = subprocess.run(command, capture_output=True, check=True)
        (self._folder / "htpasswd").write_bytes(made.stdout)

    @property
    def authorization(self) -> str:
        """Give user and token as GetAuthorizationToken does."""
        return base64.b64encode(f"AWS:{self.token}".encode()).decode()

    def split(self, image: str) -> tuple[str, str]:
        """Give repository and tag or digest of an image in this registry."""
        path = image.removeprefix(f"{self.host}/")
        if "@" in path:
            repository, _, reference = path.partition("@")
            return repository.partition(":")[0], reference
        repository, _, reference = path.partition(":")
        return repository, reference or "latest"

    def has_repository(self, name: str) -> bool:
        """Tell whether ECR has a repository, whatever was pushed."""
        from moto.ecr.models import ecr_backends

        return any(name in region.repositories for region in ecr_backends[self.account].values())

    def media_type(self, repository: str, reference: str) -> str | None:
        """Give the media type of a manifest; None: there is none."""
        url = f"http://{self.host}/v2/{repository}/manifests/{reference}"
        headers = {
            "Authorization": f"Basic {self.authorization}",
            "Accept": ", ".join(MEDIA_TYPES),
        }
        request = urllib.request.Request(url, headers=headers, method="HEAD")
        try:
            with STRAIGHT.open(request, timeout=30) as answer:
                return str(answer.headers["Content-Type"])
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def rewrite(self, action: str, body: bytes) -> bytes:
        """Lead an answer of moto's ECR to this registry."""
        if action == "GetAuthorizationToken" and b"authorizationData" in body:
            answer: dict[str, Any] = json.loads(body)
            for data in answer["authorizationData"]:
                data["authorizationToken"] = self.authorization
                data["proxyEndpoint"] = f"http://{self.host}"
            return json.dumps(answer).encode()
        return ECR_HOST.sub(self.host.encode(), body)

    def _start(self) -> subprocess.Popen[bytes]:
        config = {
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self._folder / "data")},
                "delete": {"enabled": True},
            },
            "http": {"addr": "127.0.0.1:0", "secret": "of-this-cloud"},
            "auth": {"htpasswd": {"realm": "ecr", "path": str(self._folder / "htpasswd")}},
        }
        (self._folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
        command = ["docker-registry", "serve", str(self._folder / "config.yml")]
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + 30
        log = self._folder / "log"
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
                return int(found.group(1))
            time.sleep(0.02)
        self._process.kill()
        self._process.wait()
        raise RuntimeError(f"the registry did not start: {log.read_text()}")
