"""Resolutions against the package index, of packages that are tiny and need nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fahr_core import store
from fahr_core.environment import lock as locks
from fahr_core.environment import resolve
from fahr_core.environment.interpreters import this_platform
from fahr_core.errors import EnvironmentFileError, FahrError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fahr_core.models import Environment

    Put = Callable[[str, str], Path]

NOBODY = "--index-url http://127.0.0.1:9/simple\n"


def lock_text(experiment: Path) -> str:
    return (experiment / locks.LOCK_FILE).read_text()


def versions(environment: Environment) -> dict[str, str]:
    return {package.name: package.version for package in environment.packages}


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_requirements_become_a_lock_with_hashes(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six==1.16.0\n-c limits.txt\niniconfig\n")
    put("limits.txt", "iniconfig<2\n")
    environment = resolve(experiment, "train.py")
    assert environment.kind == "requirements"
    assert environment.file == "requirements.txt"
    assert environment.platform == this_platform()
    assert versions(environment) == {"six": "1.16.0", "iniconfig": "1.1.1"}
    assert "--hash=sha256:" in lock_text(experiment)
    assert environment.lock
    stored = store.read(environment.lock).decode()
    assert "six==1.16.0" in stored
    assert "created" not in stored


def test_the_lock_is_used_until_what_it_is_made_from_changes(
    experiment: Path, put: Put, request: pytest.FixtureRequest
) -> None:
    put("requirements.txt", "six\n-r more.txt\n")
    more = put("more.txt", "\n")
    first = resolve(experiment, "train.py")
    request.getfixturevalue("no_tools")  # from here on nothing can be started
    assert resolve(experiment, "train.py") == first
    more.write_text("iniconfig\n")
    with pytest.raises(FahrError):
        resolve(experiment, "train.py")
    more.write_bytes(b"\r\n")
    assert resolve(experiment, "train.py") == first


@pytest.mark.e2e
def test_other_versions_stay_when_a_line_is_added(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six==1.15.0\n")
    resolve(experiment, "train.py")
    put("requirements.txt", "six\niniconfig\n")
    assert versions(resolve(experiment, "train.py"))["six"] == "1.15.0"
    newest = versions(resolve(experiment, "train.py", upgrade=True))["six"]
    assert newest not in ("1.15.0", "")


@pytest.mark.e2e
def test_python_and_platform_are_part_of_the_key(experiment: Path, put: Put) -> None:
    put("requirements.txt", "colorama; sys_platform == 'win32'\ntomli; python_version < '3.11'\n")
    here = resolve(experiment, "train.py", python="3.12", platform="x86_64-unknown-linux-gnu")
    assert versions(here) == {}
    windows = resolve(experiment, "train.py", python="3.10", platform="x86_64-pc-windows-msvc")
    assert set(versions(windows)) == {"colorama", "tomli"}
    assert (windows.python, windows.platform) == ("3.10", "x86_64-pc-windows-msvc")


@pytest.mark.e2e
def test_python_version_of_the_folder_goes_before_the_host_s(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six\n")
    put(".python-version", "3.9.18\n")
    assert resolve(experiment, "train.py").python == "3.9"
    assert resolve(experiment, "train.py", python="3.13").python == "3.13"


@pytest.mark.e2e
def test_a_dry_run_writes_nothing(experiment: Path, put: Put, own_home: Path) -> None:
    put("requirements.txt", "six\n")
    before = everything(experiment)
    dry = resolve(experiment, "train.py", write=False)
    assert everything(experiment) == before
    assert not (own_home / "fahr").exists()
    assert replace(resolve(experiment, "train.py"), created=dry.created) == dry


def test_no_environment_file_is_no_error(experiment: Path, put: Put) -> None:
    assert resolve(experiment, "train.py").kind == "none"
    put(".python-version", "3.12\n")
    assert resolve(experiment, "train.py").python == "3.12"


def test_utf16_as_powershell_writes_it(experiment: Path) -> None:
    (experiment / "requirements.txt").write_bytes("six==1.16.0\r\n".encode("utf-16"))
    assert versions(resolve(experiment, "train.py")) == {"six": "1.16.0"}


@pytest.mark.e2e
def test_hashes_in_the_file_are_kept_to(experiment: Path, put: Put) -> None:
    wheel = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
    put("requirements.txt", f"six==1.16.0 --hash=sha256:{wheel}\n")
    resolve(experiment, "train.py")
    assert lock_text(experiment).count("--hash") == 1
    put("requirements.txt", f"six==1.16.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(EnvironmentFileError, match=r"no file of six==1\.16\.0"):
        resolve(experiment, "train.py")


@pytest.mark.e2e
def test_script_metadata(experiment: Path, put: Put) -> None:
    head = '# /// script\n# requires-python = "==3.10.*"\n# dependencies = ["six==1.16.0"]\n# ///\n'
    put("train.py", head)
    environment = resolve(experiment, "train.py")
    assert (environment.kind, environment.python) == ("script", "3.10")
    assert versions(environment) == {"six": "1.16.0"}
    put("train.py", head + "print('edited')\n")
    assert resolve(experiment, "train.py") == environment
    with pytest.raises(EnvironmentFileError, match=r"train.py asks for Python ==3.10.\*, not 3.12"):
        resolve(experiment, "train.py", python="3.12")


@pytest.mark.e2e
def test_pyproject_with_and_without_uv_lock(experiment: Path, put: Put) -> None:
    text = '[project]\nname = "d"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = [{}]\n'
    put("pyproject.toml", text.format('"six==1.16.0"'))
    environment = resolve(experiment, "train.py")
    assert (environment.kind, versions(environment)) == ("pyproject", {"six": "1.16.0"})
    subprocess.run(["uv", "lock", "--quiet"], cwd=experiment, check=True)
    environment = resolve(experiment, "train.py")
    assert (environment.kind, versions(environment)) == ("uv", {"six": "1.16.0"})
    put("pyproject.toml", text.format('"six==1.16.0", "tomli"'))
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py")
    assert str(caught.value) == "pyproject.toml:5 asks for tomli, which uv.lock lacks\n  uv lock"


@pytest.mark.e2e
def test_conda_s_file_with_pip_alone_needs_no_conda(experiment: Path, put: Put) -> None:
    put("environment.yml", "dependencies:\n- python=3.10\n- pip\n- pip:\n  - six==1.16.0\n")
    environment = resolve(experiment, "train.py")
    assert (environment.kind, environment.python) == ("conda", "3.10")
    assert versions(environment) == {"six": "1.16.0"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("requirements.txt", "six\nfahr-no-such-thing\n", 'requirements.txt:2 "fahr-no-such'),
        ("requirements.txt", "six\n\nsix>999\n", "requirements.txt:"),
        ("requirements.txt", "numpy @ file:///C:/x\n", 'requirements.txt:1 "numpy @ file:'),
        ("requirements.txt", "six = 1\n", 'requirements.txt:1 "six = 1" is no requirement'),
        ("environment.yml", "a: [\n", "environment.yml:2 is no YAML"),
        ("environment.yml", "dependencies: [pip: six]\n", "environment.yml: pip is not a list"),
        ("pyproject.toml", "[project]\ndependencies = 3\n", "pyproject.toml: dependencies is not"),
        ("pyproject.toml", "[project\n", "pyproject.toml:1 is no TOML"),
        ("train.py", "# /// script\n# dependencies = 3\n# ///\n", "train.py:1 dependencies is"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_leaves_nothing(
    experiment: Path, put: Put, own_home: Path, name: str, text: str, message: str
) -> None:
    put(name, text)
    before = everything(experiment)
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py")
    assert caught.value.message.startswith(message)
    assert len(str(caught.value).split("\n")) <= 4
    assert everything(experiment) == before
    assert not (own_home / "fahr").exists()


@pytest.mark.e2e
def test_no_network_is_said_to_be_that(
    experiment: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    put("requirements.txt", NOBODY + "six\n")
    with pytest.raises(ServiceError, match="the package index cannot be reached"):
        resolve(experiment, "train.py")


@pytest.mark.e2e
def test_a_changed_or_foreign_lock_is_made_again(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six==1.16.0\n")
    resolve(experiment, "train.py")
    path = experiment / locks.LOCK_FILE
    path.write_text(path.read_text().replace("1.16.0", "1.15.0"))
    assert versions(resolve(experiment, "train.py")) == {"six": "1.16.0"}
    path.write_bytes(b"\xff\xfe")
    assert versions(resolve(experiment, "train.py")) == {"six": "1.16.0"}


def test_a_warm_lock_imports_nothing_that_is_not_python_s_own(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six==1.16.0\n")
    resolve(experiment, "train.py")
    code = (
        "import sys, json; from pathlib import Path; from fahr_core.environment import resolve\n"
        f"resolve(Path({str(experiment)!r}), 'train.py')\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(json.dumps(sorted(tops - sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True,
                          env=_importable(), check=True)  # fmt: skip
    assert set(json.loads(done.stdout)) <= {"__main__", "fahr_core"}


def _importable() -> dict[str, str]:
    import os
    from pathlib import Path

    import fahr_core

    source = str(Path(fahr_core.__file__ or "").parent.parent)
    return {**os.environ, "PYTHONPATH": source}


@pytest.mark.e2e
class TestWithoutUv:
    def test_pip_locks_for_this_machine(self, experiment: Path, put: Put, without_uv: None) -> None:
        put("requirements.txt", "six==1.16.0\n-c limits.txt\n")
        put("limits.txt", "tomli<2\n")
        environment = resolve(experiment, "train.py")
        assert versions(environment) == {"six": "1.16.0"}
        assert '"resolver": "pip' in lock_text(experiment)
        wheel = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
        assert f"--hash=sha256:{wheel}" in lock_text(experiment)

    def test_an_unknown_package_names_its_line(
        self, experiment: Path, put: Put, without_uv: None
    ) -> None:
        put("requirements.txt", "six\nfahr-has-no-such-thing\n")
        with pytest.raises(EnvironmentFileError) as caught:
            resolve(experiment, "train.py")
        assert str(caught.value) == (
            'requirements.txt:2 "fahr-has-no-such-thing": no such package in the index'
        )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("uv.lock", "version = 1\n", "uv.lock needs uv"),
        ("requirements.txt", "six\n", "without uv, requirements.txt is resolved for this machine"),
    ],
)
def test_what_only_uv_can_do_says_so(
    experiment: Path, put: Put, no_tools: Path, name: str, text: str, message: str
) -> None:
    put(name, text)
    if name == "uv.lock":
        put("pyproject.toml", "[project]\nname = 'd'\nversion = '0'\n")
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py", platform="aarch64-apple-darwin")
    assert caught.value.message.startswith(message)
    assert "pip install uv" in caught.value.hints[0]


def test_a_python_that_is_not_there_names_those_that_are(
    experiment: Path, put: Put, no_tools: Path
) -> None:
    (no_tools / "python3").symlink_to(sys.executable)
    put("requirements.txt", "six\n")
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py", python="3.19")
    mine = "{}.{}".format(*sys.version_info[:2])
    assert caught.value.message == f"Python 3.19 is not on this machine (there: {mine})"


def test_conda_packages_need_a_tool(experiment: Path, put: Put, no_tools: Path) -> None:
    put("environment.yaml", "dependencies:\n- python=3.11\n- numpy\n- cudatoolkit=11\n")
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py")
    assert caught.value.message.startswith("environment.yaml asks for numpy, cudatoolkit=11 from")
    assert "micromamba" in caught.value.hints[0]


def test_the_digest_is_that_of_the_stored_text(experiment: Path, put: Put) -> None:
    put("requirements.txt", "six==1.16.0\n")
    environment = resolve(experiment, "train.py")
    assert environment.lock
    stored = store.stored_path(environment.lock).read_bytes()
    assert environment.lock == "sha256:" + hashlib.sha256(stored).hexdigest()
