"""What holds for every file of the repository, whoever writes it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fahr_core

ROOT = Path(__file__).parents[1]
SOURCE_LIMIT = 350

# The runner of notebooks is started by the Python of papermill's own environment.
BESIDE_PACKAGES = {"src/fahr_core/launcher/papermill_runner.py": {"nbclient", "papermill"}}

# Each pattern is written so that it does not find itself.
FORBIDDEN_EVERYWHERE = {
    "a path of one machine": (
        r"(?<![\w.~=])/(wor[k]|far[m]|roo[t]/\.|(?:hom[e]|User[s])/(?!me/|you/)[a-z])[\w.]*/"
    ),
    "a Python of one machine": r"\.pyen[v]/",
    "a package index of one network": (
        r"(?:index[-_]ur[l]|find[-_]link[s])[\"']?\s*[=: ]\s*[\"'\[]*\w+://"
        r"(?=[\w-]+\.\w)(?!pypi\.org|download\.pytorch\.org|[\w.]*\bexample\b|[\w.]*\binvalid\b|127\.|localhost)"
    ),
}
FORBIDDEN_IN_CODE = {
    "a note to oneself": r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b",
    "an ignored type without its code": r"type:\s*ignor[e](?!\[)",
    "a noqa without its code": r"#\s*noq[a](?!:)",
    "code that coverage is told to skip": r"pragma:\s*no\s*cove[r]",
}
FORBIDDEN_IN_SOURCE = {
    "a swallowed exception": r"except[^\n:]*:\s*(?:#[^\n]*)?\n?\s*pas[s]\b",
}


def tracked(*patterns):
    """Give the files that git tracks, or would, as paths from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def offences(name, text):
    """Tell what a file holds that no file here may hold, with the line of each."""
    patterns = dict(FORBIDDEN_EVERYWHERE)
    if name.endswith((".py", ".sh", ".j2", ".toml", ".ipynb")):
        patterns |= FORBIDDEN_IN_CODE
    if "src" in name.split("/"):
        patterns |= FORBIDDEN_IN_SOURCE
    return [
        f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {what}: {found.group().strip()}"
        for what, pattern in patterns.items()
        for found in re.finditer(pattern, text)
    ]


def foreign_imports(text, version):
    """Give the modules a launcher file imports from outside the standard library."""
    tree = ast.parse(text, feature_version=version)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
    launcher = {"fahr_launcher"}  # the name that it has in a job, beside a driver's runtime
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - launcher


def in_the_job():
    """Give the files that run inside a job: the launcher, and each driver's runtime."""
    return tracked(
        "src/fahr_core/launcher/*.py", "src/fahr_core/*/runtime.py", "plugins/*/src/*/runtime.py"
    )


def constants_then_classes(name):
    """Order names as ruff's RUF022 does."""
    return (not name.isupper(), not name[0].isupper(), name)


def readme_lines():
    lines = text_of("README.md").splitlines()
    return [line for line in lines if line.startswith("python3 bootstrap.py")]


def test_no_file_holds_what_belongs_to_one_machine_or_one_moment():
    found = [line for name in tracked() for line in offences(name, text_of(name))]
    assert found == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "see /wor" + "k/main/x"),
        ("a.md", "in /hom" + "e/anna/x"),
        ("a.cfg", "index-ur" + "l = https://packages.corp.net/simple"),
        ("a.sh", "pip install --extra-index-ur" + "l http://10.0.0.1/simple x"),
        ("a.py", "# TOD" + "O: later"),
        ("a.py", "x = y  # type: ignor" + "e"),
        ("a.py", "x = y  # noq" + "a"),
        ("src/a.py", "try:\n    f()\nexcept OSError:\n    pas" + "s\n"),
        ("a.py", "f()  # pragma: no cove" + "r"),
    ],
)
def test_the_guard_finds(name, text):
    assert len(offences(name, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = y  # type: ignore[arg-type]",
        "import a  # noqa: F401",
        "--index-url https://pypi.org/simple",
        "--extra-index-url https://packages.example.com/simple",
        "/home/NAME/.config",
        "/home/me/digits",
        "except OSError:  # gone by itself\n    return None",
    ],
)
def test_the_guard_lets_through(text):
    assert offences("src/a.py", text) == []


def test_the_lock_names_the_public_index_alone():
    hosts = set(re.findall(r"https?://([^/\"]+)", text_of("uv.lock")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_a_source_file_has_one_subject():
    lines = {
        name: text_of(name).count("\n") for name in tracked("src/**/*.py", "plugins/*/src/**/*.py")
    }
    assert lines
    assert {name: count for name, count in lines.items() if count > SOURCE_LIMIT} == {}


def test_what_runs_in_the_job_needs_the_standard_library_of_3_8_alone():
    files = in_the_job()
    assert "src/fahr_core/launcher/__main__.py" in files
    found = {
        name: foreign_imports(text_of(name), (3, 8)) - BESIDE_PACKAGES.get(name, set())
        for name in files
    }
    assert {name: names for name, names in found.items() if names} == {}


def test_the_guard_of_the_launcher_finds_packages_and_newer_syntax():
    assert foreign_imports("def f():\n    import psutil\nfrom . import x\n", (3, 8)) == {"psutil"}
    with pytest.raises(SyntaxError):
        foreign_imports("match x:\n    case 1: y = 2\n", (3, 8))


def test_the_public_names_are_sorted_and_there():
    names = list(getattr(fahr_core, "__all__", []))
    assert len(names) == len(set(names))
    assert names == sorted(names, key=constants_then_classes)
    assert [name for name in names if not hasattr(fahr_core, name)] == []


def test_the_readme_opens_with_the_two_lines():
    run, test = readme_lines()
    opening = [line for line in text_of("README.md").splitlines()[:25] if line in (run, test)]
    assert opening == [run, test]
    assert run.startswith("python3 bootstrap.py && .venv/bin/fahr fit examples/")
    assert "--train-driver=local" in run
    assert test == "python3 bootstrap.py && .venv/bin/nox -s tests"


def test_the_readmes_lines_are_what_is_checked():
    listed = subprocess.run(
        ["bash", ".ci/run", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.splitlines()[:2] == readme_lines()


def test_every_file_that_the_readme_names_is_there():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text_of("README.md"))
    paths = re.findall(r"\bexamples/[\w/.]+\b", text_of("README.md"))
    assert paths
    assert [path for path in [*links, *paths] if not (ROOT / path).exists()] == []
