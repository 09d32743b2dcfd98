"""Bad input: one clear error, exit status 2, no traceback, and nothing left behind."""

from __future__ import annotations

import json

import pytest

CELL = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "id": "a"}


def notebook(*sources):
    cells = [{**CELL, "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def refused(fahr):
    """Give a function that runs ``fit``, which has to fail and to leave nothing; gives the error.

    What stays is what was there: no job, no job's folder, no environment, no process.
    """

    def said(*words, status=2, **options):
        before = fahr.files()
        answer = fahr.error("fit", *words, status=status, **options)
        assert fahr.files() == before
        assert not list(fahr.home.glob("jobs/*"))
        assert not [x for x in fahr.home.glob("environments/*") if not x.name.startswith(".")]
        assert fahr.processes() == []
        assert fahr.ran == []
        return answer

    yield said
    assert fahr.jobs() == {}


# -- the artifact ---------------------------------------------------------------------------


def test_a_missing_artifact_with_the_one_that_may_be_meant(fahr, refused):
    fahr.script()
    assert "no file trian.py; did you mean train.py?" in refused("trian.py")
    assert "no file other/train.py" in refused("other/train.py")


def test_no_artifact_and_several(fahr, refused):
    said = refused()
    assert "no training artifact in " in said
    assert "fahr init --example" in said
    fahr.write("one.py", "")
    fahr.write("two.py", "")
    assert "which artifact? one.py, two.py" in refused()
    assert "fahr fit one.py" in refused()


def test_a_folder_and_a_text(fahr, refused):
    (fahr.folder / "folder.py").mkdir()
    assert "no training artifact in " in refused("folder.py")
    fahr.write("train.txt", "print(1)")
    said = refused("train.txt")
    assert "train.txt is no training artifact: it has to be a .py script or an .ipynb" in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "train.ipynb is not a notebook: it is empty"),
        (notebook(), "train.ipynb has no code cells"),
        (notebook("  \n"), "train.ipynb has no code cells"),
        ('{"cells": [', "train.ipynb is not a notebook: line 1:"),
        ("[]", 'train.ipynb is not a notebook: it has no list "cells"'),
        ("\udcff".encode("utf-8", "surrogateescape"), "train.ipynb is not a notebook"),
    ],
    ids=["empty", "no cells", "blank cell", "cut", "list", "bytes"],
)
def test_a_notebook_that_is_none(fahr, refused, text, what):
    file = fahr.folder / "train.ipynb"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert what in refused("train.ipynb")


def test_a_script_that_does_not_parse(fahr, refused):
    fahr.write("train.py", "import os\nprint('a'\n")
    assert "train.py:2: '(' was never closed" in refused("train.py")


def test_a_link_that_leads_nowhere(fahr, refused):
    (fahr.folder / "train.py").symlink_to("gone.py")
    assert "train.py" in refused("train.py")


# -- names ----------------------------------------------------------------------------------

NAMES = [
    "mein modell.py",
    'it\'s "mine".py',
    "größe ☃.py",
    "a;touch pwned;$(touch pwned)`touch pwned`.py",
    "two\nlines.py",
    "-train.py",
    "--follow.py",
    "%s {x} \\n.py",
    "n" * 240 + ".py",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_that_a_file_can_have_runs_as_a_job(fahr, name):
    fahr.script("open('model.txt', 'w')", name=name)
    done = fahr("fit", "--json", "--follow", "--", name)
    job = done.document["name"]
    assert job == fahr.jobs()[job]["name"]
    assert len(job) <= 63
    assert fahr.ran == [job]
    assert fahr("fetch", "./out/", job).stdout
    assert (fahr.folder / "out" / "model.txt").exists()
    assert not list(fahr.folder.parent.rglob("pwned"))
    assert len(fahr("ls").stdout.splitlines()) == 1  # whatever the name has in it


def test_any_name_that_a_folder_can_have_runs_as_a_job(fahr):
    fahr.folder = fahr.folder.parent / "a b'c\"d\n$(touch pwned) é-"
    fahr.folder.mkdir()
    fahr.script("open('model.txt', 'w')")
    done = fahr("fit", "-f", "train.py")
    assert " complete" in done.stderr
    fahr("fetch")
    assert not list(fahr.folder.parent.rglob("pwned"))


@pytest.mark.parametrize(
    "name", ["n" * 300 + ".py", "x" * 5000, "bell\x07.py", "no\nsuch.py", "\U0001f4a5.py"]
)
def test_a_name_that_no_file_has_is_said_in_one_line(fahr, refused, name):
    said = refused("--", name)
    assert "\n" not in said.split("\n  ")[0].strip()
    assert "\x07" not in said


def test_a_word_that_looks_like_an_option_is_one(fahr, refused):
    fahr.script()
    fahr.write("-x.py", "")
    for words, meant in [
        (["--folow"], "--follow"),
        (["-x.py"], "-x"),
        (["--train_driver=local"], "--train-driver"),
        (["--confg.grace=1"], "no option --confg.grace"),
    ]:
        assert meant in refused("train.py", *words)


def test_job_names_that_cannot_be(fahr, refused):
    fahr.script()
    for name in ("a b", "Ä", "x" * 64, "--x", "../x", "a\nb", ""):
        assert refused("train.py", f"--name={name}")


# -- settings, parameters, inputs -----------------------------------------------------------


def test_wrong_words_are_refused_with_what_may_be_meant(fahr, refused):
    fahr.script("batch_size = 64")
    for words, said in [
        (["-p", "batch_sze=1"], "did you mean batch_size"),
        (["-p", "batch_size"], "batch_size"),
        (["-p", "=1"], "="),
        (["-c", "gracee=1"], "did you mean grace"),
        (["-c", "grace=long"], "grace"),
        (["-c", "jobs_at_once=0"], "jobs_at_once"),
        (["--train-driver=lokal"], "did you mean local?"),
        (["--train-driver=./none.py"], "none.py"),
        (["--timeout", "soon"], "soon"),
        (["--timeout", "-5s"], "-5s"),
        (["--nodes", "2"], "local"),
        (["--nodes", "two"], "two"),
        (["--input", "data=./none"], "none"),
        (["--input", "prior=job:none-1"], "none-1"),
        (["--secret", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (["--envfile", "none.txt"], "none.txt"),
        (["--python", "two"], "two"),
        (["train.py"], "train.py"),
    ]:
        assert said in refused("train.py", *words), words


def test_a_broken_settings_file(fahr, refused):
    fahr.script()
    fahr.write("fahr.toml", "train_driver = \n")
    assert "fahr.toml is not valid TOML" in refused("train.py")
    fahr.write("fahr.toml", "train_drivr = 'local'\n")
    assert "did you mean train_driver" in refused("train.py")


# -- the environment ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("requirements.txt", "numpy==\n", "requirements.txt"),
        ("requirements.txt", "-r none.txt\n", "none.txt"),
        ("requirements.txt", "six @ file:///C:/ci/six\n", "exists only on this machine"),
        ("environment.yaml", "dependencies: [\n", "environment.yaml"),
        ("pyproject.toml", "[project\n", "pyproject.toml"),
    ],
)
def test_a_broken_environment_file_is_named(fahr, refused, file, text, said):
    fahr.script()
    fahr.write(file, text)
    assert said in refused("train.py")


def test_an_unknown_package_is_named(fahr, refused):
    fahr.script()
    fahr.write("requirements.txt", "iniconfig\nfahr-no-such-package-anywhere\n")
    assert "fahr-no-such-package-anywhere" in refused("train.py")


def test_a_package_that_is_missing_fails_the_job_and_not_the_order(fahr):
    fahr.script("import fahr_no_such_module")
    done = fahr("fit", "train.py", "-f", status=1)
    (last,) = [x for x in done.stderr.splitlines() if x.startswith("digits-train-1 failed after ")]
    assert "No module named 'fahr_no_such_module'" in last
