import pytest

from fahr_core.errors import DriverError
from fahr_core.ledger import Ledger
from fahr_core.models import JobRef, JobState, State
from tests.ledgers import said, send


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite3")


def test_a_final_state_never_changes_but_is_filled_in(ledger):
    name = send(ledger)
    ledger.update(said(name, State.STOPPED))
    ledger.update(said(name, State.RUNNING), said(name, State.COMPLETE))
    assert ledger.get(name).state is State.STOPPED
    ledger.update(said(name, State.STOPPED, cost=0.5, exit_code=143))
    ledger.update(said(name, State.STOPPED, cost=0.7))
    record = ledger.get(name)
    assert (record.cost, record.exit_code) == (0.5, 143)


def test_an_interrupted_job_counts_its_attempts(ledger):
    name = send(ledger)
    attempts = []
    for state, attempt in [
        (State.RUNNING, 1),
        (State.SUBMITTED, 1),
        (State.SUBMITTED, 1),
        (State.RUNNING, 1),
        (State.SUBMITTED, 3),
        (State.RUNNING, 4),
    ]:
        ledger.update(said(name, state, attempt=attempt))
        attempts.append(ledger.get(name).attempt)
    assert attempts == [1, 2, 2, 2, 3, 4]


def test_an_answer_that_comes_late_is_left_out(ledger):
    name = send(ledger)
    ledger.update(said(name, State.RUNNING, seen=200.0))
    ledger.update(said(name, State.SUBMITTED, seen=100.0))
    record = ledger.get(name)
    assert (record.state, record.attempt, record.seen) == (State.RUNNING, 1, 200.0)
    ledger.update(said(name, State.COMPLETE, seen=150.0))
    assert ledger.get(name).state is State.COMPLETE


def test_drivers_that_are_files_of_one_name_keep_their_jobs_apart(ledger):
    """Their services may give the same ids."""
    mine, others = (send(ledger, driver_path=path) for path in ("/home/me/a.py", "/home/me/b.py"))
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET ref_id = 'local:1'")
    answer = JobState(ref=JobRef(driver="local", id="1"), state=State.COMPLETE)
    ledger.update(answer)
    ledger.update(answer, driver_path="/home/me/a.py")
    assert ledger.get(mine).state is State.COMPLETE
    assert ledger.get(others).state is State.SUBMITTED


def test_many_jobs_are_updated_together_or_not_at_all(ledger):
    names = [send(ledger) for _ in range(5)]
    ledger.update(*(said(name, State.RUNNING, where="2 cores", started=5.0) for name in names))
    assert {(r.state, r.where, r.started) for r in ledger.active()} == {("running", "2 cores", 5.0)}
    with pytest.raises(DriverError, match="queued"):
        ledger.update(said(names[0], State.COMPLETE), said(names[1], State.QUEUED))
    assert len(ledger.active("local")) == 5
    ledger.update(said("never-heard-of", State.COMPLETE))
    ledger.update()


def test_an_answer_without_news_writes_nothing(ledger):
    name = send(ledger)
    ledger.update(said(name, State.RUNNING, seen=100.0))
    before = ledger.file.path.read_bytes()
    ledger.update(said(name, State.RUNNING, seen=101.0))
    assert ledger.file.path.read_bytes() == before
    ledger.update(said(name, State.RUNNING, seen=120.0))
    assert ledger.get(name).seen == 120.0
