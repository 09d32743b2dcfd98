from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.environment.script import ScriptMetadata, script_metadata
from fahr_core.errors import EnvironmentFileError

TEXT = st.text(st.characters(codec="ascii", min_codepoint=32))


def block(toml: str) -> str:
    lines = "\n".join(f"# {line}" if line else "#" for line in toml.split("\n"))
    return f"# /// script\n{lines}\n# ///\n"


def test_the_example_of_the_specification() -> None:
    toml = 'requires-python = ">=3.11"\ndependencies = [\n  "requests<3",\n  "rich",\n]'
    found = script_metadata("#!/usr/bin/env python\n" + block(toml) + "\nimport rich\n", "t.py")
    assert found == ScriptMetadata(("requests<3", "rich"), ">=3.11", 2)


@given(st.lists(TEXT), TEXT)
def test_any_dependencies_come_back(dependencies: list[str], code: str) -> None:
    toml = f"dependencies = {json.dumps(dependencies)}"
    found = script_metadata(f"import a\n{block(toml)}\nx = {code!r}\n", "t.py")
    assert found
    assert list(found.dependencies) == dependencies


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    found = None
    with contextlib.suppress(EnvironmentFileError):
        found = script_metadata(text, "t.py")
    assert found is None or all(isinstance(one, str) for one in found.dependencies)


@pytest.mark.parametrize(
    "text",
    ["import six\n", "# /// other\n# a = 1\n# ///\n", "# /// script\n# never closed\n", ""],
)
def test_no_block(text: str) -> None:
    assert script_metadata(text, "t.py") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n" + block('a = 1\ndependencies = ["six"'), "t.py:"),
        (block("dependencies = 3"), "t.py:1 dependencies is not a list of strings"),
        (block("requires-python = 3.11"), "t.py:1 requires-python is not a string"),
        (block("a = 1") + "x\n" + block("b = 1"), "t.py:5 has a second '# /// script' block"),
        (block("a = = 1"), "t.py:2 is no TOML: Invalid value"),
    ],
)
def test_broken_blocks_name_the_line(text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        script_metadata(text, "t.py")
    assert caught.value.message.startswith(message)
