r"""The lock: one environment, resolved, as text that pip and uv install from.

``.fahr/environment.lock`` holds two lines of comment, the second one JSON (format, key,
kind, file, python, platform, created, resolver, base, sum), and a body in the format of
pip's requirement files: every package pinned, with hashes, so that ``pip install
--require-hashes -r`` and ``uv pip install --require-hashes -r`` both take it.  What those
two cannot take with hashes stands in comments, for who installs:

``# unhashed: name @ git+https://host/repository@commit``
    a package from a repository, pinned by its commit, to be installed afterwards by
    ``install --no-deps``;
``# conda: https://channel/linux-64/name-1.0-build.conda#md5``
    a conda package, in the notation of conda's explicit lists, to be installed before.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DiskError
from fahr_core.models import Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "LOCK_FILE",
    "Lock",
    "conda_packages",
    "describe_age",
    "key_of",
    "packages",
    "parse",
    "portable",
    "read",
    "render",
    "unhashed",
    "write",
]

LOCK_FILE = ".fahr/environment.lock"
FORMAT = 1

_PINNED = re.compile(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_LINKED = re.compile(r"(?m)^(?:# unhashed: )?([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])? @ (\S+)")
_UNHASHED = re.compile(r"(?m)^# unhashed: (.+)$")
_CONDA_NAME = re.compile(r"(?m)^# conda: \S*/([^/\s]+)-([^-/\s]+)-[^-/\s]+?\.(?:conda|tar\.bz2)")
_CONDA = re.compile(r"(?m)^# conda: (\S+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock and what it was made from; ``created`` in seconds since the epoch.

    ``base`` is the digest of the image that the environment was resolved for, if any.
    """

    key: str
    kind: str
    file: str
    python: str
    platform: str
    created: float
    resolver: str
    body: str
    base: str | None = None


def key_of(texts: Mapping[str, str], inputs: Iterable[str | None]) -> str:
    """Give the key of a lock: a hash of all texts that it is made from, and of ``inputs``."""
    counted = json.dumps([sorted(texts.items()), list(inputs), FORMAT])
    return hashlib.sha256(counted.encode("utf-8", "surrogatepass")).hexdigest()


def render(lock: Lock) -> str:
    """Give the text of a lock."""
    metadata: dict[str, Any] = {
        "format": FORMAT,
        "key": lock.key,
        "kind": lock.kind,
        "file": lock.file,
        "python": lock.python,
        "platform": lock.platform,
        "created": datetime.fromtimestamp(lock.created, UTC).isoformat(timespec="seconds"),
        "resolver": lock.resolver,
        "sum": _sum(lock.body),
    }
    if lock.base:
        metadata["base"] = lock.base
    first = "# written by fahr; fahr fit --upgrade-env resolves again"
    return f"{first}\n# {json.dumps(metadata)}\n{lock.body}"


def portable(lock: Lock) -> str:
    """Give the text that is stored and sent: the same for the same packages, whenever made."""
    metadata = {"format": FORMAT, "python": lock.python, "platform": lock.platform}
    return f"# an environment locked by fahr\n# {json.dumps(metadata)}\n{lock.body}"


def parse(text: str) -> Lock | None:
    """Give the lock that ``text`` holds, or None when it is none, or was changed by hand."""
    _, _, rest = text.replace("\r\n", "\n").partition("\n")
    header, _, body = rest.partition("\n")
    try:
        data = json.loads(header.removeprefix("#"))
        if data.pop("format") != FORMAT or data.pop("sum") != _sum(body):
            return None
        data["created"] = datetime.fromisoformat(data["created"]).timestamp()
        return Lock(**data, body=body)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def read(experiment: Path) -> Lock | None:
    """Give the experiment's lock, or None when there is none that can be used."""
    try:
        return parse((experiment / LOCK_FILE).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def write(experiment: Path, lock: Lock) -> None:
    """Put the lock into the experiment, whole or not at all.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
    """
    import tempfile

    target = experiment / LOCK_FILE
    temporary: Path | None = None
    try:
        target.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=".lock-", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(render(lock))
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        raise DiskError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def packages(body: str) -> tuple[Package, ...]:
    """Give the packages of a lock's body, by name."""
    found = {match[1].lower(): match[2] for match in _CONDA_NAME.finditer(body)}
    found |= {match[1].lower(): match[2].rpartition("@")[2] for match in _LINKED.finditer(body)}
    found |= {match[1].lower(): match[2] for match in _PINNED.finditer(body)}
    return tuple(Package(name=name, version=found[name]) for name in sorted(found))


def unhashed(body: str) -> tuple[str, ...]:
    """Give the requirements that have no hash, to be installed afterwards by ``--no-deps``."""
    return tuple(_UNHASHED.findall(body))


def conda_packages(body: str) -> tuple[str, ...]:
    """Give the addresses of the conda packages, as in conda's explicit lists."""
    return tuple(_CONDA.findall(body))


def describe_age(created: float, now: float | None = None) -> str:
    """Say how old a lock is, such as ``locked 3 days ago``; times since the epoch."""
    seconds = max(0.0, (time.time() if now is None else now) - created)
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if count := int(seconds // length):
            return f"locked {count} {unit}{'s' if count > 1 else ''} ago"
    return "locked just now"


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
