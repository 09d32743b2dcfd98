"""The token endpoint, and the metadata server that jobs ask for tokens."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import document
from tests.clouds.gcp.routes import route
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TENANT = "x0123456789abcdef-tp"
FLAVOUR = (("Metadata-Flavor", "Google"), ("Server", "Metadata Server for VM"))
ACCOUNT = "/computeMetadata/v1/instance/service-accounts/{account}"


class OAuth:
    """Gives tokens to service accounts (RFC 7523) and to those who come from elsewhere."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud whose accounts ask."""
        self._cloud = cloud

    @route("POST /token", "oauth2:token", open_=True)
    def token(self, asked: Asked) -> Any:
        """Give a token for what a service account signed."""
        form = asked.form
        if form.get("grant_type") != JWT_BEARER:
            return _refused("unsupported_grant_type", "Invalid grant_type")
        try:
            claims = self._cloud.keys.read(form.get("assertion", ""))
        except ValueError as error:
            return _refused("invalid_grant", f"Invalid JWT: {error}")
        email = str(claims.get("iss"))
        if email not in self._cloud.accounts.emails:
            return _refused("invalid_grant", "Invalid grant: account not found")
        if not claims.get("scope"):
            return _refused("invalid_scope", "Empty or missing scope not allowed.")
        return self._cloud.token_of(email)

    @route("POST /v1/token", "sts:token", open_=True)
    def exchange(self, asked: Asked) -> Any:
        """Give a token for one of another identity provider (workload identity federation)."""
        form = asked.form
        if form.get("grant_type") != EXCHANGE:
            return _refused("unsupported_grant_type", "Invalid grant_type")
        if form.get("subject_token") != self._cloud.outside_token:
            return _refused("invalid_grant", "The given credential is rejected by the provider.")
        issued = "urn:ietf:params:oauth:token-type:access_token"
        return {**self._cloud.token_of(self._cloud.accounts.user), "issued_token_type": issued}

    @route("POST /v1/oauth/token", "sts:oauthtoken", open_=True)
    def refresh(self, asked: Asked) -> Any:
        """Give a new token to a person who has logged in."""
        form = asked.form
        if form.get("refresh_token") != self._cloud.outside_token:
            return _refused("invalid_grant", "Token has been expired or revoked.")
        return self._cloud.token_of(self._cloud.accounts.person)

    @route(
        "POST /v1/projects/{project}/serviceAccounts/{account}:generateAccessToken",
        "iamcredentials:serviceAccounts.generateAccessToken",
        "iam.serviceAccounts.getAccessToken",
    )
    def impersonate(self, asked: Asked) -> Any:
        """Give a token of another account."""
        token = self._cloud.accounts.issue(asked.name("account"))
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(token.expires))
        return {"accessToken": token.text, "expireTime": expires}


class Metadata:
    """The metadata server of a machine; who asks is told by the address that it comes from."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud whose jobs ask."""
        self._cloud = cloud

    @route("GET /", "metadata:root", open_=True)
    def root(self, asked: Asked) -> Answer:
        """Say that this is a metadata server."""
        return Answer(200, b"computeMetadata/\n", FLAVOUR)

    @route("GET " + ACCOUNT + "/token", "metadata:token", open_=True)
    def token(self, asked: Asked) -> Answer:
        """Give the account's token."""

        def told() -> dict[str, Any]:
            return self._cloud.token_of(self._account(asked))

        return self._answer(asked, told)

    @route("GET " + ACCOUNT + "/", "metadata:account", open_=True)
    def account(self, asked: Asked) -> Answer:
        """Tell of the account."""
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        told = {"aliases": ["default"], "email": self._account(asked), "scopes": scopes}
        return self._answer(asked, lambda: told)

    @route("GET " + ACCOUNT + "/email", "metadata:email", open_=True)
    def email(self, asked: Asked) -> Answer:
        """Give the account's address."""
        return self._answer(asked, lambda: self._account(asked))

    @route("GET /computeMetadata/v1/project/project-id", "metadata:project", open_=True)
    def project(self, asked: Asked) -> Answer:
        """Give the project's name: in a job, that of Google's own project where it runs."""
        own = self._cloud.jobs.at(asked.environ["REMOTE_ADDR"]) is None
        return self._answer(asked, lambda: self._cloud.project if own else TENANT)

    @route("GET /computeMetadata/v1/project/numeric-project-id", "metadata:number", open_=True)
    def number(self, asked: Asked) -> Answer:
        """Give the project's number."""
        return self._answer(asked, lambda: self._cloud.number)

    @route("GET /computeMetadata/v1/universe/universe-domain", "metadata:universe", open_=True)
    def universe(self, asked: Asked) -> Answer:
        """Give the domain of all services."""
        return self._answer(asked, lambda: "googleapis.com")

    def _account(self, asked: Asked) -> str:
        job = self._cloud.jobs.at(asked.environ["REMOTE_ADDR"])
        return job.account if job else self._cloud.accounts.user

    def _answer(self, asked: Asked, told: Any) -> Answer:
        if asked.header("Metadata-Flavor") != "Google":
            return Answer(403, b"Missing Metadata-Flavor:Google header.\n", FLAVOUR)
        content = told()
        if isinstance(content, str):
            return Answer(200, content.encode(), (("Content-Type", "application/text"), *FLAVOUR))
        kind = ("Content-Type", "application/json")
        return Answer(200, json.dumps(content).encode(), (kind, *FLAVOUR))


def _refused(error: str, description: str) -> Answer:
    return document({"error": error, "error_description": description}, 400)
