"""Environments from a lock, of a package that the test builds itself: no network."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fahr_core.launcher.env import install
from fahr_core.launcher.job import StartError


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Give the smallest possible package."""
    return built(tmp_path)


def built(tmp_path: Path, needs: str = "") -> Path:
    """Build a package, which may need another one."""
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.py": "SIZE = 1\n",
        "tiny-1.0.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n{needs}"
        ),
        "tiny-1.0.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            rows.append(f"{name},sha256={digest.decode()},{len(text)}")
        rows.append("tiny-1.0.dist-info/RECORD,,")
        archive.writestr("tiny-1.0.dist-info/RECORD", "\n".join(rows) + "\n")
    return path


def lock(folder: Path, wheel: Path, digest: str | None = None) -> str:
    digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
    path = folder / "environment.lock"
    path.write_text(f"# fahr\ntiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    return str(path)


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let uv install where it is, or hide it."""
    name: str = request.param
    if name == "uv" and shutil.which("uv") is None:
        pytest.skip("no uv here")
    if name == "pip":
        monkeypatch.setenv("PATH", os.path.dirname(sys.executable) + "-nothing")
    return name


def test_install(tmp_path: Path, wheel: Path, installer: str) -> None:
    path = lock(tmp_path, wheel)
    python = install(path, str(tmp_path / "env"), sys.executable)
    command = [python, "-c", "import tiny; print(tiny.SIZE)"]
    assert subprocess.check_output(command, text=True) == "1\n"
    wheel.unlink()
    assert install(path, str(tmp_path / "env"), sys.executable) == python


def test_a_part_of_an_environment(tmp_path: Path, installer: str) -> None:
    path = lock(tmp_path, built(tmp_path, "Requires-Dist: fahr-that-is-elsewhere==1.0\n"))
    python = install(path, str(tmp_path / "env"), sys.executable, whole=False)
    assert subprocess.run([python, "-c", "import tiny"], check=False).returncode == 0


def test_wrong_hash(tmp_path: Path, wheel: Path) -> None:
    path = lock(tmp_path, wheel, "0" * 64)
    with pytest.raises(StartError, match=r"(?s)can not be installed.*[Hh]ash"):
        install(path, str(tmp_path / "env"), sys.executable)
    assert not (tmp_path / "env" / "fahr-environment.lock").exists()


def test_conda_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "environment.lock"
    path.write_text("# conda: https://channel/linux-64/a-1.0-0.conda#md5\n")
    with pytest.raises(StartError, match="conda"):
        install(str(path), str(tmp_path / "env"), sys.executable)
