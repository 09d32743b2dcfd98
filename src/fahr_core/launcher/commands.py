"""The arguments of a script, read from its source: click and typer."""

import ast
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from .literals import LiteralError, value_of
from .signature import Known, Signature, type_of

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
TYPES = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "Path": "str",
    "INT": "int",
    "FLOAT": "float",
    "STRING": "str",
    "BOOL": "bool",
}
# Decorators of click's that change nothing about the options.
HARMLESS = ("command", "version_option", "help_option", "pass_context", "pass_obj")


def click_signature(tree: ast.Module) -> Optional[Signature]:
    """Give the signature of a script with one click command; open with several."""
    if "click" not in _imported(tree):
        return None
    commands = [f for f in _functions(tree) if "command" in _decorators(f)]
    if any("group" in _decorators(f) for f in _functions(tree)) or len(commands) > 1:
        return Signature("click", is_open=True, why="it has subcommands")
    if not commands:
        return None
    known: List[Known] = []
    why = ""
    for decorator in commands[0].decorator_list:
        name = _name(decorator)
        if name in ("option", "argument") and isinstance(decorator, ast.Call):
            found = _click_option(decorator) if name == "option" else _click_argument(decorator)
            known += [found] if found else []
            why = why if found else "it makes option names at run time"
        elif name not in HARMLESS:
            why = "its options may come from elsewhere"
        if any(word.arg == "context_settings" for word in getattr(decorator, "keywords", [])):
            why = "its command has settings of its own"
    return Signature("click", tuple(known), bool(why), why)


def typer_signature(tree: ast.Module) -> Optional[Signature]:
    """Give the signature of a script with one typer command; open with several."""
    if "typer" not in _imported(tree):
        return None
    commands = [f for f in _functions(tree) if {"command", "callback"} & set(_decorators(f))]
    run = [
        node.args[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node) == "run"
        if len(node.args) == 1 and isinstance(node.args[0], ast.Name)
    ]
    commands += [f for f in _functions(tree) if f.name in run]
    if len(commands) != 1 or "callback" in _decorators(commands[0]):
        why = "it has subcommands" if commands else "its commands are elsewhere"
        return Signature("typer", is_open=True, why=why)
    known = [found for found in map(_typer_parameter, *_arguments(commands[0])) if found]
    return Signature("typer", tuple(known))


def _functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _imported(tree: ast.Module) -> List[str]:
    names: List[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [name.name.split(".")[0] for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module.split(".")[0])
    return names


def _decorators(function: Function) -> List[str]:
    return [_name(decorator) for decorator in function.decorator_list]


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: Optional[ast.AST]) -> Any:
    try:
        return None if node is None else value_of(node)
    except LiteralError:
        return None


def _words(call: ast.Call) -> Dict[str, Any]:
    return {word.arg: word.value for word in call.keywords if word.arg}


def _flags(arguments: List[ast.expr]) -> Optional[List[str]]:
    flags = [_literal(argument) for argument in arguments]
    return flags if flags and all(isinstance(flag, str) for flag in flags) else None


def _click_option(call: ast.Call) -> Optional[Known]:
    flags = _flags(call.args)
    if flags is None:
        return None
    words = _words(call)
    known = _spelt(flags)._replace(default=_literal(words.get("default")))
    if "flag_value" in words or "count" in words:
        return None
    if known.off or _literal(words.get("is_flag")):
        return known._replace(how="flag", type="bool")
    many = (_literal(words.get("nargs")) or 1) != 1
    repeated = bool(_literal(words.get("multiple")))
    choices = _choices(words.get("type"))
    type_name = "str" if choices else _click_type(words, known.default, many or repeated)
    return known._replace(type=type_name, many=many, repeated=repeated, choices=choices)


def _click_argument(call: ast.Call) -> Optional[Known]:
    flags = _flags(call.args)
    if flags is None:
        return None
    words = _words(call)
    many = (_literal(words.get("nargs")) or 1) != 1
    choices = _choices(words.get("type"))
    type_name = "str" if choices else _click_type(words, None, many)
    name = flags[0].replace("-", "_").lower()
    return Known(name, type_name, how="positional", many=many, choices=choices)


def _spelt(flags: List[str]) -> Known:
    """Find name and spellings among an option's declarations, by click's own rule."""
    named = [flag for flag in flags if not flag.startswith("-")]
    dashed = [flag for flag in flags if flag.startswith("-")]
    first = max(dashed, key=lambda flag: flag.startswith("--")) if dashed else "--" + named[0]
    on, _, off = first.partition("/")
    name = named[0] if named else on.strip().lstrip("-").replace("-", "_").lower()
    others = tuple(flag for flag in dashed if flag != first)
    return Known(name, option=on.strip(), off=off.strip(), aliases=(*others, on.strip()))


def _click_type(words: Dict[str, Any], default: Any, several: bool) -> str:
    if "type" in words:
        return TYPES.get(_name(words["type"]), "any")
    if "default" in words and not several:
        return type_of(default)
    return "str"


def _choices(node: Optional[ast.AST]) -> Tuple[Any, ...]:
    if isinstance(node, ast.Call) and _name(node) == "Choice" and node.args:
        return tuple(_literal(node.args[0]) or ())
    return ()


def _arguments(function: Function) -> Tuple[List[ast.arg], List[Optional[ast.expr]]]:
    """Give a function's parameters, and the default of each or None."""
    spec = function.args
    plain: List[Optional[ast.expr]] = [None] * (len(spec.args) - len(spec.defaults))
    return [*spec.args, *spec.kwonlyargs], [*plain, *spec.defaults, *spec.kw_defaults]


def _typer_parameter(argument: ast.arg, default: Optional[ast.expr]) -> Optional[Known]:
    annotation, marker = _annotated(argument.annotation)
    required = default is None
    if isinstance(default, ast.Call) and _name(default) in ("Option", "Argument"):
        marker, default = default, default.args[0] if default.args else None
        flags_in: List[ast.expr] = list(marker.args[1:])
        required = default is None or _is_ellipsis(default)
    else:
        flags_in = list(marker.args) if marker else []
    kind, repeated = _typer_type(annotation)
    if kind == "Context":
        return None
    value = None if required else _literal(default)
    known = Known(argument.arg, kind, value, repeated=repeated)
    is_argument = _name(marker) == "Argument" if marker else required
    if is_argument:
        return known._replace(how="positional", many=repeated, repeated=False)
    return _typer_option(known, _flags(flags_in))


def _typer_option(known: Known, flags: Optional[List[str]]) -> Known:
    dashed = known.name.replace("_", "-")
    spelt = _spelt(flags) if flags else Known(known.name, option="--" + dashed)
    off = spelt.off or ("--no-" + dashed if known.type == "bool" and not flags else "")
    how = "flag" if known.type == "bool" else "argument"
    return known._replace(how=how, option=spelt.option, off=off, aliases=spelt.aliases)


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _annotated(node: Optional[ast.expr]) -> Tuple[Optional[ast.expr], Optional[ast.Call]]:
    """Take `Annotated[int, typer.Option()]` apart."""
    if isinstance(node, ast.Subscript) and _name(node.value) == "Annotated":
        inner = _index(node)
        if isinstance(inner, ast.Tuple):
            markers = [part for part in inner.elts[1:] if isinstance(part, ast.Call)]
            return inner.elts[0], markers[0] if markers else None
    return node, None


def _index(node: ast.Subscript) -> ast.AST:
    # Python 3.8 has a node of its own around an index.
    return getattr(node.slice, "value", node.slice) if _is_index(node.slice) else node.slice


def _is_index(node: ast.AST) -> bool:
    return type(node).__name__ == "Index"


def _typer_type(node: Optional[ast.expr]) -> Tuple[str, bool]:
    """Give the type that an annotation names, and whether it is a list of it."""
    if node is None:
        return "str", False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _typer_type(node.left)
    if isinstance(node, ast.Subscript):
        inner = _index(node)
        if _name(node.value) == "Optional" and isinstance(inner, ast.expr):
            return _typer_type(inner)
        if _name(node.value) in ("List", "list") and isinstance(inner, ast.expr):
            return _typer_type(inner)[0], True
        return "any", False
    name = _name(node)
    return ("Context", False) if name == "Context" else (TYPES.get(name, "any"), False)
