import os
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from fahr_core.version import VERSION
from tests.cli.calling import AtTerminal, Call, call, in_process
from tests.plugin_factory import PluginFactory, plugins

__all__ = ["call", "plugins"]

TRUST = {
    "level": "error",
    "subject": "role trainer",
    "message": "it does not trust the service",
    "hints": ("fahr drivers show sagemaker --json > role.json",),
}
QUOTA = {"level": "warning", "subject": "quota", "message": "one machine is left"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the current folder: an experiment with one script."""
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("epochs = 3\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def home(own_home):
    return own_home / "fahr"


def levels(done, level):
    """Give the texts of the lines of one level, each on one line."""
    checks = done.document["checks"]
    return [check["text"] for check in checks if check["level"] == level]


def test_a_well_machine(call: Call):
    done = call("doctor")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"ok    fahr {VERSION}, Python 3.")
    assert "FIX" not in done.out
    assert "WARN" not in done.out
    for told in ("ledger: 0 jobs", "writable", "python 3.", "papermill", "local (the built-in"):
        assert told in " ".join(done.out.split())


def test_as_json(call: Call):
    done = call("doctor", "--json")
    assert done.document["ok"] is True
    assert all(set(check) == {"level", "text", "hints"} for check in done.document["checks"])


def test_the_settings_that_are_read_are_named(call: Call, folder):
    assert any("none yet" in text for text in levels(call("doctor", "--json"), "ok"))
    (folder / "fahr.toml").write_text('train_driver = "local"\n')
    assert "settings fahr.toml" in levels(call("doctor", "--json"), "ok")


def test_a_broken_settings_file(call: Call, folder):
    (folder / "fahr.toml").write_text("=")
    done = call("doctor", "--json")
    assert done.status == 2
    assert "fahr.toml is not valid TOML" in levels(done, "FIX")[0]


def test_a_home_that_cannot_be_written(call: Call, home, monkeypatch):
    home.parent.joinpath("file").write_text("")
    monkeypatch.setenv("FAHR_HOME", str(home.parent / "file" / "fahr"))
    done = call("doctor", "--json")
    assert done.status == 2
    assert any("cannot be written" in text for text in levels(done, "FIX"))


def test_a_ledger_that_is_none(call: Call, home):
    home.mkdir()
    (home / "ledger.sqlite3").write_text("this is no database, and long enough to be one" * 100)
    done = call("doctor", "--json")
    assert done.status == 2
    assert len(levels(done, "FIX")) == 1
    assert "ledger" in levels(done, "FIX")[0]


def test_a_ledger_of_a_newer_fahr(call: Call, home):
    home.mkdir()
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as db:
        db.execute("create table later (x)")
        db.execute("pragma user_version = 9999")
        db.commit()
    done = call("doctor", "--json")
    assert done.status == 2
    assert "newer" in levels(done, "FIX")[0]


# -- the drivers ------------------------------------------------------------------------


def test_what_the_folders_driver_needs_is_to_be_fixed(call: Call, plugins: PluginFactory):
    plugins.driver("sagemaker", findings=(TRUST, QUOTA))
    done = call("doctor")
    assert done.status == 2
    lines = done.out.splitlines()
    at = lines.index("FIX   sagemaker: role trainer: it does not trust the service")
    assert lines[at + 1] == "      fahr drivers show sagemaker --json > role.json"
    assert "WARN  sagemaker: quota: one machine is left" in lines


def test_a_warning_alone_is_no_fault(call: Call, plugins: PluginFactory):
    plugins.driver("sagemaker", findings=(QUOTA,))
    done = call("doctor", "--json")
    assert done.status == 0
    assert "sagemaker (the only one installed): a test's driver" in levels(done, "ok")


def test_other_drivers_are_skipped_and_their_accounts_left_alone(call: Call, plugins):
    plugins.driver("sagemaker", findings=(TRUST,))
    plugins.cloud("kaggle")
    done = call("doctor", "--train-driver=local", "--json")
    assert done.status == 0
    assert levels(done, "skip")[-1] == "not this folder's: kaggle, sagemaker"
    done = call("doctor", "--train-driver=sagemaker", "--json")
    assert done.status == 2


def test_a_broken_driver_matters_where_it_is_needed(call: Call, plugins, folder):
    plugins.broken("slurm")
    (folder / "fahr.toml").write_text('train_driver = "local"\n')
    done = call("doctor", "--json")
    assert done.status == 0
    assert "slurm (fahr-slurm 0.2) is broken" in levels(done, "WARN")[0]
    done = call("doctor", "--train-driver=slurm", "--json")
    assert done.status == 2
    assert len(levels(done, "FIX")) == 1
    assert "asyncssh_that_nobody_has" in levels(done, "FIX")[0]
    assert levels(done, "WARN") == []


def test_a_driver_that_is_not_installed(call: Call):
    done = call("doctor", "--train-driver=kaggle")
    assert done.status == 2
    assert 'FIX   train driver "kaggle" is not installed' in done.out
    assert '"fahr-core[kaggle]"' in done.out


def test_missing_settings_are_to_be_fixed(call: Call, plugins: PluginFactory):
    plugins.cloud()
    done = call("doctor")
    assert done.status == 2
    assert "sagemaker needs output_path (s3://bucket/prefix) and role_name" in " ".join(
        done.out.split()
    )
    assert "      fahr init --train-driver=sagemaker\n" in done.out


def test_a_preflight_that_fails_is_told(call: Call, plugins: PluginFactory):
    lines = "\n@hookimpl\ndef preflight(job): raise RuntimeError('no wire')\n"
    plugins.driver("moon", more=lines)
    done = call("doctor")
    assert done.status == 2
    assert "no wire" in done.out
    assert "Traceback" not in done.out + done.err


def test_no_driver_chosen_is_no_fault(call: Call, plugins: PluginFactory):
    plugins.cloud()
    plugins.driver("kaggle")
    done = call("doctor", "--json")
    assert done.status == 0
    assert "no driver is chosen here: local, kaggle, sagemaker" in levels(done, "skip")


def test_a_folder_without_an_artifact(call: Call, plugins: PluginFactory, folder):
    (folder / "train.py").unlink()
    assert call("doctor").status == 0


def test_two_drivers_of_one_name(call: Call, plugins: PluginFactory):
    plugins.driver("moon")
    plugins.add("moon", "", distribution="other-moon")
    assert any("other-moon" in text for text in levels(call("doctor", "--json"), "WARN"))


def test_an_extension_that_is_switched_on_and_broken(call: Call, plugins, folder):
    plugins.add("bell", "raise RuntimeError('no bell')", group="fahr.extensions")
    (folder / "fahr.toml").write_text('extensions = ["bell"]\n')
    done = call("doctor", "--json")
    assert done.status == 0
    assert any("bell is skipped" in text for text in levels(done, "WARN"))


# -- variables --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FAHR_SAGEMAKER_ROLE_NAME", "FAHR_SAGEMAKER__ROLE_NAME"),
        ("FAHR_TRAIN_DIRVER", "FAHR_TRAIN_DRIVER"),
        ("FAHR_LOCAL__GRCAE", "FAHR_LOCAL__GRACE"),
        ("FAHR_HOEM", "FAHR_HOME"),
    ],
)
def test_a_variable_that_nothing_reads(call: Call, plugins, monkeypatch, folder, name, meant):
    plugins.cloud()
    (folder / "fahr.toml").write_text('train_driver = "local"\n')
    monkeypatch.setenv(name, "1")
    done = call("doctor", "--json")
    assert f"{name} is read by nothing: {meant}" in levels(done, "WARN")


@pytest.mark.parametrize(
    "name",
    [
        "FAHR_TIMEOUT",
        "FAHR_OUTPUT__EXCLUDE",
        "FAHR_SAGEMAKER__ROLE_NAME",
        "FAHR_DEBUG",
        "FAHR_JOB_NAME",
        "FAHR_INPUT_DIR",
        "FAHR_SLURM__ANYTHING",
    ],
)
def test_a_variable_that_somebody_reads(call: Call, plugins, monkeypatch, folder, name):
    plugins.cloud()
    plugins.broken("slurm")
    (folder / "fahr.toml").write_text('train_driver = "local"\n')
    monkeypatch.setenv(name, "10" if name == "FAHR_TIMEOUT" else "")
    done = call("doctor", "--json")
    assert not any(name in text for text in levels(done, "WARN"))


# -- secrets ----------------------------------------------------------------------------


def test_secrets_of_jobs_that_ended_are_removed(call: Call, home):
    old, new = home / "jobs" / "old" / "secrets.json", home / "jobs" / "new" / "secrets.json"
    for file in (old, new):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    yesterday = time.time() - 86400
    os.utime(old, (yesterday, yesterday))
    assert "removed the secrets of 1 job that ended" in levels(call("doctor", "--json"), "ok")
    assert not old.exists()
    assert new.exists()  # it may be a job that is being sent


# -- as people see it -------------------------------------------------------------------


def test_at_a_terminal(plugins: PluginFactory, folder):
    plugins.driver("sagemaker", findings=(TRUST,))
    terminal = AtTerminal("doctor", cwd=folder)
    assert terminal.ended() == 2
    lines = terminal.shown.splitlines()
    paths = (str(folder.parents[1]), sys.prefix)  # of any length here, and never folded
    assert [line for line in lines if len(line) > 80 and not any(p in line for p in paths)] == []
    starts = {line[:6].strip() for line in lines}
    assert starts <= {"ok", "skip", "WARN", "FIX", ""}


def test_without_python_on_path(folder):
    done = in_process("doctor", cwd=folder, env={"PATH": str(folder)})
    assert done.status == 0
    assert "WARN  no python on PATH" in done.out
    assert "skip  uv is not on PATH" in done.out
