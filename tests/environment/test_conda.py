"""conda's files; the solver is a stand-in that answers as micromamba does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fahr_core.environment import lock as locks
from fahr_core.environment import resolve
from fahr_core.environment.conda import CondaFile, read_conda
from fahr_core.environment.files import find
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[[str, str], Path]

URL = "https://conda.anaconda.org/conda-forge/linux-64"
PLATFORM = "x86_64-unknown-linux-gnu"


def read(experiment: Path) -> CondaFile:
    file = find(experiment, "train.py")
    assert file
    return read_conda(file)


def package(name: str, version: str) -> dict[str, str]:
    fn = f"{name}-{version}-h12_0.conda"
    return {"name": name, "version": version, "fn": fn, "url": f"{URL}/{fn}", "md5": "d41d8"}


def stand_in(folder: Path, answer: object, status: int = 0) -> None:
    tool = folder / "micromamba"
    tool.write_text(
        f"#!/bin/sh\necho \"$@\" > {folder}/asked\n/bin/cat <<'END'\n{json.dumps(answer)}\nEND\n"
        f"exit {status}\n"
    )
    tool.chmod(0o755)


@pytest.mark.parametrize(
    ("spec", "python"),
    [
        ("python", None),
        ("python=3.11", "==3.11.*"),
        ("python==3.11.4", "==3.11.*"),
        ("python 3.10.*", "==3.10.*"),
        ("conda-forge::python=3.12=h12_cpython", "==3.12.*"),
        ("python>=3.10", ">=3.10"),
        ("python >=3.10,<3.13", ">=3.10,<3.13"),
    ],
)
def test_python(experiment: Path, put: Put, spec: str, python: str | None) -> None:
    put("environment.yaml", f"dependencies:\n- {spec}\n")
    assert read(experiment) == CondaFile(python, (), (), ())


def test_conda_s_packages_and_pip_s(experiment: Path, put: Put) -> None:
    put("more.txt", "tomli\n")
    put(
        "environment.yaml",
        "name: x\nchannels: [conda-forge, nodefaults]\ndependencies:\n"
        "- numpy=1.26\n- pip\n- pip:\n  - six\n  - -r more.txt\n",
    )
    found = read(experiment)
    assert found.specs == ("numpy=1.26",)
    assert [(line.place, line.text) for line in found.pip] == [
        ("environment.yaml:7", "six"),
        ("more.txt:1", "tomli"),
    ]


def test_solved_packages_are_locked_by_address_and_hash(
    experiment: Path, put: Put, no_tools: Path
) -> None:
    put("environment.yaml", "channels: [conda-forge]\ndependencies: [python=3.11, numpy]\n")
    links = [package("python", "3.11.9"), package("libjpeg-turbo", "3.0.0")]
    stand_in(no_tools, {"success": True, "actions": {"LINK": links, "FETCH": []}})
    environment = resolve(experiment, "train.py", platform=PLATFORM)
    assert (environment.kind, environment.python) == ("conda", "3.11")
    assert [(p.name, p.version) for p in environment.packages] == [
        ("libjpeg-turbo", "3.0.0"),
        ("python", "3.11.9"),
    ]
    lock = locks.read(experiment)
    assert lock
    assert lock.resolver == "micromamba"
    assert locks.conda_packages(lock.body) == (
        f"{URL}/libjpeg-turbo-3.0.0-h12_0.conda#d41d8",
        f"{URL}/python-3.11.9-h12_0.conda#d41d8",
    )
    asked = (no_tools / "asked").read_text()
    assert "--platform linux-64 --channel conda-forge python=3.11.* pip numpy" in asked


def test_the_solver_s_reason_is_told(experiment: Path, put: Put, no_tools: Path) -> None:
    put("environment.yaml", "dependencies: [python=3.11, nosuch]\n")
    stand_in(no_tools, {"success": False, "solver_problems": ["nothing provides nosuch"]}, 1)
    with pytest.raises(EnvironmentFileError) as caught:
        resolve(experiment, "train.py", platform=PLATFORM)
    assert str(caught.value) == ("environment.yaml cannot be resolved\n  nothing provides nosuch")


def test_a_platform_that_conda_lacks(experiment: Path, put: Put, no_tools: Path) -> None:
    put("environment.yaml", "dependencies: [python=3.11, numpy]\n")
    stand_in(no_tools, {})
    with pytest.raises(EnvironmentFileError, match="conda has no packages for x-y-z"):
        resolve(experiment, "train.py", platform="x-y-z")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- six\n", "environment.yaml has no dependencies"),
        ("dependencies: six\n", "environment.yaml: dependencies is not a list"),
        ("dependencies:\n- conda: [six]\n", "environment.yaml: only 'pip:' may have a list"),
        ("a: b: c\n", "environment.yaml:1 is no YAML"),
    ],
)
def test_other_shapes(experiment: Path, put: Put, text: str, message: str) -> None:
    put("environment.yaml", text)
    with pytest.raises(EnvironmentFileError) as caught:
        read(experiment)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "channels: ['https://me:secret@host/channel']\ndependencies: [six]\n",
        "channels: ['https://host/t/ab-secret/channel']\ndependencies: [six]\n",
        "dependencies: ['https://me:secret@host/channel::six']\n",
    ],
)
def test_a_login_in_a_channel_is_refused_and_not_repeated(
    experiment: Path, put: Put, text: str
) -> None:
    put("environment.yaml", text)
    with pytest.raises(EnvironmentFileError, match="has a password in a channel") as raised:
        read(experiment)
    assert "secret" not in str(raised.value)
