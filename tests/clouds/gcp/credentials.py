"""The files by which clients say who they are: GOOGLE_APPLICATION_CREDENTIALS names one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.keys import KEY_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.gcp.cloud import Cloud

AUDIENCE = "//iam.googleapis.com/projects/{}/locations/global/workloadIdentityPools/ci/providers/ci"


class Credentials:
    """Writes the files."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        """Take the cloud that they lead to, and where they lie."""
        self._cloud, self._folder = cloud, folder

    def key(self) -> Path:
        """Write the key of the service account that tests are; give the file."""
        told = {
            "type": "service_account",
            "project_id": self._cloud.project,
            "private_key_id": KEY_ID,
            "private_key": self._cloud.keys.private,
            "client_email": self._cloud.accounts.user,
            "client_id": "1" * 21,
            "auth_uri": f"{self._cloud.endpoint}/o/oauth2/auth",
            "token_uri": f"{self._cloud.endpoint}/token",
            "universe_domain": "googleapis.com",
        }
        return self._write("key", told)

    def federation(self, *, impersonating: bool = False) -> Path:
        """Write the file of workload identity federation; give it.

        What another identity provider gave lies in a file beside it: the cloud takes
        ``outside_token``. With `impersonating` the user's account is taken on in a second step.
        """
        endpoint = self._cloud.endpoint
        subject = self._folder / "subject.txt"
        subject.write_text(self._cloud.outside_token)
        told: dict[str, Any] = {
            "type": "external_account",
            "audience": AUDIENCE.format(self._cloud.number),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{endpoint}/v1/token",
            "credential_source": {"file": str(subject)},
            "universe_domain": "googleapis.com",
        }
        if impersonating:
            account = f"v1/projects/-/serviceAccounts/{self._cloud.accounts.user}"
            told["service_account_impersonation_url"] = f"{endpoint}/{account}:generateAccessToken"
        return self._write("federation", told)

    def person(self, quota_project: str = "") -> Path:
        """Write the file of a person who has logged in; give it.

        A person of an identity provider of their own: a plain Google account's file cannot lead
        elsewhere, since google-auth knows one address for those.
        """
        told = {
            "type": "external_account_authorized_user",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/us/providers/us",
            "refresh_token": self._cloud.outside_token,
            "token_url": f"{self._cloud.endpoint}/v1/oauth/token",
            "token_info_url": f"{self._cloud.endpoint}/v1/introspect",
            "client_id": "fahr",
            "client_secret": "of-the-test-cloud",
        }
        return self._write(
            "person", told | ({"quota_project_id": quota_project} if quota_project else {})
        )

    def machine(self) -> dict[str, str]:
        """Give the variables of a machine at Google, whose metadata server knows its account."""
        host = self._cloud.endpoint.removeprefix("http://")
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}

    def _write(self, name: str, told: dict[str, Any]) -> Path:
        file = self._folder / f"{name}.json"
        file.write_text(json.dumps(told, indent=2))
        return file
