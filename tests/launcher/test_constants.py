"""Module-level constants, found and rewritten."""

import ast
import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.launcher.constants import parameters, rewritten


def values(source: bytes) -> dict[str, Any]:
    """Run the source and give its names."""
    names: dict[str, Any] = {}
    exec(compile(source, "train.py", "exec"), names)
    return names


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("size = 1\n", 2, "size = 2\n"),
        ("size = -1  # why\n", -2.5, "size = -2.5  # why\n"),
        ("size: int = 1\n", 2, "size: int = 2\n"),
        ("rate = 0.1\nsize = 1", 2, "rate = 0.1\nsize = 2"),
        ("size = 1\r\nrate = 2\r\n", 3, "size = 3\r\nrate = 2\r\n"),
        ("size = 1\rrate = 2\r", 3, "size = 3\rrate = 2\r"),
        ("a = 'ä€😀'; size\t=\t1; b = 2\n", 5, "a = 'ä€😀'; size\t=\t5; b = 2\n"),
        ("size = 2 ** 7\n", 64, "size = 64\n"),
        ("size = 1\nsize = 2\n", 3, "size = 3\nsize = 3\n"),
        ("size, rate = 1, 2\n", 3, "size, rate = 3, 2\n"),
        ("size = other = 1\n", 3, "other = 1; size = 3\n"),
        ("size = other = (\n  1\n)\n", 3, "other = (\n  1\n); size = 3\n"),
        ("size = (1, 2)\n", [3], "size = (3,)\n"),
        ("size = None\n", [1, None], "size = [1, None]\n"),
        ("size = [\n  1,\n  2,\n] # end\nx = 1\n", [3], "size = ([3]\n\n\n) # end\nx = 1\n"),
        ("size = '''a\r\nb'''\r\nx = 1\r\n", "c", "size = ('c'\r\n)\r\nx = 1\r\n"),
        ("size = 'a' \\\n  'b'\n", "c", "size = ('c'\n)\n"),
        ("if __name__ == '__main__':\n\tsize = 1\n", 2, "if __name__ == '__main__':\n\tsize = 2\n"),
        ("\x0csize = 1\n", 2, "\x0csize = 2\n"),
        ("size = 1.0\n", 2, "size = 2.0\n"),
        ("size = 'a'\n", 2, "size = '2'\n"),
        ("size = {'a': 1}\n", {"b": [True]}, "size = {'b': [True]}\n"),
    ],
)
def test_only_the_value_changes(before: str, value: Any, after: str) -> None:
    assert rewritten(before.encode(), {"size": value}).decode() == after


def test_names_that_share_a_value_are_all_set() -> None:
    before = b"size = rate = [\n1]\nx = 2\n"
    after = rewritten(before, {"size": [2], "rate": [3]})
    assert after == b"size = ([2]\n); rate = [3]\nx = 2\n"


def test_encodings() -> None:
    latin = "# coding: latin-1\nname = 'ä'\nsize = 'ö'  # ü\n".encode("latin-1")
    after = rewritten(latin, {"size": "€"})
    assert after == "# coding: latin-1\nname = 'ä'\nsize = '\\u20ac'  # ü\n".encode("latin-1")
    assert values(after)["size"] == "€"
    marked = b"\xef\xbb\xbfsize = 1\n"
    assert rewritten(marked, {"size": 2}) == b"\xef\xbb\xbfsize = 2\n"


@pytest.mark.parametrize(
    "source",
    [
        "_size = 1",
        "size = compute()",
        "size = f'{x}'",
        "size += 1",
        "if debug:\n    size = 1",
        "def f():\n    size = 1",
        "class C:\n    size = 1",
        "size: int",
        "a.size = 1",
        "size[0] = 1",
        "for size in 1, 2: pass",
        "size = 'a' + 'b'",
    ],
)
def test_no_constant(source: str) -> None:
    assert parameters(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("source", "type_name"),
    [
        ("x = 1", "int"),
        ("x = 1.0", "float"),
        ("x = -1", "int"),
        ("x = 10_000", "int"),
        ("x = 2 ** 7", "int"),
        ("x = 2 ** -7", "float"),
        ("x = 1 / 2", "float"),
        ("x = 1024 * 1.5", "float"),
        ("x = True", "bool"),
        ("x = 'a'", "str"),
        ("x = None", "any"),
        ("x: int = None", "int"),
        ("x = (1, 2)", "list"),
        ("x = {}", "dict"),
    ],
)
def test_types(source: str, type_name: str) -> None:
    (known,) = parameters(ast.parse(source))
    assert known.type == type_name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
LITERALS = st.one_of(JSON.map(repr), JSON.map(lambda v: f"[\n  {v!r},\n]"), st.just("'''a\nb'''"))
NAMES = st.from_regex(r"\A[a-z][a-z_]{0,6}\Z").filter(lambda name: not keyword.iskeyword(name))


@given(
    st.lists(st.tuples(NAMES, LITERALS), min_size=1, max_size=5, unique_by=lambda x: x[0]),
    JSON,
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_rewriting_round_trips_and_leaves_the_rest(
    lines: list[tuple[str, str]], value: Any, end: str, data: st.DataObject
) -> None:
    lines = [(name, text.replace("inf", "1e999")) for name, text in lines]
    source = "".join(f"{name} = {text}  # ö{end}" for name, text in lines).replace("\n", end)
    source = source.replace("\r\r\n", "\r\n")
    chosen = data.draw(st.sampled_from([name for name, _ in lines]))
    known = {k.name: k for k in parameters(ast.parse(source.encode()))}[chosen]
    after = rewritten(source.encode(), {chosen: value})
    expected = values(source.encode())
    result = values(after)
    if known.type in ("any", "int", "bool", "dict") or type(value).__name__ == known.type:
        expected[chosen] = value
        expected.pop("__builtins__")
        result.pop("__builtins__")
        assert result == expected
    first, last = next(
        (node.lineno, node.end_lineno)
        for node in ast.parse(source.encode()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == chosen  # type: ignore[attr-defined]
    )
    old, new = source.split("\n"), after.decode().split("\n")
    assert len(old) == len(new)
    assert old[: first - 1] == new[: first - 1]
    assert old[last:] == new[last:]
