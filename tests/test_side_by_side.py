"""Several calls at one time."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from fahr_core.side_by_side import side_by_side


def test_answers_come_in_the_items_order():
    gate = threading.Event()

    def work(item):
        if item == 0:
            gate.wait(30)
        else:
            gate.set()
        return item * 2

    assert side_by_side(work, range(20), 3) == [item * 2 for item in range(20)]
    assert side_by_side(work, [], 3) == []


def test_no_more_than_that_at_one_time():
    lock, now, most = threading.Lock(), 0, 0

    def work(item):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1

    side_by_side(work, range(12), 3)
    assert 1 <= most <= 3


def test_the_first_failure_ends_it():
    begun, failed = [], threading.Event()

    def work(item):
        begun.append(item)
        if item == 1:
            failed.set()
            raise ValueError("no")
        failed.wait(60)
        threading.Event().wait(0.2)

    with pytest.raises(ValueError, match="no"):
        side_by_side(work, range(500), 4)
    assert len(begun) < 50


def test_a_silent_server_does_not_keep_the_process():
    code = """
from fahr_core.side_by_side import side_by_side
import threading
def work(item):
    if item:
        raise KeyboardInterrupt
    threading.Event().wait()
side_by_side(work, [0, 1], 2)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert b"KeyboardInterrupt" in done.stderr
