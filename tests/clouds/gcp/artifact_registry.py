"""Artifact Registry's calls about repositories."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError, invalid
from tests.clouds.gcp.moments import seconds, shown
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

PARENT = "/v1/projects/{project}/locations/{location}"
ONE = PARENT + "/repositories/{repository}"
NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
#: By the numbers that clients may write in their place (repository.proto).
FORMATS = {1: "DOCKER", 2: "MAVEN", 3: "NPM", 5: "APT", 6: "YUM", 8: "PYTHON", 9: "KFP",
           10: "GO", 11: "GENERIC"}  # fmt: skip
ACTIONS = {1: "DELETE", 2: "KEEP"}
METADATA = "type.googleapis.com/google.devtools.artifactregistry.v1."


class Repositories:
    """The project's repositories in all regions."""

    def __init__(self, cloud: Cloud) -> None:
        """Begin with none."""
        self._cloud = cloud
        self._known: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Give a repository by its short name."""
        return next(each for key, each in self._known.items() if key.endswith(f"/{name}"))

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def holds(self, path: str) -> bool:
        """Tell whether ``project/repository/image`` lies in a repository that there is."""
        pieces = path.split("/")
        return (
            len(pieces) > 2
            and pieces[0] == self._cloud.project
            and any(key.endswith(f"/{pieces[1]}") for key in self._known)
        )

    def add(self, location: str, name: str, about: dict[str, Any] | None = None) -> str:
        """Make a repository; give what images in it begin with."""
        resource = f"projects/{self._cloud.project}/locations/{location}/repositories/{name}"
        now = shown(time.time())
        self._known[resource] = {
            "name": resource,
            "format": "DOCKER",
            **(about or {}),
            "createTime": now,
            "updateTime": now,
            "mode": "STANDARD_REPOSITORY",
            "sizeBytes": "0",
            "registryUri": f"{self._cloud.registry.host}/{self._cloud.project}/{name}",
        }
        return str(self._known[resource]["registryUri"])

    @route("GET " + ONE, "artifactregistry:repositories.get", "artifactregistry.repositories.get")
    def get(self, asked: Asked) -> Any:
        """Tell of a repository."""
        return self._find(asked)

    @route(
        "GET " + PARENT + "/repositories",
        "artifactregistry:repositories.list",
        "artifactregistry.repositories.list",
    )
    def list(self, asked: Asked) -> Any:
        """List the repositories of a region."""
        prefix = self._resource(asked, "")
        found = [each for key, each in sorted(self._known.items()) if key.startswith(prefix)]
        return {"repositories": found} if found else {}

    @route(
        "POST " + PARENT + "/repositories",
        "artifactregistry:repositories.create",
        "artifactregistry.repositories.create",
    )
    def create(self, asked: Asked) -> Any:
        """Make a repository; it is there when the operation is done."""
        name, wanted = asked.query.get("repositoryId", ""), asked.json()
        if not NAME.fullmatch(name):
            text = f'invalid argument: repository ID "{name}" must match {NAME.pattern}'
            raise invalid(text, ("repository_id", text))
        wanted["format"] = _word(FORMATS, wanted.get("format"))
        if wanted["format"] not in FORMATS.values():
            raise invalid("unsupported format", ("repository.format", "unsupported format"))
        for policy in wanted.get("cleanupPolicies", {}).values():
            _check_policy(policy)
        resource = self._resource(asked, name)
        if resource in self._known:
            raise ApiError(409, "the repository already exists")
        about: dict[str, Any] = {
            key: wanted[key]
            for key in (
                "format",
                "description",
                "labels",
                "cleanupPolicies",
                "cleanupPolicyDryRun",
                "kmsKeyName",
                "dockerConfig",
            )
            if key in wanted
        }
        location = asked.name("location")
        response = {"@type": METADATA + "Repository", "name": resource, **about}
        return self._cloud.operations.begin(
            f"projects/{self._cloud.project}/locations/{location}",
            response,
            lambda: self._finish(location, name, about),
        )

    @route(
        "PATCH " + ONE,
        "artifactregistry:repositories.patch",
        "artifactregistry.repositories.update",
    )
    def patch(self, asked: Asked) -> Any:
        """Change a repository, in the fields that a mask names."""
        found, wanted = self._find(asked), asked.json()
        for path in asked.query.get("updateMask", "*").split(","):
            head, *rest = re.sub(r"_(\w)", lambda each: each[1].upper(), path).split(".")
            names = [*wanted] if head == "*" else [head]
            if rest:
                found.setdefault(head, {})[rest[0]] = wanted.get(head, {}).get(rest[0])
            else:
                found.update({name: wanted.get(name) for name in names if name != "name"})
        found["updateTime"] = shown(time.time())
        return found

    @route(
        "DELETE " + ONE,
        "artifactregistry:repositories.delete",
        "artifactregistry.repositories.delete",
    )
    def delete(self, asked: Asked) -> Any:
        """Delete a repository."""
        resource = self._find(asked)["name"]
        parent = resource.rpartition("/repositories/")[0]
        done = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return self._cloud.operations.begin(
            parent, done, lambda: self._known.pop(resource, {}).clear()
        )

    def _finish(self, location: str, name: str, about: dict[str, Any]) -> None:
        self.add(location, name, about)

    def _resource(self, asked: Asked, name: str) -> str:
        location = asked.name("location")
        if location not in self._cloud.regions and location not in ("us", "europe", "asia"):
            raise invalid(f"invalid location: {location}")
        return f"projects/{self._cloud.project}/locations/{location}/repositories/{name}"

    def _find(self, asked: Asked) -> dict[str, Any]:
        resource = self._resource(asked, asked.name("repository"))
        if resource not in self._known:
            raise ApiError(404, f'Repository "{resource}" not found')
        return self._known[resource]


def _word(words: dict[int, str], value: Any) -> Any:
    return words[value] if isinstance(value, int) and value in words else value


def _check_policy(policy: dict[str, Any]) -> None:
    """Check a clean-up policy: what it does, and to what.

    Raises:
        ApiError: it says neither.
    """
    policy["action"] = _word(ACTIONS, policy.get("action"))
    if policy["action"] not in ACTIONS.values():
        raise invalid("cleanup policy must have an action of DELETE or KEEP")
    if ("condition" in policy) == ("mostRecentVersions" in policy):
        raise invalid("cleanup policy must have a condition or most_recent_versions")
    if "mostRecentVersions" in policy and policy["action"] != "KEEP":
        raise invalid("most_recent_versions can only be used with action KEEP")
    older = policy.get("condition", {}).get("olderThan")
    if older is not None:
        try:
            seconds(older)
        except ValueError as error:
            raise invalid(f"invalid duration: {older}") from error
