"""Small images made by hand over HTTP, to put code on."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

from fahr_core.store import digest_of
from fahr_docker.registry import Blob, Registry

DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
}
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def push_image(
    registry: Registry,
    tag: str | None,
    *,
    kinds: dict[str, str] = DOCKER,
    layers: tuple[dict[str, bytes], ...] = ({"etc/base": b"base"},),
    architecture: str = "amd64",
    config: dict | None = None,
    plain: bool = False,
) -> str:
    """Store an image and give its digest; with no tag it goes by that alone."""
    tars = [tar_of(files) for files in layers]
    blobs = [tar if plain else gzip.compress(tar, mtime=0) for tar in tars]
    told = {
        "architecture": architecture,
        "os": "linux",
        "created": "2024-01-02T03:04:05Z",
        "config": {"Env": ["PATH=/usr/bin", "A=1"], "Cmd": ["bash"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        "history": [{"created_by": "by hand"} for _ in tars],
    } | (config or {})
    text = json.dumps(told).encode()
    for blob in (*blobs, text):
        registry.upload_blob(Blob.of(blob))
    manifest = {
        "schemaVersion": 2,
        "mediaType": kinds["manifest"],
        "config": _entry(kinds["config"], text),
        "layers": [_entry(kinds["layer"], blob) for blob in blobs],
    }
    content = json.dumps(manifest).encode()
    return registry.put_manifest(tag or digest_of(content), content, kinds["manifest"])


def push_index(registry: Registry, tag: str, images: dict[str, str]) -> str:
    """Store an index of images by platform, with an attestation first, as buildx does."""
    size = {d: len(registry.get_manifest(d).content) for d in images.values()}
    entries = [
        {
            "mediaType": OCI["manifest"],
            "digest": digest,
            "size": size[digest],
            "platform": dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False)),
        }
        for name, digest in images.items()
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return registry.put_manifest(tag, json.dumps(index).encode(), OCI_INDEX)


def files_of(registry: Registry, target: str) -> dict[str, tuple[int, bytes]]:
    """Unpack an image's layers, each checked, and give mode and content of its files."""
    manifest = registry.get_manifest(target)
    config = json.loads(registry.read_blob(manifest.config.digest))
    found = {}
    for layer, diff_id in zip(manifest.layers, config["rootfs"]["diff_ids"], strict=True):
        blob = registry.read_blob(layer.digest)
        assert len(blob) == layer.size
        tar = gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
        assert digest_of(tar) == diff_id
        with tarfile.open(fileobj=io.BytesIO(tar), errors="surrogateescape") as archive:
            for member in archive:
                content = archive.extractfile(member).read() if member.isreg() else b""
                found[member.name] = (member.mode, content)
    return found


def _entry(media_type: str, content: bytes) -> dict:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
