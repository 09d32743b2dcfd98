"""Command lines that the first fahr documented, typed into a shell as they stand there.

Where the old driver was a service's, a driver in a file takes its part.
"""

from __future__ import annotations

import os
import subprocess

import pytest

DRIVER = """
import subprocess, sys
from fahr_core import hookimpl
from fahr_core.local import driver as local
from fahr_core.models import NameRule, TrainInfo

for hook in ("render_artifacts", "stage_request", "submit_jobs", "find_submission", "job_states",
             "stream_logs", "stop_job", "fetch_output"):
    globals()[hook] = getattr(local, hook)

@hookimpl
def train_info():
    told = local.train_info()
    return TrainInfo(title="a service", settings="old_settings:OldSettings",
                     capabilities=told.capabilities, names=told.names, poll=told.poll)

@hookimpl
def plan_submission(job):
    return local.plan_submission(job)
"""

SETTINGS = """
from pydantic import BaseModel, ConfigDict

class OldSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str | None = None
    enable_gpu: bool = False
    enable_internet: bool = False
    is_private: bool = False
    dataset_sources: list[str] = []
    kernel_sources: list[str] = []
    train_instance_type: str | None = None
    output_path: str | None = None
    role_name: str | None = None
"""


class Shell:
    """Types lines into bash in the folder where experiments lie side by side."""

    def __init__(self, fahr):
        self.fahr = fahr
        self.folder = fahr.folder.parent

    def __call__(self, line, status=0, cwd=None):
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=cwd or self.folder,
            env=self.fahr.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done
        assert "Traceback" not in done.stderr
        return done.stdout.strip(), done.stderr.replace("\n       ", " ")


@pytest.fixture
def shell(fahr):
    """Give a shell beside the experiment ``resnet48_512``, whose driver is a file of its own."""
    fahr.folder = fahr.folder.parent / "resnet48_512"
    fahr.script("open('model.h5', 'w').write(os.environ['FAHR_EXECUTION_ENVIRONMENT'])")
    fahr.folder.with_name("service.py").write_text(DRIVER)
    fahr.folder.with_name("old_settings.py").write_text(SETTINGS)
    return Shell(fahr)


def settings_of(fahr, name):
    return fahr("show", name, "--json").document["settings"]


# -- fit and init ---------------------------------------------------------------------------


def test_init_and_fit_with_both_drivers_and_settings(shell, fahr):
    line = "train.py --train-driver='local' --build-driver='local-gpu' --config.grace=$GRACE"
    fahr.variables["GRACE"] = "9"
    _, said = shell(f"fahr init {line}", cwd=fahr.folder)
    assert "fahr.toml" in said
    assert 'train_driver = "local"' in (fahr.folder / "fahr.toml").read_text()
    name, said = shell(f"fahr fit {line}", cwd=fahr.folder)
    assert "local makes no image: local-gpu has no effect" in said
    assert settings_of(fahr, name)["grace"] == 9


def test_without_a_driver_it_is_the_only_one(shell, fahr):
    name, said = shell("fahr fit train.py", cwd=fahr.folder)
    assert "local (the built-in driver)" in said
    assert name == "resnet48-512-train-1"


@pytest.mark.parametrize("option", ["--train-image", "--build-driver"])
@pytest.mark.parametrize("image", ["default-cpu", "default-gpu"])
def test_the_old_names_of_images_in_either_option(shell, fahr, option, image):
    line = f"train.py {option}='{image}'"
    shell(f"fahr init {line} --train-driver=local", cwd=fahr.folder)
    name, _ = shell(f"fahr fit {line}", cwd=fahr.folder)
    assert name == "resnet48-512-train-1"


def test_quotes_that_cmd_passes_on(shell, fahr):
    """``cmd.exe`` knows no single quotes: they arrive with the words."""
    line = """fahr fit "'train.py'" "--train-driver='../service.py'" "--config.username='X'" """
    name, _ = shell(line, cwd=fahr.folder)
    assert settings_of(fahr, name)["username"] == "X"
    assert fahr.ended(name)["state"] == "complete"
    assert shell(f"""fahr fetch "'./'" "'{name}'" """)[0] in (".", "./")
    assert (shell.folder / "model.h5").exists()


def test_a_bare_yes_or_no_setting_means_yes(shell, fahr):
    line = "fahr fit train.py --train-driver=../service.py --config.enable_gpu=True"
    name, _ = shell(f"{line} --config.enable_internet=True --config.is_private", cwd=fahr.folder)
    settings = settings_of(fahr, name)
    assert settings["enable_gpu"] is settings["enable_internet"] is settings["is_private"] is True


def test_lists_in_every_way_that_a_shell_leaves_whole(shell, fahr):
    line = (
        "fahr fit train.py --train-driver=../service.py --name=lists-{} --config.dataset_sources="
    )
    for number, value in enumerate(['\'["a/b", "c/d"]\'', "a/b,c/d", "\"['a/b', 'c/d']\""]):
        name, _ = shell(line.format(number) + value, cwd=fahr.folder)
        assert settings_of(fahr, name)["dataset_sources"] == ["a/b", "c/d"]
    twice = line.format("twice") + "a/b --config.dataset_sources=c/d"
    name, _ = shell(twice, cwd=fahr.folder)
    assert settings_of(fahr, name)["dataset_sources"] == ["a/b", "c/d"]


def test_a_list_that_the_shell_cut_in_two_is_explained(shell, fahr):
    line = 'fahr fit train.py --config.dataset_sources=["a/b", "c/d"]'
    _, said = shell(line, status=2, cwd=fahr.folder)
    assert 'error: "c/d]" is left over: your shell cut a list in two' in said
    assert '  --config.dataset_sources="a/b,c/d"\n' in said
    assert fahr.jobs() == {}


def test_the_experiment_is_the_artifacts_folder(shell, fahr):
    fahr.write("fahr.toml", 'train_driver = "../service.py"\n')
    line = "fahr fit resnet48_512/train.py --config.train_instance_type='ml.p3.2xlarge'"
    name, said = shell(line, cwd=shell.folder)
    assert "from fahr.toml" in said
    assert name == "resnet48-512-train-1"
    assert settings_of(fahr, name)["train_instance_type"] == "ml.p3.2xlarge"
    assert fahr.job(name)["experiment"] == str(fahr.folder)
    assert fahr.job(name)["driver"] == "service"


# -- fetch and status -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'fahr fetch --train-driver="local" ./ "resnet48_512/train"',
        'fahr fetch --driver="local" ./ "resnet48_512/train"',
        'fahr fetch --train-driver="local" ./ "resnet48_512/train.py"',
        'fahr fetch ./ "resnet48_512/train" "s3://bucket/prefix"',
        'fahr fetch ./ "resnet48-512-train" "s3://bucket/prefix"',
        "fahr fetch $DIR $MODEL_IMAGE_TAG $S3_PATH",
        "fahr fetch ./ resnet48-512-train-2 --no-extract",
    ],
)
def test_fetch_of_the_latest_job_of_a_name(shell, fahr, line):
    for _ in range(2):
        fahr("fit", "train.py", "-f")
    fahr.variables |= {
        "DIR": "./",
        "MODEL_IMAGE_TAG": "resnet48-512-train",
        "S3_PATH": "s3://bucket/prefix",
    }
    _, said = shell(line)
    assert "resnet48-512-train-2  complete" in said
    assert ("s3://bucket/prefix is not needed" in said) == ("s3" in line.lower())
    assert (shell.folder / "model.h5").read_text() == "local"


def test_status_with_a_driver(shell, fahr):
    fahr("fit", "train.py", "-f")
    out, _ = shell("fahr status resnet48-512-train-1 --train-driver=local")
    assert out.startswith("resnet48-512-train-1  complete")


# -- copy -----------------------------------------------------------------------------------


def test_copy_to_a_folder_that_is_missing(shell, fahr):
    fahr.write("requirements.txt", "iniconfig\n")
    fahr.write("run.sh", "fahr-start\n")
    next_one = shell.folder / "resnet96_128"
    shell("fahr copy resnet48_512/ resnet96_128/ --include-training-artifact=None")
    assert {path.name for path in next_one.iterdir()} >= {"requirements.txt", "run.sh"}
    assert not (next_one / "train.py").exists()

    line = "fahr copy ../resnet48_512/ ./ --include-training-artifact='train.py'"
    shell(line, cwd=next_one)
    assert (next_one / "train.py").read_text() == (fahr.folder / "train.py").read_text()

    (next_one / "requirements.txt").write_text("mine\n")
    _, said = shell(line, cwd=next_one)
    assert "requirements.txt" in said
    assert (next_one / "requirements.txt").read_text() == "mine\n"
    shell(f"{line} --overwrite", cwd=next_one)
    assert (next_one / "requirements.txt").read_text() == "iniconfig\n"


# -- inside of the job ----------------------------------------------------------------------


def test_the_environment_file_by_option(shell, fahr):
    fahr.write("packages.txt", "iniconfig\n")
    fahr.script("import iniconfig")
    _, said = shell("fahr fit train.py --envfile packages.txt -f", cwd=fahr.folder)
    assert "packages.txt: 1 package" in said


def test_a_script_asks_where_it_runs(shell, fahr):
    fahr.script('print(os.environ["FAHR_EXECUTION_ENVIRONMENT"])')
    out, _ = shell("fahr fit train.py --train-driver=../service.py -f", cwd=fahr.folder)
    assert out == "service"


def test_an_old_run_script_is_started_with_train(shell, fahr):
    run = '#!/bin/bash\nif [[ "$1" = train ]]; then\n  python train.py\nfi\n'
    fahr.write("run.sh", run).chmod(0o755)
    fahr.script("print('here', flush=True)", "open('model.h5', 'w')")
    out, _ = shell("fahr fit train.py -f", cwd=fahr.folder)
    assert "here" in out
    fahr("fetch", "./out/")
    assert "model.h5" in os.listdir(fahr.folder / "out")
    said = fahr.error("fit", "train.py", "-p", "batch_size=1")  # which it would swallow
    assert "batch_size" in said
