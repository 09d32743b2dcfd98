from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer

from fahr_core.cli.plain_values import PlainCommand

SEEN: dict[str, Any] = {}


def command(
    words: Annotated[list[str] | None, typer.Argument()] = None,
    text: Annotated[str | None, typer.Option("--text")] = None,
    many: Annotated[list[str] | None, typer.Option("--many", "-m")] = None,
    number: Annotated[int | None, typer.Option("--number")] = None,
    flag: Annotated[bool, typer.Option("--flag")] = False,
) -> None:
    SEEN.update(locals())


def read(*arguments: str) -> dict[str, Any]:
    """Read arguments by a command as those of fahr are."""
    app = typer.Typer(add_completion=False)
    app.command(cls=PlainCommand)(command)
    SEEN.clear()
    typer.main.get_command(app).main(list(arguments), standalone_mode=False)
    return dict(SEEN)


def test_nothing_given() -> None:
    nothing = read()
    assert (nothing["text"], nothing["number"], nothing["flag"]) == (None, None, False)
    assert not nothing["words"]
    assert not nothing["many"]


def test_values_in_their_types() -> None:
    given = read("a", "b", "--text", "7", "-m", "1", "--many", "2", "--number", "-3", "--flag")
    assert given == {
        "words": ["a", "b"], "text": "7", "many": ["1", "2"], "number": -3, "flag": True,
    }  # fmt: skip


@pytest.mark.parametrize("word", ["x", "1.5", "", "1e3"])
def test_what_is_no_whole_number(word: str) -> None:
    with pytest.raises(Exception, match="is not a whole number"):
        read("--number", word)


def test_no_value_needs_pydantic() -> None:
    import subprocess
    import sys

    code = "from fahr_core.cli.app import run; import sys\n"
    code += "run(['ls', '--state', 'failed', '--all']); run(['logs', '--tail', '3'])\n"
    code += "print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
