from __future__ import annotations

import threading

import pytest

from fahr_core.errors import ServiceError
from fahr_core.uploading import upload_inputs


class Store:
    """Holds objects in memory; a file whose name is in ``broken`` cannot be put."""

    def __init__(self, broken=()):
        self.objects = {}
        self.broken = broken
        self._lock = threading.Lock()

    def holds(self, place):
        return place in self.objects

    def put(self, place, content):
        self.objects[place] = content

    def put_file(self, place, file, sent):
        if file.name in self.broken:
            raise ServiceError(f"{file.name} did not arrive")
        with self._lock:
            self.objects[place] = file.path.read_bytes()
        for _ in range(file.size):
            sent(1)


@pytest.fixture
def told():
    lines = []

    def tell(stage, text="", done=None, total=None):
        lines.append((stage, text, done, total))

    tell.lines = lines
    return tell


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "one").write_text("1")
    (tmp_path / "data" / "sub" / "two").write_text("22")
    return tmp_path / "data"


def test_an_input_goes_once(data, told):
    store = Store()
    inputs = {str(data): "s://b/in/digest/"}
    assert upload_inputs(store, inputs, told) == (1, 0)
    assert store.objects == {
        "s://b/in/digest/one": b"1",
        "s://b/in/digest/sub/two": b"22",
        "s://b/in/digest.whole": b"",
    }
    assert told.lines[0] == ("inputs", f"{data}: 2 files, 3 B, to s://b/in/digest/", 0, 3)
    assert max(line[2] for line in told.lines) == 3
    assert upload_inputs(store, inputs, told) == (0, 1)


def test_what_broke_off_is_no_whole_input(data, told):
    store = Store(broken=("sub/two",))
    with pytest.raises(ServiceError, match="did not arrive"):
        upload_inputs(store, {str(data): "s://b/in/digest/"}, told)
    assert "s://b/in/digest.whole" not in store.objects
    store.broken = ()
    assert upload_inputs(store, {str(data): "s://b/in/digest/"}, told) == (1, 0)
