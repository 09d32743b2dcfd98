"""Checks of a request against the service's own model, which botocore brings.

Clients check types and what is required; lengths, patterns and enumerations only the service
does, and says so in the words that are built here.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.answers import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ServiceModel, Shape

#: The code by which a service refuses a request that does not fit its model.
CODES = {
    "sagemaker": "ValidationException",
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "secretsmanager": "ValidationException",
    "ssm": "ValidationException",
}
TARGETS = {"string": "length", "list": "length", "map": "size", "blob": "length"}
LEAST = "Member must have {} greater than or equal to {}"
MOST = "Member must have {} less than or equal to {}"


def validate(service: str, action: str, parameters: dict[str, Any]) -> None:
    """Check the parameters of a call to a service with a JSON protocol.

    Raises:
        ServiceError: something does not fit; the message lists everything that does not.
    """
    if service not in CODES or action not in _model(service).operation_names:
        return
    shape = _model(service).operation_model(action).input_shape
    if shape is None:
        return
    faults = list(_faults(shape, parameters, ""))
    if faults:
        errors = f"{len(faults)} validation error{'s' * (len(faults) > 1)} detected: "
        raise ServiceError(CODES[service], errors + "; ".join(faults))


@functools.cache
def _model(service: str) -> ServiceModel:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for limit in _limits(shape, value):
        shown = "null" if value is None else str(value)
        yield f"Value '{shown}' at '{path}' failed to satisfy constraint: {limit}"
    if shape.type_name == "structure":
        yield from _of_structure(shape, value, path)
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _faults(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            for part, which, content in ((shape.key, "keys", key), (shape.value, "value", item)):
                if limits := list(_limits(part, content)):
                    kind = "keys" if which == "keys" else "value"
                    yield (
                        f"Value '{{{key}={item}}}' at '{path}' failed to satisfy constraint: "
                        f"Map {kind} must satisfy constraint: [{', '.join(limits)}]"
                    )


def _of_structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            where = _join(path, name)
            yield (f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name, item in value.items():
        if item is not None and name in shape.members:
            yield from _faults(shape.members[name], item, _join(path, name))


def _limits(shape: Any, value: Any) -> Iterator[str]:
    limits = shape.metadata
    if shape.type_name in TARGETS:
        what, size = TARGETS[shape.type_name], len(value)
        if "min" in limits and size < limits["min"]:
            yield LEAST.format(what, limits["min"])
        if "max" in limits and size > limits["max"]:
            yield MOST.format(what, limits["max"])
    elif shape.type_name in ("integer", "long", "float", "double"):
        if "min" in limits and value < limits["min"]:
            yield LEAST.format("value", limits["min"])
        if "max" in limits and value > limits["max"]:
            yield MOST.format("value", limits["max"])
    if limits.get("enum") and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
    if "pattern" in limits and not _compiled(limits["pattern"]).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Python has no \p: letters and digits are \w there, separators \s.
    for name, stands_for in ((r"\p{L}", r"\w"), (r"\p{N}", r"\w"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(name, stands_for)
    return re.compile(pattern)


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name
