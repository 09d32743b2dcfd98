"""Images for tests, put into a registry by HTTP: one that need not run, and one that runs code."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.clouds.hosts import PAUSE_IMAGE
from tests.clouds.registry import MEDIA_TYPES, STRAIGHT

if TYPE_CHECKING:
    from tests.clouds.registry import Registry

CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
PLAIN_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
OCI_TYPE = MEDIA_TYPES[2]


@dataclass(frozen=True)
class Push:
    """A repository that images are pushed to."""

    registry: Registry
    repository: str

    def saved(self, engine: Any, entrypoint: list[str]) -> str:
        """Push the base image with another entry point; give it by digest.

        It goes as the engine saves it: a layer that is not compressed has the engine's own
        digest for it, so that the engine takes it from its store when it pulls.
        """
        with tempfile.TemporaryFile() as file:
            for piece in engine.images.get(PAUSE_IMAGE).save():
                file.write(piece)
            file.seek(0)
            with tarfile.open(fileobj=file) as tar:
                (about,) = json.loads(_member(tar, "manifest.json"))
                config = json.loads(_member(tar, about["Config"]))
                layers = [
                    self._blob(PLAIN_LAYER_TYPE, _member(tar, name)) for name in about["Layers"]
                ]
        config["config"] |= {"Entrypoint": entrypoint, "Cmd": None}
        return self._manifest(config, layers)

    def altered(self, image: str, **changes: Any) -> str:
        """Push an image of this repository again, configured otherwise; give it by digest."""
        digest = image.partition("@")[2]
        manifest = json.loads(self._read(f"manifests/{digest}"))
        config = json.loads(self._read(f"blobs/{manifest['config']['digest']}"))
        config["config"] |= changes
        return self._manifest(config, manifest["layers"])

    def bare(self, media_type: str = MEDIA_TYPES[0]) -> str:
        """Push an image of one empty layer; give it by digest. No engine is needed."""
        layer = io.BytesIO()
        tarfile.open(fileobj=layer, mode="w").close()
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer.getvalue())]},
        }
        layers = [self._blob(PLAIN_LAYER_TYPE, layer.getvalue())]
        return self._manifest(config, layers, media_type)

    def _manifest(
        self,
        config: dict[str, Any],
        layers: list[dict[str, Any]],
        media_type: str = MEDIA_TYPES[0],
    ) -> str:
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": self._blob(CONFIG_TYPE, json.dumps(config).encode()),
            "layers": layers,
        }
        body = json.dumps(manifest).encode()
        self._send("PUT", f"{self._url}/manifests/{_digest(body)}", body, media_type)
        return f"{self.registry.host}/{self.repository}@{_digest(body)}"

    def _blob(self, media_type: str, content: bytes) -> dict[str, Any]:
        kind = "application/octet-stream"
        place = self._send("POST", f"{self._url}/blobs/uploads/", b"", kind)
        joint = "&" if "?" in place else "?"
        self._send("PUT", f"{place}{joint}digest={_digest(content)}", content, kind)
        return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}

    @property
    def _url(self) -> str:
        return f"http://{self.registry.host}/v2/{self.repository}"

    def _read(self, place: str) -> bytes:
        authorization = self.registry.authorization(self.repository)
        headers = {"Authorization": authorization, "Accept": ", ".join(MEDIA_TYPES)}
        with STRAIGHT.open(urllib.request.Request(f"{self._url}/{place}", headers=headers)) as read:
            return bytes(read.read())

    def _send(self, method: str, url: str, body: bytes, kind: str) -> str:
        headers = {
            "Authorization": self.registry.authorization(self.repository),
            "Content-Type": kind,
        }
        request = urllib.request.Request(url, body, headers, method=method)
        with STRAIGHT.open(request, timeout=300) as answer:
            return str(answer.headers.get("Location", ""))


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} is no file")
    return stream.read()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
