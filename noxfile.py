"""The project's checks, each in an environment of its own.

``nox`` runs what has to pass, ``nox -l`` lists the sessions, and arguments after ``--`` go to
the tool: ``nox -s tests -- tests/test_names.py -x``.
"""

from __future__ import annotations

import shlex
import shutil
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import nox
from packaging.requirements import Requirement

ROOT = Path(__file__).parent
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
ORACLES = sorted(path.parent.parent.name for path in ROOT.glob("plugins/*/tests/oracle"))
LAUNCHER = [
    "src/fahr_core/launcher",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/src/**/runtime.py")),
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/src/*/inside")),
]
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
#: What of the core's extras its tests need.
EXTRAS = ["keyring", "notebook", "testing"]
TEST_TOOLS = nox.project.dependency_groups(PROJECT, "test")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "tests", "minimums", "isolated", "docs", "build"]


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style and format, and that the launcher's side stays within Python 3.8."""
    install_locked(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("vermin", "--quiet", "--eval-annotations", "--no-tips", "-t=3.8-", *LAUNCHER)


@nox.session(reuse_venv=True)
def types(session: nox.Session) -> None:
    """Check types: strictly in what is shipped."""
    install_locked(session, "types", "nox", extras=EXTRAS, members=True)
    session.run("mypy", *session.posargs)
    for plugin in PLUGINS:
        session.run("mypy", f"plugins/{plugin}/src")


@nox.session(reuse_venv=True)
def tests(session: nox.Session) -> None:
    """Run all tests of the core at the locked versions, users' stories included."""
    install_locked(session, "test", extras=EXTRAS)
    run_pytest(session, *(session.posargs or ["tests"]))


@nox.session(reuse_venv=True)
def e2e(session: nox.Session) -> None:
    """Run the users' stories alone."""
    install_locked(session, "test", extras=EXTRAS)
    run_pytest(session, "-m", "e2e", *(session.posargs or ["tests"]))


@nox.session(venv_backend="uv")
def minimums(session: nox.Session) -> None:
    """Run the unit tests with the lowest version of each dependency that we say is enough."""
    session.install("--resolution=lowest-direct", "-e", f".[{','.join(EXTRAS)}]", *TEST_TOOLS)
    session.run("uv", "pip", "list", "--quiet")
    run_pytest(session, "-m", "not e2e", *(session.posargs or ["tests"]))


@nox.session(venv_backend="uv")
@nox.parametrize("plugin", PLUGINS, ids=PLUGINS)
def isolated(session: nox.Session, plugin: str) -> None:
    """Run one plugin's tests where only it, what it declares and the core are installed."""
    install_built(session, plugin, "test")
    tests = f"plugins/{plugin}/tests"
    run_pytest(session, *(session.posargs or [tests, f"--ignore={tests}/oracle"]))


@nox.session(venv_backend="uv")
@nox.parametrize("plugin", ORACLES, ids=ORACLES)
def oracle(session: nox.Session, plugin: str) -> None:
    """Compare a plugin with the service's own client, on what stands in for the service."""
    install_built(session, plugin, "test", "oracle")
    run_pytest(session, *(session.posargs or [f"plugins/{plugin}/tests/oracle"]))


@nox.session(reuse_venv=True)
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    install_locked(session, "docs", extras=EXTRAS, members=True)
    session.run(
        "sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html"
    )


@nox.session(venv_backend="uv")
def build(session: nox.Session) -> None:
    """Build the core, install the wheel where nothing else is, and use it as a stranger would."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as home:
        uv_build(session, f"--out-dir={folder}", str(ROOT))
        (wheel,) = Path(folder).glob("*.whl")
        session.install(str(wheel))
        shutil.copytree(ROOT / "examples", Path(home) / "examples")
        with session.chdir(home):
            session.run("fahr", "--version", env=empty_home(home))
        session.install(f"fahr-core[{','.join(EXTRAS)}] @ {wheel.as_uri()}", *TEST_TOOLS)
        with session.chdir(home):
            for command in readme_job():
                session.run(*command, env=empty_home(home))
    run_pytest(session, *(session.posargs or ["tests"]))


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Measure; each benchmark prints its figures and ends with an error past its bound."""
    install_locked(session, extras=["notebook"], members=True)
    install_tool(session, "awscli")  # what a download from S3 is compared with
    words = session.posargs or [""]
    for file in sorted(ROOT.glob("benchmarks/bench_*.py")):
        if any(word in file.stem for word in words):
            # As users have it, who import compiled modules.
            session.run("python", str(file), env={"PYTHONDONTWRITEBYTECODE": None})


def install_locked(
    session: nox.Session, *groups: str, extras: list[str] | None = None, members: bool = False
) -> None:
    """Install the core, editable, with these groups at the versions of ``uv.lock``."""
    wanted = extras or []
    if session.venv_backend != "uv":
        session.warn("without uv the versions are not those of uv.lock")
        session.install("-e", f".[{','.join(wanted)}]")
        if listed := nox.project.dependency_groups(PROJECT, *groups):
            session.install(*listed)
        return
    command = ["uv", "sync", "--frozen", "--quiet", "--no-default-groups"]
    command += [f"--group={group}" for group in groups] + [f"--extra={extra}" for extra in wanted]
    command += ["--all-packages"] if members else []
    location = session.virtualenv.location
    session.run_install(*command, env={"UV_PROJECT_ENVIRONMENT": location})


def install_built(session: nox.Session, plugin: str, *groups: str) -> None:
    """Install the wheels of a plugin, its siblings and the core, and what the plugin's tests need.

    ``groups`` are dependency groups of the plugin's pyproject.toml, where it has them.
    """
    with TemporaryDirectory() as folder:
        for member in ["", *with_siblings(plugin)]:
            uv_build(session, "--wheel", f"--out-dir={folder}", str(ROOT / member))
        wheels = sorted(Path(folder).glob("*.whl"), key=lambda path: "fahr_core" not in path.name)
        core, *others = wheels
        tools = [*TEST_TOOLS, *grouped(plugin, *groups)]
        session.install(f"fahr-core[testing] @ {core.as_uri()}", *map(str, others), *tools)


def install_tool(session: nox.Session, name: str) -> None:
    """Put a program on the session's PATH without its packages."""
    folders = {
        "UV_TOOL_DIR": f"{session.virtualenv.location}/tools",
        "UV_TOOL_BIN_DIR": session.bin,
    }
    session.run_install("uv", "tool", "install", "--quiet", name, env=folders)


def run_pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest with three workers: on two cores a third waits for what its tests have started."""
    session.run("pytest", "-n", "3", *arguments)


def uv_build(session: nox.Session, *arguments: str) -> None:
    """Build a distribution in an isolated environment."""
    session.run("uv", "build", "--quiet", "--no-create-gitignore", *arguments)


def with_siblings(plugin: str) -> list[str]:
    """Give the folder of a plugin and of those in this repository that it declares."""
    names = {declared(other)["name"]: other for other in PLUGINS}
    found = [plugin]
    for folder in found:
        for line in declared(folder).get("dependencies", []):
            sibling = names.get(requirement_name(line))
            if sibling and sibling not in found:
                found.append(sibling)
    return [f"plugins/{folder}" for folder in found]


def declared(plugin: str) -> dict:
    """Read the ``[project]`` table of a plugin."""
    return read_project(plugin)["project"]


def grouped(plugin: str, *groups: str) -> list[str]:
    """Give what the dependency groups of a plugin ask for, where it has them."""
    project = read_project(plugin)
    there = [group for group in groups if group in project.get("dependency-groups", {})]
    return list(nox.project.dependency_groups(project, *there)) if there else []


def read_project(plugin: str) -> dict:
    """Read the pyproject.toml of a plugin."""
    text = (ROOT / "plugins" / plugin / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def requirement_name(line: str) -> str:
    """Give the distribution that a requirement line asks for."""
    return Requirement(line).name


def readme_job() -> list[list[str]]:
    """Give the commands of the README's first line, less the set-up, as argument lists."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if line.startswith("python3 bootstrap.py"))
    _, *commands = first.split(" && ")
    return [shlex.split(command.removeprefix(".venv/bin/")) for command in commands]


def empty_home(home: str) -> dict[str, str]:
    """Give an environment in which nothing of this user's is found."""
    return {"HOME": home, "FAHR_HOME": str(Path(home) / "fahr")}
