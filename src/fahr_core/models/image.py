"""The image of a job: its base, the files it is made from, where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fahr_core.errors import FahrError

__all__ = ["Artifacts", "BaseImage", "Image", "ImageTarget", "Login", "RenderedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image that a Dockerfile starts from, and why this one."""

    reference: str
    reason: str
    gpu: bool = False
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """A file for the experiment folder; ``mark`` says how fahr's mark is written into it."""

    path: str
    text: str
    executable: bool = False
    mark: str = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """What a train driver renders for a job."""

    files: tuple[RenderedFile, ...] = ()
    base: BaseImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTarget:
    """Where an image goes; ``repository`` None is the engine's own store."""

    repository: str | None = None
    platform: str = "linux/amd64"
    media_types: str = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image by digest; ``digest`` is None in a dry run, when it is not built yet."""

    reference: str
    digest: str | None = None
    environment_digest: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """Credentials for a registry; refuses to be shown or written down."""

    registry: str
    username: str
    password: str
    expires: float | None = None

    def __repr__(self) -> str:
        return f"Login(registry={self.registry!r}, ...)"

    def refuse_json(self) -> None:
        """Refuse to be turned into JSON.

        Raises:
            FahrError: always.
        """
        raise FahrError(f"a login for {self.registry} is never written down")

    def __reduce__(self) -> Any:
        self.refuse_json()
