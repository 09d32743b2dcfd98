"""Literals in Python source: what they are worth, and how values are written."""

import ast
import math
from typing import Any, Tuple

NUMERIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


class LiteralError(Exception):
    """An expression whose value is not in the source."""


def value_of(node: ast.AST) -> Any:
    """Give a literal's value; raises LiteralError when the expression is none."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise LiteralError(ast.dump(node)[:80]) from None


def constant_of(node: ast.AST) -> Tuple[str, Any]:
    """Give type name and value of a literal or of arithmetic on numbers, such as `2 ** 7`.

    Raises LiteralError. The value of arithmetic is not computed: None.
    """
    from .signature import type_of

    try:
        value = value_of(node)
        return type_of(value), value
    except LiteralError:
        return ("float" if _arithmetic_is_float(node) else "int"), None


def _arithmetic_is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return type(node.value) is float
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return _arithmetic_is_float(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, NUMERIC):
        sides = [_arithmetic_is_float(node.left), _arithmetic_is_float(node.right)]
        negative = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.UnaryOp)
        return any(sides) or negative or isinstance(node.op, ast.Div)
    raise LiteralError(ast.dump(node)[:80])


def written(value: Any, encoding: str = "utf-8") -> str:
    """Write a JSON value (or tuple, or set) as one line of Python source."""
    if isinstance(value, float) and not math.isfinite(value):
        return 'float("{}")'.format(value)
    if isinstance(value, dict):
        pairs = (written(k, encoding) + ": " + written(v, encoding) for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple, set)):
        return _sequence([written(item, encoding) for item in value], value)
    text = repr(value)
    try:
        text.encode(encoding)
        return text
    except UnicodeEncodeError:
        return ascii(value)


def in_json(value: Any) -> Any:
    """Give a value that every reader of JSON takes: NaN and infinities by name, as text.

    Python reads and writes them bare, which other programs refuse (RFC 8259, section 6).
    """
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dict):
        return {key: in_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_json(item) for item in value]
    return value


def _sequence(items: Any, like: Any) -> str:
    body = ", ".join(items)
    if isinstance(like, list):
        return "[" + body + "]"
    if isinstance(like, set):
        return "{" + body + "}" if items else "set()"
    return "(" + body + ("," if len(items) == 1 else "") + ")"


def alike(value: Any, before: Any) -> Any:
    """Give a list the kind of sequence that stood there before: a tuple stays a tuple."""
    if isinstance(value, list) and isinstance(before, (tuple, set)):
        try:
            return type(before)(value)
        except TypeError:
            return value  # a list within a set
    return value
