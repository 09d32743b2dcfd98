"""Errors as Google's services answer them (AIP-193, and Cloud Storage's older form)."""

from __future__ import annotations

import json
from typing import Any

from tests.clouds.striking import Answer

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
#: What Cloud Storage calls an error beside its number.
REASONS = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    410: "uploadGone",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    429: "rateLimitExceeded",
    500: "backendError",
    503: "backendError",
}
JSON = ("Content-Type", "application/json; charset=UTF-8")
NO_CREDENTIALS = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
BAD_CREDENTIALS = NO_CREDENTIALS.replace(
    "is missing required authentication credential", "had invalid authentication credentials"
)


class ApiError(Exception):
    """An error that a service answers."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: str = "",
        details: tuple[dict[str, Any], ...] = (),
        reason: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Take HTTP's number, what is said, and what else the service tells."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.details = code, message, details
        self.status = status or STATUSES.get(code, "UNKNOWN")
        self.reason = reason or REASONS.get(code, "invalid")
        self.headers = headers

    def answer(self, service: str) -> Answer:
        """Give the answer as a service words it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if service == "storage":
            one = {"message": self.message, "domain": "global", "reason": self.reason}
            error["errors"] = [one]
        else:
            error["status"] = self.status
            if self.details:
                error["details"] = list(self.details)
        body = json.dumps({"error": error}, indent=2).encode() + b"\n"
        return Answer(self.code, body, (JSON, *self.headers))


def document(content: Any, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """Answer a document."""
    return Answer(status, json.dumps(content, indent=2).encode() + b"\n", (JSON, *headers))


def info(reason: str, service: str, **metadata: str) -> dict[str, Any]:
    """Give an ErrorInfo."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": f"{service}.googleapis.com", **metadata},
    }


def violations(*found: tuple[str, str]) -> dict[str, Any]:
    """Give a BadRequest: fields, and what is wrong with each."""
    listed = [
        {"field": field, "description": text} if field else {"description": text}
        for field, text in found
    ]
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}


def bad_json(text: str) -> ApiError:
    """Give the error of a body that is no document."""
    message = f"Invalid JSON payload received. {text}"
    return ApiError(400, message, details=(violations(("", message)),))


def invalid(text: str, *found: tuple[str, str]) -> ApiError:
    """Give the error of a request that cannot be meant."""
    return ApiError(400, text, details=(violations(*found),) if found else ())


def no_credentials(service: str) -> ApiError:
    """Give the error of a request without a token."""
    if service == "storage":
        text = "Anonymous caller does not have storage.objects.get access to the Google Cloud "
        text += "Storage object. Permission 'storage.objects.get' denied on resource (or it may "
        text += "not exist)."
        return ApiError(401, text, reason="required")
    return ApiError(401, NO_CREDENTIALS, details=(info("CREDENTIALS_MISSING", service),))


def bad_credentials(service: str, *, expired: bool) -> ApiError:
    """Give the error of a token that is over, or that nobody gave."""
    if service == "storage":
        return ApiError(401, "Invalid Credentials")
    reason = "ACCESS_TOKEN_EXPIRED" if expired else "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    return ApiError(401, BAD_CREDENTIALS, details=(info(reason, service),))


def denied(service: str, who: str, permission: str, resource: str) -> ApiError:
    """Give the error of a caller who may not."""
    if service == "storage":
        kind = "bucket" if ".buckets." in permission or permission.endswith(".list") else "object"
        text = f"{who} does not have {permission} access to the Google Cloud Storage {kind}. "
        text += f"Permission '{permission}' denied on resource (or it may not exist)."
        return ApiError(403, text)
    text = f"Permission '{permission}' denied on resource "
    text += f"'//{service}.googleapis.com/{resource}' (or it may not exist)."
    told = info("IAM_PERMISSION_DENIED", service, permission=permission, resource=resource)
    return ApiError(403, text, details=({**told, "domain": f"{service}.googleapis.com"},))


def narrow(service: str) -> ApiError:
    """Give the error of a token whose scope is too narrow."""
    text = "Request had insufficient authentication scopes."
    told = info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", service)
    return ApiError(403, text, details=(told,))


def disabled(service: str, title: str, number: str) -> ApiError:
    """Give the error of a service that the project has not enabled."""
    host = f"{service}.googleapis.com"
    url = f"https://console.developers.google.com/apis/api/{host}/overview?project={number}"
    text = f"{title} has not been used in project {number} before or it is disabled. Enable it "
    text += f"by visiting {url} then retry. If you enabled this API recently, wait a few minutes "
    text += "for the action to propagate to our systems and retry."
    link = {"description": "Google developers console API activation", "url": url}
    help_ = {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}
    told = info("SERVICE_DISABLED", service, consumer=f"projects/{number}", serviceTitle=title)
    return ApiError(403, text, details=(told, help_), reason="accessNotConfigured")


def nobody_pays(service: str) -> ApiError:
    """Give the error of a person's call that names no project for quota."""
    text = "Your application is authenticating by using local Application Default Credentials. "
    text += f"The {service}.googleapis.com API requires a quota project, which is not set by "
    text += "default. To learn how to set your quota project, see "
    text += "https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
    # The consumer is the project of Google's own client.
    told = info("SERVICE_DISABLED", service, consumer="projects/764086051850")
    return ApiError(403, text, details=(told,))


def may_not_pay(service: str, project: str) -> ApiError:
    """Give the error of a caller who may not use the project that they name for quota."""
    text = f"Caller does not have required permission to use project {project}. Grant the caller "
    text += "the roles/serviceusage.serviceUsageConsumer role, or a custom role with the "
    text += "serviceusage.services.use permission, by visiting "
    text += "https://console.developers.google.com/iam-admin/iam/project?"
    text += f"project={project} and then retry. Propagation of the new permission may take a few "
    text += "minutes."
    told = info("USER_PROJECT_DENIED", service, consumer=f"projects/{project}")
    return ApiError(403, text, details=(told,), reason="userProjectAccessDenied")


def unknown_project(service: str, project: str) -> ApiError:
    """Give the error of a project that is not there, or that the caller may not see."""
    text = f"Permission denied on resource project {project}."
    told = info("CONSUMER_INVALID", service, consumer=f"projects/{project}")
    return ApiError(403, text, details=(told,))


def internal_error() -> ApiError:
    """Give the error of a service that failed."""
    return ApiError(500, "Internal error encountered.")


def unavailable() -> ApiError:
    """Give the error of a service that is not there for the moment."""
    return ApiError(503, "The service is currently unavailable.")


def throttled() -> ApiError:
    """Give the error of a service that was asked too often."""
    text = "Resource has been exhausted (e.g. check quota)."
    return ApiError(429, text, headers=(("Retry-After", "1"),))
