"""Which of a job's files are no output: patterns as in .gitignore."""

import os
import re
from typing import Iterable, List, Tuple

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
    body = body.rstrip("/")
    anchored = "/" in body
    expression = _expression(body.lstrip("/"))
    prefix = "" if anchored else "(?:.*/)?"
    return re.compile(prefix + expression + r"\Z", re.DOTALL), takes_back, folders_only


def _expression(glob: str) -> str:
    pieces: List[str] = []
    rest = glob
    while rest:
        token = _TOKEN.match(rest)
        assert token is not None  # the last alternative takes any character
        text = token.group()
        pieces.append(_MEANING.get(text) or (_set(text) if len(text) > 1 else re.escape(text)))
        rest = rest[len(text) :]
    return "".join(pieces)


_TOKEN = re.compile(r"\*\*/|/\*\*\Z|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "/**": "/.*", "**": "[^/]*", "*": "[^/]*", "?": "[^/]"}


def _set(text: str) -> str:
    if text[0] == "\\":
        return re.escape(text[1:])
    body = text[1:-1].replace("\\", "\\\\")
    return "[^" + body[1:] + "]" if body[0] in "!^" else "[" + body + "]"
