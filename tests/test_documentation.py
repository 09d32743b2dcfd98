"""What the documentation shows is what happens: its commands, its driver, its lists."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from fahr_core import errors, registry
from fahr_core.description import describe_job
from fahr_core.launcher import job as launcher_job
from fahr_core.launcher.start import LAUNCHERS_OWN, job_environment
from fahr_core.models import Code, Environment, Job, State
from fahr_core.session import open_session
from fahr_core.settings import layers
from tests.distributions import Distributions, distributions

__all__ = ["distributions"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    path.relative_to(DOCS).as_posix()
    for path in DOCS.rglob("*.md")
    if "generated" not in path.parts and "_build" not in path.parts
)
#: Commands that are shown and not run here: they would change the machine. The session
#: ``build`` installs the distribution.
NOT_RUN = {"uv tool install .", "python3 -m pip install .", "fahr --install-completion"}


def module_of(path):
    """Import a file of the documentation."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


transcripts = module_of(DOCS / "transcripts.py")
TestShed = pytest.mark.e2e(module_of(DOCS / "drivers" / "shed" / "test_shed.py").TestShed)


def text_of(page):
    return (DOCS / page).read_text("utf-8")


def page_of(text, home):
    """Give the problems of a page."""
    return transcripts.problems(transcripts.run_page(text, home))


# -- what the pages show ----------------------------------------------------------------


@pytest.mark.e2e
@pytest.mark.parametrize("page", [page for page in PAGES if "\n```console\n" in text_of(page)])
def test_commands_print_what_the_page_shows(page, own_home):
    problems = page_of(text_of(page), own_home)
    assert not problems, "\n".join(problems)


def test_every_shown_command_is_run():
    """Commands stand in console blocks, which are run; the others are listed above."""
    shown = {
        line
        for page in PAGES
        for body in re.findall(r"(?ms)^```(?:sh|bash|shell)\n(.*?)^```$", text_of(page))
        for line in body.splitlines()
    }
    assert shown == NOT_RUN


def test_a_page_is_in_one_spelling():
    american = r"\b(?:\w*color(?!_)\w*|\w+iz(?:e[sd]?|ing|ation)|behavior\w*|center\w*)\b"
    allowed = {"size", "sizes", "sized", "resize", "prize"}
    found = [
        f"{page}: {word}"
        for page in PAGES
        for word in re.findall(american, prose_of(text_of(page)))
        if word.lower() not in allowed
    ]
    assert found == []


def prose_of(text):
    """Give a page without its code."""
    return re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", text)


# -- the tool that runs them ------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("$ echo one\none\n", 0),
        ("$ echo one\ntwo\n", 1),
        ("$ echo 12 s\n47 s\n", 0),
        ("$ seq 9\n1\n...\n9\n", 0),
        ("$ seq 9\n2\n...\n9\n", 0),
        ("$ printf 'a\\nb\\nc\\n'\na\n...\nd\n", 1),
        ("$ false\n", 1),
        ("$ false\n$ echo $?\n1\n", 0),
        ("$ cd .local\n$ basename $PWD\n.local\n", 0),
        ("$ export NAME=here\n$ echo $NAME\nhere\n", 0),
        ("$ echo a \\\n    b\na b\n", 0),
    ],
)
def test_a_transcript_that_is_wrong_is_found(body, found, tmp_path):
    assert len(page_of(f"\n```console\n{body}```\n", tmp_path)) == found


def test_files_of_a_page_are_written(tmp_path):
    page = "\n```{code-block} python\n:caption: a/b.py\n\nprint(6 * 7, 'is it')\n```\n"
    page += "\n% run: cd a\n\n```console\n$ python3 b.py | tr a-z A-Z\n42 IS IT\n```\n"
    assert page_of(page, tmp_path) == []


def test_a_page_is_updated_with_what_is_printed_now(tmp_path):
    page = "Before.\n\n```console\n$ echo new\nold\n$ echo same\nsame\n$ echo more\n```\n\nAfter.\n"
    done = transcripts.run_page(page, tmp_path)
    now = page.replace("old", "new").replace("echo more\n", "echo more\nmore\n")
    assert transcripts.updated(page, done) == now


# -- what is written by hand is whole ---------------------------------------------------


def a_job(**more):
    given = {"code": Code(digest="sha256:0", files=1, size=1, run_script="run.sh")}
    given |= {"environment": Environment(), "artifact": "train.py", "kind": "script"}
    named = dict.fromkeys(("name", "run_id", "remote_name", "experiment", "train_driver"), "x")
    return Job(**named, **given, **more)


def test_each_key_of_the_job_description_is_explained():
    written = set(re.findall(r"(?m)^\| `(\w+)` \|", text_of("reference/job-description.md")))
    assert set(describe_job(a_job(gpu="any", timeout=1.0))) <= written
    assert set(launcher_job.Job._fields) <= written


def test_each_variable_is_explained():
    page = text_of("reference/environment-variables.md")
    places = SimpleNamespace(python="python", inputs="", output="", checkpoints="", work="")
    nodes = SimpleNamespace(rank=0, total=2, master_addr="", master_port=0)
    told = launcher_job.Job("x", "train.py", {}, launch="python")
    given = job_environment(told, places, nodes, "", {})
    names = {*given, *LAUNCHERS_OWN, *layers._NOT_SETTINGS}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_each_exit_status_is_explained():
    page = text_of("reference/exit-status.md")
    statuses = {getattr(errors, name).exit_status for name in errors.__all__}
    assert [status for status in statuses if f"\n| {status} |" not in page] == []


def test_each_state_is_explained():
    page = text_of("concepts/way-of-a-job.md")
    assert [state for state in State if f"| `{state}` |" not in page] == []


def test_the_reference_has_every_command_and_setting():
    from fahr_core.cli.group import COMMANDS
    from fahr_core.settings.model import CoreSettings

    pages = module_of(DOCS / "generated_pages.py")
    commands, settings = pages.commands_page(), pages.settings_page()
    assert [name for name in COMMANDS if f"\n## fahr {name}\n" not in commands] == []
    assert "`--follow`" in commands
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| .* \| (.*) \|$", settings))
    assert [name for name in CoreSettings.model_fields if not rows[name].strip("` ")] == []


def test_settings_files_on_pages_are_toml():
    for page in PAGES:
        for body in re.findall(r"(?ms)^```toml\n(.*?)^```$", text_of(page)):
            groups = tomllib.loads(body).get("project", {}).get("entry-points", {})
            assert set(groups) <= set(registry.GROUPS.values())


def test_each_page_is_in_a_table_of_contents():
    listed = {"index.md"}
    for page in PAGES:
        for body in re.findall(r"(?ms)^```\{toctree\}\n(.*?)^```$", text_of(page)):
            entries = [line for line in body.splitlines() if line and not line.startswith(":")]
            listed |= {(Path(page).parent / f"{entry}.md").as_posix() for entry in entries}
    assert [page for page in PAGES if page not in listed] == []


# -- the plugins that the pages build ---------------------------------------------------


def test_the_shed_is_found_as_a_distribution(distributions: Distributions):
    for name in ("shed_settings", "shed_runtime"):
        distributions.module(name, text_of(f"drivers/shed/{name}.py"))
    distributions.add("shed", text_of("drivers/shed/shed.py"))
    assert "shed" in [listed.name for listed in registry.installed("train")]
    session = open_session("shed")
    assert session.info.settings == "shed_settings:ShedSettings"


def test_the_curfew_gives_a_time_limit(distributions: Distributions):
    distributions.add("curfew", text_of("drivers/curfew.py"), group="fahr.extensions")
    session = open_session("local", extensions=["curfew"])
    assert session.warnings == []
    assert session.amend_job(a_job()).timeout == 3600.0
    assert session.amend_job(a_job(timeout=60.0)).timeout == 60.0
