"""Lists that come page by page."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item], document: dict[str, Any], most: int, usual: int
) -> tuple[Sequence[Item], str]:
    """Give a page, and the token of the next one (empty after the last).

    Raises:
        ApiError: the token is none of ours, or the size is out of bounds (400).
    """
    size = document.get("pageSize") or usual
    if not 0 < size <= 200:
        raise ApiError(400, "Page size must be between 1 and 200")
    start = start_of(document.get("pageToken") or "")
    end = start + min(size, most)
    return items[start:end], token_of(end) if end < len(items) else ""


def token_of(start: int) -> str:
    return base64.urlsafe_b64encode(f"start={start}".encode()).decode()


def start_of(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("start="))
    except (binascii.Error, ValueError):
        raise ApiError(400, "Invalid page token") from None
