"""An environment of conda's, on a machine that reaches no channel of conda's.

Two stand-ins take micromamba's place, so that this story shows what fahr does with it and nothing
of micromamba itself.  The one on this machine answers ``create --dry-run --json`` with addresses
and hashes; the one that the image is built by is a program in an image of its own, named by the
setting ``micromamba_image``: it makes the prefix of an explicit list, with the packages of the same
names from PyPI.  Everything else is real: the lock, the rendered Dockerfile with its stages and
mounts, BuildKit, what pip adds to a prefix of conda's, the push, and the job that starts there.
"""

from __future__ import annotations

import io
import json
import tarfile

import pytest

IMAGE = ("fahr-story/micromamba", "1")
URL = "https://conda.anaconda.org/conda-forge/linux-64"
PACKAGES = {"python": "3.11.9", "six": "1.17.0"}
ENVIRONMENT = """
channels: [conda-forge]
dependencies:
- python=3.11
- six=1.17.0
- pip:
  - iniconfig==2.1.0
"""
TRAIN = """
import os, sys
import iniconfig, six
print("six", six.__version__, "at", os.path.relpath(six.__file__, sys.prefix).split(os.sep)[0])
print("conda's list", os.path.isfile(os.path.join(sys.prefix, "conda-meta", "history")))
print("and pip's", iniconfig.__name__)
"""
INSIDE = """#!/usr/bin/python3
import os, pathlib, re, subprocess, sys
words = sys.argv[1:]
if words[:2] != ["create", "--yes"]:
    sys.exit("asked for " + " ".join(words))
prefix, listed = words[words.index("--prefix") + 1], words[words.index("--file") + 1]
first, *addresses = pathlib.Path(listed).read_text().splitlines()
if first != "@EXPLICIT":
    sys.exit("no explicit list: " + first)
found = dict(re.search(r"/([^/]+)-([^-]+)-[^-]+[.]conda#", each).groups() for each in addresses)
subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
packages = [f"{name}=={version}" for name, version in found.items() if name != "python"]
install = ["/run/fahr/uv", "pip", "install", "--python", prefix]
subprocess.run([*install, *packages], check=True)
os.mkdir(prefix + "/conda-meta")
pathlib.Path(prefix, "conda-meta", "history").touch()
"""


@pytest.fixture
def inside(aws_engine):
    """Give an image that holds a program of micromamba's name where micromamba's has it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo("bin/micromamba")
        member.size, member.mode = len(INSIDE), 0o755
        tar.addfile(member, io.BytesIO(INSIDE.encode()))
    repository, tag = IMAGE
    aws_engine.api.import_image_from_data(file.getvalue(), repository, tag)
    yield f"{repository}:{tag}"
    aws_engine.images.remove(f"{repository}:{tag}", force=True)


@pytest.fixture
def asked(fahr, tmp_path):
    """Put the solver on the path of ``fahr``; give the file of what it was asked."""
    links = [
        {
            "name": name,
            "version": version,
            "fn": (file := f"{name}-{version}-h12_0.conda"),
            "url": f"{URL}/{file}",
            "md5": "d41d8cd98f00b204e9800998ecf8427e",
        }
        for name, version in PACKAGES.items()
    ]
    answer = json.dumps({"success": True, "actions": {"LINK": links, "FETCH": []}})
    folder = tmp_path / "bin"
    folder.mkdir()
    tool, words = folder / "micromamba", folder / "asked"
    tool.write_text(f"#!/bin/sh\necho \"$@\" > '{words}'\ncat <<'END'\n{answer}\nEND\n")
    tool.chmod(0o755)
    fahr.path = f"{folder}:{fahr.path}"
    return words


def test_packages_are_those_of_condas_file(fahr, inside, asked):
    fahr.write("environment.yaml", ENVIRONMENT)
    fahr.write("train.py", TRAIN)
    fahr.settings("[local-cpu]", f'micromamba_image = "{inside}"')
    name, job = fahr.sent("train.py")
    assert job.reason == ""
    printed = fahr.printed(name)
    assert "six 1.17.0 at lib" in printed
    assert "conda's list True" in printed
    assert "and pip's iniconfig" in printed
    assert "--platform linux-64 --channel conda-forge python=3.11.* pip six=1.17.0" in (
        asked.read_text()
    )
    lock = (fahr.folder / ".fahr" / "environment.lock").read_text()
    assert f"# conda: {URL}/six-1.17.0-h12_0.conda#d41d8cd98f00b204e9800998ecf8427e" in lock
    assert f"FROM {inside} AS micromamba" in (fahr.folder / "Dockerfile").read_text()
