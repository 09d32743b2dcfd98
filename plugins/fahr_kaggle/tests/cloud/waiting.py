"""Waiting for what takes a moment."""

from __future__ import annotations

import time

import pytest


def wait_until(predicate, timeout=30):
    """Poll until the answer is true and give it; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"{predicate!r} still gives {answer!r} after {timeout:g} s")
        time.sleep(0.02)
    return answer
