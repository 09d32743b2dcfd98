"""A train driver for machines that share a folder: a job is a process, its files lie there."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

from fahr_core import hookimpl
from fahr_core.models import (
    Absent,
    Artifacts,
    Capability,
    FetchedFile,
    Finding,
    Found,
    JobRef,
    JobState,
    LogLine,
    Refused,
    Request,
    Staged,
    State,
    StopResult,
    Submitted,
    TrainInfo,
)
from fahr_core.stopping import result_of

RUNTIME = Path(__file__).with_name("shed_runtime.py")


@hookimpl
def train_info():
    """Tell what the shed can do."""
    return TrainInfo(
        title="a process that works in a shared folder",
        settings="shed_settings:ShedSettings",
        capabilities=frozenset({Capability.STOP, Capability.LIVE_LOGS, Capability.TIMEOUT}),
        poll=0.1,
    )


@hookimpl
def preflight(job):
    """Check what can be checked before anything is made."""
    place = Path(job.settings["place"]).expanduser()
    if job.kind == "notebook":
        return [Finding(level="error", subject="notebook", message="the shed runs scripts only")]
    if not place.is_dir():
        hints = (f"mkdir -p {place}",)
        return [Finding(level="error", subject="place", message=f"no folder {place}", hints=hints)]
    return []


@hookimpl
def render_artifacts():
    """Render nothing: a job needs no file but the user's own."""
    return Artifacts()


@hookimpl
def plan_submission(job):
    """Plan the job: its body is the launcher's job description."""
    from fahr_core.description import describe_job

    grace = job.settings["grace"]
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        job=job,
        body=describe_job(job, grace=grace, enforce_timeout=True, log="jsonl"),
    )


@hookimpl
def stage_request(request):
    """Put the code, the lock and the job description into the job's folder."""
    from fahr_core import snapshot, store

    folder = folder_of(reference(request))
    folder.mkdir(parents=True, exist_ok=True)
    snapshot.extract(request.job.code.digest, folder / "code")
    if lock := request.job.environment.lock:
        (folder / "environment.lock").write_bytes(store.read(lock))
    (folder / "job.json").write_text(json.dumps(request.body))
    return Staged()


@hookimpl
def submit_jobs(requests):
    """Start each job once."""
    return [submit(request) for request in requests]


def submit(request):
    """Start a job, or find it started."""
    ref = reference(request)
    folder = folder_of(ref)
    if not (folder / "job.json").exists():
        return Refused(reason="it was not staged")
    try:
        (folder / "started").touch(exist_ok=False)  # so that a job starts once, whoever asks
    except FileExistsError:
        return Submitted(ref=ref)
    start(folder)
    return Submitted(ref=ref)


def start(folder):
    """Start the launcher as a process that outlives this one."""
    import fahr_core.launcher

    told = {
        "FAHR_JOB_FILE": str(folder / "job.json"),
        "FAHR_RUNTIME": str(RUNTIME),
        "SHED_JOB": str(folder),
    }
    with (folder / "alive").open("wb") as alive, (folder / "log.jsonl").open("wb") as log:
        fcntl.flock(alive, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, str(Path(fahr_core.launcher.__file__).parent)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **told},
            start_new_session=True,
            pass_fds=[alive.fileno()],  # the process holds the lock for as long as it lives
        )
    process.returncode = 0  # nobody waits for it: it outlives this process


@hookimpl
def find_submission(request):
    """Tell whether a job was started."""
    ref = reference(request)
    if (folder_of(ref) / "started").exists():
        return Found(ref=ref)
    return Absent(reason="it was never started")


@hookimpl
def job_states(refs):
    """Look into each job's folder."""
    return [state_of(ref) for ref in refs]


def state_of(ref):
    """Tell how a job is doing."""
    folder, seen = folder_of(ref), time.time()
    if not (folder / "started").exists():
        return JobState(ref=ref, state=State.FAILED, reason="the shed has no such job", seen=seen)
    if is_alive(folder):
        state = State.STOPPING if (folder / "stopping").exists() else State.RUNNING
        return JobState(ref=ref, state=state, seen=seen)
    try:
        record = json.loads((folder / "output" / "fahr-job.json").read_bytes())
    except FileNotFoundError:
        reason = folder / "reason"
        why = reason.read_text("utf-8") if reason.exists() else "its process vanished"
        return JobState(ref=ref, state=State.FAILED, reason=why, seen=seen)
    told = {name: record[name] for name in ("reason", "exit_code", "started", "ended")}
    return JobState(ref=ref, state=State(record["state"]), seen=seen, **told)


def is_alive(folder):
    """Tell whether the job's process holds its lock."""
    with (folder / "alive").open("ab") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@hookimpl
def stop_job(ref):
    """Ask the launcher to end the job; it keeps the grace and kills what is left."""
    folder = folder_of(ref)
    (folder / "stopping").touch()
    while is_alive(folder):
        if (folder / "pid").exists():
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
            return StopResult(outcome="stopping")
        time.sleep(0.01)  # it has just started, and has not said its number yet
    return result_of(job_states([ref])[0].state)


@hookimpl
def stream_logs(ref, follow, after):
    """Read the log; the cursor of a line is where the next one begins."""
    folder, position = folder_of(ref), int(after or 0)
    while True:
        ended = not follow or not is_alive(folder)  # asked before reading: nothing is missed
        with (folder / "log.jsonl").open("rb") as log:
            log.seek(position)
            for raw in iter(log.readline, b""):
                if not raw.endswith(b"\n"):
                    break  # still being written
                position += len(raw)
                yield LogLine(**json.loads(raw), cursor=str(position))
        if ended:
            return
        time.sleep(0.05)


@hookimpl
def fetch_output(ref, destination, options):
    """Copy the output."""
    output = folder_of(ref) / "output"
    fetched = []
    for path in sorted(path for path in output.rglob("*") if path.is_file()):
        name = path.relative_to(output).as_posix()
        if options.include and not any(fnmatch(name, pattern) for pattern in options.include):
            continue
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination / name)
        fetched.append(FetchedFile(path=name, size=path.stat().st_size))
    return fetched


def reference(request):
    """Give all that is needed to find the job again."""
    place = Path(request.job.settings["place"]).expanduser().absolute()
    return JobRef(driver=request.driver, id=request.run_id, data={"place": str(place)})


def folder_of(ref):
    """Give the folder of a job."""
    return Path(ref.data["place"], ref.id)
