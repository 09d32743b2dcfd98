import threading
import time
from pathlib import Path

import pytest

from fahr_core.errors import ServiceError
from fahr_core.ledger import Ledger
from fahr_core.ledger.record import Record
from fahr_core.models import Absent, Found, JobRef, Lane, State, Unknown
from fahr_core.settlement import settle
from tests.ledgers import child, intend, send

LANE = Lane(name="cores", limit=1)
# A service keeps a file for each job that reached it.
DIE = "os.kill(os.getpid(), 9)\n"
STAGES = {
    "reserved": "ledger.reserve('digits-train', **PLACE)\n",
    "intended": "name = intend(ledger)\n",
    "launched": "name = intend(ledger); ledger.launch(name)\n",
    "sent": "name = intend(ledger); ledger.launch(name); Path(sys.argv[2], name).touch()\n",
    "recorded": "name = send(ledger); Path(sys.argv[2], name).touch()\n",
}


class Service:
    """Says what its folder holds, and counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.failure: BaseException | None = None
        self.answer = None
        self.unstaged: list[str] = []
        self.unstaging: BaseException | None = None

    def __call__(self, record: Record):
        return self

    def find_submission(self, request):
        self.asked.append(request.name)
        if self.failure:
            raise self.failure
        if self.answer:
            return self.answer
        if (self.folder / request.name).exists():
            return Found(ref=JobRef(driver="local", id=request.run_id), link="https://x.org")
        return Absent()

    def unstage_request(self, request):
        self.unstaged.append(request.name)
        if self.unstaging:
            raise self.unstaging


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite3")


@pytest.fixture
def service(tmp_path):
    (tmp_path / "service").mkdir()
    return Service(tmp_path / "service")


def killed(ledger, service, code):
    with child(code + DIE, ledger.file.path, service.folder) as process:
        assert process.wait(60) == -9


@pytest.mark.parametrize("stage", STAGES)
def test_a_sender_killed_at_any_stage_leaves_the_truth_behind(ledger, service, stage):
    killed(ledger, service, STAGES[stage])
    settle(ledger, service)
    at_service = {path.name for path in service.folder.iterdir()}
    recorded = {record.name for record in ledger.listing()[0]}
    assert recorded == at_service
    assert {record.state for record in ledger.active()} <= {State.SUBMITTED}
    assert ledger.unsettled(again_after=0) == []
    # Nobody is asked about what cannot have been sent.
    assert len(service.asked) == (stage in ("launched", "sent"))
    assert send(ledger) == f"digits-train-{len(at_service) + 1}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_that_is_gone_leaves_no_secrets(ledger, service, stage):
    secret = STAGES[stage].replace("(ledger)", "(ledger, secrets=('TOKEN',))")
    killed(ledger, service, secret)
    settled = settle(ledger, service)
    gone = stage in ("intended", "launched")
    assert service.unstaged == ["digits-train-1"] * gone
    assert [one.left for one in settled] in ([], [None])


@pytest.mark.parametrize("stage", ["intended", "launched"])
def test_secrets_that_cannot_be_taken_away_are_told(ledger, service, stage):
    killed(ledger, service, STAGES[stage].replace("(ledger)", "(ledger, secrets=('TOKEN',))"))
    service.unstaging = ServiceError("no answer")
    (settled,) = settle(ledger, service)
    assert settled.left == "the secrets of digits-train-1 may still be at local: no answer"
    assert ledger.listing() == ([], 0)


def test_a_job_from_the_queue_goes_back_there_when_it_never_arrived(ledger, service):
    first, waiting = send(ledger, lane=LANE), intend(ledger, lane=LANE)
    ledger.launch(waiting)
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET state = 'complete' WHERE name = ?", [first])
    killed(ledger, service, "assert ledger.next_queued('local')\n")
    assert ledger.get(waiting).state is State.SUBMITTING
    (settled,) = settle(ledger, service)
    assert (settled.record.name, settled.state) == (waiting, State.QUEUED)
    assert ledger.next_queued("local").name == waiting


def test_a_living_sender_is_left_alone(ledger, service):
    code = "name = intend(ledger); ledger.launch(name); print(name, flush=True); input()"
    with child(code, ledger.file.path) as sender:
        name = sender.stdout.readline().strip()
        assert settle(ledger, service) == []
        assert ledger.get(name).state is State.SUBMITTING
        sender.kill()
    assert [settled.state for settled in settle(ledger, service)] == [None]


def test_what_nobody_can_tell_stays_and_is_asked_again_later(ledger, service):
    killed(ledger, service, STAGES["sent"])
    service.answer = Unknown(reason="no answer")
    assert [settled.state for settled in settle(ledger, service)] == [State.SUBMITTING]
    record = ledger.latest()
    assert (record.state, record.reason, record.owner) == (State.SUBMITTING, "no answer", None)
    assert settle(ledger, service) == []  # not again at once
    service.answer = None
    assert [settled.state for settled in settle(ledger, service, again_after=0)] == ["submitted"]
    assert ledger.latest().reason is None


def test_a_driver_that_fails_changes_nothing(ledger, service):
    killed(ledger, service, STAGES["sent"])
    service.failure = ServiceError("the network is down")
    settle(ledger, service)
    assert ledger.latest().reason == "the network is down"

    service.failure = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        settle(ledger, service, again_after=0)
    assert ledger.latest().owner is None

    def broken(record):
        raise ServiceError("no such driver any more")

    settle(ledger, broken, again_after=0)
    assert ledger.latest().state is State.SUBMITTING


def test_other_drivers_jobs_can_be_left_out(ledger, service):
    killed(ledger, service, STAGES["sent"])
    assert settle(ledger, service, driver="kaggle") == []
    assert len(settle(ledger, service, driver="local")) == 1


def test_of_many_that_settle_at_once_one_asks(ledger, service):
    killed(ledger, service, STAGES["sent"])
    together = threading.Barrier(8)
    results = []

    def settle_together():
        together.wait()
        results.extend(settle(ledger, service))

    threads = [threading.Thread(target=settle_together) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == len(service.asked) == 1
    assert ledger.latest().state is State.SUBMITTED


def test_an_answer_that_was_overtaken_undoes_nothing(ledger, service):
    """A settler that is asking holds the job: nobody else can settle, take or send it."""
    killed(ledger, service, STAGES["launched"])
    asking, go_on = threading.Event(), threading.Event()

    class Slow(Service):
        def find_submission(self, request):
            asking.set()
            go_on.wait(60)
            return Absent()

    slow = threading.Thread(target=settle, args=(ledger, Slow(service.folder)))
    slow.start()
    assert asking.wait(60)
    assert settle(ledger, service, again_after=-time.time()) == []
    assert ledger.next_queued("local") is None
    go_on.set()
    slow.join(60)
    assert ledger.listing() == ([], 0)
