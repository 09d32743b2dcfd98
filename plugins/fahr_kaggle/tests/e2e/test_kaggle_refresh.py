"""Looking at all jobs at once."""

from __future__ import annotations

import time

from tests.conftest import wait_until


def test_the_list_is_brought_up_to_date(fahr, cloud):
    fahr.write("train.py", "print('done')\n")
    names = [fahr.sent("train.py")[0] for _ in range(3)]
    assert {job["state"] for job in fahr.jobs().values()} == {"submitted"}

    def are_complete():
        # On a busy machine two seconds may be too few; what was answered then is kept.
        rows = [line.split("\t") for line in fahr("ls", "--refresh").stdout.splitlines()]
        return sorted(row[:2] for row in rows) == sorted([name, "complete"] for name in names)

    wait_until(are_complete, 120)


def test_a_silent_service_is_not_waited_for(fahr, cloud):
    fahr.write("train.py", "print('done')\n")
    name, _ = fahr.sent("train.py")
    cloud.faults.add("GetKernelSessionStatus", "silent", times=9)
    begun = time.monotonic()
    done = fahr("ls", "--refresh")
    assert f"{name}\tsubmitted" in done.stdout
    assert "kaggle has not answered within 2 s" in done.stderr
    assert time.monotonic() - begun < 60  # a call is given up after 90 s
