"""Bad input: one clear error, exit status 2, no traceback, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

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
        before = files_of(fahr)
        answer = fahr.error("fit", *words, status=status, **options)
        assert files_of(fahr) == before
        assert not list(fahr.home.glob("jobs/*"))
        assert not [x for x in fahr.home.glob("environments/*") if not x.name.startswith(".")]
        assert fahr.processes() == []
        assert fahr.ran == []
        return answer

    yield said
    assert fahr.jobs() == {}


def files_of(fahr):
    """List the experiment, but for fahr's own folder of locks."""
    found = {path.relative_to(fahr.folder).as_posix() for path in fahr.folder.rglob("*")}
    return {name for name in found if not name.startswith(".fahr/")} - {".fahr"}


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


# -- the disk -------------------------------------------------------------------------------


def own_mounts(*commands):
    """Give the words before a command that run it where these mounts hold, for it alone."""
    words = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    line = " && ".join([*commands, 'exec "$@"'])
    return [*words, "sh", "-c", line, "sh"]


def need_mounts(folder: Path):
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here")
    tried = subprocess.run(
        [*own_mounts(f"mount -t tmpfs tmpfs '{folder}'"), "true"], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")


class Mounted:
    """Runs ``fahr`` where some folders are mounted differently."""

    def __init__(self, fahr, *commands):
        self.fahr = fahr
        self.before = own_mounts(*commands)

    def __call__(self, line, status):
        """Run a shell line; give its stderr, unfolded."""
        done = subprocess.run(
            [*self.before, "sh", "-c", line],
            cwd="/",
            env=self.fahr.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr.replace("\n       ", " "), done.stdout


def test_a_folder_that_cannot_be_written_runs_all_the_same(fahr):
    """A local job works in a copy, and nothing has to be written beside the script."""
    need_mounts(fahr.folder)
    fahr.script("open('model.txt', 'w')")
    before = files_of(fahr)
    read_only = f"mount --bind '{fahr.folder}' '{fahr.folder}' && "
    read_only += f"mount -o remount,ro,bind '{fahr.folder}'"
    mounted = Mounted(fahr, read_only)
    errors, _ = mounted(f"cd '{fahr.folder}' && fahr fit train.py -f", status=0)
    assert "digits-train-1 complete" in errors
    errors, _ = mounted(f"cd '{fahr.folder}' && fahr fetch", status=2)
    assert errors.count("error: ") == 1
    assert "cannot write to " in errors
    assert "Read-only file system" in errors
    assert files_of(fahr) == before


def test_a_home_that_cannot_be_written_is_named(fahr):
    need_mounts(fahr.folder)
    fahr.script()
    home = fahr.home.parent / "read-only"
    home.mkdir()
    fahr.variables["FAHR_HOME"] = str(home / "fahr")
    mounted = Mounted(fahr, f"mount --bind '{home}' '{home}'", f"mount -o remount,ro,bind '{home}'")
    errors, out = mounted(f"cd '{fahr.folder}' && fahr fit train.py", status=2)
    assert (out, errors.count("error: ")) == ("", 1)
    assert str(home / "fahr") in errors
    assert fahr.ran == []


def full_home(fahr, size):
    """Mount a small disk for what fahr keeps, and list what is on it at the end."""
    need_mounts(fahr.folder)
    fahr.home.mkdir(exist_ok=True)
    return Mounted(fahr, f"mount -t tmpfs -o size={size} tmpfs '{fahr.home}'")


FRESH = [("fresh", room) for room in (0, 40, 112)]
USED = [("used", room) for room in (0, 32, 64, 68, 72, 76, 80, 96)]


@pytest.mark.parametrize(("home", "room"), FRESH + USED)
def test_a_disk_that_fills_up_while_sending_is_said_and_nothing_is_lost(fahr, home, room):
    """Each room, in kB, is used up at another moment: the snapshot alone takes 30."""
    fahr.script("# " + "x" * 20_000)
    mounted = full_home(fahr, "700k")
    line = f"""
        cd '{fahr.folder}'
        [ {home} = used ] && {{ fahr fit train.py -f 2> /dev/null; echo '# new' >> train.py; }}
        free=$(df --output=avail -k "$FAHR_HOME" | tail -1)
        head -c $(( (free - {room}) * 1024 )) /dev/zero > "$FAHR_HOME/filler"
        fahr fit train.py; echo "status $?"
        rm "$FAHR_HOME/filler"
        fahr ls | while read name _; do fahr wait $name 2>&1; done
        fahr ls
        find "$FAHR_HOME" -name claim
    """
    said, out = mounted(line, status=0)
    lines = out.splitlines()
    names = [x.split("\t")[0] for x in lines if "\t" in x]
    assert "itself failed" not in said
    assert sorted(fahr.ran) == sorted(names), "what is recorded is what ran, once"
    assert len([x for x in lines if x.endswith("/claim")]) == len(names)
    if "status 0" in lines:
        assert len(names) == (2 if home == "used" else 1)
    else:
        assert "status 2" in lines
        assert said.count("error: ") == 1
        assert "No space left on device" in said or "disk is full" in said


def test_a_disk_that_fills_up_in_a_job_fails_the_job(fahr):
    fahr.script("open('model.bin', 'wb').write(bytes(4_000_000))")
    mounted = full_home(fahr, "2m")
    line = f"""
        cd '{fahr.folder}'; fahr fit train.py -f; echo $?
        fahr ls; fahr status; fahr
        rm "$FAHR_HOME"/jobs/*/output/model.bin; fahr status
    """
    errors, out = mounted(line, status=0)
    # The job has failed, but that cannot be written down as long as the disk is full.
    followed, listed, *_ = out.splitlines()
    assert followed in ("1", "2")
    assert listed.startswith("digits-train-1\t")
    assert "disk is full; this is what was last known" in errors
    assert "digits-train-1  failed after " in out
    assert "OSError: [Errno 28] No space left on device  train.py:4" in out


def test_a_disk_that_is_full_where_output_is_fetched_to_leaves_nothing(fahr):
    need_mounts(fahr.folder)
    fahr.script("open('model.bin', 'wb').write(bytes(4_000_000))")
    fahr("fit", "train.py", "-f")
    target = fahr.folder.parent / "target"
    target.mkdir()
    mounted = Mounted(fahr, f"mount -t tmpfs -o size=1m tmpfs '{target}'")
    errors, out = mounted(
        f"cd '{target}'; fahr fetch ./out digits-train-1; echo $?; find . -mindepth 1", status=0
    )
    assert out == "2\n"
    assert errors.count("error: ") == 1
    assert "No space left on device" in errors
