"""What a command imports: little, and nothing of the plugins that it does not need."""

from __future__ import annotations

import subprocess

import pytest

from tests.distributions import distributions  # noqa: F401 - a fixture

#: Each costs more than all that a small command does by itself.
HEAVY = {
    "boto3",
    "docker",
    "google",
    "http.client",
    "jinja2",
    "kagglesdk",
    "msgspec",
    "nbformat",
    "numpy",
    "papermill",
    "pydantic",
    "requests",
    "rich",
}

TELL = """
import atexit, os, sys
if "MODULES" in os.environ:
    atexit.register(lambda: open(os.environ["MODULES"], "w").write("\\n".join(sys.modules)))
"""

PLUGINS = 50
GROUPS = ("train_drivers", "build_drivers", "extensions")


@pytest.fixture
def site(distributions):  # noqa: F811
    """Give a place to install plugins in, where ``fahr`` finds them."""
    return distributions


@pytest.fixture
def imported(fahr, site):
    """Give a function that runs a command and gives the modules that it has imported."""
    (site.folder / "sitecustomize.py").write_text(TELL)
    fahr.variables["PYTHONPATH"] = str(site.folder)
    file = fahr.folder.parent / "modules"

    def modules(*words, **options):
        fahr(*words, **options, env={"MODULES": str(file)})
        return set(file.read_text().splitlines())

    return modules


@pytest.fixture
def fifty_plugins(site):
    """Install plugins, to import one of which is to leave a line in the file given."""
    lines = site.folder / "imported"
    lines.touch()
    for number in range(PLUGINS):
        group = f"fahr.{GROUPS[number % len(GROUPS)]}"
        source = f"print({number}, file=open({str(lines)!r}, 'a'))\n"
        site.add(f"fake-{number}", source, group=group)
    return lines


def test_the_probe_sees_an_import_of_a_plugin(fahr, imported, fifty_plugins):
    assert "fahr_fake_0" in imported("drivers")
    assert "0" in fifty_plugins.read_text().split()


COMMANDS = [
    ["--help"],
    ["--version"],
    [],
    ["fit", "--help"],
    ["status"],
    ["status", "--json"],
    ["ls"],
    ["ls", "--json"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_daily_command_imports_nothing_heavy_and_no_plugin(fahr, imported, fifty_plugins, words):
    fahr.script()
    fahr.variables["FAHR_TRAIN_DRIVER"] = "local"  # with fifty there is a question
    fahr("fit", "train.py", "--follow")
    modules = imported(*words)
    assert "fahr_core" in modules
    assert not modules & HEAVY
    assert not [name for name in modules if name.startswith("fahr_fake")]
    assert fifty_plugins.read_text() == ""


def test_fit_itself_needs_none_of_them_when_it_was_used_before(fahr, imported):
    fahr.script()
    fahr("fit", "train.py", "--follow")
    modules = imported("fit", "train.py")
    assert not modules & (HEAVY - {"msgspec"})


def test_completion_loads_no_plugin(fahr, imported, fifty_plugins):
    done = subprocess.run(
        ["fahr"],
        env=fahr.environment(_FAHR_COMPLETE="complete_bash", COMP_WORDS="fahr st", COMP_CWORD="1"),
        cwd=fahr.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "status" in done.stdout.split(), done
    assert fifty_plugins.read_text() == ""


def test_a_broken_plugin_hurts_nobody(fahr, site, imported):
    site.add("broken", "raise RuntimeError('not today')\n")
    fahr.script()
    assert fahr("fit", "train.py", "--train-driver=local").line == "digits-train-1"
    assert "not today" in fahr("drivers").stdout
    said = fahr.error("fit", "train.py", "--train-driver=broken")
    assert 'train driver "broken" (fahr-broken 1.2) is broken: RuntimeError: not today' in said
