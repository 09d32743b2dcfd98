"""Where images are kept: the engine's store, and the repositories of registries."""

# The Docker SDK has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import DriverError, UsageError
from fahr_docker.kept_images import repository, stored
from fahr_docker.registry import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fahr_core.ledger import Ledger
    from fahr_core.models import Login
    from fahr_docker.engine.local import Engine
    from fahr_docker.kept_images.choosing import Choice
    from fahr_docker.kept_images.image import KeptImage
    from fahr_docker.kept_images.uses import Uses
    from fahr_docker.registry import Registry

__all__ = ["KNOWN", "Place", "opened_places"]

#: Stands for all repositories that the recorded jobs took images from.
KNOWN = "known"


class Place(Protocol):
    """A place with the images that fahr made there."""

    images: list[KeptImage]

    def frees(self, choice: Choice) -> int:
        """Give the bytes that go with what is removed, at most."""

    def remove(self, image: KeptImage) -> str | None:
        """Remove an image; gives None, or why it stays."""


@contextmanager
def opened_places(ledger: Ledger, uses: Uses, repositories: Sequence[str]) -> Iterator[list[Place]]:
    """Look through the engine's store, or through repositories where some are named.

    Raises:
        AccessError: a registry refuses the login.
        ServiceError: a registry, or the engine, stopped answering.
        UsageError: no engine answers, or no such repository is known.
    """
    with ExitStack() as stack:
        if not repositories:
            yield [_Store(stack.enter_context(_engine()), uses)]
            return
        names = dict.fromkeys(name for word in repositories for name in _names(word, uses))
        places: list[Place] = []
        for name in names:
            opened = repository.open_repository(name, _login(name, ledger, uses))
            places.append(_Repository(stack.enter_context(opened), uses))
        yield places


class _Store:
    def __init__(self, engine: Engine, uses: Uses) -> None:
        self._engine = engine
        self._stored = engine.stored()
        self.images = stored.stored_images(self._stored, uses, engine.used())

    def frees(self, choice: Choice) -> int:
        return stored.only_theirs(choice.removed, self._stored)

    def remove(self, image: KeptImage) -> str | None:
        return stored.remove(self._engine, image)


class _Repository:
    def __init__(self, registry: Registry, uses: Uses) -> None:
        self._registry = registry
        self.images = repository.repository_images(registry, uses)

    def frees(self, choice: Choice) -> int:
        return repository.bytes_of(choice.removed, [image for image, _ in choice.kept])

    def remove(self, image: KeptImage) -> str | None:
        return repository.remove(self._registry, image)


def _engine() -> Engine:
    from fahr_docker.engine.finding import find_engine

    try:
        return find_engine()
    except UsageError as error:
        look = "start Docker, or look in registries: fahr images ls --registry"
        raise UsageError(error.message, look) from error


def _names(word: str, uses: Uses) -> list[str]:
    if word != KNOWN:
        return [word]
    if not uses.repositories:
        raise UsageError(
            "no job recorded here took its image from a registry",
            "fahr images ls --registry=HOST/REPOSITORY",
        )
    return sorted(uses.repositories)


def _login(name: str, ledger: Ledger, uses: Uses) -> Login | None:
    """Give the login of the driver that sent a job from there, else that of ``docker login``."""
    if job := uses.repositories.get(name):
        from fahr_core.jobs import open_for
        from fahr_core.models import ImageTarget

        with suppress(DriverError):  # not installed any more, or it has no registry of its own
            return open_for(ledger.exact(job)).registry_login(ImageTarget(repository=name))
    return _docker_login(name)


def _docker_login(name: str) -> Login | None:
    from docker.auth import load_config
    from docker.errors import DockerException

    from fahr_core.models import Login

    host = parse_reference(name).registry
    try:
        known = load_config().resolve_authconfig(host) or {}
    except DockerException as error:
        raise UsageError(f"the login for {host} cannot be read: {error}") from error
    if not known.get("username"):
        return None
    return Login(host, str(known["username"]), str(known.get("password") or ""))
