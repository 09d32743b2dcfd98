"""One plugin manager for one piece of work: the chosen drivers and the extensions.

A session is fresh each time (it costs well under a millisecond), so that a hook addresses
the driver that was chosen and no plugin has to ask whether it is meant.
"""

# pluggy cannot type what a hook gives; the methods below say it.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pluggy

from fahr_core import hookspecs, registry
from fahr_core.errors import DriverError, FahrError
from fahr_core.models import TrainInfo
from fahr_core.roles import ROLE_HOOKS, required_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import (
        Absent,
        Artifacts,
        BaseImage,
        BuildInfo,
        Capability,
        Environment,
        FetchedFile,
        FetchOptions,
        Finding,
        Found,
        Image,
        ImageTarget,
        Job,
        JobRef,
        JobState,
        Login,
        LogLine,
        Refused,
        RemoteJob,
        Request,
        Staged,
        StopResult,
        Submitted,
        Unknown,
    )
    from fahr_core.registry import Listed, Role

__all__ = ["Session", "open_session"]


class _Core:
    """What the core itself implements."""

    @hookspecs.hookimpl
    def amend_job(self, job: Job) -> Job:
        return job


def open_session(
    train: str, *, build: str | None = None, extensions: Sequence[str] = ()
) -> Session:
    """Load the named drivers and extensions.

    Args:
        train: A train driver's name, or the path of its file.
        build: A build driver's name, where the train driver wants an image.
        extensions: Names of the extensions that the settings switch on; a broken one is
            skipped and told in :attr:`Session.warnings`.

    Raises:
        DriverError: a driver is missing, broken or breaks the contract.
    """
    return Session(
        registry.find("train", train),
        registry.find("build", build) if build else None,
        extensions,
    )


class Session:
    """The chosen drivers, ready to be called; each method is the hook of its name."""

    def __init__(
        self, train: Listed, build: Listed | None = None, extensions: Sequence[str] = ()
    ) -> None:
        self.train = train
        self.build = build
        self.warnings: list[str] = []
        self._manager = _fresh_manager()
        self._manager.register(_Core(), "core")
        self._register(train)
        if build:
            self._register(build)
        for name in dict.fromkeys(extensions):
            self._register_extension(name)
        self.info: TrainInfo = self._call("train_info")
        if not isinstance(self.info, TrainInfo):
            raise registry.broken(train, f"train_info gave {type(self.info).__name__}")
        self._check_complete("train", train, self.info.capabilities)
        if build:
            self._check_complete("build", build)

    # -- the job's way to the service ---------------------------------------------------

    def build_info(self) -> BuildInfo:
        """Tell what the build driver says of itself."""
        return self._call("build_info")

    def amend_job(self, job: Job) -> Job:
        """Let the extensions change the job."""
        return self._call("amend_job", job=job)

    def preflight(self, job: Job) -> list[Finding]:
        """Join the findings of both drivers."""
        lists = self._call_all("preflight", job=job)
        if lists is None:
            raise self._gave_none("preflight")
        return [finding for found in lists for finding in found]

    def base_image(self, job: Job, environment: Environment) -> BaseImage:
        """Ask the build driver for the base image."""
        return self._call("base_image", job=job, environment=environment)

    def render_artifacts(self, job: Job, base: BaseImage | None) -> Artifacts:
        """Ask for the files of the experiment folder."""
        return self._call("render_artifacts", job=job, base=base)

    def image_target(self, job: Job) -> ImageTarget:
        """Ask where the image goes."""
        return self._call("image_target", job=job)

    def registry_login(self, target: ImageTarget) -> Login:
        """Ask for a login to the image's registry."""
        return self._call("registry_login", target=target)

    def build_image(
        self,
        job: Job,
        artifacts: Artifacts,
        target: ImageTarget,
        login: Login | None,
        progress: Progress,
    ) -> Image:
        """Have the image built and pushed."""
        return self._call(
            "build_image",
            job=job,
            artifacts=artifacts,
            target=target,
            login=login,
            progress=progress,
        )

    def plan_submission(self, job: Job, artifacts: Artifacts, image: Image | None) -> Request:
        """Ask for the exact request."""
        return self._call("plan_submission", job=job, artifacts=artifacts, image=image)

    def stage_request(
        self, request: Request, secrets: Mapping[str, str], progress: Progress
    ) -> Staged:
        """Have what the request names put in place."""
        return self._call("stage_request", request=request, secrets=secrets, progress=progress)

    def unstage_request(self, request: Request) -> None:
        """Have what was staged for a job alone taken away, by a driver that stages such things."""
        if self._implementations("unstage_request"):
            self._call_all("unstage_request", request=request)

    def submit_jobs(self, requests: Sequence[Request]) -> Sequence[Submitted | Refused | Unknown]:
        """Send requests."""
        return self._call("submit_jobs", requests=requests)

    def find_submission(self, request: Request) -> Found | Absent | Unknown:
        """Ask whether a request reached the service."""
        return self._call("find_submission", request=request)

    # -- the job's life -----------------------------------------------------------------

    def can(self, capability: Capability) -> bool:
        """Tell whether the train driver declares a capability."""
        return capability in self.info.capabilities

    def find_job(self, name: str, settings: Mapping[str, Any]) -> Found | Absent:
        """Ask for a job that this machine has no record of."""
        return self._call("find_job", name=name, settings=settings)

    def job_states(self, refs: Sequence[JobRef]) -> Sequence[JobState]:
        """Ask for the state of many jobs."""
        return self._call("job_states", refs=refs)

    @contextmanager
    def logs(
        self, ref: JobRef, *, follow: bool, after: str | None, last: int | None = None
    ) -> Iterator[Iterator[LogLine]]:
        """Open a job's log; leaving the block closes it."""
        with self._open("stream_logs", ref=ref, follow=follow, after=after, last=last) as lines:
            yield lines

    @contextmanager
    def list_jobs(self, settings: Mapping[str, Any]) -> Iterator[Iterator[RemoteJob]]:
        """Open the list of the service's own jobs; leaving the block closes it."""
        with self._open("list_jobs", settings=settings) as jobs:
            yield jobs

    @contextmanager
    def _open(self, hook: str, **arguments: Any) -> Iterator[Iterator[Any]]:
        """Call a hook that gives an iterator; leaving the block closes it."""
        given = self._call(hook, **arguments)
        try:
            yield self._read(hook, given)
        finally:
            if hasattr(given, "close"):
                given.close()

    def stop_job(self, ref: JobRef) -> StopResult:
        """Ask the service to stop a job."""
        return self._call("stop_job", ref=ref)

    def fetch_output(
        self, ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
    ) -> Sequence[FetchedFile]:
        """Have the job's output written into an empty folder."""
        return self._call(
            "fetch_output", ref=ref, destination=destination, options=options, progress=progress
        )

    # -- loading and checking -----------------------------------------------------------

    def _register(self, listed: Listed) -> None:
        plugin = registry.load(listed)
        try:
            self._manager.register(plugin, f"{listed.role}:{listed.name}")
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise registry.broken(listed, _first_line(error)) from error
        self._check_role(plugin, listed)

    def _check_role(self, plugin: object, listed: Listed) -> None:
        allowed = ROLE_HOOKS[listed.role]
        for caller in self._manager.get_hookcallers(plugin) or []:
            if caller.name not in allowed:
                raise registry.broken(
                    listed, f"{caller.name} is not a hook of a {listed.role} driver"
                )

    def _check_complete(
        self, role: Role, listed: Listed, capabilities: frozenset[Capability] = frozenset()
    ) -> None:
        plugin = self._manager.get_plugin(f"{role}:{listed.name}")
        there = {caller.name for caller in self._manager.get_hookcallers(plugin) or []}
        if missing := sorted(required_hooks(role, capabilities) - there):
            raise registry.broken(listed, f"it does not implement {', '.join(missing)}")

    def _register_extension(self, name: str) -> None:
        place = f"extension:{name}"
        try:
            listed = registry.find("extension", name)
            plugin = registry.load(listed)
            self._manager.register(plugin, place)
            self._check_wraps(plugin, listed)
            self._manager.check_pending()
        except (FahrError, pluggy.PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(place):  # its first hooks are there, whatever failed
                self._manager.unregister(name=place)
            self.warnings.append(f"extension {name} is skipped: {_first_line(error)}")

    def _check_wraps(self, plugin: object, listed: Listed) -> None:
        for caller in self._manager.get_hookcallers(plugin) or []:
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin and not implementation.wrapper:
                    raise registry.broken(
                        listed, f"{caller.name} is no wrapper; an extension may only wrap"
                    )

    # -- calling ------------------------------------------------------------------------

    def _call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook of which exactly one implementation answers."""
        # A wrapper alone would answer with its own value instead of failing.
        if all(found.wrapper for found in self._implementations(hook)):
            raise registry.broken(self._owner(hook), f"it does not implement {hook}")
        result = self._call_all(hook, **arguments)
        if result is None:
            raise self._gave_none(hook)
        return result

    def _call_all(self, hook: str, **arguments: Any) -> Any:
        try:
            return getattr(self._manager.hook, hook)(**arguments)
        except FahrError:
            raise
        except Exception as error:
            raise self._failed(hook, error) from error

    def _read(self, hook: str, given: Iterator[Any]) -> Iterator[Any]:
        """Give what a driver's iterator gives; what it raises meanwhile is its failure too."""
        try:
            yield from given
        except FahrError:
            raise
        except Exception as error:
            raise self._failed(hook, error) from error

    def _failed(self, hook: str, error: Exception) -> DriverError:
        return DriverError(
            f'driver "{self._owner(hook).name}" failed in {hook}: {type(error).__name__}: {error}',
            *self._wrapped(hook),
            "--debug shows the traceback",
        )

    def _gave_none(self, hook: str) -> DriverError:
        problem = registry.broken(self._owner(hook), f"{hook} gave None")
        return DriverError(problem.message, *self._wrapped(hook), *problem.hints)

    def _wrapped(self, hook: str) -> list[str]:
        """Name the extensions around a hook: the fault may be theirs."""
        names = [found.plugin_name for found in self._implementations(hook) if found.wrapper]
        around = ", ".join(name.removeprefix("extension:") for name in names)
        return [f"wrapped by: {around}"] if around else []

    def _implementations(self, hook: str) -> Sequence[pluggy.HookImpl]:
        implementations: Sequence[pluggy.HookImpl] = getattr(
            self._manager.hook, hook
        ).get_hookimpls()
        return implementations

    def _owner(self, hook: str) -> Listed:
        of_build = hook not in ROLE_HOOKS["train"] and hook != "amend_job"
        return self.build if of_build and self.build else self.train


def _fresh_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    for namespace in (hookspecs.TrainHooks, hookspecs.BuildHooks, hookspecs.SharedHooks):
        manager.add_hookspecs(namespace)
    return manager


def _first_line(error: BaseException) -> str:
    if isinstance(error, FahrError):
        return error.message
    return " ".join(str(error).split())
