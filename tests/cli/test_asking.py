from __future__ import annotations

import pytest

from fahr_core.cli.asking import ask, choose, confirm
from tests.cli.screen import Screen, at_terminal, screen

__all__ = ["screen"]


@pytest.mark.parametrize(
    ("typed", "answer"), [("\n", "local"), ("2\n", "kaggle"), (" kaggle \n", "kaggle")]
)
@at_terminal
def test_one_of_several(screen: Screen, typed: str, answer: str) -> None:
    screen.type(typed)
    assert choose("Where?", ["local", "kaggle"]) == answer
    assert screen.raw() == "Where?  1 local  2 kaggle   [1]: "


@at_terminal
def test_a_wrong_answer_is_asked_again(screen: Screen) -> None:
    screen.type("3\n0\nkagle\n-1\n2\n")
    assert choose("Where?", ["local", "kaggle"]) == "kaggle"
    assert screen.raw().count("a number from 1 to 2, or a name") == 4


@at_terminal
def test_a_text(screen: Screen) -> None:
    screen.type("\n\n x y \n")
    assert ask("Folder") == "x y"
    assert screen.raw() == "Folder: " * 3
    screen.type("\n")
    assert ask("Folder", "out") == "out"
    assert screen.raw() == "Folder [out]: "


@pytest.mark.parametrize(
    ("typed", "default", "answer"),
    [("\n", True, True), ("\n", False, False), ("Y\n", False, True), ("no\n", True, False)],
)
@at_terminal
def test_yes_or_no(screen: Screen, typed: str, default: bool, answer: bool) -> None:
    screen.type(typed)
    assert confirm("Go?", default=default) is answer
    assert screen.raw() == f"Go?  [{'Y/n' if default else 'y/N'}]: "


@at_terminal
def test_a_terminal_that_is_closed_interrupts(screen: Screen) -> None:
    screen.type("\x04")
    with pytest.raises(KeyboardInterrupt):
        ask("Folder")
