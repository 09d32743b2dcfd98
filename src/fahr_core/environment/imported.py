"""What a training artifact imports, its helper modules included."""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.environment.text import decode
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Imports", "imports_of"]

_MAGIC = re.compile(r"^(\s*)(?:(?:[\w, ]+=\s*)?[%!?].*|.*\?\s*)$")
_OTHER_LANGUAGE = re.compile(
    r"^\s*%%(?:bash|sh|html|javascript|js|latex|markdown|svg|perl|ruby|writefile|script|sql)\b"
)
_PIP_INSTALL = re.compile(
    r"^\s*[%!]\s*(?:\S*python\S*\s+-m\s+|uv\s+)?(?:pip|conda)\s+install\s+(.*)$"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(slots=True)
class Imports:
    """Top-level modules that are not part of Python or of the experiment.

    ``modules`` are needed; ``optional`` are imported where failing is provided for;
    ``installed`` are distributions that a notebook's own cells install.
    """

    modules: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    installed: set[str] = field(default_factory=set)


def imports_of(experiment: Path, artifact: str) -> Imports:
    """Give what the artifact and the experiment's modules that it uses import.

    What cannot be parsed is passed over: it is for the job to complain about.
    """
    from fahr_core.imports import local_modules

    own = local_modules(experiment, artifact)
    found = Imports()
    for file in (experiment / artifact, *_files(experiment, own)):
        for tree in _trees(file, found):
            for module, optional in _imports(tree):
                (found.optional if optional else found.modules).add(module.partition(".")[0])
    known = {*sys.stdlib_module_names, *(PurePosixPath(place).stem for place in own), ""}
    found.modules -= known
    found.optional -= known | found.modules
    return found


def _files(experiment: Path, own: Iterable[str]) -> Iterator[Path]:
    for place in sorted(own):
        path = experiment / place
        yield from [path] if place.endswith(".py") else sorted(path.rglob("*.py"))


def _trees(path: Path, found: Imports) -> Iterator[ast.AST]:
    try:
        text = decode(path.read_bytes(), path.name)
    except (OSError, EnvironmentFileError):
        return
    for cell in _cells(text) if path.suffix == ".ipynb" else [text]:
        # A line that begins with "%" may be half of a formula: magics are second choice.
        yield _parsed(cell) or _parsed(_without_magics(cell, found)) or ast.Module([], [])


def _parsed(source: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in other people's strings
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _cells(text: str) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return []


def _without_magics(source: str, found: Imports) -> str:
    if _OTHER_LANGUAGE.match(source):
        return ""
    lines = []
    for line in source.split("\n"):
        if install := _PIP_INSTALL.match(line):
            words = (word for word in install[1].split() if not word.startswith("-"))
            found.installed |= {match[0] for word in words if (match := _NAME.match(word))}
        lines.append(_MAGIC.sub(r"\1pass", line))
    return "\n".join(lines)


def _imports(tree: ast.AST, *, optional: bool = False) -> Iterator[tuple[str, bool]]:
    """Give dotted modules in the order of the file, and whether failing is provided for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ("" if node.level else node.module or "", optional)
        elif isinstance(node, ast.Try) and _catches_import(node):
            # "try: import a; except ImportError: import b" needs one of the two.
            tried = ast.Module([*node.body, *node.handlers], [])  # type: ignore[list-item]
            yield from _imports(tried, optional=True)
            rest = ast.Module([*node.orelse, *node.finalbody], [])
            yield from _imports(rest, optional=optional)
        elif not (isinstance(node, ast.If) and _is_type_checking(node.test)):
            yield from _imports(node, optional=optional)


def _catches_import(node: ast.Try) -> bool:
    names = {"ImportError", "ModuleNotFoundError", "Exception"}
    for handler in node.handlers:
        caught = (
            {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
            if handler.type
            else names
        )
        if caught & names:
            return True
    return False


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in ast.unparse(test)
