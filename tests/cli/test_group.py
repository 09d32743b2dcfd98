from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fahr_core import cli
from fahr_core.cli.group import COMMANDS
from tests.cli.calling import call

if TYPE_CHECKING:
    from tests.cli.calling import Call

__all__ = ["call"]

MODULES = {
    path.stem.removesuffix("_command") for path in Path(cli.__file__).parent.glob("*_command.py")
}


def test_every_command_has_a_module_and_a_line() -> None:
    assert set(COMMANDS) == MODULES
    assert all(line.endswith(".") and len(line) < 66 for line in COMMANDS.values())


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command_with_examples(call: Call, option: str) -> None:
    done = call(option)
    assert (done.status, done.err) == (0, "")
    for name, line in COMMANDS.items():
        assert f"  {name} " in done.out
        assert line.partition(";")[0][:50] in done.out
    assert "fahr fit train.py -p epochs=20 -f" in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_help_of_each_command_has_examples(call: Call, name: str) -> None:
    done = call(name, "--help")
    assert (done.status, done.err) == (0, "")
    assert "Examples:\n" in done.out
    assert f"  fahr {name}" in done.out
    assert "::" not in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_only_the_command_that_is_called_is_imported() -> None:
    code = "import sys; from fahr_core.cli.app import run; run(sys.argv[1:])\n"
    code += "print([m for m in sys.modules if m.endswith('_command')])"
    for words, imported in (["--help"], []), (["ls"], ["fahr_core.cli.ls_command"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == str(imported)


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("stauts", 'there is no command "stauts"; did you mean status?', "fahr --help"),
        ("zzzz", 'there is no command "zzzz"', "fahr --help"),
        ("train.py", '"train.py" is no command', "fahr fit train.py"),
        ("nb.ipynb", '"nb.ipynb" is no command', "fahr fit nb.ipynb"),
        ("--verison", "there is no option --verison; did you mean --version?", "fahr --help"),
    ],
)
def test_a_word_that_is_no_command(call: Call, word: str, message: str, hint: str) -> None:
    done = call(word)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"error: {message}\n  {hint}\n"
