"""The order of a job: prepare, supervise, collect, record, deliver."""

import os
import sys
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from . import failure
from .collect import Collection, manifest
from .gpus import gpus
from .job import Job, StartError, load, parse
from .log import Log
from .places import Nodes, Places, nodes_from, output_of, places_from, prepare
from .record import Survey, write
from .scratch import Scratch
from .start import Start, prepare_start
from .supervise import Ended, Stop, supervise


class Outcome(NamedTuple):
    """How a job ended. `state` is complete, failed or stopped; times are seconds since 1970.

    Where not all was `collected`, the rest is still in the work folder and nowhere else.
    """

    exit_code: int
    state: str
    reason: Optional[str]
    started: float
    ended: float
    collected: bool = True


def run(document: Mapping[str, Any], runtime: Any, stdout: int = 1, stderr: int = 2) -> Outcome:
    """Run a job to its end and say how it ended.

    Arguments: the job description; the driver's runtime, a module or object with `places`,
    `nodes`, `secrets`, `report_failure` and `deliver`; the files for the log. While it runs,
    SIGTERM and SIGINT stop the job; call it from the main thread for that.
    """
    log = Log(str(document.get("log") or "raw"), stdout, stderr)
    scratch = Scratch()
    with Stop() as stop:
        attempt = _Attempt(document, runtime, log, scratch, stop)
        try:
            return attempt.run()
        finally:
            scratch.remove()


class _Attempt:
    """One run of a job, with what is known of it so far."""

    def __init__(
        self, document: Mapping[str, Any], runtime: Any, log: Log, scratch: Scratch, stop: Stop
    ) -> None:
        self._document, self._runtime = document, runtime
        self._log, self._scratch, self._stop = log, scratch, stop
        self._started = time.time()
        self._secrets: Dict[str, str] = {}

    def run(self) -> Outcome:
        try:
            job = parse(self._document)
            places = places_from(self._asked("places"))
            nodes = nodes_from(self._asked("nodes"))
            output = output_of(places, nodes)
            prepare(places, output)
        except StartError as problem:
            return self._told(self._cannot_start(problem))
        try:
            outcome = self._told(self._in_places(job, places, nodes, output))
        except Exception as error:
            # Without a word to the service the job would be found vanished.
            self._told(self._own_failure(error))
            raise
        finally:
            undelivered = self._guarded("deliver", places.output)
        return self._undelivered(outcome, undelivered) if undelivered else outcome

    def _in_places(self, job: Job, places: Places, nodes: Nodes, output: str) -> Outcome:
        try:
            self._secrets = self._asked("secrets", list(job.secrets)) if job.secrets else {}
            start = prepare_start(job, places, nodes, output, self._secrets, self._scratch)
        except StartError as problem:
            outcome = self._cannot_start(problem)
            self._record(job, output, outcome, Survey(places.python, dict(os.environ)))
            return outcome
        return self._supervised(job, places, output, start)

    def _supervised(self, job: Job, places: Places, output: str, start: Start) -> Outcome:
        collection = Collection(
            places.work,
            manifest(places.work),
            output,
            manifest(output),
            job.exclude,
            [path for path in _not_works_own(places, output) if path],
            self._log.say,
        )
        survey = Survey(places.python, start.environment)
        outcome = self._executed(job, places, start)
        problem = collection.run()
        outcome = outcome._replace(collected=problem is None)
        if problem and outcome.state != "failed":
            outcome = outcome._replace(state="failed", reason=problem)
            outcome = outcome._replace(exit_code=outcome.exit_code or 1)
        self._record(job, output, outcome, survey)
        return outcome

    def _executed(self, job: Job, places: Places, start: Start) -> Outcome:
        if self._stop.requested:
            return self._outcome(Ended(0, stopped=True), None)
        others = self._scratch.path("groups") if job.kind == "notebook" else os.devnull
        try:
            ended = supervise(
                start.command,
                places.work,
                start.environment,
                self._log,
                self._stop,
                job.timeout,
                job.grace,
                others,
            )
        except StartError as problem:
            return self._cannot_start(problem)
        return self._outcome(ended, self._why(job, places, start, ended))

    def _why(self, job: Job, places: Places, start: Start, ended: Ended) -> Optional[str]:
        told = None
        if job.kind == "notebook":
            from .notebook import reason_left

            told = reason_left(self._scratch)
        between = start.through in ("shell", "torchrun")
        tail = self._log.tail("stderr")
        found = failure.reason(ended, tail, places.work, between, job.timeout)
        plainly = ended.code == 1 and not ended.timed_out and not ended.stopped
        return failure.shortened(told) if told and plainly else found

    def _outcome(self, ended: Ended, reason: Optional[str]) -> Outcome:
        code = failure.exit_code(ended)
        state = "stopped" if ended.stopped else "failed" if code else "complete"
        reason = failure.masked(reason, failure.known_secrets(self._secrets))
        return Outcome(code, state, reason, self._started, time.time())

    def _cannot_start(self, problem: StartError) -> Outcome:
        reason = failure.masked(str(problem), failure.known_secrets(self._secrets))
        return Outcome(failure.CANNOT_START, "failed", reason, self._started, time.time())

    def _own_failure(self, error: Exception) -> Outcome:
        reason = "fahr's launcher itself failed: {}: {}".format(type(error).__name__, error)
        return Outcome(failure.OWN_FAILURE, "failed", reason, self._started, time.time())

    def _undelivered(self, outcome: Outcome, problem: str) -> Outcome:
        """A job whose output did not come home is none that completed."""
        if outcome.state != "complete":
            return outcome
        self._guarded("report_failure", problem)
        return outcome._replace(exit_code=failure.OWN_FAILURE, state="failed", reason=problem)

    def _told(self, outcome: Outcome) -> Outcome:
        if outcome.reason is not None:
            self._log.say(outcome.reason)
            self._guarded("report_failure", outcome.reason)
        return outcome

    def _record(self, job: Job, output: str, outcome: Outcome, survey: Survey) -> None:
        try:
            write(output, job, survey.result(), gpus(), outcome)
        except OSError as error:
            self._log.say("fahr-job.json can not be written: {}".format(error))

    def _asked(self, hook: str, *arguments: Any) -> Dict[str, Any]:
        try:
            return dict(getattr(self._runtime, hook)(*arguments))
        except Exception as error:
            cause = "{}: {}".format(type(error).__name__, error)
            raise StartError("the driver's {} failed: {}".format(hook, cause)) from error

    def _guarded(self, hook: str, argument: str) -> Optional[str]:
        """Call the driver's code and give its failure in words: it must not hide the job's end."""
        try:
            getattr(self._runtime, hook)(argument)
        except Exception as error:  # noqa: BLE001 - whatever a driver's code raises
            text = "the driver's {} failed: {}: {}".format(hook, type(error).__name__, error)
            self._log.say(text)
            return text
        return None


def _not_works_own(places: Places, output: str) -> List[Optional[str]]:
    return [places.output, output, places.inputs, places.checkpoints, places.service_output]


def main() -> int:
    """Run the job that the environment describes; give the exit status."""
    try:
        document = load(os.environ)
        runtime = _runtime(os.environ.get("FAHR_RUNTIME") or None)
    except StartError as problem:
        print("fahr: {}".format(problem), file=sys.stderr)
        return failure.CANNOT_START
    return run(document, runtime).exit_code


def _runtime(path: Optional[str]) -> Any:
    """Load the driver's runtime.py: by FAHR_RUNTIME, else from the launcher, else beside it."""
    import importlib
    import importlib.util

    if path is None:
        try:
            return importlib.import_module((__package__ or "") + ".runtime")
        except ModuleNotFoundError as error:
            if not str(error.name).endswith(".runtime"):
                raise
        path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "runtime.py")
    specification = importlib.util.spec_from_file_location("fahr_runtime", path)
    if specification is None or specification.loader is None or not os.path.isfile(path):
        raise StartError("the driver's runtime is not at {}".format(path))
    runtime = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(runtime)
    return runtime
