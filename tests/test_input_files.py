from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DiskError, ServiceError, UsageError
from fahr_core.input_files import (
    digest_of_files,
    files_of,
    local_inputs,
    place_inputs,
    uploads_told,
)
from fahr_core.models import Code, Environment, Input, Job, Request

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = "store://bucket/x"


def job_with(*inputs: Input) -> Job:
    return Job(
        name="a-1",
        run_id="r",
        remote_name="a-1-x",
        experiment="/nowhere",
        artifact="train.py",
        kind="script",
        train_driver="somewhere",
        code=Code(digest="sha256:0", files=1, size=1),
        environment=Environment(),
        inputs=inputs,
    )


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_files_are_listed_by_name_and_links_are_followed(tmp_path):
    written(tmp_path / "data" / "sub", b="22")
    written(tmp_path / "data", a="1")
    written(tmp_path / "other", c="333")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "other")
    found = [(file.name, file.size) for file in files_of(tmp_path / "data")]
    assert found == [("a", 1), ("link/c", 3), ("sub/b", 2)]
    assert [file.name for file in files_of(tmp_path / "data" / "a")] == ["a"]


def test_a_link_to_a_folder_around_itself_is_refused(tmp_path):
    written(tmp_path / "data", a="1")
    (tmp_path / "data" / "round").symlink_to(tmp_path / "data")
    with pytest.raises(UsageError, match="leads to a folder around itself"):
        files_of(tmp_path / "data")


def test_what_is_empty_or_gone_is_told(tmp_path):
    with pytest.raises(UsageError, match="holds no file"):
        files_of(tmp_path)
    with pytest.raises(DiskError, match="gone cannot be read"):
        files_of(tmp_path / "gone")


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3), st.binary(max_size=5), min_size=1, max_size=4
    )
)
def test_the_digest_is_that_of_names_and_contents(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("digest")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    before = digest_of_files(folder)
    os.utime(folder / next(iter(files)), (1, 1))
    assert digest_of_files(folder) == before
    (folder / next(iter(files))).write_bytes(b"other content")
    assert digest_of_files(folder) != before


def test_each_input_has_a_place_and_local_ones_are_to_be_put_there(tmp_path):
    data = written(tmp_path / "data", a="1")
    job = job_with(
        Input(name="here", location=str(data)),
        Input(name="there", location="store://other/data"),
        Input(name="prior", location="job:a-0"),
    )
    places, uploads = place_inputs(job, OUTPUT, lambda item: item.location + "!")
    digest = digest_of_files(data)
    own = f"store://bucket/x/fahr-inputs/{digest[7:47]}/"
    assert places == {
        "here": own,
        "there": "store://other/data!",
        "prior": "store://bucket/x/fahr-inputs/job-a-0/",
    }
    assert uploads == {own: digest}


def test_an_input_that_was_changed_meanwhile_is_told(tmp_path):
    data = written(tmp_path / "data", a="1")
    job = job_with(Input(name="here", location=str(data)))
    _, uploads = place_inputs(job, OUTPUT, lambda item: item.location)
    request = Request(
        driver="d", name="n", remote_name="r", run_id="i", body={}, job=job, uploads=uploads
    )
    assert local_inputs(request, OUTPUT) == {str(data): next(iter(uploads))}
    (data / "a").write_text("2")
    with pytest.raises(ServiceError, match="was changed while the job was made"):
        local_inputs(request, OUTPUT)


def test_what_is_sent_of_local_inputs_is_told(tmp_path):
    data = written(tmp_path / "data", a="1", b="22")
    prior = written(tmp_path / "prior", c="333")
    job = job_with(
        Input(name="data", location=str(data)),
        Input(name="prior", location=str(prior), job="digits-train-3"),
        Input(name="far", location="s3://bucket/x"),
    )
    _, uploads = place_inputs(job, OUTPUT, lambda item: item.location)
    request = Request(
        driver="somewhere",
        name="a-1",
        remote_name="a-1-x",
        run_id="r",
        job=job,
        body={},
        uploads=uploads,
    )
    assert uploads_told(request) == [
        f"data: {data}, 2 files, 3 B; sent once for its content",
        "prior: the output of digits-train-3, 1 file, 3 B; sent once for its content",
    ]
    assert uploads_told(replace(request, uploads={})) == []  # the job reads them where they are
