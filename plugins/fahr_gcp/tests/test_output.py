from __future__ import annotations

import gzip
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.clouds.faults import Fault
from tests.clouds.readers import Fetch

from fahr_core import ranged
from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import FetchOptions
from fahr_gcp import client, objects
from fahr_gcp.output import fetch_output
from placed_jobs import BUCKET, ID, left, placed, ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.gcp.cloud import Cloud

    from fahr_core.hookspecs import Progress

MODEL = {"model.bin": b"weights", "metrics/run 1/épöque #1?.json": b"{}", "empty.txt": b""}
OWN = {"fahr-run": "abcdefghijklmnop"}


@pytest.fixture(autouse=True)
def job(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranged, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.01)
    gcp.bucket(BUCKET)
    placed(gcp, "RUNNING", "SUCCEEDED", labels=OWN)


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    def fetched(folder: Path, options: FetchOptions, progress: Progress, number: str = ID) -> Any:
        return fetch_output(ref_of(number), folder, options, progress)

    return Fetch(tmp_path, fetched)


def leave(gcp: Cloud, files: dict[str, bytes], folder: str = "model") -> None:
    for path, content in files.items():
        left(gcp, f"{folder}/{path}", content)


def test_the_model_comes_to_the_top(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, MODEL)
    left(gcp, "model/", b"")  # what the console calls a folder
    assert fetch() == MODEL


def test_what_the_job_keeps_for_itself_stays(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, MODEL)
    left(gcp, "checkpoints/step-1", b"half")
    left(gcp, "fahr/failure-0.txt", b"KeyError")
    left(gcp, "logs/events.out", b"curves")
    assert fetch() == MODEL | {"logs/events.out": b"curves"}


def test_of_a_job_of_others_everything_comes(gcp: Cloud, fetch: Fetch) -> None:
    placed(gcp, "RUNNING", "SUCCEEDED", number="77", base=f"gs://{BUCKET}/theirs")
    left(gcp, "model/a.bin", b"a", base="theirs")
    left(gcp, "checkpoints/step-1", b"half", base="theirs")
    assert fetch("77") == {"a.bin": b"a", "checkpoints/step-1": b"half"}


def test_a_job_that_names_no_folder_has_no_output(gcp: Cloud, fetch: Fetch) -> None:
    placed(gcp, "RUNNING", "SUCCEEDED", number="77", base=None)
    assert fetch("77") == {}
    assert "baseOutputDirectory" in fetch.left_out[0]


def test_no_output_is_no_error(fetch: Fetch) -> None:
    assert fetch() == {}


def test_another_jobs_output_is_not_fetched(gcp: Cloud, fetch: Fetch) -> None:
    left(gcp, "model/a", b"x", base=f"runs/{ID}-2")
    assert fetch() == {}


def test_only_what_is_asked_for_comes(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, MODEL)
    assert fetch(include=("metrics/*",)) == {"metrics/run 1/épöque #1?.json": b"{}"}


def test_every_page_of_the_list_is_read(gcp: Cloud, fetch: Fetch) -> None:
    gcp.storage_page = 7
    files = {f"shard-{number:02}": bytes([number]) for number in range(30)}
    leave(gcp, files)
    assert fetch() == files


def test_names_that_lead_out_or_clash_are_left_out_and_said(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, {"good": b"y", "../../outside": b"x", "//etc/outside": b"x", "a/../b": b"x"})
    leave(gcp, {"both": b"a file", "both/below": b"and a folder"})
    assert fetch() == {"good": b"y", "both/below": b"and a folder"}
    assert len(fetch.left_out) == 4


class TestCompressed:
    """What other clients store with ``Content-Encoding: gzip``."""

    PLAIN = b"step,loss\n" * 50_000

    def stored(self, gcp: Cloud, content: bytes) -> None:
        left(gcp, "model/log.csv", content)
        name = f"runs/{ID}/model/log.csv"
        gcp.buckets[BUCKET].describe(name, {"contentEncoding": "gzip"})

    def test_it_comes_as_it_was(self, gcp: Cloud, fetch: Fetch) -> None:
        self.stored(gcp, gzip.compress(self.PLAIN))
        assert fetch() == {"log.csv": self.PLAIN}

    @pytest.mark.parametrize("content", [b"never was compressed", b"", b"\x1f"])
    def test_what_only_says_so_stays(self, gcp: Cloud, fetch: Fetch, content: bytes) -> None:
        self.stored(gcp, content)
        assert fetch() == {"log.csv": content}

    def test_what_is_cut_off_is_said(self, gcp: Cloud, fetch: Fetch) -> None:
        self.stored(gcp, gzip.compress(self.PLAIN)[:-9])
        with pytest.raises(ServiceError, match=r"log\.csv is damaged where it is stored"):
            fetch()


class TestFaults:
    CONTENT = random.Random(3).randbytes(700_000)

    @pytest.fixture(autouse=True)
    def small_parts(self, gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ranged, "PART", 100_000)
        leave(gcp, {"weights": self.CONTENT})

    @pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.RESET, Fault.ERROR, Fault.THROTTLE])
    def test_a_download_that_breaks_off_goes_on(
        self, gcp: Cloud, fetch: Fetch, fault: Fault
    ) -> None:
        gcp.faults.add("storage:objects.get", fault, times=4, skip=1)
        assert fetch() == {"weights": self.CONTENT}
        assert len(gcp.faults.struck) == 4

    def test_what_came_is_not_asked_for_again(
        self, gcp: Cloud, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ranged, "PART", 1_000_000)
        # After half of it each time; what an earlier test's threads still ask may be struck too.
        gcp.faults.add("storage:objects.get", Fault.BROKEN, times=5)
        assert fetch() == {"weights": self.CONTENT}
        ranges = {call.headers["range"] for call in gcp.called("storage:objects.get")}
        assert "bytes=350000-699999" in ranges

    def test_a_download_that_never_comes_is_given_up(self, gcp: Cloud, fetch: Fetch) -> None:
        gcp.faults.add("storage:objects.get", Fault.ERROR, times=float("inf"))
        with pytest.raises(ServiceError):
            fetch()

    def test_an_object_that_is_replaced_meanwhile_is_noticed(
        self, gcp: Cloud, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = threading.Lock()

        def replacing(*told: object, **more: object) -> None:
            if once.acquire(blocking=False):
                leave(gcp, {"weights": bytes(len(self.CONTENT))})

        monkeypatch.setattr(ranged, "AT_ONCE", 1)
        monkeypatch.setattr("fahr_gcp.output._PARTS_AT_ONCE", 1)
        monkeypatch.setattr(fetch, "progress", replacing)
        with pytest.raises(FahrError, match="was replaced while it was fetched"):
            fetch()

    def test_a_damaged_file_is_said(
        self, gcp: Cloud, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stored = gcp.buckets[BUCKET][f"runs/{ID}/model/weights"]
        damaged = bytearray(self.CONTENT)
        damaged[350_000] ^= 1
        stored.contents.file.write_bytes(damaged)
        with pytest.raises(ServiceError, match="weights came damaged"):
            fetch()

    @pytest.mark.parametrize("permission", ["storage.objects.get", "storage.objects.list"])
    def test_a_missing_permission_is_said(self, gcp: Cloud, fetch: Fetch, permission: str) -> None:
        gcp.deny(permission)
        with pytest.raises(AccessError, match=permission.replace(".", r"\.")):
            fetch()


def test_an_object_that_was_composed_is_checked_too(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, {"part-1": b"one", "part-2": b"two"}, folder="parts")
    bucket = gcp.buckets[BUCKET]
    asked = client.Client.of_ref(ref_of())
    sources = [{"name": f"runs/{ID}/parts/part-{number}"} for number in (1, 2)]
    asked.call(
        "storage",
        "POST",
        f"{objects.object_path(BUCKET, f'runs/{ID}/model/whole')}/compose",
        body={"sourceObjects": sources, "destination": {"contentType": "text/plain"}},
    )
    assert bucket[f"runs/{ID}/model/whole"].contents.md5 == ""
    assert fetch(include=("whole",)) == {"whole": b"onetwo"}
    stored = bucket[f"runs/{ID}/model/whole"]
    stored.contents.file.write_bytes(b"onetwO")
    with pytest.raises(ServiceError, match="whole came damaged"):
        fetch_output(ref_of(), fetch.folder / "again", FetchOptions(), fetch.progress)


def test_an_unknown_job_is_said(tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="knows no custom job 42"):
        fetch_output(ref_of("42"), tmp_path, FetchOptions(), lambda *_, **__: None)


def test_what_is_asked_for_is_no_more_than_is_needed(gcp: Cloud, fetch: Fetch) -> None:
    leave(gcp, MODEL)
    fetch()
    assert gcp.permissions() == {
        "aiplatform.customJobs.get",
        "storage.objects.list",
        "storage.objects.get",
    }
