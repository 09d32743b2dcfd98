"""Who may do what in a project: Google's predefined roles, and the commands that grant them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fahr_gcp.client import Client

__all__ = ["ROLES", "act_as", "granting"]

#: The predefined role with what this driver asks of a service.
#: Source: "IAM roles and permissions index", Google Cloud.
ROLES = {
    "aiplatform": "aiplatform.user",
    "artifactregistry": "artifactregistry.admin",
    "compute": "compute.viewer",
    "iam": "iam.serviceAccountUser",
    "logging": "logging.viewer",
    "secretmanager": "secretmanager.admin",
    "serviceusage": "serviceusage.serviceUsageConsumer",
    "storage": "storage.objectUser",
}
#: What none of them has.
_NO_ROLE = "storage.buckets."


def granting(permission: str, client: Client) -> tuple[str, ...]:
    """Give what lets who asks do what a permission is for."""
    role = ROLES.get(permission.partition(".")[0])
    if role is None or permission.startswith(_NO_ROLE):
        return (
            f"ask for a role with {permission}:",
            "https://cloud.google.com/iam/docs/permissions-reference",
        )
    return (
        f"gcloud projects add-iam-policy-binding {client.project} "
        f"--member={client.member} --role=roles/{role}",
    )


def act_as(client: Client, account: str) -> str:
    """Give the command that lets who asks send jobs as a service account."""
    return (
        f"gcloud iam service-accounts add-iam-policy-binding {account} "
        f"--member={client.member} --role=roles/{ROLES['iam']}"
    )
