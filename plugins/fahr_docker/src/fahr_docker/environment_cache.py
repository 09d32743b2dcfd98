"""What this machine remembers of environments' images, so that an edit need not ask again.

A manifest and its configuration go by their digest and are checked when they are read.  The
digest behind a tag is remembered only for tags that name a content.  All of it can be deleted
at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.paths import cache_folder
from fahr_core.store import digest_of
from fahr_docker.registry.manifests import parse_manifest
from fahr_docker.registry.reference import is_digest

if TYPE_CHECKING:
    from fahr_docker.registry.manifests import Manifest

__all__ = [
    "ENVIRONMENT_TAG",
    "EnvironmentImage",
    "forget_digest",
    "read_environment",
    "remember_digest",
    "remembered_digest",
    "write_environment",
]

#: How tags begin that name an environment by its content.
ENVIRONMENT_TAG = "env-"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentImage:
    """An environment's image: its manifest and its configuration, to the byte."""

    manifest: Manifest
    config: bytes


def remembered_digest(name: str, tag: str) -> str | None:
    """Give the digest that a repository's tag had when it was last used, None if unknown."""
    if not tag.startswith(ENVIRONMENT_TAG):
        return None
    text = _read(_file("tag", name, tag)).decode("ascii", "replace").strip()
    return text if is_digest(text) else None


def remember_digest(name: str, tag: str, digest: str) -> None:
    """Remember the digest of a repository's tag, if the tag names a content."""
    if tag.startswith(ENVIRONMENT_TAG):
        _write(_file("tag", name, tag), digest.encode())


def forget_digest(name: str, tag: str) -> None:
    """Forget what a repository's tag was."""
    with suppress(OSError):
        _file("tag", name, tag).unlink(missing_ok=True)


def read_environment(digest: str, platform: str) -> EnvironmentImage | None:
    """Give the image for a platform behind a digest, None when it is not known here."""
    try:
        told = json.loads(_read(_file("image", digest, platform)) or b"{}")
        manifest = parse_manifest(told["manifest"].encode(), told["media_type"], digest)
        config: bytes = told["config"].encode()
    except (ValueError, KeyError, TypeError, AttributeError, FahrError):
        return None
    whole = digest_of(config) == manifest.config.digest and told["digest"] == manifest.digest
    return EnvironmentImage(manifest=manifest, config=config) if whole else None


def write_environment(digest: str, platform: str, image: EnvironmentImage) -> None:
    """Remember the image for a platform behind a digest."""
    told = {
        "digest": image.manifest.digest,
        "media_type": image.manifest.media_type,
        "manifest": image.manifest.content.decode("utf-8", "replace"),
        "config": image.config.decode("utf-8", "replace"),
    }
    _write(_file("image", digest, platform), json.dumps(told).encode())


def _file(*words: str) -> Path:
    name = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return cache_folder() / "images" / name


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _write(file: Path, content: bytes) -> None:
    """Write a file whole, or not at all: on a full disk nothing is remembered."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            Path(temporary).replace(file)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
