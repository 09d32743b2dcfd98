"""The modules of its own folder that a training artifact imports, read from its source.

Nothing is run: imports are found in the syntax tree and followed from module to module.  An
imported package comes whole.
"""

from __future__ import annotations

import ast
import json
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["local_modules"]


def local_modules(folder: Path, artifact: str) -> frozenset[str]:
    """Give the files and package folders that ``artifact`` imports, relative to ``folder``.

    What cannot be read or parsed is left to the job to complain about.
    """
    found: set[str] = set()
    waiting = [artifact]
    while waiting:
        path = waiting.pop()
        home = path.rpartition("/")[0]
        for top in {name.partition(".")[0] for name in _imported(folder / path)}:
            for place in _places(folder, home, top) - found:
                found.add(place)
                waiting += _sources(folder, place)
    return frozenset(found)


def _places(folder: Path, home: str, top: str) -> set[str]:
    """Give where a module of this name lies: beside its importer or at the top."""
    for parent in dict.fromkeys((f"{home}/" if home else "", "")):
        if (folder / f"{parent}{top}" / "__init__.py").is_file():
            return {parent + top}
        if (folder / f"{parent}{top}.py").is_file():
            return {f"{parent}{top}.py"}
        if any((folder / f"{parent}{top}").glob("*.py")):
            return {parent + top}
    return set()


def _sources(folder: Path, place: str) -> list[str]:
    if place.endswith(".py"):
        return [place]
    return [file.relative_to(folder).as_posix() for file in (folder / place).rglob("*.py")]


def _imported(file: Path) -> Iterator[str]:
    for source in _read(file):
        for node in ast.walk(_parsed(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module or ""


def _read(file: Path) -> list[bytes | str]:
    try:
        content = file.read_bytes()
        if file.suffix != ".ipynb":
            return [content]
        cells = json.loads(content)["cells"]
        return [_plain("".join(c["source"])) for c in cells if c["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _plain(cell: str) -> str:
    """Give a cell without the lines that only IPython understands."""
    return "\n".join(line for line in cell.split("\n") if not line.lstrip().startswith(("%", "!")))


def _parsed(source: bytes | str) -> ast.AST:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
