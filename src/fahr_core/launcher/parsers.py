"""The arguments of a script, read from its source: argparse."""

import ast
from typing import Any, Dict, List, Optional, Set, Tuple

from .literals import LiteralError, value_of
from .signature import Known, Signature

GROUPS = ("add_argument_group", "add_mutually_exclusive_group")
CONVERTERS = {"int": "int", "float": "float", "str": "str", "Path": "str", "bool": "bool"}


def argparse_signature(tree: ast.Module) -> Optional[Signature]:
    """Give the signature of a script that parses its arguments by argparse; None if it does not.

    It stays open where options may come from elsewhere: subcommands, parents, names made at run
    time, a parser handed to another module, `parse_known_args`.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if not any(_name(call.func) in ("parse_args", "parse_known_args") for call in calls):
        return None
    parsers = _parsers(tree)
    if not parsers:
        return None
    if _never_reads_arguments(calls):
        return Signature("argparse")
    known = [_argument(call) for call in calls if _name(call.func) == "add_argument"]
    found = tuple(argument for argument in known if argument)
    why = _why_open(tree, calls, parsers, known)
    return Signature("argparse", found, bool(why), why)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _parsers(tree: ast.Module) -> Set[str]:
    """Give the expressions that are parsers or groups of one, as dumps."""
    return {
        _key(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if _name(node.value.func) in ("ArgumentParser", *GROUPS)
    }


def _key(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return _key(node.value) + "." + node.attr
    return node.id if isinstance(node, ast.Name) else "?"


def _never_reads_arguments(calls: List[ast.Call]) -> bool:
    """Tell whether every `parse_args` is given an empty list, as in code from a notebook."""
    given = [
        list(call.args) + [word.value for word in call.keywords if word.arg == "args"]
        for call in calls
        if _name(call.func) in ("parse_args", "parse_known_args")
    ]
    return all(args and isinstance(args[0], ast.List) and not args[0].elts for args in given)


def _why_open(
    tree: ast.Module, calls: List[ast.Call], parsers: Set[str], known: List[Optional[Known]]
) -> str:
    here = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in calls:
        name = _name(call.func)
        if name == "parse_known_args":
            return "it parses known arguments only"
        if name == "add_subparsers":
            return "it has subcommands"
        if name == "ArgumentParser" and any(w.arg in ("parents", None) for w in call.keywords):
            return "its parser has parents"
        passes = [a for a in call.args if _key(a) in parsers]
        if passes and not (isinstance(call.func, ast.Name) and name in here):
            return "its parser is handed to another module"
        if name == "add_argument" and isinstance(call.func, ast.Attribute):
            inner = call.func.value
            chained = isinstance(inner, ast.Call) and _name(inner.func) in GROUPS
            if _key(inner) not in parsers and not chained:
                return "its parser comes from elsewhere"
    return "it makes option names at run time" if None in known else ""


def _argument(call: ast.Call) -> Optional[Known]:
    words: Dict[str, Any] = {word.arg: word.value for word in call.keywords if word.arg}
    try:
        flags = [value_of(argument) for argument in call.args]
        dest = value_of(words["dest"]) if "dest" in words else None
    except LiteralError:
        return None
    if not flags or not all(isinstance(flag, str) for flag in flags):
        return None
    if len(words) != len(call.keywords):
        return None
    long = [flag for flag in flags if flag.startswith("--")]
    option = (long or flags)[0]
    name = dest or option.lstrip("-").replace("-", "_")
    others = tuple(flag for flag in flags if flag != option)
    aliases = others + ((option,) if dest else ())
    known = Known(name, aliases=aliases, option=option, default=_literal(words.get("default")))
    if not option.startswith("-"):
        known = known._replace(how="positional", option="")
    return _with_action(known, words)


def _literal(node: Optional[ast.AST]) -> Any:
    try:
        return None if node is None else value_of(node)
    except LiteralError:
        return None


def _with_action(known: Known, words: Dict[str, Any]) -> Known:
    action = _literal(words.get("action")) or _name(words.get("action", ast.Pass()))
    if action in ("store_true", "store_const", "count"):
        return known._replace(
            how="flag",
            type="bool" if action == "store_true" else "any",
            default=False if action == "store_true" else known.default,
        )
    if action == "store_false":
        # The option says no, and saying nothing says yes.
        return known._replace(how="flag", type="bool", default=True, off=known.option, option="")
    if action == "BooleanOptionalAction":
        return known._replace(how="flag", type="bool", off="--no-" + known.option[2:])
    many, repeated = _several(words, action)
    return known._replace(
        type=_type(words),
        many=many,
        repeated=repeated,
        choices=tuple(_literal(words.get("choices")) or ()),
    )


def _several(words: Dict[str, Any], action: Any) -> Tuple[bool, bool]:
    nargs = _literal(words.get("nargs"))
    many = nargs in ("+", "*") or isinstance(nargs, int)
    return many, not many and action in ("append", "extend")


def _type(words: Dict[str, Any]) -> str:
    if "type" not in words:
        return "str"
    return CONVERTERS.get(_name(words["type"]), "any")
