"""What a job in a container adds to `docker run` of the same image, whose environment is cached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import fahr, time_pairs

BOUND = 1.0  # seconds
SCRIPT = "print('done')\n"
PAIRS = 10


def main() -> int:
    """Time `fahr fit --train-driver=docker --follow` against `docker run` of what it runs."""
    if subprocess.run(["docker", "version"], capture_output=True).returncode:
        print("a job in a container: not measured, no Docker engine answers")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["FAHR_HOME"] = str(Path(temporary, "home"))
        folder = Path(temporary, "bench-docker-fit")
        folder.mkdir()
        (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
        fit = [fahr(), "fit", str(folder / "train.py"), "--train-driver=docker", "--follow"]
        subprocess.run(fit, cwd=folder, check=True, capture_output=True)
        described = json.dumps({"name": "bench", "artifact": "train.py", "run_script": "run.sh"})
        run = ["docker", "run", "--rm", f"--env=FAHR_JOB_0={described}", image(folder), "train"]
        try:
            times = time_pairs(run, fit, folder, pairs=PAIRS)
        finally:
            remove_containers()
    late = times.added > BOUND
    print(f"a job in a container: {times}; bound {BOUND} s more{'  TOO SLOW' if late else ''}")
    return 1 if late else 0


def image(folder: Path) -> str:
    """Give the image that the experiment's job ran in."""
    show = [fahr(), "status", "--json"]
    told = subprocess.run(show, cwd=folder, check=True, capture_output=True).stdout
    name = json.loads(told)["remote_name"]
    inspect = ["docker", "inspect", "--format={{.Image}}", name]
    return subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()


def remove_containers() -> None:
    """Remove the containers of the jobs that were timed."""
    named = ["docker", "ps", "--all", "--quiet", "--filter=name=bench-docker-fit-train-"]
    found = subprocess.run(named, check=True, capture_output=True, text=True).stdout.split()
    if found:
        subprocess.run(["docker", "rm", "--force", *found], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
