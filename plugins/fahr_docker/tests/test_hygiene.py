"""No password stays: in no layer, history, log, lock or file of a real build.

The package comes from an index behind a login, which the build reaches with what this machine
lends it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from experiments import build_by_hand, folder, saved
from fahr_core.errors import EnvironmentFileError, FahrError, UsageError
from fahr_core.models import ImageTarget
from made_jobs import Told, image_of, job_of, rendered
from private_index import NAME, PrivateIndex, private_index
from real_engine import files_of, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine
    from real_registry import RealRegistry

__all__ = ["folder"]

SCRIPT = "import fahr_private_thing\nprint(fahr_private_thing.word)\n"


@pytest.fixture
def index(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateIndex]:
    """Give an index whose password no test has used before."""
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv")))
    with private_index(engine, "reader", f"secret{uuid4().hex}") as index:
        yield index


@pytest.fixture
def private(folder: Path) -> Path:
    """Give an experiment that needs the private package."""
    (folder / "train.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text(f"{NAME}==1.0\n")
    return folder


def lend(how: str, index: PrivateIndex, home: Path, patch: pytest.MonkeyPatch) -> None:
    """Say where the index is, and the login, in one of the ways that people do."""
    if how == "netrc":
        host = index.address.partition(":")[0]
        text = f"machine {host} login {index.user} password {index.password}\n"
        (home / ".netrc").write_text(text)
        (home / ".netrc").chmod(0o600)
        patch.setenv("UV_INDEX", index.bare_url)
    elif how == "named":
        patch.setenv("UV_INDEX", f"private={index.bare_url}")
        patch.setenv("UV_INDEX_PRIVATE_USERNAME", index.user)
        patch.setenv("UV_INDEX_PRIVATE_PASSWORD", index.password)
    else:
        patch.setenv(how, index.url)


@pytest.mark.parametrize("how", ["UV_INDEX", "netrc", "named"])
def test_a_login_is_in_no_layer_no_history_and_no_log(
    engine: Engine,
    index: PrivateIndex,
    private: Path,
    own_home: Path,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lend(how, index, own_home, monkeypatch)
    told = Told()
    image = image_of(private, told=told)
    assert run(engine, image.reference).output == "private\n"
    assert any(path.endswith(".whl") for path in index.given)
    secret = index.password.encode()
    # All layers, the configuration with the history, and how the build was told.
    assert secret not in saved(engine, image.reference)
    assert secret not in json.dumps(engine.client.api.history(image.reference)).encode()
    assert secret not in told.text.encode()
    kept = [path for path in private.rglob("*") if path.is_file()]
    kept += [path for path in (own_home / "fahr").rglob("*") if path.is_file()]
    assert [path for path in kept if secret in path.read_bytes()] == []


def test_nor_in_the_registry(
    engine: Engine,
    index: PrivateIndex,
    private: Path,
    own_home: Path,
    real_registry: RealRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lend("PIP_EXTRA_INDEX_URL", index, own_home, monkeypatch)
    target = ImageTarget(repository=f"{real_registry.host}/team/x{uuid4().hex}")
    image = image_of(private, target, real_registry.login())
    with real_registry.repository((target.repository or "").partition("/")[2]) as registry:
        manifest = registry.get_manifest(image.digest)
        assert manifest is not None
        blobs = [registry.read_blob(manifest.config.digest), manifest.content]
        blobs.append(registry.read_blob(manifest.layers[-1].digest))
    assert not [blob for blob in blobs if index.password.encode() in blob]


def test_a_build_that_fails_does_not_tell_the_password(
    index: PrivateIndex, private: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend("UV_INDEX", index, own_home, monkeypatch)
    rendered(job_of(private))  # locks what only the index has
    monkeypatch.setenv("UV_INDEX", index.url.replace(index.password, "stale-secret"))
    told = Told()
    with pytest.raises(FahrError) as raised:
        image_of(private, told=told)
    assert NAME in f"{raised.value}{told.text}"
    assert "stale-secret" not in f"{raised.value}{told.text}"


def test_the_login_of_an_index_needs_buildx(
    index: PrivateIndex, private: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's own endpoint would keep it: that is refused before anything is built."""
    from fahr_docker.engine import finding

    lend("UV_INDEX", index, own_home, monkeypatch)
    monkeypatch.setattr(finding, "find_buildx", lambda: None)
    with pytest.raises(UsageError, match="only buildx can lend"):
        image_of(private)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "--index-url https://me:secret@host.invalid/simple\nsix\n"),
        ("requirements.txt", "x @ git+https://me:secret@host.invalid/x.git\n"),
        (
            "pyproject.toml",
            '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n'
            '[[tool.uv.index]]\nname = "p"\nurl = "https://me:secret@host.invalid/simple"\n',
        ),
        (
            "environment.yaml",
            "channels:\n  - https://me:secret@host.invalid/channel\ndependencies:\n  - six\n",
        ),
        (
            "train.py",
            '# /// script\n# dependencies = ["six"]\n# [[tool.uv.index]]\n'
            '# url = "https://me:secret@host.invalid/simple"\n# ///\n',
        ),
    ],
    ids=["index", "repository", "pyproject", "conda", "script"],
)
def test_a_password_in_an_environment_file_is_refused_and_not_repeated(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / "train.py").write_text("print(1)\n")
    (tmp_path / name).write_text(text)
    with pytest.raises(EnvironmentFileError, match="password") as raised:
        image_of(tmp_path)
    assert "secret" not in str(raised.value)


def test_a_build_by_hand_leaves_keys_and_data_out(engine: Engine, folder: Path) -> None:
    """By the rendered ignore file; what `fahr fit` builds is the snapshot, which has none."""
    image_of(folder)
    left_out = (".env", "key.pem", "id_rsa", ".netrc", "credentials.json", "data/x.bin", ".git/x")
    for name in left_out:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("secret-of-this-folder")
    (folder / "kept.txt").write_text("kept")
    by_hand = f"fahr/{folder.name}:by-hand"
    build_by_hand(folder, by_hand)
    files = files_of(engine, by_hand, "/opt/fahr/code")
    assert "code/kept.txt" in files
    assert not {f"code/{name}" for name in left_out} & files.keys()
    assert b"secret-of-this-folder" not in saved(engine, by_hand)
    image = image_of(folder)
    assert b"secret-of-this-folder" not in saved(engine, image.reference)
