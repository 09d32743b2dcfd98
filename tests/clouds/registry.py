"""A real registry that asks who comes: Debian's docker-registry, for as long as a cloud lives."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PROGRAM = "docker-registry"
MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
STRAIGHT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Registry:
    """A running registry; ``host`` takes the place of the service's host names."""

    def __init__(self, prefix: str) -> None:
        """Make a folder of its own, gone at the end, whose name begins with the prefix."""
        self._own = tempfile.TemporaryDirectory(prefix=prefix)
        self.folder = Path(self._own.name)
        self._process: subprocess.Popen[bytes] | None = None
        self.host = ""

    def start(self, auth: dict[str, Any]) -> None:
        """Start it, asking for what the configuration's ``auth`` says."""
        config = {
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.folder / "data")},
                "delete": {"enabled": True},
            },
            "http": {"addr": "127.0.0.1:0", "secret": "of-this-cloud"},
            "auth": auth,
        }
        (self.folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
        command = [PROGRAM, "serve", str(self.folder / "config.yml")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.host = f"127.0.0.1:{self._wait_for_port(self._process)}"

    def close(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._own.cleanup()

    def authorization(self, repository: str) -> str:
        """Give the header by which the cloud itself pushes and pulls."""
        raise NotImplementedError

    def split(self, image: str) -> tuple[str, str]:
        """Give repository and tag or digest of an image in this registry."""
        path = image.removeprefix(f"{self.host}/")
        if "@" in path:
            repository, _, reference = path.partition("@")
            return repository.partition(":")[0], reference
        repository, _, reference = path.partition(":")
        return repository, reference or "latest"

    def media_type(self, repository: str, reference: str) -> str | None:
        """Give the media type of a manifest; None: there is none."""
        url = f"http://{self.host}/v2/{repository}/manifests/{reference}"
        headers = {
            "Authorization": self.authorization(repository),
            "Accept": ", ".join(MEDIA_TYPES),
        }
        request = urllib.request.Request(url, headers=headers, method="HEAD")
        try:
            with STRAIGHT.open(request, timeout=30) as answer:
                return str(answer.headers["Content-Type"])
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def _wait_for_port(self, process: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + 30
        log = self.folder / "log"
        while time.monotonic() < deadline and process.poll() is None:
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
                return int(found.group(1))
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise RuntimeError(f"the registry did not start: {log.read_text()}")
