from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault
from tests.clouds.readers import Fetch

from fahr_core import ranged
from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.models import FetchOptions
from fahr_sagemaker.output import fetch_output
from placed_jobs import BUCKET, NAME, archive, left, placed, ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.aws.cloud import Cloud


MODEL = {"model.bin": b"weights", "metrics/run 1/épöque.json": b"{}", "empty.txt": b""}


@pytest.fixture(autouse=True)
def job(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranged, "LONGEST_PAUSE", 0.01)
    aws.bucket(BUCKET)
    placed(aws, NAME, "Completed")


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path, partial(fetch_output, ref_of()))


def test_both_archives_are_unpacked(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "model.tar.gz", archive(MODEL))
    left(aws, "output.tar.gz", archive({"eval/scores.csv": b"1,2"}))
    assert fetch() == {**MODEL, "eval/scores.csv": b"1,2"}
    assert not (fetch.folder / "output-data").exists()


def test_a_name_in_both_is_kept_twice(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "model.tar.gz", archive({"same.txt": b"model's", "folder/a": b"a", "b": b"file"}))
    left(
        aws,
        "output.tar.gz",
        archive({"same.txt": b"other", "folder/c": b"c", "folder/a/x": b"x", "b/y": b"y"}),
    )
    assert fetch() == {
        "same.txt": b"model's",
        "folder/a": b"a",
        "b": b"file",
        "folder/c": b"c",
        "output-data/same.txt": b"other",
        "output-data/folder/a/x": b"x",
        "output-data/b/y": b"y",
    }


def test_a_failed_job_gives_its_other_output(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "output.tar.gz", archive({"partial.txt": b"half of it"}))
    assert fetch() == {"partial.txt": b"half of it"}


def test_no_output_is_no_error(fetch: Fetch) -> None:
    assert fetch() == {}


def test_archives_are_left_as_they_are(aws: Cloud, fetch: Fetch) -> None:
    whole = archive(MODEL)
    left(aws, "model.tar.gz", whole)
    left(aws, "output.tar.gz", b"not even a tar")
    assert fetch(extract=False) == {"model.tar.gz": whole, "output.tar.gz": b"not even a tar"}


def test_only_what_is_asked_for_comes(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "model.tar.gz", archive(MODEL))
    left(aws, "output.tar.gz", archive({"eval/scores.csv": b"1,2"}))
    assert fetch(include=("metrics/*", "*.csv")) == {
        "metrics/run 1/épöque.json": b"{}",
        "eval/scores.csv": b"1,2",
    }


def test_uncompressed_output_comes_as_files(aws: Cloud, fetch: Fetch) -> None:
    for name in ("model/a.bin", "model/deep/b.bin", "model/", "data/c.txt", "data/a.bin"):
        left(aws, name, name.encode())
    assert fetch() == {
        "a.bin": b"model/a.bin",
        "deep/b.bin": b"model/deep/b.bin",
        "c.txt": b"data/c.txt",
        "output-data/a.bin": b"data/a.bin",
    }


def test_another_jobs_output_is_not_fetched(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "model.tar.gz", archive(MODEL), job=f"{NAME}-2")
    assert fetch() == {}


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "a/../../outside"])
def test_what_would_lead_out_is_left_out_and_said(aws: Cloud, fetch: Fetch, path: str) -> None:
    left(aws, "model.tar.gz", archive({path: b"x", "good": b"y"}, links=[("link", "/etc/passwd")]))
    assert fetch() == {"good": b"y"}
    assert len(fetch.left_out) == 2


def test_a_key_that_would_lead_out_is_left_out_and_said(aws: Cloud, fetch: Fetch) -> None:
    left(aws, "model/../../outside", b"x")
    left(aws, "model/good", b"y")
    assert fetch() == {"good": b"y"}
    assert len(fetch.left_out) == 1


class TestFaults:
    CONTENT = random.Random(3).randbytes(700_000)

    @pytest.fixture(autouse=True)
    def small_parts(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ranged, "PART", 100_000)
        left(aws, "model.tar.gz", archive({"weights": self.CONTENT}))

    @pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.RESET, Fault.ERROR, Fault.THROTTLE])
    def test_a_download_that_breaks_off_goes_on(
        self, aws: Cloud, fetch: Fetch, fault: Fault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        aws.faults.add("s3:GetObject", fault, times=4, skip=1)
        assert fetch() == {"weights": self.CONTENT}
        assert len(aws.faults.struck) == 4

    def test_a_download_that_never_comes_is_given_up(
        self, aws: Cloud, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        aws.faults.add("s3:GetObject", Fault.ERROR, times=float("inf"))
        with pytest.raises(ServiceError):
            fetch()

    def test_an_object_that_is_replaced_meanwhile_is_noticed(
        self, aws: Cloud, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def replacing(*told: object, **more: object) -> None:
            left(aws, "model.tar.gz", archive({"weights": b"another"}))

        monkeypatch.setattr(fetch, "progress", replacing)
        with pytest.raises(FahrError):
            fetch()

    def test_a_damaged_archive_is_said(self, aws: Cloud, fetch: Fetch) -> None:
        left(aws, "model.tar.gz", archive({"weights": self.CONTENT})[:-1000])
        with pytest.raises(ServiceError, match="damaged"):
            fetch()

    @pytest.mark.parametrize("permission", ["s3:GetObject", "s3:ListBucket"])
    def test_a_missing_permission_is_said(self, aws: Cloud, fetch: Fetch, permission: str) -> None:
        aws.deny(permission)
        with pytest.raises(AccessError, match=permission):
            fetch()


def test_an_unknown_job_is_said(tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="never-was"):
        fetch_output(ref_of("never-was"), tmp_path, FetchOptions(), lambda *_, **__: None)
