"""Which parameters a training artifact takes, read from its source and never by running it.

The core asks at submission, the launcher when it hands the values over: `inspect`, `checked`,
`hand_over`. Arguments win over constants; module-level constants are rewritten in the job's
copy of the file.
"""

import ast
import os
from typing import Any, Dict, Iterator, List, Optional, Set

from .signature import Known, Signature, checked

# Parsers that say nothing about their options in a form that can be read here.
OTHER_PARSERS = {
    "hydra": "Hydra",
    "fire": "Fire",
    "absl": "absl flags",
    "tap": "Tap",
    "tyro": "tyro",
    "plac": "plac",
    "docopt": "docopt",
    "defopt": "defopt",
    "cyclopts": "cyclopts",
    "jsonargparse": "jsonargparse",
    "simple_parsing": "simple_parsing",
    "configargparse": "configargparse",
    "gin": "gin",
    "sacred": "Sacred",
}
PARSERS = set(OTHER_PARSERS) | {"argparse", "click", "typer", "optparse", "getopt"}
CLASSES = ("HfArgumentParser", "LightningCLI", "ArgumentParser")
# Helper modules are followed this far; a training script's own are few.
MOST_MODULES = 50


def inspect(path: str, kind: str = "script") -> Signature:
    """Find out which parameters the artifact at `path` takes.

    Arguments: `kind` is script or notebook. Raises OSError when the file can not be read and
    cells.NotebookError for a notebook that is none. A script that can not be parsed here (it
    may be written for a newer Python) is unknown.
    """
    if kind == "notebook":
        from . import cells

        return cells.signature(cells.read(path))
    tree = _parsed(path)
    if tree is None:
        return Signature("unknown", is_open=True, why="it can not be parsed")
    return _script(tree, os.path.dirname(os.path.abspath(path)))


def rewrite(path: str, kind: str, values: Dict[str, Any]) -> None:
    """Set the constants of the artifact at `path`, in place."""
    if kind == "notebook":
        import json

        from . import cells

        changed = cells.rewritten(cells.read(path), values)
        _replace(path, json.dumps(changed, ensure_ascii=False, indent=1).encode("utf-8"))
        return
    from .constants import rewritten

    with open(path, "rb") as file:
        source = file.read()
    _replace(path, rewritten(source, values))


def hand_over(signature: Signature, params: Dict[str, Any], path: str, kind: str) -> List[str]:
    """Hand parameters to the artifact at `path`; give the arguments to start it with.

    Constants are rewritten in the file. The parameters of a tagged cell are left to papermill.
    """
    constant = {}
    for name, value in params.items():
        known = signature.find(name)
        if known and known.how == "constant":
            constant[known.name] = value
    if constant:
        rewrite(path, kind, constant)
    if kind == "notebook":
        return []
    from .arguments import command_line

    return command_line(signature, params)


def _replace(path: str, data: bytes) -> None:
    part = path + ".fahr-part"
    with open(part, "wb") as file:
        file.write(data)
    os.chmod(part, os.stat(path).st_mode)
    os.replace(part, path)


def _parsed(path: str) -> Optional[ast.Module]:
    with open(path, "rb") as file:
        source = file.read()
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _script(tree: ast.Module, folder: str) -> Signature:
    from .commands import click_signature, typer_signature
    from .constants import parameters
    from .parsers import argparse_signature

    constants = parameters(tree)
    for read in (argparse_signature, click_signature, typer_signature):
        found = read(tree)
        if found:
            taken = {known.name for known in found.parameters}
            others = tuple(known for known in constants if known.name not in taken)
            return found._replace(parameters=found.parameters + others)
    why = _hidden_parser(tree, folder)
    style = "unknown" if why else "constants"
    return Signature(style, tuple(constants), bool(why), why, joined=why == "it uses Hydra")


def _hidden_parser(tree: ast.Module, folder: str) -> str:
    """Say what may parse arguments out of sight; empty when nothing does."""
    imported = set(_imports(tree))
    for module in sorted(imported):
        if module.split(".")[0] in OTHER_PARSERS:
            return "it uses " + OTHER_PARSERS[module.split(".")[0]]
    if _reads_argv(tree):
        return "it reads its arguments itself"
    seen: Set[str] = set()
    waiting = sorted(imported)
    while waiting and len(seen) < MOST_MODULES:
        module = waiting.pop()
        path = _own_module(module, folder)
        if path is None or path in seen:
            continue
        seen.add(path)
        helper = _parsed(path)
        if helper is None:
            continue
        inside = set(_imports(helper))
        if _reads_argv(helper) or any(name.split(".")[0] in PARSERS for name in inside):
            return "{} may parse arguments".format(os.path.relpath(path, folder))
        waiting += sorted(inside)
    return ""


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module
            for name in node.names:
                yield (module + "." + name.name).lstrip(".")


def _reads_argv(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "argv":
            return True
        if isinstance(node, (ast.Name, ast.Attribute, ast.alias)):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if (name or getattr(node, "name", "")) in CLASSES:
                return True
    return False


def _own_module(module: str, folder: str) -> Optional[str]:
    base = os.path.join(folder, *module.split("."))
    for path in (base + ".py", os.path.join(base, "__init__.py")):
        if os.path.isfile(path):
            return path
    return None


__all__ = ["Known", "Signature", "checked", "hand_over", "inspect", "rewrite"]
