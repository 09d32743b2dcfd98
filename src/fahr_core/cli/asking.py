"""Questions at a terminal; the answers have options of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fahr_core.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ask", "choose", "confirm"]


def choose(question: str, choices: Sequence[str], default: int = 1) -> str:
    """Ask for one of several by number or name."""
    offered = "  ".join(f"{number} {choice}" for number, choice in enumerate(choices, 1))
    while True:
        answer = _answer(f"{question}  {offered}   [{default}]: ") or str(default)
        if answer in choices:
            return answer
        if answer.isdigit() and 0 < int(answer) <= len(choices):
            return choices[int(answer) - 1]
        console.note(f"a number from 1 to {len(choices)}, or a name")


def ask(question: str, default: str | None = None) -> str:
    """Ask for a text; without a default until there is one."""
    shown = f" [{default}]" if default else ""
    while True:
        if answer := _answer(f"{question}{shown}: ") or default or "":
            return answer


def confirm(question: str, *, default: bool = True) -> bool:
    """Ask yes or no."""
    answer = _answer(f"{question}  [{'Y/n' if default else 'y/N'}]: ").lower()
    return answer.startswith("y") if answer else default


def _answer(prompt: str) -> str:
    """Ask on stderr, since stdout carries the result."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt  # the terminal was closed
    return line.strip()
