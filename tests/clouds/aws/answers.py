"""Answers in the form of each protocol: JSON, query and REST-XML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.aws.calls import Call

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


class ServiceError(Exception):
    """An error that the service answers, by its code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def document(content: Any, status: int = 200) -> Answer:
    """Answer a JSON call."""
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", REQUEST_ID))
    return Answer(status, json.dumps(content).encode(), headers)


def refusal(call: Call, fault: ServiceError) -> Answer:
    """Answer an error as the service of this call words one."""
    if call.style == "json":
        return document({"__type": fault.code, "message": fault.message}, fault.status)
    code, message = escape(fault.code), escape(fault.message)
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if call.style == "query":
        kind = "Sender" if fault.status < 500 else "Receiver"
        text = f"<ErrorResponse><Error><Type>{kind}</Type>{error}</Error>"
        text += f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    else:
        text = f"<Error>{error}<RequestId>{REQUEST_ID}</RequestId></Error>"
    body = b"" if call.method == "HEAD" else text.encode()
    return Answer(fault.status, body, (("Content-Type", "text/xml"),))


def internal_error(call: Call) -> ServiceError:
    """Give the error of a service that failed."""
    text = "We encountered an internal error. Please try again."
    return ServiceError("InternalError" if call.service == "s3" else "InternalFailure", text, 500)


def unavailable(call: Call) -> ServiceError:
    """Give the error of a service that is not there for the moment."""
    code = "ServiceUnavailable" if call.style != "json" else "ServiceUnavailableException"
    return ServiceError(code, "Service is unavailable. Please retry.", 503)


def throttled(call: Call) -> ServiceError:
    """Give the error of a service that was asked too often."""
    if call.service == "s3":
        return ServiceError("SlowDown", "Please reduce your request rate.", 503)
    code = "Throttling" if call.style == "query" else "ThrottlingException"
    return ServiceError(code, "Rate exceeded")


def denied(call: Call, user: str, permission: str, resource: str = "*") -> ServiceError:
    """Give the error of a caller who may not."""
    if call.service == "s3":
        return ServiceError("AccessDenied", "Access Denied", 403)
    text = (
        f"User: {user} is not authorized to perform: {permission} on resource: {resource} "
        f"because no identity-based policy allows the {permission} action"
    )
    if call.style == "query":
        return ServiceError("AccessDenied", text, 403)
    return ServiceError("AccessDeniedException", text)


def unknown_key(call: Call) -> ServiceError:
    """Give the error of credentials that the service does not know."""
    if call.service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ServiceError("InvalidAccessKeyId", text, 403)
    text = "The security token included in the request is invalid."
    if call.style == "query":
        return ServiceError("InvalidClientTokenId", text, 403)
    return ServiceError("UnrecognizedClientException", text)


def expired_key(call: Call) -> ServiceError:
    """Give the error of credentials whose time is over."""
    if call.service == "s3":
        return ServiceError("ExpiredToken", "The provided token has expired.", 400)
    text = "The security token included in the request is expired"
    if call.style == "query":
        return ServiceError("ExpiredToken", text, 403)
    return ServiceError("ExpiredTokenException", text)
