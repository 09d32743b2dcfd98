"""Questions about jobs that are there: one client for each account, renewed when its keys expire.

A job is followed for hours, and keys last for one or a few: what is written into AWS's own
files meanwhile counts from the next question on.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from fahr_core.errors import AccessError, FahrError
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of
from fahr_sagemaker.submission import is_unknown_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import JobRef

__all__ = ["asked", "describe", "is_absent", "job_name"]

T = TypeVar("T")


class _Open:
    """The clients of this process, by where they ask."""

    clients: dict[tuple[Any, ...], Client] = {}  # noqa: RUF012 - shared on purpose
    lock = threading.Lock()


def asked(ref: JobRef, question: Callable[[Client], T]) -> T:
    """Put a question to the account of a job, once more with new keys where the old are refused.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    key = tuple(ref.data.get(part) for part in ("region", "account", "profile"))
    with _Open.lock:
        known = _Open.clients.get(key)
    if known is not None:
        try:
            return question(known)
        except AccessError:
            with _Open.lock:
                _Open.clients.pop(key, None)
    client = Client.of_ref(ref)
    answer = question(client)
    with _Open.lock:
        _Open.clients[key] = client
    return answer


def describe(ref: JobRef) -> dict[str, Any] | None:
    """Give what SageMaker says of a job; None when it knows no such job.

    Raises:
        AccessError: credentials or a permission is missing, or they are another account's.
        ServiceError: AWS does not answer.
    """
    return asked(ref, lambda client: _described(client, job_name(ref)))


def job_name(ref: JobRef) -> str:
    """Give the name of a training job, also of one that is told by its ARN."""
    return ref.id.rpartition("training-job/")[2]


def is_absent(error: FahrError) -> bool:
    """Tell whether a refusal means that there is no such job, or can be none of that name."""
    refused = code_of(error) in ("ValidationException", "ValidationError")
    return is_unknown_job(error) or (refused and "constraint" in error.message)


def _described(client: Client, name: str) -> dict[str, Any] | None:
    try:
        return client.call("sagemaker", "DescribeTrainingJob", TrainingJobName=name)
    except FahrError as error:
        if not is_absent(error):
            raise
    client.check_account()
    return None
