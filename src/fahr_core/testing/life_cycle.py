"""The life-cycle contract: from an order to the output, through the core."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.models import Capability, State
from fahr_core.testing.fixtures import DriverFixtures, texts
from fahr_core.testing.promises import broken, need
from fahr_core.testing.scripts import (
    GIVEN,
    NOTHING,
    PARAMETERS,
    READING_INPUT,
    READING_SECRET,
    SECRET,
    WAITING,
    notebook,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fahr_core.ledger.record import Record
    from fahr_core.session import Session
    from fahr_core.testing.fixtures import Lines, MakeExperiment, MakePlan

__all__ = ["LifeCycleContract"]

VALUE = "a1b2-not-to-be-found-anywhere"

#: Sends a job from a process of its own, which is killed at the method that is named.
_SENDER = """
import json, os, signal, sys
from pathlib import Path
from fahr_core import ledger, session, submission
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet

where, artifact, options = json.loads(sys.argv[1])
owner = {"submit_jobs": session.Session, "submitted": ledger.Ledger}[where]
setattr(owner, where, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
order = Order(artifact=artifact, cwd=Path(artifact).parent, options=options)
submission.submit(make_plan(order), Quiet())
"""


class LifeCycleContract(DriverFixtures):
    """A job goes through the core from order to output, and the ledger tells the truth of it."""

    @pytest.fixture
    def fit(self, plan: MakePlan) -> Callable[..., Record]:
        """Give a function that sends a job as ``fahr fit`` does, and waits for its end."""
        from fahr_core import jobs, submission
        from fahr_core.ledger import Ledger
        from fahr_core.reporter import Quiet

        def run(artifact: Path, **order: Any) -> Record:
            record = submission.submit(plan(artifact, **order), Quiet())
            return jobs.wait(Ledger.at_home(), record, self.wait_timeout)

        return run

    @pytest.fixture
    def output(self, tmp_path: Path) -> Callable[[Record], Path]:
        """Give a function that fetches a job's output as ``fahr fetch`` does."""
        from fahr_core import output
        from fahr_core.ledger import Ledger
        from fahr_core.reporter import Quiet

        def fetched(record: Record) -> Path:
            folder = tmp_path / "fetched"
            return output.fetch(Ledger.at_home(), record, Quiet(), destination=folder).folder

        return fetched

    def test_parameters_reach_a_script(
        self,
        experiment: MakeExperiment,
        fit: Callable[..., Record],
        output: Callable[[Record], Path],
    ) -> None:
        """From order to output: the script has the values given, each of its type."""
        record = fit(experiment(PARAMETERS), params=GIVEN)
        assert record.state is State.COMPLETE, broken("a sound job is complete", record)
        assert record.ref, broken("the ledger has the reference of a job that was sent", record)
        seen = json.loads((output(record) / "seen.json").read_text("utf-8"))
        assert seen == GIVEN, broken("parameters reach a script, each of its type", seen)

    def test_parameters_reach_a_notebook(
        self,
        experiment: MakeExperiment,
        fit: Callable[..., Record],
        output: Callable[[Record], Path],
    ) -> None:
        """A notebook runs with the values given, and the executed notebook comes home."""
        if not self.runs_notebooks:
            pytest.skip("no notebooks here: runs_notebooks is False")
        head, _, tail = PARAMETERS.partition("with open")
        imports, _, constants = head.partition("\n\n")
        source = notebook(constants, f"{imports}\nwith open{tail}")
        record = fit(experiment(source, "train.ipynb"), params=GIVEN)
        assert record.state is State.COMPLETE, broken("a sound notebook is complete", record)
        folder = output(record)
        seen = json.loads((folder / "seen.json").read_text("utf-8"))
        assert seen == GIVEN, broken("parameters reach a notebook, each of its type", seen)
        executed = [path.name for path in folder.glob("*.ipynb")]
        assert executed, broken("the executed notebook comes home", list(folder.iterdir()))

    def test_inputs_reach_the_job(
        self,
        session: Session,
        experiment: MakeExperiment,
        fit: Callable[..., Record],
        lines: Lines,
        input_location: str,
    ) -> None:
        """The script finds each input by its name under ``FAHR_INPUT_DIR``."""
        need(session, Capability.INPUTS)
        record = fit(experiment(READING_INPUT), inputs=(f"digits={input_location}",))
        assert record.ref is not None
        got = texts(lines(record.ref))
        assert "input: 1" in got, broken("inputs are under FAHR_INPUT_DIR by name", (record, got))

    def test_secrets_reach_the_job_and_stay_nowhere(
        self,
        session: Session,
        experiment: MakeExperiment,
        fit: Callable[..., Record],
        lines: Lines,
        fahr_home: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The script has the secret; ledger, log and fahr's folder do not when it has ended."""
        need(session, Capability.SECRETS)
        monkeypatch.setenv(SECRET, VALUE)
        record = fit(experiment(READING_SECRET), secrets=(SECRET,))
        assert record.ref is not None
        got = texts(lines(record.ref))
        digest = hashlib.sha256(VALUE.encode()).hexdigest()
        assert digest in got, broken("a secret reaches the job", (record, got))
        kept = [str(path) for path in fahr_home.rglob("*") if _holds(path, VALUE)]
        assert not kept, broken("a secret is kept nowhere when its job has ended", kept)

    def test_a_time_limit_ends_the_job(
        self, session: Session, experiment: MakeExperiment, fit: Callable[..., Record]
    ) -> None:
        """A job that runs past its limit ends, not complete, and the reason says so."""
        need(session, Capability.TIMEOUT)
        record = fit(experiment(WAITING), options={"timeout": 1.0})
        ended = record.state in (State.FAILED, State.STOPPED)
        assert ended, broken("a job past its time limit is failed or stopped", record)
        assert "time" in (record.reason or ""), broken("the reason is the time limit", record)

    @pytest.mark.parametrize("killed_at", ["submit_jobs", "submitted"])
    def test_a_killed_sender_leaves_the_truth(
        self, experiment: MakeExperiment, lines: Lines, killed_at: str
    ) -> None:
        """After a kill while a job is sent, it is found and recorded, or was never sent.

        ``find_submission`` is asked from another process; the job is there once or not at all.
        """
        if not self.service_outlives_process:
            pytest.skip("the service is in this process: service_outlives_process is False")
        from fahr_core import jobs, settlement
        from fahr_core.ledger import Ledger

        self.send_and_die(experiment(NOTHING), killed_at)
        ledger = Ledger.at_home()
        settlement.settle(ledger, jobs.open_for)
        records, count = ledger.listing()
        if killed_at == "submit_jobs":
            assert count == 0, broken("what was never sent is not recorded", records)
            return
        assert count == 1, broken("what was sent before a crash is found", records)
        record = jobs.wait(ledger, records[0], self.wait_timeout)
        assert record.state is State.COMPLETE, broken("what was found goes on", record)
        assert record.ref is not None
        runs = texts(lines(record.ref)).count("hello")
        assert runs == 1, broken("nothing runs twice", f"the script ran {runs} times")

    def send_and_die(self, artifact: Path, where: str) -> None:
        """Send a job from a process that is killed at the method ``where``."""
        options = {"train_driver": self.driver, "build_driver": self.build_driver}
        arguments = json.dumps([where, str(artifact), options])
        done = subprocess.run(
            [sys.executable, "-c", _SENDER, arguments], capture_output=True, text=True
        )
        assert done.returncode == -9, done.stderr


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and text.encode() in path.read_bytes()
