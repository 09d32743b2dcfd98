"""Which of a job's files are no output: patterns as in .gitignore."""

import os
import re
from typing import Iterable, Tuple

DEFAULTS = (
    "__pycache__/",
    "*.py[cod]",
    ".ipynb_checkpoints/",
    ".git/",
    ".fahr/",
    ".cache/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".ipython/",
    ".jupyter/",
    ".nv/",
    ".triton/",
    ".DS_Store",
)


class Exclude:
    """Tells what to leave out. A later pattern wins, `!` takes back."""

    def __init__(self, patterns: Iterable[str]) -> None:
        wanted = (*DEFAULTS, *patterns)
        self._rules = [_rule(pattern) for pattern in wanted if pattern.strip()]

    def file(self, path: str) -> bool:
        """Tell whether a file, by its path below the work folder with `/`, is left out."""
        return self._matches(path, is_folder=False)

    def folder(self, path: str, full: str) -> bool:
        """Tell whether a folder is left out, by pattern or as a virtual environment."""
        environment = any(
            os.path.lexists(os.path.join(full, mark)) for mark in ("pyvenv.cfg", "conda-meta")
        )
        return environment or self._matches(path, is_folder=True)

    def _matches(self, path: str, is_folder: bool) -> bool:
        out = False
        for expression, takes_back, folders_only in self._rules:
            if (is_folder or not folders_only) and expression.match(path):
                out = not takes_back
        return out


def _rule(pattern: str) -> Tuple["re.Pattern[str]", bool, bool]:
    takes_back = pattern.startswith("!")
    body = pattern[1:] if takes_back else pattern
    folders_only = body.endswith("/")
    body = body[:-1] if folders_only else body
    anchored = "/" in body
    expression = _expression(body[1:] if body.startswith("/") else body)
    prefix = "" if anchored else "(?:.*/)?"
    return re.compile(prefix + expression + r"\Z", re.DOTALL), takes_back, folders_only


def _expression(glob: str) -> str:
    *folders, last = glob.split("/")
    above = "".join("(?:.*/)?" if part == "**" else _part(part) + "/" for part in folders)
    return above + (".+" if folders and last == "**" else _part(last))


def _part(glob: str) -> str:
    return "".join(_meaning(token) for token in TOKEN.findall(glob))


def _meaning(token: str) -> str:
    if token[0] == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    return _set(token) if len(token) > 1 else re.escape(token)


TOKEN = re.compile(r"\*+|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


def _set(text: str) -> str:
    if text[0] == "\\":
        return re.escape(text[1:])
    body = text[1:-1].replace("\\", "\\\\")
    return "[^" + body[1:] + "]" if body[0] in "!^" else "[" + body + "]"
