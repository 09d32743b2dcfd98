"""The life of a job: it outlives what started it, ends when it is told to, and never twice."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess

import psutil
import pytest

SLOW = "time.sleep(60)"


@pytest.fixture
def running(fahr, eventually):
    """Give a function that sends a job which runs for a minute, and waits until it does."""

    def sent(*lines, words=()):
        fahr.script(*lines, 'print("ready", flush=True)', SLOW)
        name = fahr("fit", "train.py", *words).line
        eventually(lambda: name in fahr.ran)
        log = fahr.place(name) / "log.jsonl"
        eventually(lambda: b"ready" in log.read_bytes())
        return name

    return sent


def shepherd_of(fahr, name):
    return json.loads((fahr.place(name) / "state.json").read_bytes())["pid"]


# -- outliving ------------------------------------------------------------------------------


def test_a_job_outlives_the_terminal_that_started_it(fahr, eventually):
    go = fahr.folder.parent / "go"
    fahr.script(f"while not os.path.exists({str(go)!r}): time.sleep(0.05)")
    shell, terminal = pty.fork()
    if not shell:
        os.chdir(fahr.folder)
        os.execve("/bin/sh", ["sh", "-c", "fahr fit train.py; cat"], fahr.environment())
    eventually(lambda: fahr.ran)
    os.close(terminal)  # the kernel sends SIGHUP to all that hangs on it
    _, ended = os.waitpid(shell, 0)
    assert os.WIFSIGNALED(ended)
    go.touch()
    (name,) = fahr.jobs()
    assert fahr.ended(name)["state"] == "complete"
    assert fahr.ran == [name]


def test_interrupting_a_follower_leaves_the_job_running(fahr, running):
    name = running()
    follower = fahr.start("logs", "-f")
    assert follower.stdout.readline() == "ready\n"
    follower.send_signal(signal.SIGINT)
    _, errors = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert f"{name} goes on: fahr logs -f {name}" in errors
    assert f"stop it: fahr stop {name}" in errors
    assert "Traceback" not in errors
    assert fahr.job(name)["state"] == "running"


def test_interrupting_fit_while_it_follows_leaves_the_job_running(fahr):
    fahr.script('print("ready", flush=True)', SLOW)
    follower = fahr.start("fit", "train.py", "--follow")
    assert follower.stdout.readline() == "ready\n"
    follower.send_signal(signal.SIGINT)
    _, errors = follower.communicate(timeout=30)
    assert follower.returncode == 130
    (name,) = fahr.ran
    assert f"{name} goes on: fahr logs -f {name}" in errors
    assert fahr.job(name)["state"] == "running"


def test_terminating_fit_while_it_follows_ends_it_with_143_and_leaves_the_job(fahr):
    fahr.script('print("ready", flush=True)', SLOW)
    follower = fahr.start("fit", "train.py", "-f")
    assert follower.stdout.readline() == "ready\n"
    follower.terminate()
    _, errors = follower.communicate(timeout=30)
    assert follower.returncode == 143
    assert "Traceback" not in errors
    (name,) = fahr.ran
    assert fahr.job(name)["state"] == "running"


# -- ending ---------------------------------------------------------------------------------

#: Two generations that ignore SIGTERM and say who they are.
STUBBORN = [
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "child = 'import signal, time, subprocess; signal.signal(signal.SIGTERM, signal.SIG_IGN);'",
    'child += \'print(subprocess.Popen(["sleep", "60"]).pid, flush=True); time.sleep(60)\'',
    "started = subprocess.Popen([sys.executable, '-c', child], stdout=subprocess.PIPE, text=True)",
    "print('family', os.getpid(), started.pid, started.stdout.readline().strip(), flush=True)",
]


def family_of(fahr, name):
    (line,) = [x for x in fahr("logs", name).stdout.splitlines() if x.startswith("family")]
    return [int(word) for word in line.split()[1:]]


def gone(pids):
    """Tell whether none of these processes runs; a zombie does not."""
    return all(_is_gone(pid) for pid in pids)


def _is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_stop_lets_a_job_save_what_it_has(fahr, running):
    name = running(
        "def save(*_):",
        "    open('model.txt', 'w').write('half')",
        "    sys.exit(143)",
        "signal.signal(signal.SIGTERM, save)",
    )
    done = fahr("stop", name)
    assert done.stderr.startswith(f"{name} stop")
    assert fahr.ended(name)["state"] == "stopped"
    assert (fahr("fetch", name) and fahr.folder / name / "model.txt").read_text() == "half"
    assert "stopped" in fahr("stop", name).stderr  # once more is no error


def test_stop_kills_what_ignores_it_with_all_its_children(fahr, running, eventually):
    name = running(*STUBBORN, words=["-c", "grace=1"])
    family = family_of(fahr, name)
    assert len(family) == 3
    assert not gone(family)
    fahr("stop", name)
    assert fahr.ended(name)["state"] == "stopped"
    eventually(lambda: gone(family))


def test_a_time_limit_ends_a_job_and_says_so(fahr, running, eventually):
    name = running(*STUBBORN, words=["--timeout", "2s", "-c", "grace=1"])
    family = family_of(fahr, name)
    job = fahr.ended(name)
    assert job["state"] == "failed"
    assert "time" in job["reason"]
    assert "2 s" in job["reason"]
    eventually(lambda: gone(family))


def test_a_job_whose_shepherd_was_killed_is_failed_and_its_children_are_gone(
    fahr, running, eventually
):
    name = running(*STUBBORN)
    family = family_of(fahr, name)
    shepherd = shepherd_of(fahr, name)
    os.kill(shepherd, signal.SIGKILL)
    eventually(lambda: gone([shepherd]))
    job = fahr.job(name)
    assert job["state"] == "failed"
    assert "vanished" in job["reason"]
    eventually(lambda: gone(family))
    assert fahr("wait", name, status=1).stderr.startswith(f"{name} failed after ")
    assert fahr.job(name)["ended"] == job["ended"]


def test_a_job_that_a_reboot_ended_is_failed_with_that_reason(fahr, running, eventually):
    name = running()
    state = fahr.place(name) / "state.json"
    said = json.loads(state.read_bytes())
    os.kill(said["pid"], signal.SIGKILL)
    eventually(lambda: gone([said["pid"]]))
    # Its process id belongs to somebody else by now, who must not be touched.
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    state.write_text(json.dumps(said | {"boot": "another-boot", "pid": stranger.pid}))
    job = fahr.job(name)
    assert job["state"] == "failed"
    assert "restarted" in job["reason"]
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_job_that_kills_itself_is_failed_with_the_signal(fahr):
    fahr.script("os.kill(os.getpid(), signal.SIGKILL)")
    done = fahr("fit", "train.py", "-f", status=1)
    assert "SIGKILL" in done.stderr.splitlines()[-1]


# -- one after the other --------------------------------------------------------------------


@pytest.fixture
def gate(fahr):
    """Let each job wait for a file of its own name in a folder outside."""
    folder = fahr.folder.parent / "gate"
    folder.mkdir()
    place = f"os.path.join({str(folder)!r}, os.environ['FAHR_JOB_NAME'])"
    fahr.script(f"while not os.path.exists({place}): time.sleep(0.02)")
    return folder


def one_at_a_time(fahr, number):
    return [fahr("fit", "train.py", "-c", "jobs_at_once=1").line for _ in range(number)]


def runner_of(fahr):
    """Find the process that sends queued jobs."""
    return fahr.processes("fahr_core.queue")


def test_jobs_beyond_the_limit_wait_and_run_in_their_order(fahr, gate, eventually):
    names = one_at_a_time(fahr, 4)
    assert names == [f"digits-train-{number}" for number in range(1, 5)]
    eventually(lambda: fahr.ran == names[:1])
    assert [fahr.jobs()[name]["state"] for name in names[1:]] == ["queued"] * 3
    assert fahr("stop", names[2]).stderr == f"{names[2]} stopped: it had not been sent yet\n"
    for name in reversed(names):
        (gate / name).touch()
    jobs = fahr.all_ended()
    assert [jobs[name]["state"] for name in names] == [
        "complete",
        "complete",
        "stopped",
        "complete",
    ]
    assert fahr.ran == [names[0], names[1], names[3]]
    assert jobs[names[1]]["started"] >= jobs[names[0]]["ended"]
    eventually(lambda: not runner_of(fahr))


def test_a_killed_runner_is_revived_by_the_next_command(fahr, gate, eventually):
    names = one_at_a_time(fahr, 3)
    # The last command may have begun another, which sees that there is one and ends.
    eventually(lambda: len(runner_of(fahr)) == 1)
    runner_of(fahr)[0].kill()
    eventually(lambda: not runner_of(fahr))
    for name in names:
        (gate / name).touch()
    fahr("ls")  # any command
    jobs = fahr.all_ended()
    assert [jobs[name]["state"] for name in names] == ["complete"] * 3
    assert fahr.ran == names


def test_following_a_queued_job_waits_for_its_turn(fahr, gate, eventually):
    first, second = one_at_a_time(fahr, 2)
    follower = fahr.start("logs", "-f", second)
    assert "waits for its turn" in next(x for x in follower.stderr if x.startswith("queued"))
    (gate / first).touch()
    (gate / second).touch()
    _, errors = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert f"{second} complete" in errors


# -- what a job is made of ------------------------------------------------------------------


def test_what_runs_is_what_was_there_when_it_was_sent(fahr, gate):
    script = fahr.folder / "train.py"
    fahr.write("net.py", "LAYERS = 'old'\n")
    script.write_text(script.read_text() + "import net; print('this is', net.LAYERS)\n")
    first, second = one_at_a_time(fahr, 2)
    script.write_text("raise SystemExit('edited')\n")
    fahr.write("net.py", "LAYERS = 'new'\n")
    (gate / first).touch()
    (gate / second).touch()
    for name in (first, second):
        assert fahr.ended(name)["state"] == "complete"
        assert fahr("logs", name).stdout == "this is old\n"


def test_ten_jobs_that_start_at_once_make_one_environment(fahr, tmp_path):
    """A shim counts how often uv is asked for an environment."""
    shim = tmp_path / "shim" / "uv"
    shim.parent.mkdir()
    calls = tmp_path / "calls"
    real = subprocess.run(
        ["sh", "-c", "command -v uv"], env=fahr.environment(), capture_output=True, text=True
    ).stdout.strip()
    if not real:
        pytest.skip("uv is not on PATH")
    shim.write_text(f'#!/bin/sh\necho "$1" >> "{calls}"\nexec "{real}" "$@"\n')
    shim.chmod(0o755)
    fahr.path = f"{shim.parent}{os.pathsep}{fahr.path}"
    fahr.write("requirements.txt", "iniconfig\n")
    fahr.script("import iniconfig", "print(sys.prefix)")
    started = [fahr.start("fit", "train.py", "-c", "jobs_at_once=10") for _ in range(10)]
    ended = [process.communicate(timeout=240) for process in started]
    assert [process.returncode for process in started] == [0] * 10, ended
    names = sorted(out.strip() for out, _ in ended)
    assert len(set(names)) == 10
    jobs = fahr.all_ended()
    assert {job["state"] for job in jobs.values()} == {"complete"}
    assert sorted(fahr.ran) == names
    assert calls.read_text().split().count("venv") == 1
    (environment,) = [x for x in (fahr.home / "environments").iterdir() if x.is_dir()]
    assert {fahr("logs", name).line for name in names[:2]} == {str(environment)}


def test_a_chosen_name_attaches_to_the_same_content_and_refuses_another(fahr):
    fahr.script()
    assert fahr("fit", "train.py", "--name", "train-abc").line == "train-abc"
    again = fahr("fit", "train.py", "--name", "train-abc")
    assert again.line == "train-abc"
    assert "attached" in again.stderr
    assert fahr.ended("train-abc")["state"] == "complete"
    fahr("fit", "train.py", "--name", "train-abc")
    fahr.script("print('other')")
    said = fahr.error("fit", "train.py", "--name", "train-abc")
    assert "other content" in said
    assert "nothing was sent" in said
    assert fahr.ran == ["train-abc"]


def test_a_job_does_not_send_jobs(fahr):
    fahr.script("sys.exit(subprocess.run(['fahr', 'fit', 'train.py']).returncode)")
    done = fahr("fit", "train.py", "-f", status=1)
    assert "this is already the job digits-train-1 (FAHR_JOB_NAME)" in done.stdout
    assert fahr.ran == ["digits-train-1"]
    assert fahr.job("digits-train-1")["exit_code"] == 2


def test_a_job_sees_its_own_environment_and_not_the_senders_terminal(fahr):
    fahr.script(
        "print(os.environ['FAHR_EXECUTION_ENVIRONMENT'], os.environ['COLOUR'])",
        "print(sys.stdin.read(), os.isatty(1))",
    )
    done = fahr("fit", "train.py", "-f", env={"COLOUR": "green"}, typed="typed")
    assert done.stdout.splitlines() == ["local green", " False"]


@pytest.mark.parametrize("value", ["nan", "-inf"])
@pytest.mark.parametrize("how", ["constant", "argument"])
def test_numbers_that_json_has_no_words_for_arrive(fahr, value, how):
    """As floats in the job, and in documents for other programs as text."""
    parser = ["import argparse", "parser = argparse.ArgumentParser()"]
    parser += ["parser.add_argument('--lr', type=float, default=0.1)"]
    source = ["lr = 0.1"] if how == "constant" else [*parser, "lr = parser.parse_args().lr"]
    given = "json.loads(os.environ['FAHR_PARAMS'])['lr']"
    fahr.script(*source, "import json", f"print(lr, {given})")
    assert fahr("fit", "train.py", "-p", f"lr={value}", "-f").line == f"{value} {value}"
    fahr("fetch")
    record = (fahr.folder / "digits-train-1" / "fahr-job.json").read_text()
    name = {"nan": "NaN", "-inf": "-Infinity"}[value]
    for document in (fahr("show", "--json").stdout, record):
        told = json.loads(document, parse_constant=pytest.fail)
        assert {"lr": name} in (told.get("params"), told.get("parameters"))
