import pytest

from fahr_core.ledger import Ledger
from fahr_core.ledger.fetched import WrittenFile, marks_of
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


def test_what_was_fetched_below_a_folder_is_told_by_its_path_from_there(ledger):
    name = send(ledger)
    own = WrittenFile(path="b", size=1, mark="2", replaced=True)
    ledger.record_fetch(name, "/home/me", [own])
    ledger.record_fetch(name, "/home/me/50%_of/out", [WrittenFile(path="a/m", size=5, mark="1")])
    ledger.record_fetch(name, "/home/me2", [WrittenFile(path="c", size=5, mark="1")])
    found = ledger.fetched_below("/home/me")
    assert found.keys() == {"b", "50%_of/out/a/m"}
    assert found["b"] == own
    assert ledger.fetched_below("/home/me/50%_of").keys() == {"out/a/m"}
    assert ledger.fetched_below("/").keys() == {
        "home/me/b",
        *(f"home/{path}" for path in ("me/50%_of/out/a/m", "me2/c")),
    }
    assert marks_of(found)["b"] == (1, 2)
