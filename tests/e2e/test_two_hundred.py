"""Two hundred jobs ordered at once by ten processes: two hundred names, none lost, none twice."""

from __future__ import annotations

import subprocess
import sys

ORDER = """
import sys
from fahr_core import fit
for _ in range(20):
    print(fit("train.py").name, flush=True)
"""


def test_two_hundred_jobs_from_ten_processes_all_run_once(fahr, eventually):
    fahr.script()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ORDER],
            cwd=fahr.folder,
            env=fahr.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(9)
    ]
    # The tenth is the command itself, which takes longer.
    names = [fahr("fit", "train.py").line for _ in range(20)]
    for process in processes:
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        names += out.split()
    assert sorted(names) == sorted(f"digits-train-{number}" for number in range(1, 201))

    jobs = fahr.all_ended(timeout=240)
    assert sorted(jobs) == sorted(names)
    assert {job["state"] for job in jobs.values()} == {"complete"}
    assert sorted(fahr.ran) == sorted(names)
    assert len({job["run_id"] for job in jobs.values()}) == 200
    eventually(lambda: not fahr.processes())
