"""The plugin contract: every hook that a driver may implement, and nothing else.

A train driver implements :class:`TrainHooks`, a build driver :class:`BuildHooks`, both may
implement :class:`SharedHooks`.  An extension wraps any of them (``hookimpl(wrapper=True)``)
and implements none.  No hook returns None.  A hook belongs to one role: an implementation
in the other role is refused when the driver is loaded.

All hooks give one result, the driver's, but for ``preflight``, whose lists are joined.
Write one as a module-level function (or a method of an instance)::

    from fahr_core import hookimpl

    @hookimpl
    def job_states(refs): ...

Outside facts (a service's answers) raise the errors of :mod:`fahr_core.errors`:
``AccessError`` for credentials, permissions and quota, ``ServiceError`` for what may work
later.  Any other exception is a bug of the driver and is reported as one.
"""

# A specification has no body.
# mypy: disable-error-code="empty-body"

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fahr_core.models import (
        Absent,
        Artifacts,
        BaseImage,
        BuildInfo,
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
        TrainInfo,
        Unknown,
    )

__all__ = ["SPEC_VERSION", "BuildHooks", "Progress", "SharedHooks", "TrainHooks", "hookimpl"]

#: Raised by one when a hook is added, by a core major when one is removed or changed.
SPEC_VERSION = 3

PROJECT = "fahr"
hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function as the implementation of the hook of its name.
hookimpl = pluggy.HookimplMarker(PROJECT)


class Progress(Protocol):
    """Where a hook tells how far long work is; safe to call often and from any thread."""

    def __call__(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Tell that ``stage`` is at ``done`` of ``total`` (bytes or items, None: unknown)."""


class TrainHooks:
    """What a train driver implements: where a job runs."""

    @hookspec(firstresult=True)
    def train_info(self) -> TrainInfo:
        """Tell title, capabilities, settings model, name rule and documentation link.

        Called often and first: it touches no network and imports no SDK. Since 1.0.
        """

    @hookspec(firstresult=True)
    def amend_job(self, job: Job) -> Job:
        """Give the job as it will be sent.

        The core implements the identity and drivers leave it alone; extensions wrap it, which
        is their only way to change a job (a time limit, a tag). A wrapper is called for the job
        that files are rendered for and again for the one that is sent. Since 1.0.
        """

    @hookspec(firstresult=True)
    def render_artifacts(self, job: Job, base: BaseImage | None) -> Artifacts:
        """Render the files that belong in the experiment folder, from the driver's templates.

        Pure. ``base`` is the build driver's choice, None for a driver that wants no image. What
        is rendered travels with the code, so ``job`` has neither code nor number nor remote
        name of its own yet. Since 1.0.
        """

    @hookspec(firstresult=True)
    def image_target(self, job: Job) -> ImageTarget:
        """Say where the image goes: repository, platform and media types. Pure. Since 1.0."""

    @hookspec(firstresult=True)
    def registry_login(self, target: ImageTarget) -> Login:
        """Make the repository when it is missing and give a login for it.

        Asked again when the registry answers 401. Where the login is for another registry than
        the target's, ``image_target`` is asked once more. Since 1.0.

        Raises:
            AccessError: credentials or a permission is missing.
            ServiceError: the registry does not answer.
        """

    @hookspec(firstresult=True)
    def plan_submission(self, job: Job, artifacts: Artifacts, image: Image | None) -> Request:
        """Make the exact request. Pure and offline: the same arguments give the same request.

        ``image.digest`` is None in a dry run; ``image`` is None without the image capability.
        Since 1.0.
        """

    @hookspec(firstresult=True)
    def stage_request(
        self, request: Request, secrets: Mapping[str, str], progress: Progress
    ) -> Staged:
        """Put in place what the request names, and wait until it can be used.

        Uploads go by content, so that repeating the call sends nothing twice; secrets are
        stored under the job's name and appear nowhere else. Since 1.0.

        Raises:
            AccessError: a permission is missing.
            EnvironmentFileError: the environment cannot be made.
            ServiceError: the service failed; the call may be repeated.
        """

    @hookspec(firstresult=True)
    def unstage_request(self, request: Request) -> None:
        """Take away what was staged for this job alone, its secrets: it is never going to be sent.

        The command was interrupted or killed, the job was stopped while it waited, or it certainly
        did not arrive. Uploads that others share stay; what is gone already is no error. A driver
        that leaves nothing of a job's own does not implement it. Since 1.0.

        Raises:
            AccessError: a permission is missing.
            ServiceError: the service does not answer.
        """

    @hookspec(firstresult=True)
    def submit_jobs(self, requests: Sequence[Request]) -> Sequence[Submitted | Refused | Unknown]:
        """Send requests; one answer for each, in their order.

        A lost answer is Unknown, never an exception: the core asks ``find_submission`` before
        anything is sent again. Since 1.0.
        """

    @hookspec(firstresult=True)
    def find_submission(self, request: Request) -> Found | Absent | Unknown:
        """Say whether a request reached the service: after a lost answer or a crash.

        Absent means certainly not there: it may be sent again. Since 1.0.
        """

    @hookspec(firstresult=True)
    def find_job(self, name: str, settings: Mapping[str, Any]) -> Found | Absent:
        """Find a job that this machine has no record of, by the service's name for it.

        Since 1.0.

        Raises:
            AccessError: credentials or a permission is missing.
        """

    @hookspec(firstresult=True)
    def list_jobs(self, settings: Mapping[str, Any]) -> Iterator[RemoteJob]:
        """Give the jobs at the service, the newest first, whoever made them.

        The iterator asks for a page when it is read that far; whoever reads it closes it. What
        a list does not tell of a job is left out, with no further question for each; only where
        it tells no state at all the driver asks, within the service's limits. Since 1.0.

        Raises:
            AccessError: credentials or a permission is missing.
            ServiceError: the service does not answer.
        """

    @hookspec(firstresult=True)
    def job_states(self, refs: Sequence[JobRef]) -> Sequence[JobState]:
        """Ask for the state of many jobs at once; one answer for each, in their order.

        A job that the service no longer knows is failed with that reason. Since 1.0.
        """

    @hookspec(firstresult=True)
    def stream_logs(
        self, ref: JobRef, follow: bool, after: str | None, last: int | None
    ) -> Iterator[LogLine]:
        """Give the job's log lines, oldest first, each once, from after the cursor ``after``.

        With ``follow`` the iterator waits for more and ends when the job has ended and its
        log is drained. The session closes it; a wrapper gets an iterator and returns one.
        ``last`` says how many of the last lines are enough of what is there: a driver that
        can saves itself the others, and one that cannot leaves the argument out. Since 1.0.
        """

    @hookspec(firstresult=True)
    def stop_job(self, ref: JobRef) -> StopResult:
        """Ask the service to stop a job and say what was done. Stopping twice is no error.

        Since 1.0.
        """

    @hookspec(firstresult=True)
    def fetch_output(
        self, ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
    ) -> Sequence[FetchedFile]:
        """Write the job's output into ``destination``, an empty folder, and list the files.

        The core moves it into place afterwards, whole. Since 1.0.
        """


class BuildHooks:
    """What a build driver implements: how a job's image is made."""

    @hookspec(firstresult=True)
    def build_info(self) -> BuildInfo:
        """Tell title, settings model, and whether its images are made for GPUs. Since 1.0."""

    @hookspec(firstresult=True)
    def base_image(self, job: Job, environment: Environment) -> BaseImage:
        """Choose the image that the Dockerfile starts from, and say why. Pure. Since 1.0."""

    @hookspec(firstresult=True)
    def build_image(
        self,
        job: Job,
        artifacts: Artifacts,
        target: ImageTarget,
        login: Login | None,
        progress: Progress,
    ) -> Image:
        """Build and push the image, and give it by digest.

        The same content is never built or pushed twice. Since 1.0.

        Raises:
            ServiceError: the engine or the registry failed.
        """


class SharedHooks:
    """What either kind of driver may implement."""

    @hookspec
    def preflight(self, job: Job) -> Sequence[Finding]:
        """Check what can be checked before anything is spent: credentials, role, quota, names.

        Each finding says what to do about it. The lists of both drivers are joined.
        Since 1.0.
        """
