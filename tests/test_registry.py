import os
import subprocess
import sys

import pytest

from fahr_core import declared, registry
from fahr_core.errors import DriverError
from fahr_core.paths import cache_folder
from tests.distributions import TRAIN, Distributions, distributions

__all__ = ["distributions"]

MARK = "\nimport os\nos.environ['LOADED_BY_TEST'] = __name__\n"
BAD = "raise RuntimeError('no licence for this')"


def find_and_load(name, role="train"):
    return registry.load(registry.find(role, name))


def test_the_local_driver_is_built_in():
    (local,) = [entry for entry in registry.installed("train") if entry.name == "local"]
    assert local == registry.find("train", "local")
    assert local.origin.startswith("fahr-core ")


def test_local_is_found_without_a_look_at_what_is_installed(monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", None)
    assert registry.find("train", "local").target == "fahr_core.local.driver"


def test_listing_tells_name_distribution_and_version_and_imports_nothing(
    distributions: Distributions, monkeypatch
):
    monkeypatch.delenv("LOADED_BY_TEST", raising=False)
    distributions.add("moon", MARK, version="3.4")
    distributions.add("bad", BAD)
    listed = {entry.name: entry for entry in registry.installed("train")}
    assert listed["moon"].origin == "fahr-moon 3.4"
    assert list(listed) == sorted(listed)
    assert "LOADED_BY_TEST" not in os.environ
    assert "fahr_moon" not in sys.modules


def test_each_role_has_its_own_drivers(distributions: Distributions):
    distributions.add("brick", group="fahr.build_drivers")
    distributions.add("bell", group="fahr.extensions")
    names = {
        role: {entry.name for entry in registry.installed(role)}
        for role in ("train", "build", "extension")
    }
    assert [role for role, found in names.items() if "brick" in found] == ["build"]
    assert [role for role, found in names.items() if "bell" in found] == ["extension"]


def test_choosing_loads_that_one_alone(distributions: Distributions):
    distributions.add("moon")
    distributions.add("bad", BAD)
    assert find_and_load("moon").__name__ == "fahr_moon"


def test_an_entry_point_may_name_an_instance(distributions: Distributions):
    source = "class Shelf:\n    driver = 'an instance'\nshelf = Shelf()"
    distributions.add("moon", source, target="fahr_moon:shelf.driver [extra]")
    assert find_and_load("moon") == "an instance"


@pytest.mark.parametrize(
    ("source", "target", "cause"),
    [
        (BAD, None, "RuntimeError: no licence for this"),
        ("import sys; sys.exit('go away')", None, "SystemExit: go away"),
        ("import there_is_no_such_sdk", None, "No module named 'there_is_no_such_sdk'"),
        ("def f(:", None, "SyntaxError"),
        ("", "fahr_moon:driver", "has no attribute 'driver'"),
        ("", "fahr_luna", "No module named 'fahr_luna'"),
        ("class Driver: ...", "fahr_moon:Driver", "fahr_moon:Driver is a class"),
    ],
)
def test_a_broken_plugin_is_named_with_version_and_cause(
    distributions: Distributions, source, target, cause
):
    distributions.add("moon", source, target=target, version="0.7")
    with pytest.raises(DriverError) as raised:
        find_and_load("moon")
    assert 'train driver "moon" (fahr-moon 0.7) is broken: ' in raised.value.message
    assert cause in raised.value.message
    assert "fahr drivers" in raised.value.hints[0]


@pytest.mark.parametrize("finder", ["importlib.metadata", "importlib_metadata"])
def test_a_plugin_whose_removal_left_no_metadata_hurts_nobody(
    distributions: Distributions, finder: str
):
    pytest.importorskip(finder)  # some packages import the second, which then serves both
    distributions.add("ghost", metadata=False)
    distributions.add("moon")
    listed = {entry.name: entry for entry in registry.installed("train")}
    assert listed["moon"].origin == "fahr-moon 1.2"
    assert "None" not in listed["ghost"].origin


def test_two_with_one_name_are_reported_and_one_is_used(distributions: Distributions):
    distributions.add("moon", distribution="fahr-moon")
    distributions.add("moon", distribution="moon-of-others", version="9")
    ((used, hidden),) = registry.shadowed("train")
    assert {used.origin, hidden.origin} == {"fahr-moon 1.2", "moon-of-others 9"}
    assert registry.find("train", "moon") == used
    assert [entry.name for entry in registry.installed("train")].count("moon") == 1


def test_nobody_replaces_the_built_in_driver(distributions: Distributions):
    distributions.add("local", distribution="fahr-impostor")
    ((used, hidden),) = registry.shadowed("train")
    assert (used.distribution, hidden.distribution) == ("fahr-core", "fahr-impostor")
    assert registry.find("train", "local") == used


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [
        ("train", "sagemaker", '"fahr-core[sagemaker]"'),
        ("train", "lokal", "did you mean local?"),
        ("train", "sagemakr", "did you mean sagemaker?"),
        ("train", "zzz", "(installed: local)"),
        ("build", "local-gpu", '"fahr-core[docker]"'),
        ("build", "default-cpu", '"local-cpu" is not installed'),
        ("build", "sagemaker", 'no build driver "sagemaker" (installed: none)'),
        ("extension", "docker", 'no extension "docker" (installed: none)'),
    ],
)
def test_a_missing_driver_is_told_with_what_to_do(monkeypatch, role, name, said):
    monkeypatch.setattr("fahr_core.declared._read", list)
    with pytest.raises(DriverError) as raised:
        registry.find(role, name)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("/x/uv/tools/fahr-core", 'uv tool install "fahr-core[gcp]"'),
        ("/x/pipx/venvs/fahr-core", "pipx inject fahr-core fahr-gcp"),
        ("/x/venv", 'python -m pip install "fahr-core[gcp]"'),
    ],
)
def test_the_line_that_installs_suits_the_tool_that_installed_fahr(monkeypatch, place, line):
    monkeypatch.setattr(sys, "prefix", place)
    assert registry.install_line("gcp") == line


def test_an_old_name_of_a_build_driver_stays(distributions: Distributions):
    distributions.add("local-cpu", group="fahr.build_drivers", distribution="fahr-docker")
    assert registry.find("build", "default-cpu").name == "local-cpu"


# -- a driver that is a file ----------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_path(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_driver_may_be_a_file(tmp_path):
    file = tmp_path / "my_driver.py"
    file.write_text(TRAIN)
    listed = registry.find("train", str(file))
    assert (listed.name, listed.path, listed.origin) == ("my-driver", str(file), str(file))
    assert registry.load(listed).train_info().title == "a test"
    assert registry.load(listed) is registry.load(listed)


def test_a_file_is_found_from_here_and_from_home(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = {registry.find("train", name).path for name in ("mine.py", "./mine.py", "~/mine.py")}
    assert paths == {str(tmp_path / "mine.py")}


def test_a_changed_file_is_another_driver(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("word = 'old'")
    before = registry.find("train", str(file))
    assert registry.load(before).word == "old"
    file.write_text("word = 'new'")
    after = registry.find("train", str(file))
    assert before.digest != after.digest
    assert registry.load(after).word == "new"


def test_the_same_text_elsewhere_reads_the_files_beside_itself(tmp_path):
    for word in ("one", "two"):
        folder = tmp_path / word
        folder.mkdir()
        (folder / "mine.py").write_text("from pathlib import Path\nhere = Path(__file__).parent")
    folders = [find_and_load(str(tmp_path / word / "mine.py")).here.name for word in ("one", "two")]
    assert folders == ["one", "two"]


def test_a_file_may_import_what_lies_beside_it_now_and_later(tmp_path, monkeypatch):
    for word in ("hello", "later"):
        monkeypatch.delitem(sys.modules, f"beside_{word}", raising=False)
        (tmp_path / f"beside_{word}.py").write_text(f"word = '{word}'")
    (tmp_path / "json.py").write_text("raise RuntimeError('it hides the real one')")
    (tmp_path / "mine.py").write_text(
        "import json\nfrom beside_hello import word\n"
        "def later():\n    from beside_later import word\n    return word\n"
    )
    driver = find_and_load(str(tmp_path / "mine.py"))
    assert (driver.word, driver.later()) == ("hello", "later")


def test_a_broken_file_is_named_and_tried_again_next_time(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import os\nassert os.path.exists(__file__ + '.licence'), 'no licence'")
    with pytest.raises(DriverError, match="AssertionError: no licence") as raised:
        find_and_load(str(file))
    assert str(file) in raised.value.message
    (tmp_path / "mine.py.licence").touch()
    assert find_and_load(str(file))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("./none.py", '"./none.py" does not exist'),
        ("./my-drivr.py", '"./my-drivr.py" does not exist; did you mean ./my_driver.py?'),
        ("my_driver", None),
        ("./my_driver", '"./my_driver" does not exist; did you mean ./my_driver.py?'),
        ("folder.py", '"folder.py" is a folder: name the .py file in it'),
        ("a/b", '"a/b" does not exist: there is no folder '),
        ("nul\0.py", '"nul\\u0000.py" cannot be read: embedded null byte'),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, monkeypatch, name, told):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "my_driver.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DriverError) as problem:
        registry.find("train", name)
    if told:
        assert problem.value.message.startswith(f"the train driver {told}")
        assert "No such file" not in str(problem.value)


def test_listing_needs_no_heavy_import():
    code = (
        "import sys; from fahr_core import registry; registry.installed('train');"
        "print([m for m in ('pluggy', 'pydantic', 'typer', 'fahr_core.local') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_declared_is_remembered_until_something_is_installed(
    distributions: Distributions, monkeypatch
):
    distributions.add("moon")
    before = registry.installed("train")
    declared.remember()
    with monkeypatch.context() as patch:
        patch.setattr(declared, "_read", None)  # nothing is read again
        assert registry.installed("train") == before
    distributions.add("mars")
    assert {"mars", "moon"} <= {entry.name for entry in registry.installed("train")}


def test_a_cache_that_is_broken_or_cannot_be_written_is_no_trouble(distributions: Distributions):
    distributions.add("moon")
    file = cache_folder() / "declared.json"
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("no folder")
    assert "moon" in {entry.name for entry in registry.installed("train")}
    declared.remember()
    file.parent.unlink()
    file.mkdir(parents=True)
    assert "moon" in {entry.name for entry in registry.installed("train")}
    declared.remember()
    file.rmdir()
    file.write_text("{")
    assert "moon" in {entry.name for entry in registry.installed("train")}
