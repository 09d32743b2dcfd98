import sqlite3

import pytest

from fahr_core.errors import DiskError, FahrError, ServiceError, UnknownJob
from fahr_core.ledger import Ledger
from fahr_core.ledger import file as ledger_file
from fahr_core.models import State
from tests.ledgers import PLACE, child, send


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite3")


def test_reading_without_a_ledger_makes_nothing(ledger, tmp_path):
    assert ledger.listing(20) == ([], 0)
    assert ledger.get("x") is None
    assert ledger.unsettled() == []
    assert ledger.drivers_with_work() == []
    assert ledger.fetched_files("/x") == {}
    with pytest.raises(UnknownJob, match="no job yet"):
        ledger.resolve(None, None)
    assert list(tmp_path.iterdir()) == []


def test_the_ledger_at_home_is_in_the_folder_that_fahr_home_names(tmp_path, monkeypatch):
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "home"))
    Ledger.at_home().reserve("digits-train", **PLACE)
    assert (tmp_path / "home" / "ledger.sqlite3").exists()


def test_a_newer_ledger_is_refused_and_left_alone(ledger):
    send(ledger)
    with sqlite3.connect(ledger.file.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for use in (lambda: ledger.listing(1), lambda: ledger.reserve("digits-train", **PLACE)):
        with pytest.raises(FahrError, match="upgrade fahr-core") as refused:
            use()
        assert str(ledger.file.path) in refused.value.message


def test_an_older_ledger_is_brought_up_to_date_by_reading(ledger, monkeypatch):
    name = send(ledger)
    more = ("ALTER TABLE jobs ADD COLUMN colour TEXT DEFAULT 'blue'",)
    monkeypatch.setattr(ledger_file, "STEPS", [*ledger_file.STEPS, more])
    assert ledger.get(name).name == name
    assert ledger.file.select("SELECT colour FROM jobs") == [("blue",)]
    assert ledger.reserve("digits-train", **PLACE).number == 2


@pytest.mark.parametrize("content", [b"not a database, but a text " * 100, b"SQLite format 3\0xx"])
def test_a_damaged_ledger_is_named(ledger, content):
    ledger.file.path.parent.mkdir()
    ledger.file.path.write_bytes(content)
    for use in (lambda: ledger.listing(1), lambda: ledger.reserve("digits-train", **PLACE)):
        with pytest.raises(FahrError, match="damaged") as refused:
            use()
        assert str(ledger.file.path) in refused.value.message
        assert refused.value.hints[0].startswith("mv ")
    assert ledger.file.path.read_bytes() == content


def test_a_ledger_torn_in_the_middle_is_named(ledger):
    for _ in range(30):
        send(ledger)
    content = bytearray(ledger.file.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    ledger.file.path.write_bytes(content)
    with pytest.raises(FahrError, match="damaged"):
        ledger.listing(20)


def test_an_empty_file_is_an_empty_ledger(ledger):
    ledger.file.path.parent.mkdir()
    ledger.file.path.touch()
    assert ledger.listing(20) == ([], 0)
    assert send(ledger) == "digits-train-1"


def test_a_folder_that_cannot_be_made_is_a_disk_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="file"):
        Ledger(tmp_path / "file" / "ledger.sqlite3").reserve("digits-train", **PLACE)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DiskError, match="folder"):
        Ledger(tmp_path / "folder").reserve("digits-train", **PLACE)


def test_a_full_disk_is_said_and_loses_nothing(ledger):
    first = send(ledger)
    code = """
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))  # Python ignores SIGXFSZ
    try:
        while True:
            intend(ledger, params={"text": "x" * 10_000})
    except DiskError as error:
        print(error.message)
    """
    with child(code, ledger.file.path) as full:
        told, _ = full.communicate(timeout=120)
    assert "ledger.sqlite3" in told
    assert ledger.get(first).state is State.SUBMITTED
    assert ledger.file.select("PRAGMA integrity_check") == [("ok",)]


def test_a_ledger_that_somebody_keeps_is_in_use(ledger, monkeypatch):
    send(ledger)
    monkeypatch.setattr(ledger_file, "BUSY_SECONDS", 0.05)
    keeper = sqlite3.connect(ledger.file.path, isolation_level=None)
    keeper.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ServiceError, match="in use"):
        ledger.reserve("digits-train", **PLACE)
    keeper.close()
    assert ledger.reserve("digits-train", **PLACE).number == 2


def test_a_failed_transaction_leaves_nothing(ledger):
    name = send(ledger)

    def change_and_fail():
        with ledger.file.writing() as db:
            db.execute("UPDATE jobs SET note = 'x'")
            db.execute("DELETE FROM jobs WHERE name = ?", [name])
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    assert ledger.get(name).note is None
