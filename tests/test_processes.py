from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from fahr_core import processes
from fahr_core.processes import ProcessId, boot_id, is_alive, this_process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Eventually

TELLS = """
import sys, time
from fahr_core.processes import this_process
who = this_process()
print(who.host, who.boot, who.pid, who.started, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other() -> tuple[subprocess.Popen[str], ProcessId]:
    """Give a process that lives until its input ends, and who it says that it is."""
    process = subprocess.Popen(
        [sys.executable, "-c", TELLS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    host, boot, pid, started = process.stdout.readline().split()
    yield process, ProcessId(host=host, boot=boot, pid=int(pid), started=started)
    process.kill()
    process.communicate()


def test_this_process_lives_and_is_always_the_same() -> None:
    this = this_process()
    assert this == this_process()
    assert (this.pid, this.host, this.boot) == (os.getpid(), platform.node(), boot_id())
    assert this.started
    assert is_alive(this)


def test_a_killed_process_is_dead_already_before_anybody_waited_for_it(
    other: tuple[subprocess.Popen[str], ProcessId], eventually: Eventually
) -> None:
    process, who = other
    assert who.pid == process.pid
    assert is_alive(who)
    process.kill()
    eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert not is_alive(who)
    process.wait()
    assert not is_alive(who)


@pytest.mark.parametrize("change", [{"started": "12"}, {"started": ""}, {"boot": "another"}])
def test_a_later_process_of_the_same_number_is_another(change: dict[str, str]) -> None:
    assert not is_alive(replace(this_process(), **change))


def test_only_its_own_host_can_tell() -> None:
    elsewhere = replace(this_process(), host="another", boot="another", started="12", pid=1)
    assert is_alive(elsewhere)


def test_a_process_that_never_was() -> None:
    assert not is_alive(replace(this_process(), pid=2**22 + 1))


def test_a_name_with_brackets_and_blanks_misleads_nobody(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 0 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        assert processes._started(process.pid) is not None
        assert processes._started(process.pid) != processes._started(1)
        process.kill()


def test_where_there_is_no_proc_psutil_tells(
    other: tuple[subprocess.Popen[str], ProcessId], eventually: Eventually
) -> None:
    process, who = other
    began = processes._started_elsewhere(who.pid)
    assert began == processes._started_elsewhere(who.pid)
    assert began != processes._started_elsewhere(os.getppid())
    process.kill()
    eventually(lambda: processes._started_elsewhere(who.pid) is None)  # a zombie
    process.wait()
    assert processes._started_elsewhere(who.pid) is None


def test_the_boot_stays_the_same_for_all_processes(
    other: tuple[subprocess.Popen[str], ProcessId],
) -> None:
    assert other[1].boot == boot_id() == boot_id()
    assert boot_id().strip()
