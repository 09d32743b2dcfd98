"""What the contracts use: a session, experiments, jobs sent and awaited; to override."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pytest

from fahr_core import registry
from fahr_core.models import Capability, JobRef, JobState, LogLine, State, Submitted
from fahr_core.session import Session
from fahr_core.testing.promises import broken, eventually, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from fahr_core.models import Artifacts, Image, Job, Request
    from fahr_core.planning import Plan

__all__ = ["DriverFixtures", "no_progress"]


def no_progress(
    stage: str, text: str = "", done: int | None = None, total: int | None = None
) -> None:
    """Tell nobody how far long work is."""


class MakeExperiment(Protocol):
    """The type of the fixture ``experiment``."""

    def __call__(self, source: str, name: str = "train.py") -> Path:
        """Write an experiment folder with this artifact and give the artifact's path."""


class MakePlan(Protocol):
    """The type of the fixture ``plan``."""

    def __call__(self, artifact: Path, **order: Any) -> Plan:
        """Read an order for the artifact; ``order`` are fields of ``planning.Order``."""


class Prepare(Protocol):
    """The type of the fixture ``prepare``."""

    def __call__(self, source: str, **order: Any) -> Request:
        """Give the request for a job that runs this script."""


class Lines(Protocol):
    """The type of the fixture ``lines``."""

    def __call__(
        self, ref: JobRef, *, follow: bool = False, after: str | None = None
    ) -> list[LogLine]:
        """Read a job's log to its end."""


class DriverFixtures:
    """Which driver is tried, with what, and how patiently."""

    #: The driver's name, or the path of its file.
    driver: ClassVar[str] = ""
    #: The driver's settings that a job needs.
    settings: ClassVar[Mapping[str, Any]] = {}
    #: The build driver, where the driver wants an image.
    build_driver: ClassVar[str | None] = None
    #: Seconds that a small job may take to its end, and one to its first line.
    wait_timeout: ClassVar[float] = 60.0
    start_timeout: ClassVar[float] = 60.0
    #: Whether a job goes on when the process that sent it is killed.
    service_outlives_process: ClassVar[bool] = True
    #: Whether the jobs of the tests can run notebooks, because papermill is there or is brought.
    runs_notebooks: ClassVar[bool] = True
    #: Packages, by the name that is imported, that a driver may import to tell of itself.
    light_imports: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture(autouse=True)
    def fahr_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Give fahr a home of its own and no word from the caller's environment."""
        for name in [name for name in os.environ if name.startswith("FAHR_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("FAHR_HOME", str(tmp_path / "fahr-home"))
        return tmp_path / "fahr-home"

    @pytest.fixture
    def session(self, fahr_home: Path) -> Session:
        """Give a session with the driver; opening it checks the hooks."""
        assert self.driver, f"{type(self).__name__} names no driver"
        build = registry.find("build", self.build_driver) if self.build_driver else None
        return Session(registry.find("train", self.driver), build)

    @pytest.fixture
    def experiment(self, tmp_path: Path, session: Session) -> MakeExperiment:
        """Give a function that writes an experiment folder with the driver's settings."""
        numbers = count(1)

        def make(source: str, name: str = "train.py") -> Path:
            folder = tmp_path / f"digits-{next(numbers)}"
            folder.mkdir()
            _write_settings(folder / "fahr.toml", session.train.name, self.settings)
            (folder / name).write_text(source, "utf-8")
            return folder / name

        return make

    @pytest.fixture
    def plan(self) -> MakePlan:
        """Give a function that reads an order, as ``fahr fit`` would."""
        from fahr_core.planning import Order, make_plan

        def read(artifact: Path, **order: Any) -> Plan:
            options = {"train_driver": self.driver, "build_driver": self.build_driver}
            options |= order.pop("options", {})
            return make_plan(
                Order(artifact=str(artifact), cwd=artifact.parent, options=options, **order)
            )

        return read

    @pytest.fixture
    def image(self, session: Session) -> Callable[[Job, Artifacts], Image | None]:
        """Give a function that makes a job's image; override it with one that was made before."""

        def make(job: Job, artifacts: Artifacts) -> Image | None:
            if not session.can(Capability.IMAGE):
                return None
            target = session.image_target(job)
            login = session.registry_login(target) if target.repository else None
            return session.build_image(job, artifacts, target, login, no_progress)

        return make

    @pytest.fixture
    def prepare(
        self,
        experiment: MakeExperiment,
        plan: MakePlan,
        image: Callable[[Job, Artifacts], Image | None],
    ) -> Prepare:
        """Give a function that goes from a script to the request, and sends nothing."""
        numbers = count(1)

        def request(source: str, **order: Any) -> Request:
            made = plan(experiment(source), **order)
            job = job_of(made, next(numbers))
            artifacts = render(made.session, job)
            return made.session.plan_submission(job, artifacts, image(job, artifacts))

        return request

    @pytest.fixture
    def submit(self, session: Session) -> Callable[[Request], JobRef]:
        """Give a function that stages and sends a request."""

        def sent(request: Request) -> JobRef:
            secrets = {name: os.environ[name] for name in request.job.secrets}
            session.stage_request(request, secrets, no_progress)
            (answer,) = session.submit_jobs([request])
            assert isinstance(answer, Submitted), broken("a sound job is taken", answer)
            return answer.ref

        return sent

    @pytest.fixture
    def send(self, prepare: Prepare, submit: Callable[[Request], JobRef]) -> Callable[..., JobRef]:
        """Give a function that sends a job that runs a script."""

        def sent(source: str, **order: Any) -> JobRef:
            return submit(prepare(source, **order))

        return sent

    @pytest.fixture
    def ended(self, session: Session) -> Callable[[JobRef], JobState]:
        """Give a function that waits for a job's end."""

        def wait(ref: JobRef) -> JobState:
            def final() -> JobState | None:
                (state,) = session.job_states([ref])
                return state if state.state.final else None

            promise = "a job that has ended is told to be complete, failed or stopped"
            return eventually(final, self.wait_timeout, promise, session.info.poll)

        return wait

    @pytest.fixture
    def lines(self, session: Session) -> Lines:
        """Give a function that reads a job's log."""

        def read(ref: JobRef, *, follow: bool = False, after: str | None = None) -> list[LogLine]:
            def work() -> list[LogLine]:
                with session.logs(ref, follow=follow, after=after) as given:
                    return list(given)

            return within(self.wait_timeout, "reading a log comes to an end", work)

        return read

    @pytest.fixture
    def ready(self, session: Session, lines: Lines) -> Callable[[JobRef], None]:
        """Give a function that waits until a job has said ``ready``, or at least runs."""

        def said(ref: JobRef) -> bool:
            if session.can(Capability.LIVE_LOGS):
                return "ready" in [line.text for line in lines(ref)]
            return session.job_states([ref])[0].state is State.RUNNING

        def wait(ref: JobRef) -> None:
            promise = "a job starts, and what it prints can be read"
            eventually(lambda: said(ref), self.start_timeout, promise, session.info.poll)

        return wait

    @pytest.fixture
    def unknown_ref(self) -> Callable[[JobRef], JobRef]:
        """Give a function that makes the reference of a job that never was, from a real one."""
        from dataclasses import replace

        return lambda ref: replace(ref, id=f"{ref.id}-never-was")

    @pytest.fixture
    def refused_request(self) -> Request | None:
        """Give a request that the service certainly refuses; None when none is known."""
        return None

    @pytest.fixture
    def input_location(self, tmp_path: Path) -> str:
        """Give where a job's input lies: a folder that holds ``one.txt`` with ``1`` in it."""
        folder = tmp_path / "digits-data"
        folder.mkdir()
        (folder / "one.txt").write_text("1")
        return str(folder)


def job_of(plan: Plan, number: int = 1) -> Job:
    """Give the job that an order means, as the core would make it."""
    from fahr_core import names
    from fahr_core.drafting import draft, named_job
    from fahr_core.ledger import Ledger
    from fahr_core.reporter import Quiet

    name = names.job_name(names.job_stem(plan.experiment.folder.name, "train"), number)
    return named_job(draft(plan, Ledger.at_home(), Quiet()), name, names.new_run_id())


def render(session: Session, job: Job) -> Artifacts:
    """Give the files that the driver renders for a job."""
    base = session.base_image(job, job.environment) if session.build else None
    return session.render_artifacts(job, base)


def texts(lines: Sequence[LogLine]) -> list[str]:
    """Give the text of log lines."""
    return [line.text for line in lines]


def _write_settings(file: Path, driver: str, settings: Mapping[str, Any]) -> None:
    import tomli_w

    from fahr_core.settings.layers import table_name

    file.write_text(tomli_w.dumps({table_name(driver): dict(settings)}), "utf-8")
