"""The repository in Artifact Registry that holds a job's image, and the login to it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError, ServiceError
from fahr_core.models import ImageTarget, Login
from fahr_gcp.client import Client
from fahr_gcp.failures import status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job

__all__ = ["Repository", "login_to", "make_repository", "repository_of", "target_of"]

_SERVICE = "artifactregistry"
_PLATFORM = "linux/amd64"
_NAME, _IMAGE = "fahr", "jobs"
#: Source: "Set up authentication for Docker", access token.
_USER = "oauth2accesstoken"
#: How long a repository takes to be made, at most, and seconds between two looks.
_PATIENCE, _PAUSE = 120.0, 1.0
#: What goes by itself: images without a tag that are a month old, and all but the newest few.
#: fahr submits by digest, and a digest that is in use was pushed with a tag.
#: Source: "Configure cleanup policies", Artifact Registry.
_CLEAN_UP = {
    "fahr-old-untagged": {
        "id": "fahr-old-untagged",
        "action": "DELETE",
        "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"},
    },
    "fahr-old": {
        "id": "fahr-old",
        "action": "DELETE",
        "condition": {"tagState": "ANY", "olderThan": "15552000s"},
    },
    "fahr-keep": {
        "id": "fahr-keep",
        "action": "KEEP",
        "mostRecentVersions": {"keepCount": 20},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository that is Artifact Registry's own; ``name`` is its resource name's end."""

    project: str
    region: str
    name: str

    @property
    def path(self) -> str:
        """Give the path of the repository in the API."""
        return f"v1/projects/{self.project}/locations/{self.region}/repositories/{self.name}"


class _Wanted:
    """By which client and settings each target was named, for the login that is asked later."""

    of: dict[str, tuple[Client, Repository | None, str | None]] = {}  # noqa: RUF012 - shared


def target_of(job: Job) -> ImageTarget:
    """Give where the image goes: the setting ``image_repository``, or ``fahr`` in the region."""
    client = Client.of_settings(job.settings)
    uri = _uri(client, job.settings)
    _Wanted.of[uri] = (client, repository_of(uri), job.settings["encryption"])
    return ImageTarget(repository=uri, platform=_PLATFORM, media_types="docker")


def repository_of(uri: str) -> Repository | None:
    """Give the repository of Artifact Registry's in a URI; None where it is another registry's."""
    host, *parts = uri.split("/")
    region = host.removesuffix("-docker.pkg.dev")
    if len(parts) > 2 and "." in parts[0]:  # a project of old, whose id begins with a domain
        parts = [f"{parts[0]}:{parts[1]}", *parts[2:]]
    if region == host or len(parts) < 2:
        return None
    return Repository(project=parts[0], region=region, name=parts[1])


def login_to(target: ImageTarget) -> Login:
    """Make the repository when it is missing, and give a login to its registry.

    A registry that is not Google's is logged into with the same token.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    uri = str(target.repository)
    client, repository, key = _Wanted.of.get(uri) or _asked_by(uri)
    if repository is not None:
        make_repository(client, repository, key)
    token, ends = client.token()
    return Login(uri.partition("/")[0], _USER, token, expires=ends)


def make_repository(client: Client, repository: Repository, key: str | None = None) -> None:
    """Make the repository unless it is there; another command may make it at the same time.

    Raises:
        AccessError: a permission is missing.
        ServiceError: it is not there after two minutes.
    """
    if _is_there(client, repository):
        return
    body: dict[str, Any] = {
        "format": "DOCKER",
        "description": "Images of training jobs, made by fahr",
        "cleanupPolicies": _CLEAN_UP,
    }
    if key:
        body["kmsKeyName"] = key
    folder, _, name = repository.path.rpartition("/")
    try:
        operation = client.call(_SERVICE, "POST", folder, {"repositoryId": name}, body)
    except FahrError as error:
        if status_of(error) != 409:
            raise
        operation = {}
    _wait_for(client, repository, operation)


def _wait_for(client: Client, repository: Repository, operation: Mapping[str, Any]) -> None:
    """Wait until the repository is there, or what makes it has failed."""
    until = time.monotonic() + _PATIENCE
    while not _is_there(client, repository):
        if operation.get("name") and not operation.get("done"):
            operation = client.call(_SERVICE, "GET", f"v1/{operation['name']}")
        if problem := (operation.get("error") or {}).get("message"):
            raise FahrError(f"the repository {repository.name} cannot be made: {problem}")
        if time.monotonic() > until:
            raise ServiceError(f"the repository {repository.name} is still being made", "fahr fit")
        time.sleep(_PAUSE)


def _is_there(client: Client, repository: Repository) -> bool:
    try:
        client.call(_SERVICE, "GET", repository.path)
    except FahrError as error:
        if status_of(error) != 404:
            raise
        return False
    return True


def _uri(client: Client, settings: Mapping[str, Any]) -> str:
    """Give the image's name without a tag; the project of old, with a domain, has a slash."""
    if named := settings["image_repository"]:
        own = repository_of(str(named))
        return f"{named}/{_IMAGE}" if own and str(named).endswith(f"/{own.name}") else str(named)
    project = client.project.replace(":", "/")
    return f"{client.region}-docker.pkg.dev/{project}/{_NAME}/{_IMAGE}"


def _asked_by(uri: str) -> tuple[Client, Repository | None, str | None]:
    """Give a client for a target that another process named."""
    repository = repository_of(uri)
    if repository is None:
        raise ServiceError(f"nobody told which project's credentials {uri} takes", "fahr fit")
    return Client(repository.project, repository.region), repository, None
