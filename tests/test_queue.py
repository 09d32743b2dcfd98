import os
import textwrap
import threading
from contextlib import suppress

import psutil
import pytest

from fahr_core import queue
from fahr_core.errors import DiskError
from fahr_core.ledger import Ledger
from fahr_core.models import Lane, State
from fahr_core.queue_runner import Runner
from tests.ledgers import Service, intend, ref_of

LANE = Lane(name="cores", limit=2)
DRIVER = """
    import time
    from pathlib import Path

    from fahr_core import hookimpl
    from fahr_core.models import *

    SENT = Path(__file__).with_name("sent")

    @hookimpl
    def train_info():
        return TrainInfo(title="a test", settings="nothing:Nothing", poll=0.02)

    @hookimpl
    def render_artifacts(job, base): ...

    @hookimpl
    def plan_submission(job, artifacts, image): ...

    @hookimpl
    def stage_request(request, secrets, progress): ...

    @hookimpl
    def submit_jobs(requests):
        with SENT.open("a") as sent:
            sent.writelines(request.name + "\\n" for request in requests)
        return [Submitted(ref=JobRef(driver="driver", id=r.run_id)) for r in requests]

    @hookimpl
    def find_submission(request): ...

    @hookimpl
    def job_states(refs):
        return [JobState(ref=ref, state=State.COMPLETE, seen=time.time()) for ref in refs]

    @hookimpl
    def stream_logs(ref, follow, after): ...

    @hookimpl
    def fetch_output(ref, destination, options, progress): ...
"""


@pytest.fixture
def ledger():
    return Ledger.at_home()


def queue_jobs(ledger, count, **about):
    names = [intend(ledger, lane=LANE, **about) for _ in range(count)]
    for name in names:
        if ledger.launch(name) is State.SUBMITTING:
            ledger.submitted(name, ref_of(name))
    return names


@pytest.fixture
def runners(monkeypatch):
    """Run the runner in threads of this process: gives the threads."""
    threads = []

    def spawn(driver):
        thread = threading.Thread(target=queue.run, args=(driver, Ledger.at_home(), Service()))
        threads.append(thread)
        thread.start()

    monkeypatch.setattr(queue, "_spawn", spawn)
    return threads


def test_a_detached_runner_sends_what_waits_and_ends(ledger, tmp_path, eventually):
    driver = tmp_path / "driver.py"
    driver.write_text(textwrap.dedent(DRIVER))
    place = {"driver": "driver", "driver_path": str(driver)}
    names = [intend(ledger, lane=LANE, **place) for _ in range(4)]
    for name in names:
        if ledger.launch(name) is State.SUBMITTING:
            ledger.requeue(name)
    queue.revive(ledger)
    queue.revive(ledger)
    log = queue._file("driver", "log")
    eventually(lambda: "ends" in log.read_text(), timeout=60)
    assert [(record.name, record.reason) for record in ledger.listing()[0] if record.ref] == [
        (name, None) for name in reversed(names)
    ], log.read_text()
    assert (tmp_path / "sent").read_text().split() == names
    assert "Traceback" not in log.read_text()


def test_a_runner_is_detached_from_whoever_needed_it(ledger, eventually):
    queue_jobs(ledger, 3, driver="no-such-driver")
    queue.ensure_runner("no-such-driver")

    def runner():
        for child in psutil.Process().children():
            with suppress(psutil.Error):  # another test's, not waited for yet
                if "fahr_core.queue" in child.cmdline():
                    return child
        return None

    process = eventually(runner)
    assert os.getsid(process.pid) == process.pid
    assert process.cwd() == os.environ["FAHR_HOME"]
    process.kill()


def test_nothing_is_started_while_nothing_waits(ledger, runners):
    queue.revive(ledger)
    queue_jobs(ledger, 2)
    queue.revive(ledger)
    assert runners == []


def test_one_of_many_runners_is_elected(ledger, runners):
    queue_jobs(ledger, 12)
    together = threading.Barrier(6)

    def revive():
        together.wait()
        queue.revive(ledger)

    reviving = [threading.Thread(target=revive) for _ in range(6)]
    for thread in reviving:
        thread.start()
    for thread in reviving:
        thread.join(60)
    for thread in runners:
        thread.join(60)
    assert ledger.queued() == []


def queue_one(ledger):
    name = intend(ledger)
    ledger.launch(name)
    ledger.requeue(name)
    queue.ensure_runner("local")


def test_no_job_is_forgotten_while_runners_come_and_go(ledger, runners):
    for _ in range(40):
        queue_one(ledger)
    for thread in runners:
        thread.join(60)
    assert ledger.queued() == []
    assert {record.state for record in ledger.listing()[0]} == {State.SUBMITTED}


def test_a_job_queued_between_a_runners_last_look_and_its_end_is_sent(ledger, runners, monkeypatch):
    run = Runner.run
    late = iter([True])

    def run_and_be_late(self):
        run(self)
        if next(late, False):
            queue_one(ledger)  # the lock is still held, so that nobody else is started

    monkeypatch.setattr(Runner, "run", run_and_be_late)
    queue_one(ledger)
    (runner,) = runners
    runner.join(60)
    assert [record.state for record in ledger.listing()[0]] == [State.SUBMITTED] * 2


def test_a_runner_that_was_killed_is_replaced(ledger, runners, monkeypatch):
    queue_jobs(ledger, 3)
    with queue._elected("local", patience=0) as elected:
        assert elected
        queue.revive(ledger)
        assert runners == []
    queue.revive(ledger)
    assert len(runners) == 1
    runners[0].join(60)
    assert ledger.queued() == []


def test_a_home_that_cannot_be_written_is_a_disk_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(DiskError, match="locks"):
        queue.ensure_runner("local")


def test_a_driver_of_any_name_has_a_lock():
    for name in ("../x", "Ä" * 300, "a b\n"):
        with queue._elected(name, patience=0) as elected:
            assert elected
