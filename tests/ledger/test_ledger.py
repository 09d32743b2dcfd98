import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from fahr_core.errors import FahrError, ServiceError, UnknownJob, UsageError
from fahr_core.ledger import Ledger
from fahr_core.models import JobRef, Lane, State
from tests.ledgers import PLACE, child, intend, ref_of, request_for, said, send


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite3")


def test_two_hundred_reservations_from_ten_processes(ledger):
    code = """
    sys.stdin.readline()
    for _ in range(20):
        print(ledger.reserve("digits-train", **PLACE).name)
    """
    children = [child(code, ledger.file.path) for _ in range(10)]
    for started in children:
        started.stdin.write("go\n")
        started.stdin.flush()
    names = [name for ended in children for name in ended.communicate(timeout=120)[0].split()]
    assert sorted(names, key=lambda name: int(name.rpartition("-")[2])) == [
        f"digits-train-{n}" for n in range(1, 201)
    ]


def test_threads_share_a_ledger(ledger):
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: ledger.reserve("digits-train", **PLACE).name, range(40)))
    assert len(set(names)) == 40


def test_a_reserved_name_is_invisible_and_its_number_taken(ledger):
    reservation = ledger.reserve("digits-train", **PLACE)
    assert (reservation.name, reservation.number) == ("digits-train-1", 1)
    assert re.fullmatch("[a-z2-7]{16}", reservation.run_id)
    assert ledger.get("digits-train-1") is None
    assert ledger.named("digits-train-1") is None
    assert ledger.find("digits") == []
    assert ledger.latest() is None
    assert ledger.latest_of_stem("digits-train") is None
    assert ledger.listing(10) == ([], 0)
    assert ledger.listing(10, experiment=PLACE["experiment"]) == ([], 0)
    for ask in (ledger.exact, lambda word: ledger.resolve(word, None)):
        with pytest.raises(UnknownJob):
            ask("digits-train-1")
    assert ledger.reserve("digits-train", **PLACE).name == "digits-train-2"


def test_a_released_name_is_forgotten_and_a_sent_one_is_not(ledger):
    sent = send(ledger)
    reserved = ledger.reserve("digits-train", **PLACE).name
    ledger.release(reserved)
    ledger.release(sent)
    assert ledger.get(sent) is not None
    assert ledger.reserve("digits-train", **PLACE).name == reserved


def test_a_chosen_name_is_kept_once(ledger):
    reservation = ledger.reserve_named("digits-train-2", content_digest="sha256:1", **PLACE)
    assert (reservation.name, reservation.number) == ("digits-train-2", None)
    with pytest.raises(ServiceError, match="another process"):
        ledger.reserve_named("digits-train-2", content_digest="sha256:1", **PLACE)
    request = request_for(reservation)
    ledger.intend(reservation.name, request.job, request)
    ledger.launch(reservation.name)
    with pytest.raises(UsageError, match="exists"):
        ledger.reserve_named("digits-train-2", content_digest="sha256:1", **PLACE)
    assert ledger.named("digits-train-2").content_digest == "sha256:1"
    assert [ledger.reserve("digits-train", **PLACE).name for _ in range(2)] == [
        "digits-train-1",
        "digits-train-3",
    ]


def test_a_chosen_name_of_a_dead_process_is_free(ledger):
    code = """
    ledger.reserve_named("nightly", content_digest="sha256:1", **PLACE)
    os.kill(os.getpid(), 9)
    """
    with child(code, ledger.file.path) as killed:
        killed.wait(60)
    assert ledger.reserve_named("nightly", content_digest="sha256:2", **PLACE).name == "nightly"


def test_a_job_goes_all_the_way(ledger):
    name = intend(ledger, params={"epochs": 3, "name": "é\n'"})
    assert ledger.get(name) is None
    assert ledger.launch(name) is State.SUBMITTING
    record = ledger.get(name)
    assert record.owner.pid == os.getpid()
    assert record.params == {"epochs": 3, "name": "é\n'"}
    assert record.remote_name == "digits-train-1-abc234"
    assert ledger.job(name).params == {"epochs": 3, "name": "é\n'"}
    assert ledger.request(name).body == {"x": 1}
    ref = JobRef(driver="local", id="7", data={"region": "eu"})
    ledger.submitted(name, ref, "https://example.org/7")
    record = ledger.get(name)
    assert (record.state, record.ref, record.owner) == (State.SUBMITTED, ref, None)
    assert record.link == "https://example.org/7"


def test_what_was_not_prepared_is_not_launched(ledger):
    with pytest.raises(FahrError, match="not prepared"):
        ledger.launch(ledger.reserve("digits-train", **PLACE).name)
    with pytest.raises(FahrError, match="not prepared"):
        ledger.launch("nothing-1")
    name = send(ledger)
    with pytest.raises(FahrError, match="submitted in the ledger"):
        ledger.submitted(name, ref_of(name))
    with pytest.raises(FahrError, match="not in the ledger"):
        ledger.refused("nothing-1", "no")


def test_a_refused_job_is_gone_unless_it_waited(ledger):
    name = intend(ledger)
    ledger.launch(name)
    ledger.refused(name, "quota")
    assert ledger.listing(10) == ([], 0)
    waited = intend(ledger)
    ledger.launch(waited)
    ledger.requeue(waited, "busy")
    assert ledger.get(waited).reason == "busy"
    assert ledger.next_queued("local").name == waited
    ledger.refused(waited, "quota")
    record = ledger.get(waited)
    assert (record.state, record.reason) == (State.FAILED, "quota")
    assert record.ended is not None


def test_a_lane_holds_its_limit_and_the_rest_waits_in_order(ledger):
    lane = Lane(name="cores", limit=2)
    names = [intend(ledger, lane=lane) for _ in range(5)]
    states = [ledger.launch(name) for name in names]
    assert states == [State.SUBMITTING] * 2 + [State.QUEUED] * 3
    assert ledger.next_queued("local") is None
    assert ledger.next_queued("kaggle") is None
    ledger.submitted(names[0], ref_of(names[0]))
    ledger.update(said(names[0], State.RUNNING))
    assert ledger.next_queued("local") is None
    ledger.update(said(names[0], State.COMPLETE))
    late = intend(ledger, lane=lane)
    assert ledger.launch(late) is State.QUEUED  # there is room, but others wait
    assert [record.name for record in ledger.queued("local")] == [*names[2:], late]
    taken = ledger.next_queued("local")
    assert (taken.name, taken.state, taken.owner.pid) == (names[2], "submitting", os.getpid())
    assert ledger.next_queued("local") is None
    assert ledger.drivers_with_work() == ["local"]


def test_a_full_lane_does_not_hold_up_another(ledger):
    full, free = Lane(name="gpu", limit=1), Lane(name="cpu", limit=1)
    intended = [intend(ledger, lane=lane) for lane in (full, full, free, free)]
    for name in intended:
        ledger.launch(name)
    ledger.submitted(intended[2], ref_of(intended[2]))
    ledger.update(said(intended[2], State.FAILED))
    assert ledger.next_queued("local").name == intended[3]


def test_lanes_of_two_drivers_are_apart(ledger):
    lane = Lane(name="gpu", limit=1)
    for driver in ("kaggle", "local"):
        assert ledger.launch(intend(ledger, lane=lane, driver=driver)) is State.SUBMITTING


def test_a_waiting_job_is_withdrawn_once(ledger):
    lane = Lane(name="cores", limit=1)
    sent, waiting = intend(ledger, lane=lane), intend(ledger, lane=lane)
    ledger.launch(sent)
    ledger.launch(waiting)
    assert not ledger.withdraw(sent)
    assert ledger.withdraw(waiting)
    assert not ledger.withdraw(waiting)
    assert ledger.get(waiting).state is State.STOPPED
    assert ledger.drivers_with_work() == []
