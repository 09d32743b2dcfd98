"""Disks that are full or cannot be written: said clearly, and nothing is lost or sent twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.distributions import distributions  # noqa: F401 - a fixture

KILLING = Path(__file__).parent / "killing"


def own_mounts(*commands):
    """Give the words before a command that run it where these mounts hold, for it alone."""
    words = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    line = " && ".join([*commands, 'exec "$@"'])
    return [*words, "sh", "-c", line, "sh"]


def need_mounts(folder: Path):
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here")
    tried = subprocess.run(
        [*own_mounts(f"mount -t tmpfs tmpfs '{folder}'"), "true"], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")


class Mounted:
    """Runs ``fahr`` where some folders are mounted differently."""

    def __init__(self, fahr, *commands):
        self.fahr = fahr
        self.before = own_mounts(*commands)

    def __call__(self, line, status):
        """Run a shell line; give its stderr, unfolded."""
        done = subprocess.run(
            [*self.before, "sh", "-c", line],
            cwd="/",
            env=self.fahr.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr.replace("\n       ", " "), done.stdout


def test_a_folder_that_cannot_be_written_runs_all_the_same(fahr):
    """A local job works in a copy, and nothing has to be written beside the script."""
    need_mounts(fahr.folder)
    fahr.script("open('model.txt', 'w')")
    before = fahr.files()
    read_only = f"mount --bind '{fahr.folder}' '{fahr.folder}' && "
    read_only += f"mount -o remount,ro,bind '{fahr.folder}'"
    mounted = Mounted(fahr, read_only)
    errors, _ = mounted(f"cd '{fahr.folder}' && fahr fit train.py -f", status=0)
    assert "digits-train-1 complete" in errors
    errors, _ = mounted(f"cd '{fahr.folder}' && fahr fetch", status=2)
    assert errors.count("error: ") == 1
    assert "cannot write to " in errors
    assert "Read-only file system" in errors
    assert fahr.files() == before


def test_a_home_that_cannot_be_written_is_named(fahr):
    need_mounts(fahr.folder)
    fahr.script()
    home = fahr.home.parent / "read-only"
    home.mkdir()
    fahr.variables["FAHR_HOME"] = str(home / "fahr")
    mounted = Mounted(fahr, f"mount --bind '{home}' '{home}'", f"mount -o remount,ro,bind '{home}'")
    errors, out = mounted(f"cd '{fahr.folder}' && fahr fit train.py", status=2)
    assert (out, errors.count("error: ")) == ("", 1)
    assert str(home / "fahr") in errors
    assert fahr.ran == []


def full_home(fahr, size):
    """Mount a small disk for what fahr keeps, and list what is on it at the end."""
    need_mounts(fahr.folder)
    fahr.home.mkdir(exist_ok=True)
    return Mounted(fahr, f"mount -t tmpfs -o size={size} tmpfs '{fahr.home}'")


FRESH = [("fresh", room) for room in (0, 40, 112)]
USED = [("used", room) for room in (0, 32, 64, 68, 72, 76, 80, 96)]


@pytest.mark.parametrize(("home", "room"), FRESH + USED)
def test_a_disk_that_fills_up_while_sending_is_said_and_nothing_is_lost(fahr, home, room):
    """Each room, in kB, is used up at another moment: the snapshot alone takes 30."""
    fahr.script("# " + "x" * 20_000)
    mounted = full_home(fahr, "700k")
    line = f"""
        cd '{fahr.folder}'
        [ {home} = used ] && {{ fahr fit train.py -f 2> /dev/null; echo '# new' >> train.py; }}
        free=$(df --output=avail -k "$FAHR_HOME" | tail -1)
        head -c $(( (free - {room}) * 1024 )) /dev/zero > "$FAHR_HOME/filler"
        fahr fit train.py; echo "status $?"
        rm "$FAHR_HOME/filler"
        fahr ls | while read name _; do fahr wait $name 2>&1; done
        fahr ls
        find "$FAHR_HOME" -name claim
    """
    said, out = mounted(line, status=0)
    lines = out.splitlines()
    names = [x.split("\t")[0] for x in lines if "\t" in x]
    assert "itself failed" not in said
    assert sorted(fahr.ran) == sorted(names), "what is recorded is what ran, once"
    assert len([x for x in lines if x.endswith("/claim")]) == len(names)
    if "status 0" in lines:
        assert len(names) == (2 if home == "used" else 1)
    else:
        assert "status 2" in lines
        assert said.count("error: ") == 1
        assert "No space left on device" in said or "disk is full" in said


FILLING = """
import os, shutil
from fahr_core import hookimpl

@hookimpl(wrapper=True)
def submit_jobs():
    answers = yield
    home = os.environ["FAHR_HOME"]
    with open(os.path.join(home, "filler"), "wb") as filler:
        filler.write(bytes(shutil.disk_usage(home).free))
    return answers
"""


def test_a_disk_that_is_full_when_the_job_is_sent_is_no_secret(fahr, distributions):  # noqa: F811
    service = fahr.folder.parent / "service"
    service.mkdir()
    distributions.add("filling", FILLING, group="fahr.extensions")
    shutil.copy(KILLING / "driver.py", fahr.folder / "driver.py")
    fahr.script()
    fahr.write("fahr.toml", 'extensions = ["filling"]\n')
    fahr.variables |= {"PYTHONPATH": str(distributions.folder), "SERVICE": str(service)}
    mounted = full_home(fahr, "700k")
    line = f"""
        cd '{fahr.folder}'
        fahr fit --train-driver ./driver.py; echo "status $?"
        rm "$FAHR_HOME/filler"
        fahr status digits-train-1
    """
    errors, out = mounted(line, status=0)
    assert errors.count("error: ") == 1
    assert "error: digits-train-1 was sent to driver and runs, but that cannot be rec" in errors
    assert "database or disk is full" in errors
    assert "fahr status digits-train-1" in errors
    status, _, told = out.partition("\n")
    assert (status, told.split()[:2]) == ("status 2", ["digits-train-1", "complete"])
    assert (service / "accepted").read_text() == "digits-train-1\n"  # once


def test_a_disk_that_fills_up_in_a_job_fails_the_job(fahr):
    fahr.script("open('model.bin', 'wb').write(bytes(4_000_000))")
    mounted = full_home(fahr, "2m")
    line = f"""
        cd '{fahr.folder}'; fahr fit train.py -f; echo $?
        fahr ls; fahr status; fahr
        rm "$FAHR_HOME"/jobs/*/output/model.bin; fahr status
    """
    errors, out = mounted(line, status=0)
    # The job has failed, but that cannot be written down as long as the disk is full.
    followed, listed, *_ = out.splitlines()
    assert followed in ("1", "2")
    assert listed.startswith("digits-train-1\t")
    assert "disk is full; this is what was last known" in errors
    assert "digits-train-1  failed after " in out
    assert "OSError: [Errno 28] No space left on device  train.py:4" in out


def test_a_disk_that_is_full_where_output_is_fetched_to_leaves_nothing(fahr):
    need_mounts(fahr.folder)
    fahr.script("open('model.bin', 'wb').write(bytes(4_000_000))")
    fahr("fit", "train.py", "-f")
    target = fahr.folder.parent / "target"
    target.mkdir()
    mounted = Mounted(fahr, f"mount -t tmpfs -o size=1m tmpfs '{target}'")
    errors, out = mounted(
        f"cd '{target}'; fahr fetch ./out digits-train-1; echo $?; find . -mindepth 1", status=0
    )
    assert out == "2\n"
    assert errors.count("error: ") == 1
    assert "No space left on device" in errors
