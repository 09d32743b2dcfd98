"""Module-level constants: found, and rewritten in the source text."""

import ast
import io
import tokenize
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .literals import LiteralError, alike, constant_of, written
from .signature import Known, fitted


class Assignment(NamedTuple):
    """One `name = literal` at module level.

    `chain` is the statement when several names share the value.
    """

    known: Known
    value: ast.expr
    chain: Optional[ast.Assign] = None


def assignments(tree: ast.Module) -> List[Assignment]:
    """Find the constants of a module, in the order of the source.

    Also those under `if __name__ == "__main__":`, which are the module's as well. Private
    names and constants assigned in any other block are the script's own business.
    """
    return [found for node in _statements(tree.body) for found in _assigned(node)]


def parameters(tree: ast.Module, how: str = "constant") -> List[Known]:
    """Give the constants as parameters, each once, with its first default."""
    known: Dict[str, Known] = {}
    for found in assignments(tree):
        known.setdefault(found.known.name, found.known._replace(how=how))
    return list(known.values())


def _statements(body: List[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and _asks_for_main(node.test):
            for inner in _statements(node.body):
                yield inner
        else:
            yield node


def _asks_for_main(test: ast.expr) -> bool:
    names = [n.id for n in ast.walk(test) if isinstance(n, ast.Name)]
    return isinstance(test, ast.Compare) and names == ["__name__"]


def _assigned(node: ast.stmt) -> Iterator[Assignment]:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        for found in _one(node.target, node.value):
            if found.known.type == "any" and isinstance(node.annotation, ast.Name):
                found = found._replace(known=_annotated(found.known, node.annotation.id))
            yield found
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        for found in _one(node.targets[0], node.value):
            yield found
    elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
        for target in node.targets:
            for found in _one(target, node.value):
                yield found._replace(chain=node)


def _one(target: ast.expr, value: ast.expr) -> Iterator[Assignment]:
    if isinstance(target, ast.Name) and not target.id.startswith("_"):
        try:
            type_name, default = constant_of(value)
        except LiteralError:
            return
        yield Assignment(Known(target.id, type_name, default, "constant"), value)
    elif (
        isinstance(target, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
    ):
        for index, inner in enumerate(target.elts):
            for found in _one(inner, value.elts[index]):
                yield found


def _annotated(known: Known, name: str) -> Known:
    return known._replace(type=name) if name in ("int", "float", "bool", "str") else known


def rewritten(source: bytes, values: Dict[str, Any]) -> bytes:
    """Give a module's source with constants set to other values.

    Only the text of the values changes; every other line, the line ends, the encoding and the
    number of each line stay. A name that is assigned several times gets the value each time.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding)
    return rewritten_text(text, ast.parse(source), values, encoding).encode(encoding)


def rewritten_text(
    text: str, tree: ast.Module, values: Dict[str, Any], encoding: str = "utf-8"
) -> str:
    """Do the same for text that is already parsed."""
    lines = _Lines(text)
    changes: Dict[Tuple[int, int], str] = {}
    for found in assignments(tree):
        if found.known.name not in values:
            continue
        start, end = lines.span(found.chain or found.value)
        if found.chain:
            changes[start, end] = _chain(found.chain, values, lines, encoding)
        else:
            literal = _literal(found.known, values[found.known.name], encoding)
            changes[start, end] = _as_tall_as(literal, text[start:end])
    for (start, end), new in sorted(changes.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _literal(known: Known, value: Any, encoding: str) -> str:
    return written(alike(fitted(value, known), known.default), encoding)


def _as_tall_as(literal: str, before: str) -> str:
    """Pad a literal with line ends, within brackets, to the height of what it replaces."""
    ends = [end for end in ("\r\n", "\n", "\r") if end in before]
    if not ends:
        return literal
    height = len(before.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
    return "(" + literal + ends[0] * height + ")"


def _chain(statement: ast.Assign, values: Dict[str, Any], lines: "_Lines", encoding: str) -> str:
    """Take `a = b = 1` apart where only some of the names are set: `b = 1; a = 2`."""
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    type_name, default = constant_of(statement.value)
    # From the text, not from the node: brackets around a value do not belong to it.
    _, targets_end = lines.span(statement.targets[-1])
    _, statement_end = lines.span(statement)
    before = lines.text[targets_end:statement_end].lstrip()[1:].lstrip()
    kept = [name for name in names if name not in values]
    pieces = [" = ".join([*kept, before])] if kept else []
    for name in names:
        if name in values:
            literal = _literal(Known(name, type_name, default), values[name], encoding)
            literal = literal if pieces else _as_tall_as(literal, before)
            pieces.append(name + " = " + literal)
    return "; ".join(pieces)


class _Lines:
    """Turns the parser's positions (line, byte of its UTF-8) into positions in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        at = 0
        while at < len(text):
            if text[at] == "\n" or (text[at] == "\r" and text[at + 1 : at + 2] != "\n"):
                self._starts.append(at + 1)
            at += 1

    def span(self, node: Any) -> Tuple[int, int]:
        """Give where a node starts and ends."""
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        whole = self.text[start : start + column]  # as many characters, at least as many bytes
        return start + len(whole.encode("utf-8")[:column].decode("utf-8"))
