"""What the service refuses, and in which words."""

from __future__ import annotations


class ApiError(Exception):
    """An answer other than 200: ``{"code": ..., "message": ...}``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def denied(what: str) -> ApiError:
    """Give what is answered for a kernel or dataset that is somebody else's or not there."""
    return ApiError(403, f"Permission '{what}' was denied")
