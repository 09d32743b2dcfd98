"""What goes wrong between here and AWS, said as fahr's errors with what to do about each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError, ServiceError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "cause_of",
    "code_of",
    "is_certain",
    "is_refusal",
    "is_throttling",
    "root_of",
    "translated",
]

#: Source: "Error responses and codes" of the services' API references; botocore's
#: ``retries/standard.py`` for throttling.
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN_KEY = {
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedOperation",
}
_THROTTLED = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_SKEWED = {"RequestTimeTooSkewed"}
#: ``User: arn:... is not authorized to perform: iam:GetRole on resource: arn:... because ...``
_PERMISSION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)(?: on resource:? (\S+))?")
_WHO = re.compile(r"User: arn:[^:]*:\w+::\d*:(\S+)")
_AGAIN = "the same command may work in a minute"


def translated(error: Exception, service: str, operation: str, profile: str | None) -> FahrError:
    """Give fahr's error for one of botocore's.

    Args:
        error: What botocore raised.
        service: The service's name for boto3, such as ``s3``.
        operation: The operation's name in the API, such as ``HeadBucket``.
        profile: The AWS profile in use, if one was named.
    """
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    if isinstance(error, ClientError):
        return _refusal(error, service, operation, profile)
    return _of_botocore(error, operation, profile)


def root_of(error: Exception) -> Exception:
    """Give what a failed transfer of boto3's hides: the answer of the service."""
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]

    inner = error.__cause__ or error.__context__
    return inner if isinstance(error, Boto3Error) and isinstance(inner, Exception) else error


def cause_of(error: FahrError) -> Exception | None:
    """Give what botocore raised, of an error that :func:`translated` has made."""
    cause = error.__cause__
    return cause if isinstance(cause, Exception) else None


def code_of(error: FahrError) -> str | None:
    """Give the service's code for an error; None when the service has not answered."""
    return _code(cause_of(error)) if error.__cause__ else None


def is_certain(error: FahrError) -> bool:
    """Tell whether an error means that the call certainly had no effect.

    A service that refused the first attempt did nothing. After a second one nobody knows
    what became of the first; nor where no answer came, or one that tells of a fault within.
    """
    cause = cause_of(error)
    metadata = _metadata(cause)
    if not metadata:
        return _is_local(cause)
    return is_refusal(error) and not int(metadata.get("RetryAttempts") or 0)


def is_refusal(error: FahrError) -> bool:
    """Tell whether the last attempt was refused, for a reason that trying again does not mend."""
    status = int(_metadata(cause_of(error)).get("HTTPStatusCode") or 0)
    return 400 <= status < 500 and not is_throttling(error)


def is_throttling(error: FahrError) -> bool:
    """Tell whether the service asked for fewer calls."""
    return code_of(error) in _THROTTLED


def _is_local(cause: Exception | None) -> bool:
    """Tell whether botocore gave up before it called anybody."""
    from botocore import exceptions as of  # type: ignore[import-untyped]

    return isinstance(
        cause,
        (of.NoCredentialsError, of.ParamValidationError, of.NoRegionError, of.ProfileNotFound),
    )


def _metadata(cause: Exception | None) -> dict[str, Any]:
    response = getattr(cause, "response", None)
    return dict(response.get("ResponseMetadata") or {}) if isinstance(response, dict) else {}


def _code(cause: Exception | None) -> str | None:
    response = getattr(cause, "response", None)
    return str(response.get("Error", {}).get("Code")) if isinstance(response, dict) else None


# -- a service that answered ------------------------------------------------------------


def _refusal(error: Any, service: str, operation: str, profile: str | None) -> FahrError:
    code, message = str(_code(error)), str(error.response.get("Error", {}).get("Message") or "")
    status = int(_metadata(error).get("HTTPStatusCode") or 0)
    if code in _EXPIRED:
        return AccessError("the AWS credentials have expired", *_renewals(profile))
    if code in _UNKNOWN_KEY:
        return AccessError(f"AWS does not know these credentials ({code})", *_renewals(profile))
    if code in _SKEWED:
        return AccessError(f"this machine's clock is wrong, AWS refuses its requests: {message}")
    if code in _DENIED or (status == 403 and code not in _THROTTLED):
        return _denied(message, service, operation)
    if code in _THROTTLED or status == 429:
        return ServiceError(f"AWS answers fewer calls than we made ({operation}: {code})", _AGAIN)
    if status >= 500:
        return ServiceError(f"AWS failed in {operation}: {code} {message}".rstrip(), _AGAIN)
    return FahrError(f"AWS refused {operation}: {message or code}")


def _denied(message: str, service: str, operation: str) -> AccessError:
    found, who = _PERMISSION.search(message), _WHO.search(message)
    permission = found[1] if found else _permission(service, operation)
    resource = f" on {found[2].rstrip('.,')}" if found and found[2] else ""
    name = who[1] if who else "this identity"
    return AccessError(
        f"AWS: {name} may not {permission}{resource}",
        f"ask for {permission}; https://docs.aws.amazon.com/IAM/latest/UserGuide/access.html",
    )


def _permission(service: str, operation: str) -> str:
    """Give the permission of a call whose refusal does not name it: S3 is silent on HEAD."""
    known = {("s3", "HeadBucket"): "s3:ListBucket", ("s3", "HeadObject"): "s3:GetObject"}
    known[("s3", "ListObjectsV2")] = "s3:ListBucket"
    return known.get((service, operation), f"{service}:{operation}")


def _renewals(profile: str | None) -> tuple[str, ...]:
    option = f" --profile {profile}" if profile else ""
    return (f"aws sso login{option}", f"or new keys: aws configure{option}")


# -- no answer, or nobody asked ---------------------------------------------------------


def _of_botocore(error: Exception, operation: str, profile: str | None) -> FahrError:
    from botocore import exceptions as of

    kinds: list[tuple[tuple[type[Exception], ...], Callable[[], FahrError]]] = [
        ((of.NoCredentialsError,), lambda: AccessError("no AWS credentials", *_logins(profile))),
        (
            (of.PartialCredentialsError, of.CredentialRetrievalError),
            lambda: AccessError(f"AWS credentials cannot be used: {error}", *_logins(profile)),
        ),
        (
            (of.TokenRetrievalError, of.SSOError),
            lambda: AccessError(f"the AWS login has ended: {error}", *_renewals(profile)),
        ),
        ((of.ProfileNotFound,), lambda: AccessError(str(error), "aws configure list-profiles")),
        ((of.NoRegionError,), no_region),
        ((of.ParamValidationError,), lambda: _parameters(error, operation)),
        (
            (of.EndpointConnectionError, of.ConnectTimeoutError, of.ProxyConnectionError),
            lambda: ServiceError(f"AWS cannot be reached: {_plain(error)}", _AGAIN),
        ),
    ]
    for types, make in kinds:
        if isinstance(error, types):
            return make()
    return ServiceError(f"no answer from AWS to {operation}: {_plain(error)}", _AGAIN)


def no_region() -> AccessError:
    """Give the error of an AWS region that nobody names."""
    return AccessError(
        "no AWS region", "export AWS_REGION=eu-west-1", "or: fahr fit -c region=eu-west-1"
    )


def _logins(profile: str | None) -> tuple[str, ...]:
    if profile:
        return (f"aws configure --profile {profile}",)
    return ("aws configure", "or: export AWS_PROFILE=NAME")


def _parameters(error: Exception, operation: str) -> SettingsError:
    first, *others = str(error).splitlines()[1:] or [str(error)]
    return SettingsError(f"{operation}: {first}", *others)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())
