"""A job on two machines: they find each other, and add up what each has."""

from __future__ import annotations

from tests.e2e.at_cloud import SUM


def test_two_machines_add_up_what_each_has(fahr, aws):
    fahr.write("train.py", SUM)
    fahr.settings('launch = "python"')
    name, job = fahr.sent("train.py", "--nodes=2")
    assert job.reason == ""
    assert len(job.hosts) == 2
    printed = fahr.printed(name)
    assert [line for line in printed if "rank 0 of 2 has the sum 3" in line]
    assert [line for line in printed if "rank 1 of 2 has the sum 3" in line]
    files = fahr.fetched(name)
    assert files["sum.txt"].read_text() == "3"
    assert files["rank-1/sum.txt"].read_text() == "3"
