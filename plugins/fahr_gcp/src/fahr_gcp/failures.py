"""What goes wrong between here and Google, said as fahr's errors with what to do about each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_gcp.roles import granting
from fahr_gcp.unreachable import why_unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_gcp.client import Client

__all__ = [
    "Answer",
    "NoAnswer",
    "is_certain",
    "is_passing",
    "no_credentials",
    "said",
    "status_of",
    "translated",
    "unanswered",
]

#: How Cloud Storage says that there were too many calls, in a 403.
_RATES = {"rateLimitExceeded", "userRateLimitExceeded"}
_AGAIN = "the same command may work in a minute"
_ADC = "gcloud auth application-default login"
#: ``Permission 'aiplatform.customJobs.create' denied on resource '//...' (or it may not exist).``
_PERMISSION = re.compile(r"[Pp]ermission '?([a-z][\w.]+\.[\w.]+)'? (?:is )?(?:denied|required)")
#: ``a@b.c does not have storage.objects.get access to the Google Cloud Storage object.``
_STORAGE = re.compile(r"(\S+@\S+) does not have (storage\.[\w.]+) access")
#: ``Permission denied on resource project digits.``
_NO_PROJECT = re.compile(r"[Pp]ermission denied on resource project ([\w:-]+(?:\.[\w-]+)*)")
#: Machines that a project may have at once, as against calls in a minute.
_MACHINES = re.compile(r"custom_model_training\w*|restricted_image_training\w*")


class Answer(Exception):  # noqa: N818 - what a service said, the cause of an error of fahr's
    """An answer of a service that is no success.

    Args:
        status: HTTP's status.
        code: google.rpc's word, such as ``RESOURCE_EXHAUSTED``, or Cloud Storage's ``notFound``.
        message: What the service says.
        details: ErrorInfo's ``reason`` and ``metadata``, where there is one.
        repeated: Whether an attempt before this one may have arrived.
    """

    def __init__(
        self, status: int, code: str, message: str, details: Details | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or Details()
        self.repeated = False


class NoAnswer(Exception):  # noqa: N818 - what became of a call, the cause of an error of fahr's
    """No answer came.

    ``sent`` tells whether the request may have arrived, ``silent`` whether nothing was heard of
    the service for as long as it was waited for.
    """

    def __init__(self, message: str, *, sent: bool, silent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.silent = silent
        self.repeated = False


@dataclass(frozen=True, slots=True)
class Details:
    """What google.rpc's ErrorInfo says."""

    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def said(status: int, text: str) -> Answer:
    """Read the body of an answer that is no success; all services word it alike.

    Source: Google's API Improvement Proposal 193, and Cloud Storage's JSON API, "Errors".
    """
    import json

    try:
        error = json.loads(text)["error"]
        if not isinstance(error, dict):  # OAuth's own form
            return Answer(status, str(error), str(json.loads(text).get("error_description", "")))
    except (ValueError, KeyError, TypeError):
        return Answer(status, "", " ".join(text.split())[:300])
    inner = [one for one in error.get("errors") or () if isinstance(one, dict)]
    code = str(error.get("status") or (inner[0].get("reason") if inner else "") or "")
    return Answer(status, code, " ".join(str(error.get("message", "")).split()), _details(error))


def translated(answer: Answer, operation: str, client: Client) -> FahrError:
    """Give fahr's error for an answer that is no success.

    Args:
        answer: What the service said.
        operation: The call, in words for people: ``aiplatform: POST customJobs``.
        client: Who asked, and of which project.
    """
    message, status = answer.message or answer.code, answer.status
    if status == 401:
        return AccessError(f"Google does not take these credentials: {message}", *_logins())
    if status == 403:
        return _denied(answer, operation, client)
    if status == 429:
        return _too_many(answer, operation, client.project)
    if status >= 500 or status == 408:
        return ServiceError(f"Google failed in {operation}: {status} {message}".rstrip(), _AGAIN)
    return FahrError(f"Google refused {operation}: {message or status}")


def unanswered(error: NoAnswer, operation: str) -> ServiceError:
    """Give fahr's error for a call that nobody answered."""
    if not error.sent:
        return ServiceError(f"Google cannot be reached for {operation}: {error}", _AGAIN)
    return ServiceError(f"no answer from Google to {operation}: {error}", _AGAIN)


def no_credentials(error: Exception) -> FahrError:
    """Give fahr's error for one of google-auth's."""
    from google.auth import exceptions as of

    text = " ".join(str(error.args[0] if error.args else error).split())
    if isinstance(error, of.DefaultCredentialsError):
        if "were not found" in text:
            return AccessError("no Google credentials", *_logins())
        return AccessError(f"the Google credentials cannot be used: {text}", *_logins())
    if isinstance(error, of.TransportError):
        return ServiceError(f"Google gives no token: {why_unreachable(error)}", _AGAIN)
    over = any(words in text for words in ("Reauthentication", "expired or revoked"))
    if isinstance(error, of.ReauthFailError) or over:
        return AccessError("the Google login has ended", _ADC)
    if isinstance(error, of.RefreshError) and error.retryable:
        return ServiceError(f"Google gives no token: {text}", _AGAIN)
    return AccessError(f"Google gives no token for these credentials: {text}", *_logins())


def status_of(error: FahrError) -> int | None:
    """Give HTTP's status of a refusal; None when the service has not answered."""
    cause = error.__cause__
    return cause.status if isinstance(cause, Answer) else None


def is_certain(error: FahrError) -> bool:
    """Tell whether an error means that the call certainly had no effect.

    A refusal did nothing, nor did a call that could not be sent. After an answer that tells of
    a fault within, or none at all, nobody knows; nor after an earlier attempt of that kind.
    """
    cause = error.__cause__
    if isinstance(cause, Answer):
        return 400 <= cause.status < 500 and cause.status != 408 and not cause.repeated
    if isinstance(cause, NoAnswer):
        return not cause.sent and not cause.repeated
    return True  # credentials: nobody was asked


def is_passing(cause: Answer | NoAnswer) -> bool:
    """Tell whether the same call may work a moment later.

    A quota of machines does not grow by waiting a minute. Source: Google Cloud's "Retry
    strategy": 408, 429, 500, 502, 503, 504.
    """
    if isinstance(cause, NoAnswer):
        return True
    if cause.status == 429:
        return not _MACHINES.search(cause.message)
    return cause.status in (408, 500, 502, 503, 504)


# -- a service that answered ------------------------------------------------------------


def _details(error: Mapping[str, Any]) -> Details:
    for item in error.get("details") or ():
        if isinstance(item, dict) and str(item.get("@type", "")).endswith("rpc.ErrorInfo"):
            return Details(str(item.get("reason", "")), dict(item.get("metadata") or {}))
    return Details()


def _denied(answer: Answer, operation: str, client: Client) -> AccessError:
    message, told, project = answer.message, answer.details, client.project
    if told.reason == "SERVICE_DISABLED" or "has not been used in project" in message:
        service = told.metadata.get("service") or _service_in(message) or operation.split(":")[0]
        return AccessError(
            f"{service} is not enabled in project {project}",
            f"gcloud services enable {service} --project={project}",
        )
    if fault := _fault_of_project(answer, project):
        return fault
    if _RATES & {told.reason, answer.code}:
        return AccessError(f"Google answers fewer calls than we made ({operation})", _AGAIN)
    return _without_permission(answer, operation, client)


def _fault_of_project(answer: Answer, project: str) -> AccessError | None:
    """Say what a project lacks; None where the refusal is of another kind."""
    told = answer.details
    if told.reason in ("BILLING_DISABLED", "UREQ_PROJECT_BILLING_NOT_FOUND"):
        page = f"https://console.cloud.google.com/billing/linkedaccount?project={project}"
        return AccessError(f"project {project} has no billing account", page)
    unknown = _NO_PROJECT.search(answer.message)
    if unknown or told.reason == "CONSUMER_INVALID":  # the job's, or the one whose quota counts
        consumer = unknown[1] if unknown else told.metadata.get("consumer", project)
        return AccessError(
            f"there is no project {consumer.removeprefix('projects/')}, or these credentials may "
            "not use it",
            "gcloud projects list",
        )
    if told.reason == "USER_PROJECT_DENIED":
        return AccessError(
            f"these credentials may not use {told.metadata.get('consumer', project)} for quota",
            f"gcloud auth application-default set-quota-project {project}",
        )
    if "requires a quota project" in answer.message:
        return AccessError(
            "user credentials need a project whose quota pays for the call",
            f"gcloud auth application-default set-quota-project {project}",
        )
    return None


def _without_permission(answer: Answer, operation: str, client: Client) -> AccessError:
    message = answer.message
    storage, named = _STORAGE.search(message), _PERMISSION.search(message)
    permission = answer.details.metadata.get("permission")
    permission = permission or (storage[2] if storage else named[1] if named else None)
    who = storage[1] if storage else "this identity"
    if permission is None:
        return AccessError(f"Google: {who} may not do {operation}: {message}".rstrip(": "))
    message = f"Google: {who} may not {permission} in project {client.project}"
    return AccessError(message, *granting(permission, client))


def _too_many(answer: Answer, operation: str, project: str) -> FahrError:
    found = _MACHINES.search(answer.message)
    page = f"https://console.cloud.google.com/iam-admin/quotas?project={project}"
    if found:
        return AccessError(
            f"the quota {found[0]} of project {project} is used up or too small",
            f"raise it: {page}",
            "nothing is charged",
        )
    return ServiceError(
        f"Google answers fewer calls than we made ({operation}): {answer.message}".rstrip(": "),
        _AGAIN,
        f"the project's quotas: {page}",
    )


def _service_in(message: str) -> str | None:
    found = re.search(r"([a-z]+\.googleapis\.com)", message)
    return found[1] if found else None


def _logins() -> tuple[str, ...]:
    return (_ADC, "or: export GOOGLE_APPLICATION_CREDENTIALS=key.json")
