"""An engine and what lies in its store: look, pull, push, build."""

# The Docker SDK has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, DiskError, FahrError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Login
    from fahr_docker.engine.order import BuildOrder

__all__ = ["Engine", "LocalImage", "StoredImage"]

#: Go's names of processors, by what engines print.
_PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image in the engine's store; ``digests`` are those that registries know, by name."""

    id: str
    size: int
    platform: str
    digests: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image as the store lists it: all its names, and its layers from the lowest up.

    ``size`` in bytes, with all layers; ``created`` in seconds since the epoch.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    labels: dict[str, str]
    size: int
    created: float
    layers: tuple[str, ...]


class Engine:
    """An engine that answered; ``variables`` lead other programs to the same one."""

    def __init__(
        self, *, client: Any, version: Mapping[str, Any], address: str, variables: Mapping[str, str]
    ) -> None:
        self.client = client
        self.address = address
        self.variables = variables
        self.version = str(version.get("Version", ""))
        components = version.get("Components") or ()
        self.is_podman = any("podman" in str(part.get("Name")).lower() for part in components)
        arch = str(version.get("Arch", ""))
        self.platform = f"{version.get('Os', 'linux')}/{_PROCESSORS.get(arch, arch)}"

    def __repr__(self) -> str:
        return f"Engine({'Podman' if self.is_podman else 'Docker'} {self.version}, {self.address})"

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find(self, reference: str) -> LocalImage | None:
        """Give an image of the store by name, digest or id; None where it is not there."""
        import docker

        with self._asked(f"looking for {reference}"):
            try:
                data = self.client.api.inspect_image(reference)
            except docker.errors.ImageNotFound:
                return None
        return LocalImage(
            id=data["Id"],
            size=int(data.get("Size") or 0),
            platform=f"{data.get('Os', 'linux')}/{data.get('Architecture', '')}",
            digests=tuple(data.get("RepoDigests") or ()),
            labels=dict((data.get("Config") or {}).get("Labels") or {}),
        )

    def build(self, order: BuildOrder, progress: Progress) -> LocalImage:
        """Build into the store, by the best means that there is.

        Raises:
            EnvironmentFileError: a package cannot be installed.
            UsageError: another step of the Dockerfile fails.
            ServiceError: the engine or the network fails.
            DiskError: the engine's disk is full.
        """
        from fahr_docker.engine import buildx, plain, podman

        if self.is_emulated(order.platform):
            progress("image", f"{order.platform} is emulated on {self.platform}: this is slow")
        if self.has_buildx():
            buildx.build(self, order, progress)
        else:
            with self._asked(order.what):
                (podman if self.is_podman else plain).build(self, order, progress)
        built = self.find(order.tag)
        if built is None:
            raise ServiceError(f"{order.what}: the engine built it and has it not")
        return built

    def is_emulated(self, platform: str) -> bool:
        """Tell whether the engine has another processor than the platform."""
        return platform.split("/")[:2] != self.platform.split("/")[:2]

    def has_buildx(self) -> bool:
        """Tell whether this engine is built with by buildx; Podman has no sessions for it."""
        from fahr_docker.engine.finding import find_buildx

        return not self.is_podman and find_buildx() is not None

    def takes_buildkit(self) -> bool:
        """Tell whether a Dockerfile may have BuildKit's mounts."""
        return self.is_podman or self.has_buildx()

    def pull(self, reference: str, platform: str, progress: Progress) -> LocalImage:
        """Bring an image into the store.

        Raises:
            ServiceError: the registry does not answer or has no such image.
        """
        name, _, tag = reference.rpartition(":")
        if "@" in reference or "/" in tag or not name:
            name, tag = reference, "latest" if "@" not in reference else ""
        with self._asked(f"pulling {reference}"):
            events = self.client.api.pull(
                name, tag=tag or None, platform=platform, stream=True, decode=True
            )
            _follow(events, f"pulling {reference}", progress)
        found = self.find(reference)
        if found is None:
            raise ServiceError(f"the engine pulled {reference} and has it not")
        return found

    def push(
        self, image: str, repository: str, tag: str, login: Login | None, progress: Progress
    ) -> str:
        """Push an image of the store to ``repository:tag`` and give its digest there.

        Raises:
            AccessError: the registry refuses the login.
            ServiceError: the registry does not answer.
        """
        account = {"username": login.username, "password": login.password} if login else None
        target = f"{repository}:{tag}"
        what = f"pushing {tag.partition('-')[0]} image to {repository}"
        with self._asked(what):
            self.client.api.tag(image, repository, tag)
            events = self.client.api.push(
                repository, tag=tag, auth_config=account, stream=True, decode=True
            )
            digest = _follow(events, what, progress)
        if not digest:
            raise ServiceError(f"the engine does not tell the digest of {target}")
        return digest

    def stored(self) -> list[StoredImage]:
        """Give all images of the store; one that goes away meanwhile is left out.

        Raises:
            ServiceError: the engine does not answer.
        """
        import docker

        found = []
        with self._asked("listing images"):
            for entry in self.client.api.images():
                try:
                    told = self.client.api.inspect_image(entry["Id"])
                except docker.errors.ImageNotFound:
                    continue
                found.append(_stored(entry, told))
        return found

    def used(self) -> set[str]:
        """Give the ids of the images that containers were made from, running or not.

        Raises:
            ServiceError: the engine does not answer.
        """
        with self._asked("listing containers"):
            return {str(one.get("ImageID")) for one in self.client.api.containers(all=True)}

    def untag(self, name: str) -> str | None:
        """Take a name off an image, and the image away with its last name.

        Gives None, or why the engine keeps it: a container needs it.

        Raises:
            ServiceError: the engine does not answer.
        """
        import docker

        with self._asked(f"removing {name}"):
            try:
                self.client.api.remove_image(name, force=False, noprune=False)
            except docker.errors.ImageNotFound:
                return None
            except docker.errors.APIError as error:
                if error.status_code != 409:  # conflict
                    raise
                told = str(error.explanation or error)
                return "a container was made from it" if "container" in told else told
        return None

    def _asked(self, what: str) -> _Asked:
        return _Asked(what, self.address)


class _Asked:
    """Turns what the engine's library raises into this project's errors."""

    def __init__(self, what: str, address: str) -> None:
        self._what, self._address = what, address

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, FahrError):
            return
        import docker
        import requests
        import urllib3

        if isinstance(error, docker.errors.APIError):
            raise _told(self._what, str(error.explanation or error)) from error
        lost = (
            requests.RequestException,
            docker.errors.DockerException,
            urllib3.exceptions.HTTPError,  # from a stream that breaks off
            OSError,
        )
        if isinstance(error, lost):
            raise ServiceError(
                f"{self._what}: the engine stopped answering ({self._address})", "nothing was sent"
            ) from error


def _stored(entry: Mapping[str, Any], told: Mapping[str, Any]) -> StoredImage:
    return StoredImage(
        id=told["Id"],
        tags=tuple(_familiar(tag) for tag in told.get("RepoTags") or ()),
        digests=tuple(told.get("RepoDigests") or ()),
        labels=dict((told.get("Config") or {}).get("Labels") or {}),
        size=int(told.get("Size") or 0),
        created=float(entry.get("Created") or 0),
        layers=tuple((told.get("RootFS") or {}).get("Layers") or ()),
    )


def _familiar(name: str) -> str:
    """Give an image's name as Docker does: Podman says of those of Docker Hub's where they are."""
    return name.removeprefix("docker.io/").removeprefix("library/")


def _follow(events: Iterator[dict[str, Any]], what: str, progress: Progress) -> str | None:
    """Tell the bytes of all layers together; give the digest where one is told."""
    sizes: dict[str, tuple[int, int]] = {}
    digest = None
    for event in events:
        if message := event.get("error"):  # a bad login, too, is an event and no exception
            deque(events, maxlen=0)  # read to its end, the connection can be used again
            raise _told(what, str(message))
        detail = event.get("progressDetail") or {}
        if detail.get("total"):
            key = f"{event.get('id')} {event.get('status')}"
            sizes[key] = (int(detail.get("current") or 0), int(detail["total"]))
            done, total = (sum(column) for column in zip(*sizes.values(), strict=True))
            progress("image", what, min(done, total), total)
        digest = (event.get("aux") or {}).get("Digest") or digest
    return digest


def _told(what: str, message: str) -> FahrError:
    lower = message.lower()
    if "no space left on device" in lower:
        return DiskError(f"{what}: the engine's disk is full", "docker system prune")
    refused = ("unauthorized", "authentication required", "denied", "no basic auth", "forbidden")
    if any(word in lower for word in refused):
        return AccessError(f"{what}: {message}", "nothing was sent")
    return ServiceError(f"{what}: {message}", "nothing was sent")
