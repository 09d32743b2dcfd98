"""What the service refuses although the request fits its model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.clouds.aws.answers import ServiceError

if TYPE_CHECKING:
    from tests.clouds.aws.registry import Registry

PRINCIPAL = "sagemaker.amazonaws.com"
ROLE = re.compile(r"arn:aws:iam::\d{12}:role/(?:.*/)?([^/]+)")
PULLING = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
CHANNEL_DUPLICATE = "Duplicate channel names found. Channel names must be unique."
MAX_WAIT_ALONE = (
    "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to "
    "true"
)
MAX_WAIT_MISSING = "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal "
MAX_WAIT_MISSING += "to MaxRuntimeInSeconds"
QUOTA = (
    "The account-level service limit '{kind} for {use} usage' is {limit} Instances, with current "
    "utilization of 0 Instances and a request delta of {wanted} Instances. Please use AWS Service "
    "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact "
    "AWS support to request an increase for this quota."
)
REFUSED_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
)


def check_request(
    request: dict[str, Any], account: str, registry: Registry, quotas: dict[str, int]
) -> None:
    """Check a request for a training job against what else the account holds.

    Raises:
        ServiceError: the service would refuse it.
    """
    _check_members(request)
    _check_stopping(request)
    _check_quota(request, quotas)
    role = _check_role(request["RoleArn"], account)
    _check_image(request["AlgorithmSpecification"].get("TrainingImage", ""), role, registry)


def _invalid(text: str) -> ServiceError:
    return ServiceError("ValidationException", text)


def _check_members(request: dict[str, Any]) -> None:
    for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if name not in request:
            where = name[0].lower() + name[1:]
            raise _invalid(
                f"1 validation error detected: Value null at '{where}' failed to satisfy "
                "constraint: Member must not be null"
            )
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    if len(names) != len(set(names)):
        raise _invalid(CHANNEL_DUPLICATE)
    resources = request["ResourceConfig"]
    if "InstanceGroups" not in resources and "InstanceType" not in resources:
        raise _invalid("InstanceType and InstanceCount must be specified in ResourceConfig")


def _check_stopping(request: dict[str, Any]) -> None:
    condition = request["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise _invalid(MAX_WAIT_ALONE)
    elif wait is None or wait < condition.get("MaxRuntimeInSeconds", 86400):
        raise _invalid(MAX_WAIT_MISSING)


def _check_quota(request: dict[str, Any], quotas: dict[str, int]) -> None:
    resources = request["ResourceConfig"]
    kind, wanted = resources.get("InstanceType", ""), resources.get("InstanceCount", 1)
    limit = quotas.get(kind, 20)
    if wanted > limit:
        spot = request.get("EnableManagedSpotTraining")
        use = "spot training job" if spot else "training job"
        text = QUOTA.format(kind=kind, use=use, limit=limit, wanted=wanted)
        raise ServiceError("ResourceLimitExceeded", text)


def _check_role(arn: str, account: str) -> str:
    from moto.iam.models import iam_backends

    found = ROLE.fullmatch(arn)
    roles = iam_backends[account]["aws"].roles.values()
    role = next((each for each in roles if found and each.name == found.group(1)), None)
    if role is None or not _trusts(role.assume_role_policy_document):
        raise _invalid(
            f"Could not assume role {arn}. Please ensure that the role exists and allows "
            f"principal '{PRINCIPAL}' to assume the role."
        )
    return arn


def _trusts(policy: Any) -> bool:
    document = json.loads(unquote(policy)) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and PRINCIPAL in _as_list(statement.get("Principal", {}).get("Service", []))
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_image(image: str, role: str, registry: Registry) -> None:
    repository, reference = registry.split(image)
    if not registry.has_repository(repository):
        raise _invalid(
            f"Cannot find repository: {repository} in registry ID: {registry.account} Please "
            f"check if your ECR repository exists and role {role} has proper pull permissions "
            f"for SageMaker: {PULLING}"
        )
    kind = registry.media_type(repository, reference)
    if kind is None:
        raise _invalid(f"Cannot find the requested image: {image}")
    if kind in REFUSED_TYPES:
        raise _invalid(
            f"Unsupported manifest media type {kind} for image {image}. Ensure that valid "
            "manifest media type is used for specified image."
        )
