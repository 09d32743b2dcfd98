import os
import stat
import subprocess
import sys
import tomllib

import pytest

from tests.cli.calling import AtTerminal, Call, call, in_process
from tests.plugin_factory import PluginFactory, driver_source, plugins

__all__ = ["call", "plugins"]

needs_terminal = pytest.mark.skipif(os.name == "nt", reason="a pseudo terminal is POSIX's")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the current folder: an experiment with one script."""
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("epochs = 3\n")
    monkeypatch.chdir(folder)
    return folder


def words_of(line):
    """Give the arguments that a shell hands to fahr when this is pasted."""
    script = f'fahr() {{ printf "%s\\0" "$@"; }}\n{line}\n'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def said(folder):
    return tomllib.loads((folder / "fahr.toml").read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# -- what is written --------------------------------------------------------------------


def test_the_driver_is_written_and_nothing_that_nobody_said(call: Call, folder):
    done = call("init")
    assert done.status == 0
    assert said(folder) == {"train_driver": "local"}
    assert "wrote    fahr.toml" in done.err
    assert done.err.endswith("next     fahr fit\n")
    assert names(folder) == ["fahr.toml", "train.py"]


def test_what_was_said_is_written_by_whose_it_is(call: Call, folder):
    done = call(
        *("init", "train.py", "--train-driver=local", "--timeout", "2h", "--gpu"),
        *("--config.grace=5", "-c", "environment={A = '1'}", "-c", "include=a,b"),
    )
    assert done.status == 0
    assert said(folder) == {
        "train_driver": "local",
        "timeout": "2h",
        "gpu": "any",
        "include": ["a", "b"],
        "local": {"grace": 5.0, "environment": {"A": "1"}},
    }
    assert call("config", "timeout").rows == [["timeout", "7200.0", "fahr.toml"]]


def test_again_changes_nothing(call: Call, folder):
    call("init", "-c", "grace=5")
    before = (folder / "fahr.toml").read_bytes()
    done = call("init", "-c", "grace=5")
    assert (folder / "fahr.toml").read_bytes() == before
    assert "unchanged fahr.toml" in " ".join(done.err.split())


def test_an_edited_file_keeps_its_comments(call: Call, folder):
    text = '# ask Ana\ntrain_driver = "local"  # for now\n\n[local]\n# a minute\ngrace = 60\n'
    (folder / "fahr.toml").write_text(text)
    done = call("init", "-c", "grace=5", "--timeout=1h")
    assert done.status == 0
    assert "changed  fahr.toml" in done.err
    new = text.replace("grace = 60", "grace = 5.0").replace("now\n", 'now\ntimeout = "1h"\n')
    assert (folder / "fahr.toml").read_text() == new


def test_a_settings_file_that_is_broken_is_named_and_kept(call: Call, folder):
    (folder / "fahr.toml").write_text("train_driver = \n")
    done = call("init")
    assert done.status == 2
    assert "fahr.toml is not valid TOML" in done.err
    assert (folder / "fahr.toml").read_text() == "train_driver = \n"


def test_the_artifact_is_written_where_it_would_not_be_found(call: Call, folder):
    (folder / "eval.py").write_text("x = 1\n")
    call("init", "eval.py")
    assert said(folder)["artifact"] == "eval.py"


def test_another_folder(call: Call, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    done = call("init", "digits/train.py")
    assert said(folder) == {"train_driver": "local"}
    assert done.err.endswith("next     fahr fit digits\n")
    done = call("init", "digits")
    assert done.status == 0


def test_old_lines(call: Call, folder, plugins: PluginFactory):
    plugins.cloud(capabilities="")
    done = call(
        *("init", "train.py", "--train-driver='sagemaker'", "--train-image='default-gpu'"),
        *("--config.output_path='s3://a/b'", "--config.role_name=trainer"),
    )
    assert done.status == 0
    assert said(folder) == {
        "train_driver": "sagemaker",
        "train_image": "default-gpu",
        "sagemaker": {"output_path": "s3://a/b", "role_name": "trainer"},
    }


def test_a_secret_is_written_nowhere(call: Call, folder, plugins: PluginFactory):
    plugins.cloud()
    done = call("init", "-c", "output_path=s3://a", "-c", "role_name=x", "-c", "api_token=hunter2")
    assert done.status == 0
    assert "hunter2" not in (folder / "fahr.toml").read_text() + done.err
    assert "set FAHR_SAGEMAKER__API_TOKEN" in done.err


def test_a_driver_that_is_a_file(call: Call, folder):
    (folder.parent / "moon.py").write_text(driver_source(title="to the moon"))
    assert call("init", "--train-driver=../moon.py").status == 0
    assert said(folder) == {"train_driver": "../moon.py"}


def test_the_drivers_files_are_written_and_edited_ones_kept(call: Call, folder, plugins):
    plugins.driver("moon", files=("Dockerfile", "run.sh"))
    done = call("init")
    assert "wrote    fahr.toml, Dockerfile, run.sh" in done.err
    (folder / "run.sh").write_text("mine\n")
    done = call("init")
    assert "kept     run.sh" in done.err
    assert (folder / "run.sh").read_text() == "mine\n"
    done = call("init", "--overwrite")
    assert "# for train.py" in (folder / "run.sh").read_text()


def test_an_image_is_rendered_for_its_environment(call: Call, folder, plugins: PluginFactory):
    plugins.image_cloud("moon", files=("Dockerfile",))
    assert call("init").status == 0
    assert "# for train.py, python-none-0" in (folder / "Dockerfile").read_text()


# -- what is not there ------------------------------------------------------------------


def test_several_drivers_without_a_terminal(call: Call, folder, plugins: PluginFactory):
    plugins.cloud()
    plugins.driver("kaggle")
    done = call("init")
    assert done.status == 2
    assert "error: where should the job run? local, kaggle, sagemaker" in done.err
    assert "  fahr init --train-driver=kaggle" in done.err
    assert names(folder) == ["train.py"]


def test_missing_settings_without_a_terminal(call: Call, folder, plugins: PluginFactory):
    plugins.cloud()
    done = call("init")
    assert done.status == 2
    assert done.err.splitlines() == [
        "error: sagemaker needs output_path (s3://bucket/prefix) and role_name",
        "  fahr init --train-driver=sagemaker -c output_path=s3://bucket/prefix -c role_name=...",
    ]
    assert names(folder) == ["train.py"]


def test_several_artifacts_without_a_terminal(call: Call, folder):
    (folder / "train.py").rename(folder / "a b.py")
    (folder / "c.py").write_text("x = 1\n")
    done = call("init")
    assert done.status == 2
    assert "which artifact? a b.py, c.py" in done.err
    assert "  fahr init 'a b.py'" in done.err


def test_no_artifact(call: Call, folder):
    (folder / "train.py").unlink()
    done = call("init")
    assert done.status == 2
    assert "no training artifact" in done.err
    assert "  fahr init --example" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none/train.py"], "no file none/train.py"),
        (["--timeout=soon"], '"soon" is not a duration'),
        (["-c", "grcae=1"], "did you mean grace?"),
        (["--train-driver=kagle"], "did you mean kaggle?"),
        (["--tiemout=3"], "did you mean --timeout?"),
        (["--train-driver=./none.py"], 'the train driver "./none.py" does not exist'),
        (["train.py", "other.py"], "unexpected extra argument"),
    ],
)
def test_bad_input_is_one_message_and_leaves_nothing(call: Call, folder, words, told):
    done = call("init", *words)
    assert done.status == 2
    assert told in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert names(folder) == ["train.py"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(call: Call, folder):
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = call("init")
    folder.chmod(0o755)
    assert done.status == 2
    assert "cannot be written" in done.err


@pytest.mark.parametrize("name", ["with space.py", "q'uote.py", "ünïcödé.py", "$(x).py"])
def test_odd_names(call: Call, folder, name):
    (folder / "train.py").rename(folder / name)
    assert call("init", name).status == 0
    assert call("init", name, "--example").status == 2


# -- beginning from nothing -------------------------------------------------------------


def test_an_example_runs_without_a_package(call: Call, folder):
    (folder / "train.py").unlink()
    done = call("init", "--example")
    assert done.status == 0
    assert done.err == "wrote    train.py\nnext     fahr fit train.py\n"
    assert names(folder) == ["train.py"]
    text = (folder / "train.py").read_text()
    assert len(text.splitlines()) == 20
    command = [sys.executable, "-I", "-S", "train.py"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "epoch 20/20" in ran.stdout
    assert (folder / "model.json").exists()


def test_an_example_replaces_nothing(call: Call, folder):
    for words in ((), ("--overwrite",), ("--train-driver=local",)):
        done = call("init", "--example", *words)
        assert done.status == 2
        assert "train.py is there already" in done.err
        assert names(folder) == ["train.py"]
    assert (folder / "train.py").read_text() == "epochs = 3\n"


def test_an_example_with_a_driver(call: Call, folder):
    done = call("init", "first.py", "--example", "--train-driver=local")
    assert done.status == 0
    assert names(folder) == ["fahr.toml", "first.py", "train.py"]


@pytest.mark.parametrize("name", ["x.ipynb", "x", "none/x.py"])
def test_an_example_by_a_name_that_is_none(call: Call, folder, name):
    done = call("init", name, "--example")
    assert done.status == 2
    assert names(folder) == ["train.py"]


def test_requirements_are_what_is_imported(call: Call, folder):
    (folder / "train.py").write_text("import json\nimport unheard_of_package\n")
    done = call("init", "--requirements")
    assert done.status == 0
    assert "wrote    requirements.txt" in done.err
    assert (folder / "requirements.txt").read_text() == "unheard-of-package\n"
    assert names(folder) == ["requirements.txt", "train.py"]


def test_other_requirements_are_kept_beside(call: Call, folder):
    (folder / "train.py").write_text("import unheard_of_package\n")
    (folder / "requirements.txt").write_text("numpy @ file:///C:/ci/numpy\n")
    done = call("init", "--requirements")
    assert "replaced requirements.txt" in done.err
    assert (folder / "requirements.txt").read_text() == "unheard-of-package\n"
    assert (folder / "requirements.txt.bak").read_text() == "numpy @ file:///C:/ci/numpy\n"
    call("init", "--requirements")
    assert (folder / "requirements.txt.bak").read_text() == "numpy @ file:///C:/ci/numpy\n"


def test_nothing_to_require(call: Call, folder):
    done = call("init", "--requirements")
    assert done.status == 2
    assert "train.py imports no package" in done.err
    assert names(folder) == ["train.py"]


def test_imports_without_an_environment_file_are_told(call: Call, folder):
    (folder / "train.py").write_text("import unheard_of_package\n")
    done = call("init")
    assert done.status == 0
    assert "no environment file; train.py imports unheard_of_package" in done.err
    assert not (folder / "requirements.txt").exists()
    call("init", "--yes")
    assert (folder / "requirements.txt").exists()


# -- at a terminal ----------------------------------------------------------------------


@needs_terminal
def test_at_a_terminal_what_has_no_default_is_asked(folder, plugins: PluginFactory):
    plugins.cloud(files=("run.sh",))
    plugins.driver("kaggle")
    (folder / "train.py").write_text("import unheard_of_package\n")
    terminal = AtTerminal("init", cwd=folder)
    terminal.until("Where should jobs run?  1 local  2 kaggle  3 sagemaker   [1]: ")
    terminal.type("3")
    terminal.until("S3 folder for the output (--config.output_path): ")
    terminal.type("here")
    terminal.until("error: output_path: ")
    terminal.until("S3 folder for the output (--config.output_path): ")
    terminal.type("s3://bucket/my models/")
    terminal.until("IAM role the job runs as (--config.role_name): ")
    terminal.type("trainer")
    terminal.until("No environment file. train.py imports unheard_of_package.")
    terminal.until("Write requirements.txt with unheard-of-package?  [Y/n]: ")
    assert names(folder) == ["train.py"]
    terminal.type("")
    assert terminal.ended() == 0
    assert names(folder) == ["fahr.toml", "requirements.txt", "run.sh", "train.py"]
    assert said(folder) == {
        "train_driver": "sagemaker",
        "sagemaker": {"output_path": "s3://bucket/my models/", "role_name": "trainer"},
    }
    assert max(len(line) for line in terminal.shown.splitlines()) <= 80
    assert terminal.shown.endswith("next     fahr fit\n")


@needs_terminal
def test_the_line_that_does_the_same_can_be_pasted(folder, plugins: PluginFactory):
    plugins.cloud()
    (folder / "train.py").write_text("import unheard_of_package\n")
    terminal = AtTerminal("init", "train.py", "--timeout", "2h", cwd=folder)
    terminal.until("output_path): ")
    terminal.type("s3://bucket/it's $HOME/")
    terminal.until("role_name): ")
    terminal.type("arn:aws:iam::123456789012:role/a-role-with-a-long-name")
    terminal.until("[Y/n]: ")
    terminal.type("y")
    assert terminal.ended() == 0
    line = terminal.shown.partition("again    ")[2].partition("\nnext")[0]
    words = words_of(line)
    assert words[:2] == ["init", "train.py"]
    first = {path.name: path.read_text() for path in folder.iterdir()}
    for name in ("fahr.toml", "requirements.txt"):
        (folder / name).unlink()
    done = in_process(*words, cwd=folder)
    assert done.status == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == first


@needs_terminal
def test_ctrl_c_leaves_nothing(folder, plugins: PluginFactory):
    plugins.cloud()
    terminal = AtTerminal("init", cwd=folder)
    terminal.until("output_path): ")
    terminal.type("s3://a")
    terminal.until("role_name): ")
    terminal.interrupt()
    assert terminal.ended() == 130
    assert names(folder) == ["train.py"]
    assert "Traceback" not in terminal.shown


@needs_terminal
def test_which_artifact_is_asked(folder):
    (folder / "train.py").rename(folder / "a.py")
    (folder / "b.py").write_text("x = 1\n")
    terminal = AtTerminal("init", cwd=folder)
    terminal.until("1 a.py  2 b.py   [1]: ")
    terminal.type("5")
    terminal.until("a number from 1 to 2")
    terminal.type("2")
    assert terminal.ended() == 0
    assert said(folder) == {"train_driver": "local", "artifact": "b.py"}


@needs_terminal
def test_without_input_nothing_is_asked_at_a_terminal_either(folder, plugins: PluginFactory):
    plugins.cloud()
    terminal = AtTerminal("init", "--no-input", cwd=folder)
    assert terminal.ended() == 2
    assert "error: sagemaker needs output_path" in terminal.shown


@needs_terminal
def test_nothing_is_asked_that_has_a_default(folder):
    terminal = AtTerminal("init", cwd=folder)
    assert terminal.ended() == 0
    assert "again" not in terminal.shown
