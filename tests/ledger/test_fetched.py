import pytest

from fahr_core.ledger import Ledger
from fahr_core.ledger.fetched import WrittenFile
from tests.ledgers import send


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.sqlite3")


def test_notes_and_fetches_are_kept(ledger):
    name = send(ledger)
    ledger.add_note(name, "the good one")
    ledger.mark_fetched(name, "/home/me/out")
    written = WrittenFile(path="a/model.h5", size=5, mark="sha256:1")
    ledger.record_fetch(name, "/home/me/out2", [written])
    ledger.record_fetch(name, "/home/me/out2", [WrittenFile(path="b", size=1, mark="2")])
    record = ledger.get(name)
    assert (record.note, record.fetched) == ("the good one", "/home/me/out2")
    assert ledger.fetched_files("/home/me/out2").keys() == {"a/model.h5", "b"}
    assert ledger.fetched_files("/home/me/out2")["a/model.h5"] == written
    assert ledger.fetched_files("/home/me") == {}
