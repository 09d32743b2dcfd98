"""Live lines of several machines, as they come from a log that is late and says things twice."""

from __future__ import annotations

import re

DRIVER = "--train-driver=gcp"
COUNTING = """
import os, sys, time
rank = os.environ.get("RANK", "0")
for number in range(30):
    print(f"rank {rank} line {number:02}", flush=True)
    print(f"rank {rank} noise {number:02}", file=sys.stderr, flush=True)
    time.sleep(0.3)
"""


def test_the_lines_of_two_replicas_come_live_each_once(fahr, gcp):
    gcp.logs.delay = 2.0  # as on the service: a line can be read a while after it was printed
    gcp.logs.twice = True
    fahr.write("train.py", COUNTING)
    fahr.settings('launch = "python"')
    done = fahr(
        "fit", "train.py", "--nodes=2", DRIVER, "--build-driver=local-cpu", "-f", timeout=600
    )
    lines = [line for line in done.stdout.splitlines() if re.search("line|noise", line)]
    (job,) = gcp.jobs
    printed = {line for line in gcp.logs.of(job.number) if re.search("line|noise", line)}
    assert len(printed) > 100  # the second replica is ended with the first
    assert sorted(line.partition(": ")[2] for line in lines) == sorted(printed)
    replicas = {line.partition(": ")[0]: re.search(r"rank (\d)", line)[1] for line in lines}
    assert sorted(replicas.values()) == ["0", "1"]
    assert gcp.logs.most_reads <= 60
