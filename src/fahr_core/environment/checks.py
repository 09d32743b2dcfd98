"""What a requirements file may not hold, because it works on this machine alone or leaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fahr_core.environment.requirements import Line, expand, option
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_lines", "login_in", "refuse_local", "refuse_login"]

_LOGIN = re.compile(r"(?P<scheme>[a-z+]+)://(?P<login>[^/@\s]+)@", re.IGNORECASE)
_VARIABLES = re.compile(r"(?:\$\{[A-Z0-9_]+\}|:)*")
_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+(?!file:)[a-z]+:", re.IGNORECASE)
_LINK = re.compile(r"https?:", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?:\.{0,2}[/\\]|(?:\w+\+)?file:|~|[A-Za-z]:[/\\])|\.{1,2}(?:\[|$)|.*\.(?:whl|tar\.gz|zip)$"
)
_TARGET = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*@\s*(\S+)")
_HASH = re.compile(r"\s+--hash[=\s]\S+")
#: Options that say where packages come from and how they are chosen.
OPTIONS = {
    "--index-url", "--extra-index-url", "--find-links", "--no-index", "--no-binary",
    "--only-binary", "--prefer-binary", "--pre", "--trusted-host", "--require-hashes",
    "--use-feature", "--requirement", "--constraint", "--editable",
}  # fmt: skip


def check_lines(lines: Iterable[Line], artifact: str) -> None:
    """Refuse what cannot be resolved, or not elsewhere; messages name the line.

    Raises:
        EnvironmentFileError: a line is no requirement, names a place on this machine, or
            holds a password.
    """
    for line in lines:
        refuse_login(line)
        kind, value = option(line.text)
        if kind and kind not in OPTIONS:
            raise EnvironmentFileError(f"{line.place} has the unknown option {kind}")
        if kind == "--editable":
            _check_editable(line, value, artifact)
        elif kind == "--find-links":
            refuse_local(line, value, artifact)
        elif not kind:
            _check_requirement(line, artifact)


def refuse_local(line: Line, target: str, artifact: str) -> None:
    """Refuse a path or ``file:`` address: it is not there where the job runs.

    This holds for the experiment's own folder too: its modules travel with the code and are
    imported from there, so the line is not needed.

    Raises:
        EnvironmentFileError: it is one.
    """
    if not _LOCAL.match(target) or _LINK.match(target) or _REPOSITORY.match(target):
        return
    shown = line.text if len(line.text) <= 48 else line.text[:45] + "..."
    if target.split("[")[0] in (".", "./"):
        raise EnvironmentFileError(
            f'{line.place} "{shown}" is the experiment itself',
            "take the line out: its modules travel with the code",
        )
    raise EnvironmentFileError(
        f'{line.place} "{shown}" exists only on this machine',
        f"fahr init --requirements    rewrites it from what {artifact} imports",
    )


def refuse_login(line: Line) -> None:
    """Refuse an address with a password in it: the lock travels and is committed.

    Raises:
        EnvironmentFileError: there is one.
    """
    if not login_in(line.text):
        return
    kind, _ = option(line.text)
    what = kind or "an address"
    raise EnvironmentFileError(
        f"{line.place} has a password in {what}: it would travel with the job",
        *_other_ways(kind),
    )


def login_in(text: str) -> bool:
    """Tell whether an address in ``text`` holds a login that is not a variable's name."""
    for match in _LOGIN.finditer(text):
        user_alone = match["scheme"].lower().endswith("ssh") and ":" not in match["login"]
        if not user_alone and not _VARIABLES.fullmatch(match["login"]):
            return True
    return False


def _other_ways(kind: str) -> tuple[str, ...]:
    if kind == "--extra-index-url":
        return (
            "take the line out, set UV_INDEX (uv) or PIP_EXTRA_INDEX_URL (pip) to it,",
            "or keep the login in ~/.netrc",
        )
    if kind == "--index-url":
        return (
            "take the line out, set UV_DEFAULT_INDEX (uv) or PIP_INDEX_URL (pip) to it,",
            "or keep the login in ~/.netrc",
        )
    return ("keep the login in ~/.netrc, or write it as ${NAME} and set that variable",)


def _check_editable(line: Line, value: str, artifact: str) -> None:
    if _REPOSITORY.match(value):
        return
    refuse_local(line, value if _LOCAL.match(value) else f"./{value}", artifact)


def _check_requirement(line: Line, artifact: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    text = expand(_HASH.sub("", line.text)).strip()
    if _REPOSITORY.match(text) or _LINK.match(text):
        return
    if target := _TARGET.match(text):
        refuse_local(line, target[1], artifact)
    elif _LOCAL.match(text):
        refuse_local(line, text, artifact)
    try:
        Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        shown = line.text if len(line.text) <= 40 else line.text[:37] + "..."
        raise EnvironmentFileError(f'{line.place} "{shown}" is no requirement', reason) from None
