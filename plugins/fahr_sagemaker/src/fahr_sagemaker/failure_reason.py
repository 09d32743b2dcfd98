"""Why a training job failed: SageMaker's FailureReason without its wrapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["parsed", "reason_by_log"]

#: ``AlgorithmError: <the job's /opt/ml/output/failure>, exit code: 1``
_ALGORITHM = re.compile(r"AlgorithmError: ?(?P<said>.*?)(?:, exit code: (?P<code>\d+))?\s*", re.S)
_LAST_LINES = 5
_KILLED = 137


def parsed(reason: str) -> tuple[str, int | None]:
    """Give what the job itself said, and its exit code; other errors stay as they are worded."""
    match = _ALGORITHM.fullmatch(reason)
    if not match:
        return reason.strip(), None
    return match["said"].strip().strip(",").strip(), int(match["code"]) if match["code"] else None


def reason_by_log(ref: JobRef, exit_code: int | None) -> str:
    """Give the reason of a failure that left none: the exit code, and what was printed last."""
    status = "SageMaker gives no reason" if exit_code is None else f"exit status {exit_code}"
    if exit_code == _KILLED:
        status += " (killed: out of memory?)"
    return "\n".join([status, *_last_lines(ref)])


def _last_lines(ref: JobRef) -> list[str]:
    from fahr_sagemaker.logs import stream_logs

    try:
        lines = [line.text for line in stream_logs(ref, False, None, _LAST_LINES)]
    except FahrError as error:
        return [f"(its log cannot be read: {error.message})"]
    return [line for line in lines if line.strip()]
