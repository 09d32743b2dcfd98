"""The filters of a list of jobs (AIP-160, as far as Vertex AI takes them)."""

from __future__ import annotations

import re
from typing import Any

from tests.clouds.gcp.errors import invalid

TERM = re.compile(
    r"""\s*(NOT\s+|-)?([A-Za-z_][\w.\-]*)\s*(!=|>=|<=|=|<|>|:)\s*("(?:[^"\\]|\\.)*"|[^\s()]+)\s*"""
)
JOINT = re.compile(r"(AND|OR)\b")
FIELDS = {
    "display_name": "displayName",
    "state": "state",
    "create_time": "createTime",
    "update_time": "updateTime",
    "start_time": "startTime",
    "end_time": "endTime",
}


def matches(text: str, job: dict[str, Any]) -> bool:
    """Tell whether a job fits a filter such as ``labels.fahr-run="x" AND state!="..."``.

    Raises:
        ApiError: the filter cannot be read, or asks for a field that cannot be asked for.
    """
    rest, verdict, joint = text.strip(), True, "AND"
    while rest:
        found = TERM.match(rest)
        if not found:
            raise invalid(f"Invalid filter: {text}")
        negated, field, operator, value = found.groups()
        fits = _fits(field, operator, _plain(value), job) != bool(negated)
        verdict = (verdict and fits) if joint == "AND" else (verdict or fits)
        rest = rest[found.end() :]
        if rest:
            after = JOINT.match(rest)
            if not after:
                raise invalid(f"Invalid filter: {text}")
            joint, rest = after[1], rest[after.end() :]
    return verdict


def _fits(field: str, operator: str, value: str, job: dict[str, Any]) -> bool:
    if field.startswith("labels."):
        labels = job.get("labels", {})
        name = field.removeprefix("labels.")
        if operator == ":" and value == "*":
            return name in labels
        return _compared(labels.get(name), operator, value)
    if field not in FIELDS:
        raise invalid(f"Invalid filter: unknown field {field}")
    return _compared(job.get(FIELDS[field]), operator, value)


def _compared(has: Any, operator: str, value: str) -> bool:
    if operator == "!=":
        return bool(has != value)
    if has is None:
        return False
    verdicts = {
        "=": has == value,
        ":": value in str(has),
        ">": str(has) > value,
        "<": str(has) < value,
        ">=": str(has) >= value,
        "<=": str(has) <= value,
    }
    return bool(verdicts[operator])


def _plain(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
