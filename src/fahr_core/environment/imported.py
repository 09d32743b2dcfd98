"""What a training artifact imports, its helper modules included."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fahr_core.environment.text import decode
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Imports", "imports_of"]

_MAGIC = re.compile(r"^\s*[%!?]|\?\s*$")
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

    What cannot be parsed is passed over: it is not for this to judge it.
    """
    found = Imports()
    _follow(experiment / artifact, experiment, found, set())
    found.optional -= found.modules
    return found


def _follow(path: Path, experiment: Path, found: Imports, seen: set[Path]) -> None:
    if path in seen:
        return
    seen.add(path)
    for tree in _trees(path, found):
        for module, optional in _imports(tree, _package(path, experiment)):
            own = _own_files(module, experiment)
            for file in own:
                _follow(file, experiment, found, seen)
            top = module.partition(".")[0]
            if not own and top and top not in sys.stdlib_module_names:
                (found.optional if optional else found.modules).add(top)


def _trees(path: Path, found: Imports) -> Iterator[ast.AST]:
    try:
        text = decode(path.read_bytes(), path.name)
    except (OSError, EnvironmentFileError):
        return
    cells = _cells(text, found) if path.suffix == ".ipynb" else [text]
    for cell in cells:
        try:
            yield ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError):
            continue


def _cells(text: str, found: Imports) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return []
    return [_without_magics(source, found) for source in sources]


def _without_magics(source: str, found: Imports) -> str:
    if _OTHER_LANGUAGE.match(source):
        return ""
    lines = []
    for line in source.split("\n"):
        if install := _PIP_INSTALL.match(line):
            words = (word for word in install[1].split() if not word.startswith("-"))
            found.installed |= {match[0] for word in words if (match := _NAME.match(word))}
        lines.append("pass" if _MAGIC.search(line) and not line[:1].isspace() else line)
    return "\n".join(line for line in lines if not _MAGIC.match(line))


def _imports(tree: ast.AST, package: str, *, optional: bool = False) -> Iterator[tuple[str, bool]]:
    """Give dotted modules in the order of the file, and whether failing is provided for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((module, optional) for module in _from(node, package))
        elif isinstance(node, ast.Try) and _catches_import(node):
            for part in node.body:
                yield from _imports(ast.Module([part], []), package, optional=True)
            for handler in node.handlers:
                # "try: import a; except ImportError: import b" needs one of the two.
                yield from _imports(handler, package, optional=True)
            rest = ast.Module([*node.orelse, *node.finalbody], [])
            yield from _imports(rest, package, optional=optional)
        elif not (isinstance(node, ast.If) and _is_type_checking(node.test)):
            yield from _imports(node, package, optional=optional)


def _from(node: ast.ImportFrom, package: str) -> list[str]:
    base = node.module or ""
    if node.level:
        parts = package.split(".") if package else []
        kept = parts[: len(parts) - node.level + 1]
        base = ".".join([*kept, base] if base else kept)
        # Relative imports are the experiment's own wherever they lead.
        return [f"{base}.{alias.name}".strip(".") for alias in node.names] + [base] if base else []
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


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


def _own_files(module: str, experiment: Path) -> list[Path]:
    """Give the experiment's files that importing a dotted module runs."""
    files: list[Path] = []
    folder = experiment
    for part in module.split("."):
        if (file := folder / f"{part}.py").is_file():
            return [*files, file]
        folder = folder / part
        if not folder.is_dir():
            break
        if (file := folder / "__init__.py").is_file() or any(folder.glob("*.py")):
            files.append(file)
    return files


def _package(path: Path, experiment: Path) -> str:
    try:
        return ".".join(path.parent.relative_to(experiment).parts)
    except ValueError:
        return ""
