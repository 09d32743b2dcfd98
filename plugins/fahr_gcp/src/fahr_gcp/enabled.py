"""Which of Google's services a project has to have enabled, told once for all that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import AccessError, FahrError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.models import Finding
    from fahr_gcp.client import Client

__all__ = ["enabled", "told_once"]

#: What each job needs, and what some need besides.
_SERVICES = ("aiplatform", "artifactregistry", "storage", "logging")
_SECRETS = "secretmanager"


def enabled(client: Client, *, secrets: bool) -> str:
    """See that the project has the services enabled; give them, or why nobody knows.

    Args:
        client: Who asks, and of which project.
        secrets: Whether the job has secrets.

    Raises:
        AccessError: some are not; with one command for all of them.
    """
    project, wanted = client.project, [*_SERVICES, *([_SECRETS] if secrets else [])]
    names = [f"projects/{project}/services/{one}.googleapis.com" for one in wanted]
    path = f"v1/projects/{project}/services:batchGet"
    try:
        told = client.call("serviceusage", "GET", path, {"names": names}, attempts=1)
    except FahrError as error:  # each service's own check will tell
        return f"not known: {error.message}"
    states = {
        str(one["name"]).rpartition("/")[2]: one.get("state") for one in told.get("services") or ()
    }
    missing = [name for name, state in states.items() if state == "DISABLED"]
    if missing:
        raise AccessError(
            f"not enabled in project {project}: {', '.join(missing)}",
            f"gcloud services enable {' '.join(missing)} --project={project}",
        )
    return ", ".join(wanted)


def told_once(found: Sequence[Finding]) -> list[Finding]:
    """Leave out what several services say alike, and what one finding has told for all."""
    commands = " ".join(hint for one in found if one.subject == "services" for hint in one.hints)
    first: dict[str, Finding] = {}
    for one in found:
        if one.subject == "services" or not _is_in(commands, one):
            first.setdefault(one.message, one)
    return list(first.values())


def _is_in(commands: str, finding: Finding) -> bool:
    """Tell whether a finding's command is a part of what others are told already."""
    service, _, rest = finding.message.partition(" ")
    return rest.startswith("is not enabled in project") and f" {service} " in commands
