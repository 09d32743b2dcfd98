"""A train driver that does what a test tells it, and notes what it was asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict

from fahr_core.hookspecs import hookimpl
from fahr_core.models import (
    Artifacts,
    Capability,
    FetchedFile,
    Found,
    ImageTarget,
    JobRef,
    JobState,
    Lane,
    Login,
    LogLine,
    RemoteJob,
    Request,
    Staged,
    State,
    StopResult,
    Submitted,
    TrainInfo,
)
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from fahr_core.submission import submit
from tests.distributions import BUILD, Distributions, distributions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fahr_core.ledger.record import Record
    from fahr_core.reporter import Reporter

__all__ = ["distributions"]

CAN = ("stop", "live-logs", "inputs", "secrets", "timeout", "remote-jobs", "remote-list")


class ToldSettings(BaseModel):
    """Settings that only show that they travel."""

    model_config = ConfigDict(extra="forbid")

    colour: str = "green"


class Service:
    """What the driver does: a test changes it, and reads what happened from it.

    ``failing`` are exceptions by hook, ``at`` is called with each hook's name first;
    ``claimed`` are files that are told to be fetched, whatever was.
    """

    def __init__(self) -> None:
        self.can = set(CAN)
        self.calls: list[str] = []
        self.failing: dict[str, BaseException] = {}
        self.at: Callable[[str], None] = lambda _: None
        self.answers: list[Any] = []
        self.found: Any = None
        self.findings: list[Any] = []
        self.files: dict[str, bytes] = {"model.txt": b"42"}
        self.claimed: dict[str, int] = {}
        self.rendered: tuple[Any, ...] = ()
        self.lane: Lane | None = None
        self.lines = [LogLine(text="one", time=1.0, cursor="1"), LogLine(text="two", cursor="2")]
        self.poll = 0.01
        self.paid = False
        self.requests: list[Request] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.state: dict[str, Any] = {"state": State.RUNNING, "started": time.time() - 60}
        self.secrets: dict[str, str] = {}
        self.stopped = StopResult(outcome="stopping")
        self.jobs = 0  # how many the service lists, and the last one that it was asked for
        self.listed: int | None = None
        self.settings: dict[str, Any] = {}
        self.last: int | None = None

    def asked(self, hook: str) -> None:
        self.calls.append(hook)
        self.at(hook)
        if hook in self.failing:
            raise self.failing[hook]

    def ends(self, state: State = State.COMPLETE, **about: Any) -> None:
        """Let every job have ended so, after a minute."""
        self.state = {"state": state, "started": 1e9, "ended": 1e9 + 60, **about}


SERVICE = Service()


@pytest.fixture
def told(distributions: Distributions) -> Service:
    """Install the driver ``told`` and the build driver ``local-cpu``, and give the service."""
    distributions.add("told", target="tests.told_driver")
    build = BUILD.replace("none:None", "tests.told_driver:ToldSettings")
    distributions.add("local-cpu", build, group="fahr.build_drivers", distribution="fahr-builds")
    SERVICE.__init__()  # type: ignore[misc]
    return SERVICE


@pytest.fixture
def ends_later(told: Service) -> None:
    """Let every job run until it was asked for three times from now on."""
    left = 3

    def asked(hook: str) -> None:
        nonlocal left
        left -= hook == "job_states"
        if left < 0:
            told.ends()

    told.at = asked


class Listener(Quiet):
    """A reporter that keeps what is said."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.warned: list[str] = []

    def say(self, stage: str, text: str) -> None:
        self.said[stage] = text

    def warn(self, text: str) -> None:
        self.warned.append(text)


def send(parent: Path, reporter: Reporter | None = None, **order: Any) -> Record:
    """Send a job of the folder ``digits`` by the driver and give its record."""
    folder = parent / "digits"
    folder.mkdir(exist_ok=True)
    if not (folder / "train.py").exists():
        (folder / "train.py").write_text("EPOCHS = 1\n")
    options = {"train_driver": "told"}
    plan = make_plan(Order(artifact=str(folder), cwd=folder, options=options, **order))
    return submit(plan, reporter or Quiet())


@hookimpl
def train_info() -> TrainInfo:
    SERVICE.at("train_info")
    return TrainInfo(
        title="what a test says",
        settings="tests.told_driver:ToldSettings",
        capabilities=frozenset(map(Capability, SERVICE.can)),
        poll=SERVICE.poll,
        paid=SERVICE.paid,
    )


@hookimpl
def preflight(job: Any) -> list[Any]:
    SERVICE.asked("preflight")
    return SERVICE.findings


@hookimpl
def render_artifacts(job: Any, base: Any) -> Artifacts:
    SERVICE.asked("render_artifacts")
    return Artifacts(files=SERVICE.rendered, base=base)


@hookimpl
def image_target(job: Any) -> ImageTarget:
    SERVICE.asked("image_target")
    return ImageTarget(repository="registry.example.org/digits")


@hookimpl
def registry_login(target: Any) -> Login:
    SERVICE.asked("registry_login")
    return Login("registry.example.org", "me", "s3cret")


@hookimpl
def plan_submission(job: Any, artifacts: Any, image: Any) -> Request:
    SERVICE.asked("plan_submission")
    body = {"params": dict(job.params), "image": image.reference if image else None}
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        job=job,
        body={**body, **job.settings},
        lane=SERVICE.lane,
    )


@hookimpl
def stage_request(request: Any, secrets: Any, progress: Any) -> Staged:
    SERVICE.asked("stage_request")
    SERVICE.secrets = dict(secrets)
    progress("staging", "files", done=1, total=2)
    return Staged(notes=("one file",))


@hookimpl
def unstage_request(request: Any) -> None:
    SERVICE.asked("unstage_request")
    SERVICE.secrets.clear()


@hookimpl
def submit_jobs(requests: Any) -> list[Any]:
    SERVICE.asked("submit_jobs")
    SERVICE.requests += requests
    taken = [Submitted(ref=ref_of(request), link=link_of(request)) for request in requests]
    return [SERVICE.answers.pop(0)] if SERVICE.answers else taken


def ref_of(request: Any) -> JobRef:
    return JobRef(driver="told", id=request.run_id)


def link_of(request: Any) -> str:
    return f"https://example.org/{request.name}"


@hookimpl
def find_submission(request: Any) -> Any:
    SERVICE.asked("find_submission")
    return SERVICE.found or Found(ref=ref_of(request), link=link_of(request))


@hookimpl
def find_job(name: str, settings: Any) -> Any:
    SERVICE.asked("find_job")
    SERVICE.settings = dict(settings)
    return SERVICE.found or Found(ref=JobRef(driver="told", id=name))


@hookimpl
def list_jobs(settings: Any) -> Iterator[RemoteJob]:
    SERVICE.asked("list_jobs")
    SERVICE.settings = dict(settings)
    for number in range(SERVICE.jobs, 0, -1):
        SERVICE.listed = number
        ref = JobRef(driver="told", id=f"me/kernel-{number}")
        state = JobState(ref=ref, **SERVICE.states.get(ref.id, SERVICE.state))
        yield RemoteJob(name=f"me/kernel-{number}", state=state)


@hookimpl
def job_states(refs: Any) -> list[JobState]:
    SERVICE.asked("job_states")
    return [JobState(ref=ref, **SERVICE.states.get(ref.id, SERVICE.state)) for ref in refs]


@hookimpl
def stream_logs(ref: Any, follow: bool, after: str | None, last: int | None) -> Any:
    SERVICE.asked("stream_logs")
    SERVICE.last = last
    return iter(SERVICE.lines[int(after or 0) :])


@hookimpl
def stop_job(ref: Any) -> StopResult:
    SERVICE.asked("stop_job")
    return SERVICE.stopped


@hookimpl
def fetch_output(ref: Any, destination: Path, options: Any, progress: Any) -> list[FetchedFile]:
    SERVICE.asked("fetch_output")
    for name, content in SERVICE.files.items():
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        (destination / name).write_bytes(content)
        progress(name, done=len(content), total=len(content))
    sizes = {name: len(content) for name, content in SERVICE.files.items()} | SERVICE.claimed
    return [FetchedFile(path=name, size=size) for name, size in sizes.items()]
