import pytest

from fahr_core import choice
from fahr_core.experiment import Experiment
from fahr_core.planning import models_of
from fahr_core.settings.keeping import artifact_word, kept_settings
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import resolve
from tests.plugin_factory import PluginFactory, driver_source, plugins

__all__ = ["plugins"]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "experiment"
    folder.mkdir()
    (folder / "train.py").write_text("x = 1\n")
    return folder


def keep(folder, *pairs, cwd=None, **options):
    layers = read_layers(folder, pairs, **options)
    driver, _ = choice.choose_train_driver(layers, folder)
    session = choice.open_chosen(layers, driver)
    settings = resolve(layers, models_of(session))
    experiment = Experiment(folder, "train.py", "script")
    return kept_settings(layers, session, settings, experiment, cwd or folder)


def test_the_driver_is_always_kept_and_nothing_else_unasked(folder):
    assert keep(folder).values == {("", "train_driver"): "local"}


def test_what_other_layers_say_stays_there(folder, monkeypatch):
    (folder / "fahr.toml").write_text("nodes = 1\n[local]\ngrace = 3\n")
    monkeypatch.setenv("FAHR_GPU", "any")
    assert keep(folder, "jobs_at_once=2").values == {
        ("", "train_driver"): "local",
        ("local", "jobs_at_once"): 2,
    }


def test_core_values_are_kept_in_the_words_they_were_said_in(folder):
    kept = keep(folder, timeout="'2h'", gpu="no", python="3.12")
    assert kept.values == {
        ("", "train_driver"): "local",
        ("", "timeout"): "2h",
        ("", "gpu"): "no",
        ("", "python"): "3.12",
    }


def test_secrets_are_named_and_not_kept(plugins: PluginFactory, folder):
    plugins.cloud()
    kept = keep(folder, "api_token=hunter2", "output_path=s3://a", "role_name=x")
    assert kept.secrets == ["sagemaker.api_token"]
    assert "hunter2" not in repr(kept)


def test_paths_are_kept_as_the_folder_sees_them(folder):
    (folder.parent / "moon.py").write_text(driver_source())
    (folder.parent / "all.txt").write_text("numpy\n")
    kept = keep(
        folder,
        cwd=folder.parent,
        train_driver=str(folder.parent / "moon.py"),
        envfile="all.txt",
    )
    assert kept.values == {("", "train_driver"): "../moon.py", ("", "envfile"): "../all.txt"}
    (folder / "own.txt").write_text("numpy\n")
    assert keep(folder, cwd=folder.parent, envfile="own.txt").values["", "envfile"] == "own.txt"


def test_the_artifact_is_kept_where_it_would_not_be_found(folder):
    train = Experiment(folder, "train.py", "script")
    assert artifact_word(train, []) is None
    (folder / "eval.py").write_text("x = 1\n")
    assert artifact_word(train, []) is None
    assert artifact_word(Experiment(folder, "eval.py", "script"), []) == "eval.py"
    (folder / "train.ipynb").write_text("{}")
    assert artifact_word(train, []) == "train.py"
