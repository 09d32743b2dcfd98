"""The plugin contract is documented, tested, and changes only on purpose."""

import ast
import re
from functools import cache
from inspect import Parameter, getdoc, signature
from pathlib import Path

import pytest

import fahr_core
from fahr_core.hookspecs import SPEC_VERSION, BuildHooks, SharedHooks, TrainHooks
from fahr_core.roles import hooks_of

TESTS = Path(__file__).parent
RECORD = TESTS / "hook_signatures.txt"
KIT = Path(fahr_core.__file__).parent / "testing"
HOOKS = {
    name: getattr(namespace, name)
    for namespace in (TrainHooks, BuildHooks, SharedHooks)
    for name in sorted(hooks_of(namespace))
}


def spelled(name: str) -> str:
    """Give a hook as it is recorded: its name, arguments and types."""
    whole = signature(HOOKS[name])
    arguments = [f"{p.name}: {p.annotation}" for p in [*whole.parameters.values()][1:]]
    return f"{name}({', '.join(arguments)}) -> {whole.return_annotation}"


@cache
def called(folder: Path) -> set[str]:
    """Give the methods that are called anywhere in a folder's Python files."""
    trees = [ast.parse(file.read_text("utf-8")) for file in folder.rglob("*.py")]
    return {
        node.func.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def test_the_signatures_are_those_that_were_recorded():
    lines = [f"SPEC_VERSION = {SPEC_VERSION}", *map(spelled, HOOKS)]
    recorded = RECORD.read_text("utf-8").splitlines()
    assert lines == recorded, (
        "the plugin contract has changed: a new argument or hook raises SPEC_VERSION, and "
        "hook_signatures.txt then holds:\n" + "\n".join(lines)
    )


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented(name):
    text = getdoc(HOOKS[name]) or ""
    first, *_ = text.splitlines() or [""]
    assert first.endswith((".", ";")), f"{name} has no first line that says what it gives"
    assert re.search(r"\bSince \d+\.\d+\.", text), f"{name} does not say since when it is there"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_tested(name):
    tested = called(KIT) | called(TESTS)
    reached = {"stream_logs": "logs"}.get(name, name)  # a session opens and closes it
    assert reached in tested, f"no test calls {name}"


@pytest.mark.parametrize("name", HOOKS)
def test_every_argument_and_answer_has_a_type(name):
    whole = signature(HOOKS[name])
    assert whole.return_annotation is not Parameter.empty
    missing = [
        argument.name
        for argument in list(whole.parameters.values())[1:]
        if argument.annotation is Parameter.empty
    ]
    assert missing == []
