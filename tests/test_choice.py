from pathlib import Path

import pytest

from fahr_core.choice import (
    SeveralDrivers,
    choose_train_driver,
    extensions_of,
    open_chosen,
    own_image,
)
from fahr_core.errors import DriverError
from fahr_core.settings.layers import Layer, Text, read_layers
from tests.plugin_factory import BUILD, IMAGE_HOOKS, PluginFactory, driver_source, plugins

__all__ = ["plugins"]


def test_local_when_nothing_else_is_installed(tmp_path):
    assert choose_train_driver([], tmp_path) == ("local", "the built-in driver")


def test_docker_does_not_count(plugins: PluginFactory, tmp_path):
    plugins.driver("docker")
    assert choose_train_driver([], tmp_path)[0] == "local"


def test_exactly_one_other_is_taken(plugins: PluginFactory, tmp_path):
    plugins.driver("docker")
    plugins.cloud()
    assert choose_train_driver([], tmp_path) == ("sagemaker", "the only one installed")


def test_installing_never_moves_an_experiment_that_was_initialised(plugins, tmp_path):
    plugins.cloud()
    (tmp_path / "fahr.toml").write_text("nodes = 1\n")
    assert choose_train_driver(read_layers(tmp_path), tmp_path)[0] == "local"


def test_several_are_a_question(plugins: PluginFactory, tmp_path):
    plugins.cloud()
    plugins.driver("kaggle")
    with pytest.raises(SeveralDrivers) as caught:
        choose_train_driver([], tmp_path)
    assert caught.value.names == ["local", "kaggle", "sagemaker"]
    assert "fahr fit --train-driver=kaggle" in caught.value.hints


def test_a_word_of_anybody_decides_and_the_strongest_wins(plugins, tmp_path, monkeypatch):
    plugins.cloud()
    plugins.driver("kaggle")
    (tmp_path / "fahr.toml").write_text('train_driver = "kaggle"\n')
    assert choose_train_driver(read_layers(tmp_path), tmp_path) == ("kaggle", "from fahr.toml")
    monkeypatch.setenv("FAHR_TRAIN_DRIVER", "sagemaker")
    chosen = choose_train_driver(read_layers(tmp_path), tmp_path)
    assert chosen == ("sagemaker", "from FAHR_TRAIN_DRIVER")
    layers = read_layers(tmp_path, train_driver="'local'")
    assert choose_train_driver(layers, tmp_path) == ("local", "from command line")
    layers = read_layers(tmp_path, ["train_driver=kaggle"])
    assert choose_train_driver(layers, tmp_path) == ("kaggle", "from command line")


def test_an_empty_word_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("FAHR_TRAIN_DRIVER", "")
    assert choose_train_driver(read_layers(tmp_path), tmp_path)[0] == "local"


def test_a_driver_file_that_fahr_toml_names_is_beside_it(tmp_path, monkeypatch):
    folder = tmp_path / "experiment"
    folder.mkdir()
    (folder / "moon.py").write_text(driver_source())
    (folder / "fahr.toml").write_text('train_driver = "moon.py"\n')
    monkeypatch.chdir(tmp_path)
    name, _ = choose_train_driver(read_layers(folder), folder)
    assert open_chosen(read_layers(folder), name).train.path == str(folder / "moon.py")
    layers = read_layers(folder, train_driver="./experiment/moon.py")
    name, _ = choose_train_driver(layers, folder)
    assert open_chosen(layers, name).train.path == str(folder / "moon.py")


def test_a_driver_without_an_image_gets_no_build_driver():
    assert open_chosen([], "local").build is None


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ({}, "local-cpu"),
        ({"gpu": "any"}, "local-gpu"),
        ({"gpu": "T4"}, "local-gpu"),
        ({"gpu": "no"}, "local-cpu"),
        ({"gpu": False}, "local-cpu"),
        ({"gpu": Text("none")}, "local-cpu"),
        ({"train_image": "default-gpu"}, "local-gpu"),
        ({"train_image": "default-cpu", "gpu": "any"}, "local-cpu"),
        ({"train_image": "example.com/mine"}, "local-cpu"),
        ({"build_driver": "local-gpu"}, "local-gpu"),
        ({"build_driver": Text("'default-gpu'")}, "local-gpu"),
        ({"build_driver": "local-cpu", "gpu": "any"}, "local-cpu"),
    ],
)
def test_the_build_driver_fits_the_gpu_unless_it_is_named(plugins, said, chosen):
    plugins.image_cloud("moon")
    plugins.add(
        "local-gpu",
        (plugins.folder / "fahr_brick.py").read_text(),
        group="fahr.build_drivers",
        distribution="fahr-gpu-brick",
    )
    session = open_chosen([Layer("fahr.toml", said)], "moon")
    assert session.build
    assert session.build.name == chosen


@pytest.mark.parametrize(
    ("layers", "chosen"),
    [
        ([], "local-cpu"),
        ([Layer("fahr.toml", drivers={"moon": {"machine": "g5.large"}})], "local-gpu"),
        ([Layer("fahr.toml", drivers={"moon": {"machine": "m5.large"}})], "local-cpu"),
        ([Layer("fahr.toml", drivers={"mars": {"machine": "g5.large"}})], "local-cpu"),
        ([Layer("command line", either=[("machine", "'g5.large'")])], "local-gpu"),
        ([Layer("command line", either=[("moon.machine", "g5.large")])], "local-gpu"),
        (
            [
                Layer("fahr.toml", drivers={"moon": {"machine": "g5.large"}}),
                Layer("command line", either=[("machine", "m5.large")]),
            ],
            "local-cpu",
        ),
        (
            [
                Layer("fahr.toml", {"build_driver": "local-cpu"}),
                Layer("command line", either=[("machine", "g5.large")]),
            ],
            "local-cpu",
        ),
    ],
)
def test_a_machine_with_a_gpu_takes_the_build_driver_for_gpus(plugins, layers, chosen):
    told = "INFO = __import__('dataclasses').replace(INFO, gpu_settings=(('machine', r'g\\d.*'),))"
    plugins.driver("moon", capabilities="Capability.IMAGE", more=f"{IMAGE_HOOKS}\n{told}\n")
    for name in ("local-cpu", "local-gpu"):
        plugins.add(name, BUILD, group="fahr.build_drivers", distribution=f"fahr-{name}")
    session = open_chosen(layers, "moon")
    assert session.build
    assert session.build.name == chosen


def test_a_build_driver_that_is_not_installed(plugins: PluginFactory):
    plugins.image_cloud("moon")
    with pytest.raises(DriverError, match='build driver "local-gpu" is not installed'):
        open_chosen([Layer("x", {"gpu": "any"})], "moon")


def test_an_image_by_an_old_name_is_a_build_drivers():
    assert own_image(None) is None
    assert own_image("default-gpu") is None
    assert own_image("mine:1") == "mine:1"


@pytest.mark.parametrize("written", [["bell"], Text("bell"), Text('["bell"]')])
def test_extensions_are_switched_on_by_settings(plugins: PluginFactory, written):
    plugins.add("bell", "raise RuntimeError('no bell')", group="fahr.extensions")
    session = open_chosen([Layer("x", {"extensions": written})], "local")
    assert "bell is skipped" in session.warnings[0]
    assert open_chosen([], "local").warnings == []


def test_extensions_of_the_command_line_come_first(plugins: PluginFactory, tmp_path: Path):
    (tmp_path / "fahr.toml").write_text('extensions = ["horn"]\n')
    assert extensions_of(read_layers(tmp_path)) == ["horn"]
    for pair, named in (("extensions=bell", ["bell"]), ("extensions=a,b", ["a", "b"])):
        assert extensions_of(read_layers(tmp_path, [pair])) == named
    assert extensions_of(read_layers(tmp_path, ["extensions=[]"])) == []
