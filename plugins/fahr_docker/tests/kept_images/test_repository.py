"""`fahr images --registry` on a real registry."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from fahr_core.cli.app import run
from fahr_core.models import State
from fahr_docker.append import append_code
from fahr_docker.image_config import ConfigChanges
from made_images import push_image
from made_layers import layer_of
from real_registry import PASSWORD, USERNAME
from recorded_jobs import recorded
from small_images import new_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CODE = ConfigChanges(labels={"fahr.image": "job"})
LABELLED = {"config": {"Labels": {"fahr.image": "environment"}}}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable:
    """Give a function that runs a command line and gives its status, stdout and stderr."""

    def called(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(words))
        return (status, *capsys.readouterr())

    return called


@pytest.fixture
def pushed(registry, own_home: Path, tmp_path: Path, real_registry) -> dict[str, str]:
    """Give the digests of an environment and two images of code on it, and log in."""
    text = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    (own_home / ".docker").mkdir()
    login = {"auths": {real_registry.host: {"auth": text}}}
    (own_home / ".docker" / "config.json").write_text(json.dumps(login))
    env = f"env-{new_hash()}"
    digests = {"env": push_image(registry, env, config=LABELLED)}
    for name in ("old", "new"):
        layer = layer_of(tmp_path, {"train.py": name.encode()})
        digests[name] = append_code(registry, env, layer, CODE).digest
    return digests


def named(registry, digest: str) -> str:
    return f"{registry.name}@{digest}"


def there(registry, pushed) -> set[str]:
    return {name for name, digest in pushed.items() if registry.head_manifest(digest)}


def test_the_repositories_of_recorded_jobs_are_known(call, registry, pushed):
    job = recorded(named(registry, pushed["new"]))
    status, out, err = call("images", "ls", "--registry", "--json")
    assert (status, err) == (0, "")
    told = {document["digest"]: document for document in json.loads(out)}
    assert set(told) == set(pushed.values())
    assert told[pushed["new"]]["jobs"] == [job]
    assert told[pushed["new"]]["created"] is None  # a registry does not tell
    assert told[pushed["env"]]["jobs"] == [job]
    assert told[pushed["env"]]["created"] == "2024-01-02T03:04:05.000+00:00"
    assert told[pushed["env"]]["repository"] == registry.name


def test_one_repository_is_named(call, registry, pushed):
    for words in (["--registry", registry.name], [f"--registry={registry.name}"]):
        status, out, _ = call("images", "ls", *words)
        assert status == 0
        assert {line.split("\t")[-1] for line in out.splitlines()} == set(pushed.values())


def test_prune_removes_what_this_machine_used_and_no_job_needs(call, registry, pushed):
    recorded(named(registry, pushed["old"]), ended=1.0)
    recorded(named(registry, pushed["new"]), state=State.SUBMITTED)
    status, out, err = call("images", "prune", "--registry", "--yes")
    assert (status, out.splitlines()[0].split("\t")[-1]) == (0, pushed["old"])
    assert there(registry, pushed) == {"env", "new"}
    assert "removed 1 image" in err
    assert "when it collects its garbage" in err


def test_what_no_job_here_used_is_another_machines(call, registry, pushed):
    words = ("images", "prune", f"--registry={registry.name}", "--older-than=1s", "--yes")
    status, out, _ = call(*words, "--json")
    told = json.loads(out)
    assert status == 0
    assert {image["reason"] for image in told["kept"]} >= {"no job recorded here used it"}
    assert there(registry, pushed) == {"env", "old", "new"}
    assert call(*words, "--others")[0] == 0
    assert there(registry, pushed) == set()


def test_what_has_somebodys_tag_or_no_label_stays(call, registry, pushed):
    content = registry.get_manifest(pushed["old"])
    registry.put_manifest("best", content.content, content.media_type)
    plain = push_image(registry, f"code-{new_hash()}", layers=({"a": b"other"},))
    call("images", "prune", f"--registry={registry.name}", "--older-than=1s", "--others", "--yes")
    assert there(registry, pushed) == {"env", "old"}
    assert registry.head_manifest("best") == pushed["old"]
    assert registry.head_manifest(plain)


def test_an_edit_after_pruning_works(call, registry, pushed, tmp_path):
    recorded(named(registry, pushed["old"]), ended=1.0)
    recorded(named(registry, pushed["new"]), ended=1.0)
    call("images", "prune", "--registry", "--yes")
    assert there(registry, pushed) == set()
    env = f"env-{new_hash()}"
    push_image(registry, env, config=LABELLED)
    layer = layer_of(tmp_path, {"train.py": b"old"})
    code = append_code(registry, env, layer, CODE)
    assert registry.head_manifest(code.tag) == code.digest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--registry"], "no job recorded here took its image from a registry"),
        (["--registry=h.invalid/a:1"], "h.invalid/a:1 is an image; a repository is meant"),
        (["--unused"], "--unused is for pruning"),
    ],
)
def test_what_cannot_be_meant_is_told(call, words, message):
    status, _, err = call("images", "ls", *words)
    assert status == 2
    assert f"error: {message}" in err


def test_a_wrong_password_is_told(call, registry, pushed, own_home):
    text = base64.b64encode(f"{USERNAME}:wrong".encode()).decode()
    host = registry.name.partition("/")[0]
    file = own_home / ".docker" / "config.json"
    file.write_text(json.dumps({"auths": {host: {"auth": text}}}))
    status, _, err = call("images", "ls", f"--registry={registry.name}")
    assert status == 2
    assert f"error: {host} refuses the login" in err
