from __future__ import annotations

import io
import random
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core import ranged
from fahr_core.errors import DiskError, ServiceError, UsageError
from fahr_core.ranged import ObjectChanged, ranged_stream, save

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = random.Random(7).randbytes(1000)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranged, "LONGEST_PAUSE", 0.0)


class Store:
    """Holds one object; each range breaks off, or is refused, as its faults say."""

    def __init__(self, content: bytes, *faults: object) -> None:
        self.content = content
        self.faults = list(faults)
        self.asked: list[tuple[int, int]] = []
        self.closed = 0
        self.most = self.open = 0
        self._lock = threading.Lock()

    def __call__(self, start: int, stop: int) -> Body:
        with self._lock:
            self.asked.append((start, stop))
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, Exception):
                raise fault
            self.open += 1
            self.most = max(self.most, self.open)
        cut = fault if isinstance(fault, int) else None
        return Body(self, self.content[start:stop][:cut], breaks=cut is not None)


class Body(io.BytesIO):
    def __init__(self, store: Store, content: bytes, *, breaks: bool) -> None:
        super().__init__(content)
        self._store, self._breaks = store, breaks

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        if not chunk and self._breaks and size:
            raise ServiceError("the connection broke")
        return chunk

    def close(self) -> None:
        if not self.closed:
            self._store.open -= 1
            self._store.closed += 1
        super().close()


@given(
    size=st.integers(0, 300),
    part=st.integers(1, 100),
    at_once=st.integers(1, 5),
    cuts=st.lists(st.none() | st.integers(0, 50), max_size=12),
)
def test_the_object_comes_whole_whatever_breaks_off(
    size: int, part: int, at_once: int, cuts: list[int | None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranged, "LONGEST_PAUSE", 0.0)
        patch.setattr(ranged, "ATTEMPTS", 20)
        store = Store(CONTENT[:size], *cuts)
        with ranged_stream(store, size, part=part, at_once=at_once) as stream:
            assert stream.read() == CONTENT[:size]
    assert store.open == 0, "a connection is left open"


def test_a_part_goes_on_where_it_broke_off() -> None:
    store = Store(CONTENT, 30, 0, 5)
    with ranged_stream(store, 100, part=100) as stream:
        assert stream.read() == CONTENT[:100]
    assert store.asked == [(0, 100), (30, 100), (30, 100), (35, 100)]


def test_what_breaks_off_again_and_again_is_given_up() -> None:
    store = Store(CONTENT, *[0] * 100)
    with ranged_stream(store, 100, part=100) as stream, pytest.raises(ServiceError, match="broke"):
        stream.read()
    assert len(store.asked) == ranged.ATTEMPTS


def test_a_short_range_without_an_error_is_asked_for_again() -> None:
    class Short(Store):
        def __call__(self, start: int, stop: int) -> Body:
            return super().__call__(start, min(stop, start + 40))

    store = Short(CONTENT)
    with ranged_stream(store, 100, part=100) as stream:
        assert stream.read() == CONTENT[:100]
    assert store.asked == [(0, 40), (40, 80), (80, 100)]


@pytest.mark.parametrize("error", [ObjectChanged("it was replaced"), UsageError("not allowed")])
def test_what_cannot_pass_is_not_asked_for_again(error: Exception) -> None:
    store = Store(CONTENT, error)
    with ranged_stream(store, 100, part=100) as stream, pytest.raises(type(error)):
        stream.read()
    assert len(store.asked) == 1


def test_no_more_parts_lie_in_memory_than_asked_for() -> None:
    store = Store(CONTENT)
    with ranged_stream(store, 1000, part=10, at_once=3) as stream:
        stream.raw.read(5)
        assert len(store.asked) <= 4, "parts are fetched far ahead of the reader"
        stream.read()
    assert store.most <= 3


def test_progress_is_told_to_the_end() -> None:
    told: list[int] = []
    with ranged_stream(Store(CONTENT), 1000, told=told.append, part=100) as stream:
        stream.read()
    assert told == sorted(told)
    assert told[-1] == 1000


def test_closing_early_lets_the_connections_go() -> None:
    store = Store(CONTENT, *[ServiceError("busy")] * 1000)
    before = set(threading.enumerate())
    stream = ranged_stream(store, 1000, part=100)
    mine = set(threading.enumerate()) - before
    stream.close()
    for thread in mine:
        thread.join(10)
    assert not any(thread.is_alive() for thread in mine)
    assert store.open == 0


class TestSaving:
    def test_it_writes_a_new_file(self, tmp_path: Path) -> None:
        assert save(io.BytesIO(CONTENT), tmp_path / "b.bin") == 1000
        assert (tmp_path / "b.bin").read_bytes() == CONTENT

    def test_a_folder_that_is_gone_is_not_made_anew(self, tmp_path: Path) -> None:
        with pytest.raises(DiskError, match="cannot write"):
            save(io.BytesIO(CONTENT), tmp_path / "gone" / "file")
        assert not (tmp_path / "gone").exists()

    def test_what_is_there_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("mine")
        with pytest.raises(DiskError, match="mine"):
            save(io.BytesIO(CONTENT), tmp_path / "mine")
