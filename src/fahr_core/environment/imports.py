"""Which distribution an imported module comes from."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.environment.imported import Imports, imports_of
from fahr_core.environment.interpreters import clean_environment, path_python
from fahr_core.environment.module_names import OTHERWISE, SHARED, usual_distribution
from fahr_core.environment.requirements import normalised

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.models import Environment

__all__ = ["installed_in", "missing_imports", "requirements_from_imports"]

_QUESTION = """
import json, sys
from importlib.metadata import distributions
found = {}
for d in distributions():
    name = d.metadata["Name"]
    if not name:
        continue
    direct = d.read_text("direct_url.json") or ""
    tops = set((d.read_text("top_level.txt") or "").split())
    for f in d.files or () if not tops else ():
        top = f.parts[0] if len(f.parts) > 1 else f.name.split(".")[0]
        if len(f.parts) == 1 and not f.name.endswith((".py", ".so", ".pyd")):
            continue
        if not top.endswith((".dist-info", ".data")) and top.isidentifier():
            tops.add(top)
    found[name] = [d.version, sorted(tops), '"dir_info"' in direct]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution that a Python has; ``local`` where it was installed from a folder."""

    name: str
    version: str
    modules: tuple[str, ...]
    local: bool


def missing_imports(
    experiment: Path, artifact: str, environment: Environment
) -> list[tuple[str, str]]:
    """Give each imported module that nothing in the lock provides, with its distribution.

    It errs on the side of silence: modules imported where failing is provided for, and
    those that a notebook's cells install, are left out.
    """
    imports = imports_of(experiment, artifact)
    locked = {normalised(package.name) for package in environment.packages}
    provided = locked | {normalised(name) for name in imports.installed}
    missing = [module for module in sorted(imports.modules) if not _provided(module, provided)]
    return [(module, usual_distribution(module)) for module in missing]


def requirements_from_imports(experiment: Path, artifact: str, python: Path | None = None) -> str:
    """Give the text of a requirements.txt with what the artifact imports.

    Versions are those that ``python`` has (the one on PATH, if None); what it lacks is
    named without a version.
    """
    python = python or path_python()
    installed = installed_in(python) if python else []
    lines = {_line(module, installed) for module in _needed(imports_of(experiment, artifact))}
    return "".join(f"{line}\n" for line in sorted(lines, key=str.lower))


def installed_in(python: Path) -> list[Installed]:
    """Give what a Python has installed; nothing when it cannot be started."""
    try:
        done = subprocess.run(
            [str(python), "-c", _QUESTION],
            capture_output=True, text=True, timeout=120, check=True, env=clean_environment(),
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
    return [
        Installed(name, version, tuple(modules), local)
        for name, (version, modules, local) in sorted(found.items())
    ]


def _needed(imports: Imports) -> set[str]:
    installed = {normalised(name) for name in imports.installed}
    return {module for module in imports.modules if not _provided(module, installed)}


def _line(module: str, installed: list[Installed]) -> str:
    having = [found for found in installed if module in found.modules]
    wanted = [normalised(name) for name in _candidates(module)]
    # Of several that provide a module (namespace packages), the usual one; else the first.
    chosen = next((x for x in having if normalised(x.name) in wanted), None)
    if not chosen and len(having) == 1:
        chosen = having[0]
    if not chosen and module in SHARED:
        return f"# {module}.*: many distributions share this name; write yours here"
    if not chosen:
        return usual_distribution(module)
    if chosen.local:
        return chosen.name
    # "2.5.1+cu121" is a build that the package index does not have under this name.
    return f"{chosen.name}=={chosen.version.partition('+')[0]}"


def _provided(module: str, names: set[str]) -> bool:
    if any(normalised(name) in names for name in _candidates(module)):
        return True
    prefixes = SHARED.get(module, ())
    return any(name.startswith(prefixes) for name in names) if prefixes else False


def _candidates(module: str) -> tuple[str, ...]:
    plain = normalised(module)
    near = (plain, f"python-{plain}", f"py{plain}", f"{plain}-python", f"py-{plain}")
    return (*OTHERWISE.get(module, ()), *near)
