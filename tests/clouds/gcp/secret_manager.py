"""Secret Manager's calls: a secret, its versions, and what they hold."""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import google_crc32c

from tests.clouds.gcp.errors import ApiError, invalid
from tests.clouds.gcp.moments import shown
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

SECRETS = "/v1/projects/{project}/secrets"
ONE = SECRETS + "/{secret}"
VERSION = ONE + "/versions/{version}"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
LARGEST = 65_536


@dataclass
class Version:
    """One version; the state is ``ENABLED``, ``DISABLED`` or ``DESTROYED``."""

    content: bytes
    created: float = field(default_factory=time.time)
    state: str = "ENABLED"


@dataclass
class Secret:
    """A secret and its versions, the first of which is 1."""

    about: dict[str, Any]
    created: float = field(default_factory=time.time)
    versions: list[Version] = field(default_factory=list)
    #: Who may read it, where anybody was said to.
    policy: dict[str, Any] = field(default_factory=dict)


class Secrets:
    """The project's secrets, and the calls about them."""

    def __init__(self, cloud: Cloud) -> None:
        """Begin with none."""
        self._cloud = cloud
        self._known: dict[str, Secret] = {}

    def __getitem__(self, name: str) -> Secret:
        return self._known[name]

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __iter__(self) -> Any:
        return iter(list(self._known))

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    @route("POST " + SECRETS, "secretmanager:secrets.create", "secretmanager.secrets.create")
    def create(self, asked: Asked) -> Any:
        """Make a secret, without a version."""
        name, wanted = asked.query.get("secretId", ""), asked.json()
        if not NAME.fullmatch(name):
            raise invalid(f"Invalid resource field value in the request: secret_id {name!r}")
        replication = wanted.get("replication") or {}
        if not {"automatic", "userManaged"} & set(replication):
            text = "Field [Secret.replication] cannot be empty."
            raise invalid(text, ("secret.replication", text))
        if name in self._known:
            raise ApiError(409, f"Secret [{self._resource(name)}] already exists.")
        keys = ("replication", "labels", "annotations", "expireTime", "ttl", "topics")
        self._known[name] = Secret({key: wanted[key] for key in keys if key in wanted})
        return self._shown(name)

    @route("GET " + ONE, "secretmanager:secrets.get", "secretmanager.secrets.get")
    def get(self, asked: Asked) -> Any:
        """Tell of a secret, not what it holds."""
        self._find(asked)
        return self._shown(asked.name("secret"))

    @route("GET " + SECRETS, "secretmanager:secrets.list", "secretmanager.secrets.list")
    def list(self, asked: Asked) -> Any:
        """List the secrets whose labels or names fit."""
        found = [self._shown(name) for name in sorted(self._known)]
        if term := re.fullmatch(r"labels\.([\w-]+)[=:](.+)", asked.query.get("filter", "")):
            key, value = term[1], term[2].strip('"')
            found = [each for each in found if each.get("labels", {}).get(key) == value]
        return {"secrets": found, "totalSize": len(found)} if found else {}

    @route("DELETE " + ONE, "secretmanager:secrets.delete", "secretmanager.secrets.delete")
    def delete(self, asked: Asked) -> Any:
        """Delete a secret with all its versions."""
        self._find(asked)
        del self._known[asked.name("secret")]
        return {}

    @route(
        "POST " + ONE + ":addVersion",
        "secretmanager:secrets.addVersion",
        "secretmanager.versions.add",
    )
    def add_version(self, asked: Asked) -> Any:
        """Give a secret something to hold."""
        secret, payload = self._find(asked), asked.json().get("payload", {})
        try:
            content = base64.b64decode(payload.get("data", ""), validate=True)
        except binascii.Error as error:
            raise invalid("Invalid value at 'payload.data' (TYPE_BYTES)") from error
        if not 0 < len(content) <= LARGEST:
            raise invalid(f"The secret payload must be between 1 and {LARGEST} bytes.")
        if str(payload.get("dataCrc32c", _sum(content))) != str(_sum(content)):
            raise invalid("The specified data_crc32c does not match the payload data.")
        secret.versions.append(Version(content))
        return self._version(asked.name("secret"), len(secret.versions), secret.versions[-1])

    @route(
        "GET " + VERSION + ":access",
        "secretmanager:versions.access",
        "secretmanager.versions.access",
    )
    def access(self, asked: Asked) -> Any:
        """Give what a version holds."""
        name, number, version = self._version_of(asked)
        if version.state != "ENABLED":
            text = f"Secret Version [{self._resource(name)}/versions/{number}] is in "
            raise ApiError(400, f"{text}{version.state} state.", status="FAILED_PRECONDITION")
        data = base64.b64encode(version.content).decode()
        payload = {"data": data, "dataCrc32c": str(_sum(version.content))}
        return {"name": f"{self._resource(name)}/versions/{number}", "payload": payload}

    @route(
        "POST " + VERSION + ":destroy",
        "secretmanager:versions.destroy",
        "secretmanager.versions.destroy",
    )
    def destroy(self, asked: Asked) -> Any:
        """Forget what a version holds."""
        name, number, version = self._version_of(asked)
        version.state, version.content = "DESTROYED", b""
        return self._version(name, number, version)

    @route(
        "GET " + ONE + ":getIamPolicy",
        "secretmanager:secrets.getIamPolicy",
        "secretmanager.secrets.getIamPolicy",
    )
    def get_policy(self, asked: Asked) -> Any:
        """Tell who may read a secret."""
        return {"version": 1, "etag": "BwYAAAAAAAA=", **self._find(asked).policy}

    @route(
        "POST " + ONE + ":setIamPolicy",
        "secretmanager:secrets.setIamPolicy",
        "secretmanager.secrets.setIamPolicy",
    )
    def set_policy(self, asked: Asked) -> Any:
        """Say who may read a secret."""
        secret = self._find(asked)
        secret.policy = asked.json().get("policy", {})
        return {"version": 1, "etag": "BwYAAAAAAAA=", **secret.policy}

    def _find(self, asked: Asked) -> Secret:
        if found := self._known.get(asked.name("secret")):
            return found
        resource = self._resource(asked.name("secret"))
        raise ApiError(404, f"Secret [{resource}] not found.")

    def _version_of(self, asked: Asked) -> tuple[str, int, Version]:
        secret, wanted = self._find(asked), asked.name("version")
        number = len(secret.versions) if wanted == "latest" else int(wanted or 0)
        if not 0 < number <= len(secret.versions):
            resource = f"{self._resource(asked.name('secret'))}/versions/{wanted}"
            raise ApiError(404, f"Secret Version [{resource}] not found.")
        return asked.name("secret"), number, secret.versions[number - 1]

    def _shown(self, name: str) -> dict[str, Any]:
        secret = self._known[name]
        return {"name": self._resource(name), "createTime": shown(secret.created),
                **secret.about, "etag": f'"{len(secret.versions):x}"'}  # fmt: skip

    def _version(self, name: str, number: int, version: Version) -> dict[str, Any]:
        resource = f"{self._resource(name)}/versions/{number}"
        created = shown(version.created)
        return {"name": resource, "createTime": created, "state": version.state}

    def _resource(self, name: str) -> str:
        return f"projects/{self._cloud.number}/secrets/{name}"


def _sum(content: bytes) -> int:
    return int.from_bytes(google_crc32c.Checksum(content).digest(), "big")
