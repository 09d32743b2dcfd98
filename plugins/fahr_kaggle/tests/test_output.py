"""Output comes whole: all pages, every folder, nothing outside of its place."""

import threading

import pytest
from tests.clouds.kaggle import Limits

from fahr_core.errors import FahrError, ServiceError, UsageError
from fahr_core.models import FetchOptions, JobRef
from fahr_kaggle import output
from fahr_kaggle.answers import OutputPage, RemoteFile
from fahr_kaggle.client import Kaggle
from jobs import ended, experiment, fetched, request_of, sent

MANY = """
import os
print("many")
for n in range(45):
    os.makedirs(f"d{n % 3}/deep", exist_ok=True)
    open(f"d{n % 3}/deep/{n} é%20?.txt", "w").write(str(n) * n)
"""


def test_all_pages_and_folders_come(tmp_path, kaggle):
    kaggle.limits = Limits(page_size=20)
    ref = sent(request_of(experiment(tmp_path, {"train.py": MANY})))
    ended(ref)
    files = fetched(ref, tmp_path / "output")
    wanted = {f"d{n % 3}/deep/{n} é%20?.txt": (str(n) * n).encode() for n in range(45)}
    assert {path: files[path] for path in wanted} == wanted
    assert set(files) - set(wanted) == {"fahr-job.json", "fahr-job.log"}
    assert set(fetched(ref, tmp_path / "some", include=("d1", "*.log"))) == {
        *(path for path in wanted if path.startswith("d1/")),
        "fahr-job.log",
    }
    with pytest.raises(UsageError, match="no file of the job is like"):
        fetched(ref, tmp_path / "none", include=("*.h5",))


def test_files_come_side_by_side(tmp_path, kaggle, monkeypatch):
    ref = sent(request_of(experiment(tmp_path, {"train.py": MANY})))
    ended(ref)
    two, download = threading.Barrier(2, timeout=60), Kaggle.download
    first = iter([True, True])

    def meeting(*arguments):
        if next(first, False):
            two.wait()  # for another file that is on its way
        return download(*arguments)

    monkeypatch.setattr(Kaggle, "download", meeting)
    assert len(fetched(ref, tmp_path / "output")) == 47


def test_a_file_goes_on_where_its_connection_broke(tmp_path, kaggle):
    script = "open('model', 'wb').write(bytes(range(256)) * 8000)"
    ref = sent(request_of(experiment(tmp_path, {"train.py": script})))
    ended(ref)
    before = len(kaggle.calls)
    kaggle.faults.add("Download", "torn", times=2)
    # Alone, since files come side by side, and of a tiny one nothing has come at a cut.
    files = fetched(ref, tmp_path / "output", include=("model",))
    assert files["model"] == bytes(range(256)) * 8000
    ranges = [call.headers.get("Range") for call in kaggle.calls[before:]]
    assert any(ranges), "a file is not begun anew"


def test_a_file_that_never_comes_is_an_error(tmp_path, kaggle, monkeypatch):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "open('m', 'w').write('x' * 999)"})))
    ended(ref)
    kaggle.faults.add("Download", "torn", times=99)
    with pytest.raises(ServiceError, match="does not come whole"):
        fetched(ref, tmp_path / "output")


class Evil:
    """A service that names files outside of the folder."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def output_page(self, *_):
        return OutputPage([RemoteFile(self.name, "http://127.0.0.1:1/")], "", None)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x", "", "a\0b"])
def test_nothing_is_written_outside(tmp_path, monkeypatch, name):
    monkeypatch.setattr(output, "Kaggle", lambda: Evil(name))
    ref = JobRef(driver="kaggle", id="anna/train/1")
    with pytest.raises(FahrError, match="outside of its folder"):
        output.fetch(ref, tmp_path, FetchOptions(), lambda *_, **__: None)
    assert list(tmp_path.iterdir()) == []
