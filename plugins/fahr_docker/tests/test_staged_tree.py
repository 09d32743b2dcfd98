from __future__ import annotations

from pathlib import Path

import pytest

from fahr_core import snapshot
from fahr_core.errors import ArtifactError, DiskError, FahrError
from fahr_core.experiment import find_artifact
from fahr_core.store import put, stored_path
from fahr_docker.layer import code_layer
from fahr_docker.staged_tree import CODE_FOLDER, LAUNCHER_FOLDER, staged_tree
from made_layers import RUNTIME, snapshot_of

CODE, LAUNCHER = CODE_FOLDER[1:], LAUNCHER_FOLDER[1:]


@pytest.fixture
def runtime(tmp_path):
    file = tmp_path / "runtime.py"
    file.write_bytes(RUNTIME)
    return file


def tree(*arguments, **words):
    return {entry.path: entry for entry in staged_tree(*arguments, **words)}


def content(entry):
    return b"".join(entry.parts())


def test_code_launcher_and_runtime_are_in_their_folders(runtime):
    found = tree(snapshot_of({"train.py": b"1", "pkg/": b"", "pkg/a.py": b"2"}), runtime)
    assert content(found[f"{CODE}/train.py"]) == b"1"
    assert content(found[f"{CODE}/pkg/a.py"]) == b"2"
    assert content(found[f"{LAUNCHER}/runtime.py"]) == RUNTIME
    assert b"fahr_launcher" in content(found[f"{LAUNCHER}/__main__.py"])
    assert not [path for path in found if "__pycache__" in path]


def test_what_the_runtime_imports_lies_beside_it(runtime):
    found = tree(snapshot_of({}), runtime, beside={"inside/calls.py": b"x = 1"})
    assert content(found[f"{LAUNCHER}/inside/calls.py"]) == b"x = 1"
    assert found[f"{LAUNCHER}/inside"].content is None


def test_a_folder_comes_before_what_is_in_it(runtime):
    files = {"a.b": b"", "a/": b"", "a/x": b"", "a-b/": b"", "a-b/y": b"", "A": b""}
    paths = [entry.path for entry in staged_tree(snapshot_of(files), runtime)]
    folders = {CODE, LAUNCHER, "opt/fahr", f"{CODE}/a", f"{CODE}/a-b"}
    for number, path in enumerate(paths):
        parent = path.rpartition("/")[0]
        assert parent == "opt" or parent in paths[:number]
        assert len(paths) == len(set(paths))
    assert folders <= set(paths)
    assert "opt" not in paths  # it is the environment's


def test_modes_are_two_and_the_order_does_not_count(runtime):
    files = {"b.py": b"1", "a.sh": b"2", "pkg/": b""}
    found = staged_tree(snapshot_of(files), runtime)
    assert {entry.mode for entry in found} == {0o644, 0o755}
    turned = staged_tree(snapshot_of(dict(reversed(files.items()))), runtime)
    assert code_layer(found).diff_id == code_layer(turned).diff_id


def test_links_are_kept_as_they_are(runtime):
    found = tree(snapshot_of({"a": b""}, links={"link": "a"}), runtime)
    assert found[f"{CODE}/link"].target == "a"
    assert not found[f"{CODE}/link"].is_folder


def test_a_run_script_is_added_only_where_there_is_none(runtime):
    added = tree(snapshot_of({"a": b""}), runtime, b"fahr-start\r\n")[f"{CODE}/run.sh"]
    assert (content(added), added.mode) == (b"fahr-start\n", 0o755)
    own = tree(snapshot_of({"run.sh": b"mine"}), runtime, b"fahr-start\n")[f"{CODE}/run.sh"]
    assert content(own) == b"mine"
    assert f"{CODE}/run.sh" not in tree(snapshot_of({"a": b""}), runtime)


def test_a_real_snapshot_is_staged_as_it_is(runtime, tmp_path):
    folder = tmp_path / "experiment"
    (folder / "pkg").mkdir(parents=True)
    for name in ("train.py", "run.sh", "pkg/ünï côde.py", "new\nline.py", "$(x).py"):
        (folder / name).write_text(name)
    code = snapshot.take(find_artifact("train.py", None, folder))
    found = tree(code.digest, runtime)
    snapshot.extract(code.digest, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        entry = found[f"{CODE}/{path.relative_to(tmp_path / 'out').as_posix()}"]
        assert entry.is_folder if path.is_dir() else content(entry) == path.read_bytes()
    assert found[f"{CODE}/run.sh"].mode == 0o755


@pytest.mark.parametrize("name", [".wh.train.py", "pkg/.wh..wh..opq", ".wh./x"])
def test_a_name_that_would_delete_is_refused(runtime, name):
    with pytest.raises(ArtifactError, match=r'cannot be in an image: \.wh\. means "deleted"'):
        staged_tree(snapshot_of({name: b""}), runtime)


def test_what_is_gone_or_damaged_is_told(runtime):
    digest = snapshot_of({"a": bytes(5000)})
    with pytest.raises(DiskError, match=r"cannot read .*missing\.py"):
        staged_tree(digest, Path(runtime).with_name("missing.py"))
    damaged = put(b"no tar " * 200)
    with pytest.raises(FahrError, match="is damaged"):
        staged_tree(damaged, runtime)
    entries = staged_tree(digest, runtime)
    stored_path(digest).write_bytes(b"short")
    with pytest.raises(DiskError, match="became shorter"):
        code_layer(entries)
    stored_path(digest).unlink()
    with pytest.raises(FahrError, match="not on this machine any more"):
        staged_tree(digest, runtime)
