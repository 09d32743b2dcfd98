"""A train driver whose service is this very process: the smallest one that keeps every promise.

A job is a child process that runs the launcher; when this process ends, its jobs are
forgotten.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from fnmatch import fnmatch
from pathlib import Path

from fahr_core import launcher, paths
from fahr_core.hookspecs import hookimpl
from fahr_core.models import (
    Absent,
    Artifacts,
    Capability,
    FetchedFile,
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

JOBS: dict[str, MemoryJob] = {}
SECRETS: dict[str, dict[str, str]] = {}


class MemoryJob:
    """One job of the service, and its folder."""

    def __init__(self, request: Request, folder: Path) -> None:
        self.folder, self.stopped = folder, False
        self.started, self.ended = time.time(), None
        environment = {
            **os.environ,
            **SECRETS.pop(request.run_id, {}),
            "FAHR_JOB_FILE": str(folder / "job.json"),
            "FAHR_RUNTIME": str(Path(__file__).with_name("memory_runtime.py")),
            "MEMORY_JOB": str(folder),
        }
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(launcher.__file__).parent)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        self.process.wait()
        self.ended = time.time()

    def state(self, ref: JobRef) -> JobState:
        times = {"started": self.started, "ended": self.ended, "seen": time.time()}
        if self.ended is None:
            state = State.STOPPING if self.stopped else State.RUNNING
            return JobState(ref=ref, state=state, **times)
        code = self.process.returncode
        state = State.STOPPED if self.stopped else State.FAILED if code else State.COMPLETE
        reason = self.folder / "reason"
        why = reason.read_text("utf-8") if reason.exists() else f"exit code {code}"
        return JobState(ref=ref, state=state, exit_code=code, reason=why if code else None, **times)


@hookimpl
def train_info():
    can = "stop", "live-logs", "inputs", "secrets", "timeout"
    return TrainInfo(
        title="this process",
        settings="memory_settings:MemorySettings",
        capabilities=frozenset(map(Capability, can)),
        poll=0.05,
    )


@hookimpl
def render_artifacts(job):
    return Artifacts()


@hookimpl
def plan_submission(job):
    from fahr_core.description import describe_job

    body = describe_job(job, grace=job.settings["grace"], enforce_timeout=True, log="jsonl")
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body=body,
        job=job,
    )


@hookimpl
def stage_request(request, secrets):
    from fahr_core import snapshot

    folder = folder_of(request)
    snapshot.extract(request.job.code.digest, folder / "code")
    (folder / "job.json").write_text(json.dumps(request.body))
    (folder / "inputs").mkdir(exist_ok=True)
    for item in request.job.inputs:
        (folder / "inputs" / item.name).symlink_to(item.location)
    SECRETS[request.run_id] = dict(secrets)
    return Staged(secrets=tuple(secrets))


def folder_of(request):
    return paths.home_folder() / "memory" / request.run_id


@hookimpl
def submit_jobs(requests):
    return [submit(request) for request in requests]


def submit(request):
    folder = folder_of(request)
    if not (folder / "job.json").exists():
        return Refused(reason="it was not staged")
    if request.run_id not in JOBS:
        JOBS[request.run_id] = MemoryJob(request, folder)
    return Submitted(ref=JobRef(driver=request.driver, id=request.run_id))


@hookimpl
def find_submission(request):
    if request.run_id not in JOBS:
        return Absent(reason="this process has no such job")
    return Found(ref=JobRef(driver=request.driver, id=request.run_id))


@hookimpl
def job_states(refs):
    return [JOBS[ref.id].state(ref) if ref.id in JOBS else forgotten(ref) for ref in refs]


def forgotten(ref):
    return JobState(ref=ref, state=State.FAILED, reason="the process that ran it has ended")


@hookimpl
def stream_logs(ref, follow, after):
    job, number = JOBS[ref.id], int(after or 0)
    while True:
        ended = not follow or job.ended is not None  # asked before reading: nothing is missed
        whole, _, _ = (job.folder / "log").read_bytes().rpartition(b"\n")
        for line in whole.split(b"\n")[number:] if whole else ():
            entry, number = json.loads(line), number + 1
            yield LogLine(**entry, cursor=str(number))
        if ended:
            return
        time.sleep(0.02)


@hookimpl
def stop_job(ref):
    job = JOBS[ref.id]
    if job.ended is not None:
        return result_of(job_states([ref])[0].state)
    job.stopped = True
    job.process.terminate()
    return StopResult(outcome="stopping")


@hookimpl
def fetch_output(ref, destination, options):
    output = JOBS[ref.id].folder / "output"
    fetched = []
    for path in sorted(path for path in output.rglob("*") if path.is_file()):
        name = path.relative_to(output).as_posix()
        if options.include and not any(fnmatch(name, pattern) for pattern in options.include):
            continue
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination / name)
        fetched.append(FetchedFile(path=name, size=path.stat().st_size))
    return fetched
