"""What the image has is taken out of a lock, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fahr_kaggle.inside import image_packages

LOCK = """# fahr lock
# {"kind": "requirements"}
Flask_Login==0.6.3 ; python_version >= "3.8" \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via -r requirements.txt
torch==2.6.0 \\
    --hash=sha256:cc
torchvision[scipy]==0.21.0 \\
    --hash=sha256:dd
zstd==1.0
# unhashed: tool @ git+https://example.org/tool@1
"""


def test_the_very_version_is_taken_out_with_its_hashes():
    there = {"flask-login": "0.6.3", "torch": "2.6.0+cu124", "torchvision": "0.21.1"}
    rest, found, left = image_packages.without(LOCK, there)
    assert (found, left) == (["flask-login", "torch"], 2)
    assert "sha256:aa" not in rest
    assert "sha256:cc" not in rest
    assert "torchvision[scipy]==0.21.0 \\\n    --hash=sha256:dd\nzstd==1.0\n# unhashed" in rest
    assert rest.startswith("# fahr lock\n")


@pytest.mark.parametrize(
    ("there", "wanted", "same"),
    [
        ("1.0", "1.0", True),
        ("1.0+cu1", "1.0", True),
        ("1.0", "1.0+cu1", False),
        ("1.0+cu2", "1.0+cu1", False),
        ("1.0.1", "1.0", False),
        (None, "1.0", False),
    ],
)
def test_versions(there, wanted, same):
    found = {"a": there} if there else {}
    assert image_packages.without(f"a=={wanted}\n", found)[1] == (["a"] if same else [])


def test_nothing_there_leaves_the_lock_as_it_is():
    assert image_packages.without(LOCK, {}) == (LOCK, [], 4)


def test_this_python_has_packages():
    assert "pytest" in image_packages.installed()


def test_what_is_lent_comes_behind_an_environments_own(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    image_packages.lend(str(python))
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "hypothesis.py").write_text("MINE = True\n")
    code = "import pytest, hypothesis; print(hypothesis.MINE)"
    assert subprocess.check_output([python, "-I", "-c", code], text=True) == "True\n"
