"""Why a training job failed: SageMaker's FailureReason without its wrapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["parsed", "reason_by_log"]

#: ``AlgorithmError: <the job's /opt/ml/output/failure>, exit code: 1``
_ALGORITHM = re.compile(r"AlgorithmError: ?(?P<said>.*?)(?:, exit code: (?P<code>\d+))?\s*", re.S)


def parsed(reason: str) -> tuple[str, int | None]:
    """Give what the job itself said, and its exit code; other errors stay as they are worded."""
    match = _ALGORITHM.fullmatch(reason)
    if not match:
        return reason.strip(), None
    return match["said"].strip().strip(",").strip(), int(match["code"]) if match["code"] else None


def reason_by_log(ref: JobRef, exit_code: int | None) -> str:
    """Give the reason of a failure that left none: the exit code, and what was printed last."""
    from fahr_core import asked_states
    from fahr_sagemaker.logs import stream_logs

    return asked_states.reason_by_log(
        exit_code, "SageMaker gives no reason", lambda last: stream_logs(ref, False, None, last)
    )
