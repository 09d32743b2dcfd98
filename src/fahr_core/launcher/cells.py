"""A notebook's parameters: its tagged cell, or the constants in its code cells."""

import ast
import json
import re
from typing import Any, Dict, List, Optional

from . import constants
from .signature import Known, Signature

TAG = "parameters"

# Cell magics whose body is still Python.
PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%memit")
MAGIC = re.compile(r"^\s*[%!?]|^\s*[\w, ]+=\s*[%!]|\?\s*$")


class NotebookError(Exception):
    """The file is no notebook; the message says why."""


def read(path: str) -> Dict[str, Any]:
    """Read a notebook file; raises NotebookError, or OSError when it can not be read."""
    with open(path, encoding="utf-8-sig") as file:
        try:
            notebook = json.load(file)
        except ValueError as error:
            raise NotebookError("it is not JSON: {}".format(error)) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells", []), list):
        raise NotebookError("it has no cells")
    if "cells" not in notebook and "worksheets" not in notebook:
        raise NotebookError("it has no cells")
    return notebook


def signature(notebook: Dict[str, Any]) -> Signature:
    """Give the parameters that a notebook takes."""
    tagged = tagged_cell(notebook)
    cells = [tagged] if tagged is not None else _code_cells(notebook)
    known: Dict[str, Known] = {}
    for cell in cells:
        tree = _parsed(_source(cell))
        for found in constants.parameters(tree, how="cell" if tagged else "constant"):
            known.setdefault(found.name, found)
    return Signature("notebook", tuple(known.values()))


def tagged_cell(notebook: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """Give the cell tagged `parameters`, which papermill overrides."""
    for cell in _code_cells(notebook):
        if TAG in (cell.get("metadata") or {}).get("tags", []):
            return cell
    return None


def rewritten(notebook: Dict[str, Any], values: Dict[str, Any]) -> Dict[str, Any]:
    """Give a notebook with the constants of its code cells set to other values."""
    changed = dict(notebook, cells=[dict(cell) for cell in notebook.get("cells", [])])
    for cell in _code_cells(changed):
        text = _source(cell)
        new = constants.rewritten_text(text, _parsed(text), values)
        cell["source"] = new.splitlines(keepends=True)
    return changed


def _code_cells(notebook: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [c for c in notebook.get("cells", []) if c.get("cell_type") == "code"]


def _source(cell: Dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _parsed(text: str) -> ast.Module:
    """Parse a cell, its magics taken for nothing; a cell that is no Python has no constants."""
    for candidate in (text, _without_magics(text)):
        try:
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            tree = compile(candidate, "<cell>", "exec", flags)
        except (SyntaxError, ValueError):
            continue
        assert isinstance(tree, ast.Module)
        return tree
    return ast.Module(body=[], type_ignores=[])


def _without_magics(text: str) -> str:
    """Put `pass` on the lines of magics and shell commands; lines and columns stay."""
    lines = text.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in PYTHON_MAGICS:
        return ""
    goes_on = False
    for index, line in enumerate(lines):
        if goes_on or MAGIC.search(line):
            goes_on = line.rstrip().endswith("\\")
            lines[index] = line[: len(line) - len(line.lstrip())] + "pass"
    return "\n".join(lines)
