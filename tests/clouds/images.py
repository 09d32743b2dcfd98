"""Images for tests: one that need not run, and one that runs the code of a hyperparameter."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import tempfile
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.hosts import PAUSE_IMAGE
from tests.clouds.aws.registry import MEDIA_TYPES, STRAIGHT

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
PLAIN_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
OCI_TYPE = MEDIA_TYPES[2]
CODE = "import base64, json; exec(base64.b64decode(json.load(open("
CODE += "'/opt/ml/input/config/hyperparameters.json'))['code']))"


def encoded(code: str) -> dict[str, str]:
    """Give the hyperparameters by which the image of :func:`push_runner` runs Python code."""
    return {"code": base64.b64encode(code.encode()).decode()}


def push_runner(cloud: Cloud, engine: Any, repository: str) -> str:
    """Push an image that runs the code of a hyperparameter; give it by digest.

    It goes as the engine saves it: a layer that is not compressed has the engine's own digest
    for it, so that the engine takes it from its store when it pulls.
    """
    with tempfile.TemporaryFile() as file:
        for piece in engine.images.get(PAUSE_IMAGE).save():
            file.write(piece)
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            (about,) = json.loads(_member(tar, "manifest.json"))
            config = json.loads(_member(tar, about["Config"]))
            layers = [
                _blob(cloud, repository, PLAIN_LAYER_TYPE, _member(tar, name))
                for name in about["Layers"]
            ]
    config["config"] |= {"Entrypoint": ["python3", "-uc", CODE], "Cmd": None}
    return _push_manifest(cloud, repository, config, layers)


def push_bare(cloud: Cloud, repository: str, media_type: str = MEDIA_TYPES[0]) -> str:
    """Make a repository with an image of one empty layer; give it by digest. No engine needed."""
    cloud.repository(repository)
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer.getvalue())]},
    }
    layers = [_blob(cloud, repository, PLAIN_LAYER_TYPE, layer.getvalue())]
    return _push_manifest(cloud, repository, config, layers, media_type)


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} is no file")
    return stream.read()


def _push_manifest(
    cloud: Cloud,
    repository: str,
    config: dict[str, Any],
    layers: list[dict[str, Any]],
    media_type: str = MEDIA_TYPES[0],
) -> str:
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _blob(cloud, repository, CONFIG_TYPE, json.dumps(config).encode()),
        "layers": layers,
    }
    body = json.dumps(manifest).encode()
    url = f"http://{cloud.registry.host}/v2/{repository}/manifests/{_digest(body)}"
    _send(cloud, "PUT", url, body, media_type)
    return f"{cloud.registry.host}/{repository}@{_digest(body)}"


def _blob(cloud: Cloud, repository: str, media_type: str, content: bytes) -> dict[str, Any]:
    url = f"http://{cloud.registry.host}/v2/{repository}/blobs/uploads/"
    place = _send(cloud, "POST", url, b"", "application/octet-stream")
    joint = "&" if "?" in place else "?"
    url = f"{place}{joint}digest={_digest(content)}"
    _send(cloud, "PUT", url, content, "application/octet-stream")
    return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}


def _send(cloud: Cloud, method: str, url: str, body: bytes, kind: str) -> str:
    headers = {
        "Authorization": f"Basic {cloud.registry.authorization}",
        "Content-Type": kind,
    }
    request = urllib.request.Request(url, body, headers, method=method)
    with STRAIGHT.open(request, timeout=300) as answer:
        return str(answer.headers.get("Location", ""))


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
