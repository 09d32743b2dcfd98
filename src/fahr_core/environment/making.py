"""Make the body of a lock from an environment file of any kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fahr_core.environment import pip, uv
from fahr_core.environment.checks import check_lines
from fahr_core.environment.entries import body_of
from fahr_core.environment.interpreters import host_minor, this_platform
from fahr_core.environment.requirements import scan
from fahr_core.environment.wanted import Resolution, Wanted
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from fahr_core.environment.project import Asked
    from fahr_core.environment.requirements import Line
    from fahr_core.environment.resolve import Inputs

__all__ = ["make"]

_NEWEST = 14  # the newest Python that is chosen unasked


def make(inputs: Inputs) -> tuple[Resolution, str]:
    """Resolve; give the lock's body with what resolved it, and the Python it is for.

    Raises:
        EnvironmentFileError: the file cannot be used, which names file and line.
        ServiceError: the package index cannot be reached.
    """
    makers = {
        "requirements": _requirements,
        "conda": _conda,
        "pyproject": _pyproject,
        "uv": _uv,
        "script": _script,
    }
    return makers[inputs.file.kind](inputs)


def _requirements(inputs: Inputs) -> tuple[Resolution, str]:
    file = inputs.file
    return _compiled(inputs, tuple(scan(file.path, file.name, file.text).lines), None)


def _pyproject(inputs: Inputs) -> tuple[Resolution, str]:
    from fahr_core.environment.project import read_project

    return _declared(inputs, read_project(inputs.file))


def _script(inputs: Inputs) -> tuple[Resolution, str]:
    from fahr_core.environment.project import read_script

    return _declared(inputs, read_script(inputs.file))


def _declared(inputs: Inputs, asked: Asked) -> tuple[Resolution, str]:
    """Resolve by uv from the file itself where it has sources that only uv reads."""
    tool = uv.find_uv()
    if not asked.uv_only:
        return _compiled(inputs, asked.lines, asked.requires_python)
    if not tool:
        raise EnvironmentFileError(
            f"{inputs.file.name} has [tool.uv] sources, and there is no uv", uv.INSTALL_UV
        )
    check_lines(asked.lines, inputs.artifact)
    wanted = _wanted(inputs, asked.lines, _python(inputs, asked.requires_python))
    wanted = replace(wanted, indexes=asked.indexes)
    found = uv.compile_source(tool, inputs.file.path, wanted, inputs.progress)
    return _finished(found, wanted, inputs)


def _uv(inputs: Inputs) -> tuple[Resolution, str]:
    from fahr_core.environment.project import read_project, refuse_stale

    asked = read_project(inputs.file)
    tool = uv.find_uv()
    if not tool:
        raise EnvironmentFileError("uv.lock needs uv, which is not on PATH", uv.INSTALL_UV)
    wanted = _wanted(inputs, asked.lines, _python(inputs, asked.requires_python))
    wanted = replace(wanted, indexes=asked.indexes)
    exported = uv.export(tool, inputs.file.path.parent, wanted, inputs.progress)
    refuse_stale(asked, exported.body)
    return _finished(exported, wanted, inputs)


def _conda(inputs: Inputs) -> tuple[Resolution, str]:
    from fahr_core.environment.conda import read_conda, solve

    asked = read_conda(inputs.file)
    check_lines(asked.pip, inputs.artifact)
    if not asked.specs:
        return _compiled(inputs, asked.pip, asked.python)
    solved = solve(inputs.file, asked, inputs.python, inputs.platform)
    python = solved.python or _python(inputs, asked.python)
    if not asked.pip:
        return solved, python
    rest, _ = _compiled(replace(inputs, python=python), asked.pip, None)
    return Resolution(solved.body + rest.body, f"{solved.resolver}, {rest.resolver}"), python


def _compiled(
    inputs: Inputs, lines: tuple[Line, ...], requires_python: str | None
) -> tuple[Resolution, str]:
    check_lines(lines, inputs.artifact)
    wanted = _wanted(inputs, lines, _python(inputs, requires_python))
    if tool := uv.find_uv():
        found = uv.compile_requirements(tool, wanted, inputs.progress)
    else:
        found = pip.resolve(wanted, inputs.progress)
    return _finished(found, wanted, inputs)


def _finished(found: Resolution, wanted: Wanted, inputs: Inputs) -> tuple[Resolution, str]:
    body = body_of(found.body, wanted, inputs.artifact)
    return Resolution(body, found.resolver), wanted.python


def _wanted(inputs: Inputs, lines: tuple[Line, ...], python: str) -> Wanted:
    return Wanted(
        experiment=inputs.experiment,
        name=inputs.file.name,
        lines=lines,
        python=python,
        platform=None if inputs.platform == this_platform() else inputs.platform,
        previous=inputs.previous.body if inputs.previous else None,
    )


def _python(inputs: Inputs, requires: str | None) -> str:
    """Choose a minor version: asked for, the last lock's, PATH's; then the nearest allowed."""
    asked = inputs.python
    if not requires:
        return asked or (inputs.previous.python if inputs.previous else host_minor())
    allowed = _allowed_minors(requires, inputs.file.name)
    if asked:
        if int(asked[2:]) in allowed:
            return asked
        raise EnvironmentFileError(f"{inputs.file.name} asks for Python {requires}, not {asked}")
    if inputs.previous and int(inputs.previous.python[2:]) in allowed:
        return inputs.previous.python
    host = int(host_minor()[2:])
    below = [minor for minor in allowed if minor <= host]
    return f"3.{max(below) if below else min(allowed)}"


def _allowed_minors(requires: str, name: str) -> list[int]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifier = SpecifierSet(requires)
    except InvalidSpecifier:
        raise EnvironmentFileError(f'{name}: "{requires}" is no Python version') from None
    # A patch number such as >=3.11.4 allows its minor version.
    minors = [
        minor
        for minor in range(7, _NEWEST + 1)
        if any(specifier.contains(f"3.{minor}.{patch}") for patch in range(30))
    ]
    if not minors:
        raise EnvironmentFileError(f"{name} asks for Python {requires}; fahr knows 3.7 to 3.14")
    return minors
