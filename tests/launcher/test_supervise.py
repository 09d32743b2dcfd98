"""Signals, time limits, and processes that stay behind."""

import signal
import subprocess
import sys
import time

import pytest

from .conftest import Place, alive, wait_for

WAITS = """
import os, pathlib, time
pathlib.Path({folder!r}, "pid").write_text(str(os.getpid()))
time.sleep(600)
"""

SAVES_ON_SIGTERM = """
import os, pathlib, signal, sys, time
asked = []
def save(*_):
    asked.append(1)
    time.sleep(0.3)
    pathlib.Path("checkpoint").write_text("asked " + str(len(asked)))
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
pathlib.Path({folder!r}, "pid").write_text(str(os.getpid()))
while True:
    time.sleep(600)
"""

IGNORES_SIGTERM = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("part").write_text("kept")
pathlib.Path({folder!r}, "pid").write_text(str(os.getpid()))
time.sleep(600)
"""


def started(place: Place, source: str, **job: object) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a job that writes its process id; give the launcher and that id."""
    process = place.script(source.format(folder=str(place.folder))).start(**job)
    path = place.folder / "pid"
    wait_for(lambda: path.exists() and path.read_text())
    return process, int(path.read_text())


@pytest.fixture(params=["script", "run.sh", "run.sh without fahr-start"])
def through(request: pytest.FixtureRequest, place: Place) -> str:
    """Let the job be started in each of the ways."""
    way: str = request.param
    if way != "script":
        last = "fahr-start" if way == "run.sh" else "python3 train.py"
        script = f'if [[ "$1" = train ]]; then\n  {last}\n  echo after\nfi\n'
        (place.code / "run.sh").write_text(script)
        place.job["run_script"] = "run.sh"
    return way


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_lets_the_job_save(place: Place, through: str, number: int) -> None:
    process, pid = started(place, SAVES_ON_SIGTERM)
    process.send_signal(number)
    result = place.finish(process)
    assert (result.code, result.reason) == (143, None)
    assert result.record["state"] == "stopped"
    assert result.files == {"checkpoint"}
    assert (place.output / "checkpoint").read_text() == "asked 1"
    assert not alive(pid)


def test_who_does_not_end_is_killed_after_half_the_grace(place: Place, through: str) -> None:
    process, pid = started(place, IGNORES_SIGTERM, grace=1.0)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    result = place.finish(process)
    assert 0.4 < time.monotonic() - began < 5
    assert (result.code, result.record["state"]) == (143, "stopped")
    assert result.files == {"part"}
    assert not alive(pid)


def test_time_limit(place: Place, through: str) -> None:
    process, pid = started(place, WAITS, timeout=1.5)
    result = place.finish(process)
    assert (result.code, result.reason) == (124, "time limit of 1.5 s reached")
    assert result.record["state"] == "failed"
    assert not alive(pid)


def test_killed_launcher_takes_the_job_along(place: Place, through: str) -> None:
    process, pid = started(place, IGNORES_SIGTERM)
    assert alive(pid)
    process.kill()
    assert place.finish(process).code == -signal.SIGKILL
    wait_for(lambda: not alive(pid))


def test_hangup_passes(place: Place) -> None:
    process, pid = started(place, SAVES_ON_SIGTERM)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    assert alive(pid)
    process.terminate()
    assert place.finish(process).record["state"] == "stopped"


def test_stop_during_the_start_runs_nothing(place: Place) -> None:
    marker = place.folder / "asked"
    place.runtime = place.runtime.replace(
        "def secrets(names):",
        "def secrets(names):\n    import time; (HERE / 'asked').touch(); time.sleep(0.5)",
    )
    result = place.script("print('ran')").stop_when(marker, secrets=["A"])
    assert (result.code, result.out, result.record["state"]) == (143, "", "stopped")


def test_daemon_holding_the_pipe_is_not_waited_for(place: Place) -> None:
    place.script(
        f"""
        import pathlib, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"],
                                 start_new_session=True)
        pathlib.Path({str(place.folder)!r}, "pid").write_text(str(child.pid))
        print("done")
        """
    )
    began = time.monotonic()
    result = place.run()
    pid = int((place.folder / "pid").read_text())
    try:
        assert (result.code, result.out) == (0, "done\n")
        assert time.monotonic() - began < 10
        assert alive(pid)
    finally:
        subprocess.run(["kill", str(pid)], check=True)


def test_background_processes_end_with_the_job(place: Place) -> None:
    source = "sleep 600 &\necho $! > {}\nfahr-start\n"
    (place.code / "run.sh").write_text(source.format(place.folder / "pid"))
    result = place.script("print('done')").run(run_script="run.sh")
    assert (result.code, result.out) == (0, "done\n")
    assert not alive(int((place.folder / "pid").read_text()))


def test_guard_is_gone_at_the_end(place: Place) -> None:
    # Other tests' jobs have guards too: this one's names the group of the job.
    listing = (
        "import os, subprocess\nprint(os.getpgrp())\nprint(subprocess.getoutput('ps -eo args'))"
    )
    group, *during = place.script(listing).run().out.splitlines()
    own = [line for line in during if f"fahr-guard {group} " in line]
    assert own, "the job has a guard while it runs"
    after = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert not set(own) & set(after.stdout.splitlines())


def test_missing_python(place: Place) -> None:
    place.places["python"] = str(place.folder / "no" / "python")
    result = place.script("print(1)").run()
    assert result.code == 78
    assert result.reason is not None
    assert result.reason.startswith(f"{place.folder}/no/python can not be started: ")


def test_first_process_of_a_container(place: Place) -> None:
    """As process 1 the launcher inherits orphans, and must collect them and end by itself."""
    alone = ["unshare", "--fork", "--pid", "--mount-proc"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us make a process namespace")
    place.script(
        """
        import subprocess, time
        for _ in range(3):
            subprocess.run(["sh", "-c", "(sleep 0.1 &)"])
        time.sleep(1.5)
        print(subprocess.getoutput("ps -eo stat,args | grep -c '^Z.*sleep'"))
        """
    )
    place.command = [*alone, *place.command]
    result = place.run()
    assert (result.code, result.out) == (0, "0\n")
    (place.code / "run.sh").write_text("(sleep 600 &)\nfahr-start\n")
    # Long enough to tell a wait from a slow machine.
    place.runtime += "\nimport fahr_launcher.supervise as own\nown.BACKGROUND_PATIENCE = 45.0\n"
    began = time.monotonic()
    assert place.script("print('ends')").run(run_script="run.sh").code == 0
    assert time.monotonic() - began < 30, "a dead orphan was waited for"


def test_signals_of_the_child_are_plain(place: Place) -> None:
    """Signals have their default action in the job, whatever the launcher did with its own."""
    place.script(
        "import signal\nprint([signal.getsignal(s).name for s in (1, 15)], signal.getsignal(2))"
    )
    result = place.run()
    assert result.out.startswith("['SIG_DFL', 'SIG_DFL'] <built-in function default_int_handler")


MANY_SIGNALS = """
import os, subprocess
from fahr_core.launcher.supervise import Stop

sending = "while kill -TERM $0 2>/dev/null; do :; done"
with Stop() as stop:
    sender = subprocess.Popen(["sh", "-c", sending, str(os.getpid())])
    for _ in range(200_000):
        stop.wait(0)
    sender.kill()
    sender.wait()
    print(stop.requested)
"""


def test_a_signal_that_comes_while_another_is_taken_in() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_SIGNALS], capture_output=True, timeout=120, check=True
    )
    assert done.stdout == b"True\n"
