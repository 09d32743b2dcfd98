from __future__ import annotations

import threading
import time
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DiskError, ServiceError
from fahr_core.models import FetchedFile
from fahr_core.object_files import paths_of, save_each


def paths(*names, include=()):
    """Give the paths, and what was said of the others."""
    said = []
    found = paths_of([(name, name) for name in names], include, said.append)
    return found, said


def test_names_become_paths():
    found, said = paths("b/c.txt", "a b/é.bin", "./x//y", "folder/")
    assert found == {"a b/é.bin": "a b/é.bin", "b/c.txt": "b/c.txt", "x/y": "./x//y"}
    assert said == []


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "a/../b", "nul\0"])
def test_a_name_that_leads_out_is_left_out_and_said(name):
    found, (said,) = paths("good", name)
    assert list(found) == ["good"]
    assert "leads out of its folder" in said


def test_the_first_of_two_names_has_the_file():
    found, (said,) = paths("a/b", "a//b")
    assert found == {"a/b": "a/b"}
    assert said.startswith("a//b")


def test_a_file_with_the_name_of_a_folder_is_left_out_and_said():
    found, (said,) = paths("a", "a/b/c", "d")
    assert list(found) == ["a/b/c", "d"]
    assert said == "a is the name of a folder too"


def test_only_what_is_asked_for_has_a_path():
    found, _ = paths("model.bin", "metrics/a.json", "../out.bin", include=("metrics/*", "*.csv"))
    assert list(found) == ["metrics/a.json"]


@given(st.lists(st.text(st.sampled_from("ab./\\ é\0:"), max_size=8), max_size=12))
def test_no_name_escapes_and_all_files_can_be_there_together(names):
    found, said = paths(*names)
    for path in found:
        parts = PurePosixPath(path).parts
        assert parts
        assert ".." not in parts
        assert not path.startswith("/")
    folders = {str(above) for path in found for above in PurePosixPath(path).parents}
    assert not folders & set(found)
    silent = [name for name in names if not PurePosixPath(name).parts or name.endswith("/")]
    assert len(found) + len(said) >= len(names) - len(silent)


def test_files_are_saved_several_at_once(tmp_path):
    together = threading.Barrier(3, timeout=20)

    def save(path, item):
        together.wait()
        return FetchedFile(path=path, size=item)

    files = save_each(save, {"a": 1, "b": 2, "c": 3}, tmp_path, at_once=3)
    assert [(file.path, file.size) for file in files] == [("a", 1), ("b", 2), ("c", 3)]


def test_the_folders_are_there_before(tmp_path):
    def save(path, item):
        (tmp_path / path).write_text(item)
        return FetchedFile(path=path, size=len(item))

    save_each(save, {"a/b/c": "1", "a/d": "2", "e": "3"}, tmp_path)
    assert (tmp_path / "a" / "b" / "c").read_text() == "1"


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "a").write_text("no folder")
    with pytest.raises(DiskError, match=r"cannot write .*a.*: File exists"):
        save_each(lambda path, item: pytest.fail(path), {"a/b": 1}, tmp_path)


def test_the_first_failure_ends_it(tmp_path):
    saved = []

    def save(path, item):
        saved.append(path)
        if path == "0":
            raise ServiceError("it does not come")
        time.sleep(0.05)
        return FetchedFile(path=path, size=item)

    with pytest.raises(ServiceError):
        save_each(save, {str(number): 0 for number in range(100)}, tmp_path, at_once=1)
    assert len(saved) < 50
