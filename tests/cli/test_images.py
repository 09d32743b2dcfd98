"""`fahr images`, which fahr-docker does: here the words, and what is said without it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.calling import Call, call

__all__ = ["call"]


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fahr-docker be missing, as far as imports go."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "fahr_docker"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fahr_docker", None)


@pytest.mark.parametrize("words", [[], ["ls"], ["ls", "--json"], ["prune", "--yes"]])
def test_without_fahr_docker_it_says_what_to_install(
    call: Call, not_installed: None, words: list[str]
) -> None:
    called = call("images", *words)
    assert called.status == 2
    assert called.out == ""
    assert "fahr images needs fahr-docker" in called.err
    assert "fahr-core[docker]" in called.err


def test_the_help_needs_nothing_of_it(call: Call, not_installed: None) -> None:
    called = call("images", "--help")
    assert called.status == 0
    assert "fahr images prune --older-than 30d --dry-run" in called.out


def test_neither_help_imports_docker() -> None:
    program = (
        "import sys\nfrom fahr_core.cli.app import run\n"
        "run(['--help']), run(['images', '--help'])\n"
        "found = {name.partition('.')[0] for name in sys.modules} & {'docker', 'fahr_docker'}\n"
        "sys.exit(f'imported: {found}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prun"], '"prun"; did you mean prune?'),
        (["ls", "--unused"], "--unused is for pruning"),
        (["prune", "--older-than", "long"], '"long" is not a duration'),
    ],
)
def test_what_is_not_meant_is_refused_first(
    call: Call, not_installed: None, words: list[str], message: str
) -> None:
    called = call("images", *words)
    assert called.status == 2
    assert message in called.err
