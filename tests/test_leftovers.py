from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from fahr_core import store
from fahr_core.ledger import Ledger
from fahr_core.leftovers import sweep, sweep_at_times, unfinished
from fahr_core.local import environments
from fahr_core.local.jobs import job_folder
from fahr_core.paths import cache_folder, home_folder, store_folder
from tests.ledgers import intend

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.local.folder import JobFolder

WRITING = """
import os, signal, sys
from fahr_core import store
with store.writing() as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.at_home()


def writer() -> subprocess.Popen[str]:
    """Start a process that is writing into the store."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=60)


def age() -> None:
    """Let an hour go by."""
    before = time.time() - 3600
    for path in home_folder().rglob("*"):
        os.utime(path, (before, before), follow_symlinks=False)


def left() -> list[str]:
    return sorted(path.name for path in store_folder().iterdir())


def test_nothing_there_is_nothing_to_do(ledger: Ledger) -> None:
    assert sweep(ledger) == 0
    sweep_at_times(ledger)
    assert not home_folder().exists()


# -- files half written ------------------------------------------------------------------


def test_what_a_dead_process_was_writing_is_removed(ledger: Ledger) -> None:
    kept = store.put(b"whole")
    end(writer())
    assert len(left()) == 2
    age()
    assert sweep(ledger) == 1
    assert left() == [store.stored_path(kept).parent.name]
    assert store.read(kept) == b"whole"


def test_fit_looks_now_and_then(ledger: Ledger) -> None:
    end(writer())
    age()
    sweep_at_times(ledger)
    assert left() == []
    end(writer())
    before = time.time() - 3600
    for path in store_folder().iterdir():
        os.utime(path, (before, before))
    sweep_at_times(ledger)
    assert len(left()) == 1  # it has just looked
    age()
    sweep_at_times(ledger)
    assert left() == []


def test_where_nothing_can_be_written_it_looks_each_time(ledger: Ledger) -> None:
    end(writer())
    cache_folder().write_text("no folder")
    age()
    sweep_at_times(ledger)
    sweep_at_times(ledger)
    assert left() == []


def test_it_is_left_alone_for_a_while(ledger: Ledger) -> None:
    end(writer())
    assert sweep(ledger) == 0
    assert len(left()) == 1


def test_what_a_living_process_writes_is_left_alone(ledger: Ledger) -> None:
    process = writer()
    age()
    assert sweep(ledger) == 0
    assert len(left()) == 1
    end(process)
    assert sweep(ledger) == 1
    assert left() == []


def test_a_process_id_that_was_given_anew_does_not_save_a_file(ledger: Ledger) -> None:
    *first, started, empty = unfinished().split("-")
    reborn = "-".join([*first, str(int(started) - 1), empty])
    (home_folder() / "store").mkdir(parents=True)
    (store_folder() / f"{reborn}abcd1234").touch()
    (store_folder() / f"{unfinished()}abcd1234").touch()
    age()
    assert sweep(ledger) == 1
    assert left() == [f"{unfinished()}abcd1234"]


def test_what_another_host_is_writing_is_left_alone(ledger: Ledger) -> None:
    """FAHR_HOME may be on a network file system."""
    beginning, _, rest = unfinished().removeprefix(".").partition("-")
    store_folder().mkdir(parents=True)
    (store_folder() / f".{beginning}-00000000-{rest[9:]}abcd1234").touch()
    age()
    assert sweep(ledger) == 0
    assert len(left()) == 1


def test_what_was_written_before_the_machine_was_restarted_is_removed(ledger: Ledger) -> None:
    beginning, of_host, _, *rest = unfinished().split("-")
    cache = cache_folder() / "settings"
    cache.mkdir(parents=True)
    (cache / ("-".join([beginning, of_host, "00000000", *rest]) + "abcd1234")).touch()
    age()
    assert sweep(ledger) == 1
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("place", ["", "cache", "cache/settings", "cache/outputs"])
def test_every_place_is_looked_at(ledger: Ledger, place: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", "from fahr_core.leftovers import unfinished; print(unfinished())"],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = home_folder() / place / f"{process.stdout.strip()}abcd1234"
    folder.mkdir(parents=True)
    (folder / "model").touch()
    mine = folder.parent / "mine.txt"
    mine.touch()
    age()
    assert sweep(ledger) == 1
    assert [path for path in folder.parent.iterdir() if path.is_file()] == [mine]


# -- jobs that were never sent -----------------------------------------------------------


def staged(run_id: str) -> JobFolder:
    folder = job_folder(run_id)
    folder.inputs.mkdir(parents=True)
    folder.secrets.write_text("{}")
    return folder


def test_a_job_that_was_staged_and_given_up_is_removed(ledger: Ledger) -> None:
    reservation = ledger.reserve(
        "digits-train", driver="local", experiment="/home/me", artifact="train.py"
    )
    folder = staged(reservation.run_id)
    age()
    assert sweep(ledger) == 0  # somebody may be about to send it
    ledger.release(reservation.name)
    assert sweep(ledger) == 1
    assert not folder.path.exists()


def test_a_recorded_job_is_left_alone_whatever_its_state(ledger: Ledger) -> None:
    name = intend(ledger)
    ledger.launch(name)
    ledger.requeue(name)
    record = ledger.get(name)
    assert record
    folder = staged(record.run_id)
    age()
    assert sweep(ledger) == 0
    assert folder.secrets.exists()


def test_a_job_that_has_started_is_left_alone_though_nobody_recorded_it(ledger: Ledger) -> None:
    folder = staged("a" * 16)
    folder.claim.touch()
    age()
    assert sweep(ledger) == 0
    assert folder.path.is_dir()


def test_a_slow_shepherd_does_not_start_a_job_that_is_removed(ledger: Ledger) -> None:
    folder = staged("a" * 16)
    folder.announce("token")
    age()
    assert sweep(ledger) == 1
    assert not folder.take_claim("token")


def test_a_folder_that_is_nobodys_job_is_left_alone(ledger: Ledger) -> None:
    folder = home_folder() / "jobs" / "my-notes"
    folder.mkdir(parents=True)
    (home_folder() / "jobs" / ("b" * 16)).symlink_to(folder)
    age()
    assert sweep(ledger) == 0
    assert folder.is_dir()


def test_a_damaged_ledger_condemns_nothing(ledger: Ledger) -> None:
    folder = staged("a" * 16)
    (home_folder() / "ledger.sqlite3").write_text("no database" * 1000)
    age()
    assert sweep(ledger) == 0
    assert folder.path.is_dir()


# -- environments ------------------------------------------------------------------------


def test_an_environment_that_was_never_finished_is_removed(ledger: Ledger) -> None:
    whole, half = (home_folder() / "environments" / key for key in ("whole", "half"))
    for folder in (whole, half):
        folder.mkdir(parents=True)
    (whole / ".fahr-ready").touch()
    age()
    assert sweep(ledger) == 1
    assert whole.is_dir()
    assert not half.exists()


def test_an_environment_that_is_being_made_is_left_alone(ledger: Ledger) -> None:
    def build(folder: Path) -> None:
        folder.mkdir()
        age()
        assert sweep(ledger) == 0
        assert folder.is_dir()

    assert environments.kept("key", build).is_dir()
