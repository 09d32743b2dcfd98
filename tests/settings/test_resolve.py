import json
import sys
from pathlib import Path

import pytest

from fahr_core.errors import DriverError, SettingsError
from fahr_core.settings.layers import Layer, Text
from fahr_core.settings.resolve import Model, inspect, load_model, peek, resolve
from fahr_core.settings.validated import MissingSettings
from tests.distributions import Distributions, distributions
from tests.plugin_factory import PluginFactory, plugins

__all__ = ["distributions", "plugins"]

LOCAL = Model("local", "fahr_core.local.settings:LocalSettings")


def line(*pairs, **core):
    return Layer("command line", core, either=[tuple(pair.split("=", 1)) for pair in pairs])


def file(core=None, **drivers):
    return Layer("fahr.toml", core or {}, drivers)


@pytest.fixture
def cloud(plugins: PluginFactory):
    plugins.cloud()
    return Model("sagemaker", "fahr_sagemaker:Settings")


def test_without_a_word_every_value_is_its_default():
    settings = resolve([], [LOCAL])
    assert settings.core["nodes"] == 1
    assert settings.of("local")["grace"] == 30.0
    assert settings.of(None) == {} == settings.of("other")
    assert settings.origins == {}


def test_the_stronger_layer_wins_and_is_the_origin():
    settings = resolve([file({"nodes": 2}, local={"grace": 5}), line("grace=7")], [LOCAL])
    assert settings.core["nodes"] == 2
    assert settings.of("local")["grace"] == 7.0
    assert settings.origins == {("", "nodes"): "fahr.toml", ("local", "grace"): "command line"}


def test_a_pair_is_the_drivers_or_else_the_cores():
    settings = resolve([line("timeout=2h", "local.grace=3")], [LOCAL])
    assert settings.core["timeout"] == 7200.0
    assert settings.of("local")["grace"] == 3.0


def test_text_is_read_by_what_its_key_wants(cloud):
    layers = [
        Layer("FAHR_GPU", {"gpu": Text("yes")}),
        line("output_path='s3://a'", 'role_name="me"', "sources=[a, b]", "include=x,y"),
    ]
    settings = resolve(layers, [cloud])
    assert settings.core["gpu"] == "any"
    assert settings.core["include"] == ["x", "y"]
    assert settings.of("sagemaker")["output_path"] == "s3://a"
    assert settings.of("sagemaker")["role_name"] == "me"
    assert settings.of("sagemaker")["sources"] == ["a", "b"]


def test_repetition_adds_to_a_list_and_replaces_a_weaker_one(cloud):
    layers = [
        file(sagemaker={"sources": ["old"], "output_path": "s3://a", "role_name": "x"}),
        line("sources=a", "sources=b,c"),
    ]
    assert resolve(layers, [cloud]).of("sagemaker")["sources"] == ["a", "b", "c"]


@pytest.mark.parametrize("word", ["yes", "true", "any", True])
def test_any_gpu(word):
    assert resolve([Layer("x", {"gpu": word})], []).core["gpu"] == "any"


def test_a_form_is_told_by_an_example():
    with pytest.raises(SettingsError) as problem:
        resolve([line("python=2.7")], [LOCAL])
    assert problem.value.message == 'python: write it like 3.11, not "2.7" (command line)'


@pytest.mark.parametrize("word", ["no", "none", "false", False, ""])
def test_no_gpu(word):
    assert resolve([Layer("x", {"gpu": word})], []).core["gpu"] is None


def test_a_drivers_table_that_is_not_chosen_is_left_alone():
    settings = resolve([file(kaggle={"whatever": 1})], [LOCAL])
    assert (list(settings.drivers), settings.origins) == (["local"], {})


def test_a_misspelt_table_is_found(distributions: Distributions):
    for written, meant in (("outptu", "output"), ("locla", "local")):
        with pytest.raises(SettingsError, match=rf"\[{written}\].*mean \[{meant}\]\?"):
            resolve([file(**{written: {"grace": 1}})], [LOCAL])
    distributions.add("locla")
    assert resolve([file(locla={"grace": 1})], [LOCAL]).of("local")["grace"] == 30.0


def test_an_unknown_key_gets_a_did_you_mean():
    with pytest.raises(SettingsError) as caught:
        resolve([line("grcae=1"), file({"timeuot": 1})], [LOCAL])
    message, *others = caught.value.message, *caught.value.hints
    assert message == 'local has no setting "grcae" (command line); did you mean grace?'
    assert 'there is no setting "timeuot" (fahr.toml); did you mean timeout?' in others
    assert others[-1].startswith("fahr config")


def test_a_name_within_a_table_is_shown_as_it_is_written():
    with pytest.raises(SettingsError) as caught:
        resolve([line("environment.SEED=1", "grace.x=1")], [LOCAL])
    message, *others = caught.value.message, *caught.value.hints
    assert message.endswith("""did you mean environment='{"SEED": "..."}'?""")
    assert 'local has no setting "grace.x" (command line); did you mean grace?' in others


def test_a_variable_that_only_looks_like_ours_is_not_refused():
    resolve([Layer("FAHR_WHATEVER", {"whatever": Text("1")})], [])
    with pytest.raises(SettingsError, match="FAHR_LOCAL__GRCAE"):
        resolve([Layer("FAHR_LOCAL__GRCAE", drivers={"local": {"grcae": Text("1")}})], [LOCAL])


def test_a_wrong_value_is_told_with_its_origin():
    with pytest.raises(SettingsError) as caught:
        resolve([file({"nodes": 0}), line("timeout=soon")], [])
    told = "\n".join([caught.value.message, *caught.value.hints])
    assert "nodes: Input should be greater than or equal to 1, not 0 (fahr.toml)" in told
    assert 'timeout: "soon" is not a duration; write 90s, 30m, 2h or 1h30m (command line)' in told


def test_a_secret_that_is_wrong_is_not_shown(cloud):
    layers = [file(sagemaker={"api_token": ["hunter2"], "output_path": "s3://", "role_name": "x"})]
    with pytest.raises(SettingsError) as caught:
        resolve(layers, [cloud])
    assert "api_token" in caught.value.message
    assert "hunter2" not in str(caught.value)


def test_missing_settings_are_one_line_with_the_command_that_asks(cloud):
    with pytest.raises(MissingSettings) as caught:
        resolve([], [cloud])
    assert caught.value.message == "sagemaker needs output_path (s3://bucket/prefix) and role_name"
    assert caught.value.hints == ("fahr init --train-driver=sagemaker",)
    assert [one.key for one in caught.value.missing] == ["output_path", "role_name"]
    assert caught.value.missing[0].help == "S3 folder for the output. Made when missing."


def test_a_driver_that_is_a_file_is_named_by_its_path(cloud):
    layers = [Layer("command line", {"train_driver": Text("./my driver.py")})]
    with pytest.raises(MissingSettings) as caught:
        resolve(layers, [cloud])
    assert caught.value.hints == ("fahr init --train-driver='./my driver.py'",)


def test_missing_and_wrong_settings_are_told_together(cloud):
    with pytest.raises(SettingsError) as caught:
        resolve([line("instances=many")], [cloud])
    assert not isinstance(caught.value, MissingSettings)
    told = [caught.value.message, *caught.value.hints]
    assert any("sagemaker needs output_path" in text for text in told)
    assert any(text.startswith("instances: ") for text in told)


def test_what_is_wrong_can_be_looked_at(cloud):
    inspected = inspect([line("instances=many", "output_path=s3://a")], [cloud])
    assert [one.key for one in inspected.missing] == ["role_name"]
    ((whose, text),) = inspected.faults
    assert whose == "sagemaker"
    assert text.startswith("instances: ")
    values = inspected.settings.of("sagemaker")
    assert values["output_path"] == "s3://a"
    assert values["sources"] == []
    assert values["role_name"] is None


def test_an_answer_is_remembered_without_pydantic(own_home, monkeypatch):
    layers = [file({"nodes": 2})]
    settings = resolve(layers, [LOCAL])
    monkeypatch.setitem(sys.modules, "pydantic", None)
    assert resolve(layers, [LOCAL]) == settings
    assert resolve(layers, [LOCAL]) is not settings


def test_an_answer_that_cannot_be_written_leaves_nothing(own_home, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert resolve([], [LOCAL]).core["nodes"] == 1
    assert [path for path in own_home.rglob("*") if path.is_file()] == []


def test_a_dry_run_remembers_nothing(own_home):
    resolve([], [LOCAL], remember=False)
    assert not (own_home / "fahr").exists()


def test_what_was_wrong_is_asked_again():
    for _ in range(2):
        with pytest.raises(SettingsError):
            resolve([line("grcae=1")], [LOCAL])


def test_a_changed_model_is_asked_again(plugins: PluginFactory):
    plugins.driver("moon", settings="    height: int = 1\n")
    moon = Model("moon", "fahr_moon:Settings")
    assert resolve([], [moon]).of("moon") == {"height": 1}
    plugins.module(
        "fahr_moon", "from pydantic import BaseModel\n\n\nclass Settings(BaseModel): ..."
    )
    assert resolve([], [moon]).of("moon") == {}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"core": {}}', '{"origins": [1]}'])
def test_a_damaged_memory_is_made_again(own_home, damage):
    settings = resolve([], [LOCAL])
    (file,) = (own_home / "fahr" / "cache" / "settings").iterdir()
    file.write_text(damage)
    assert resolve([], [LOCAL]) == settings
    assert json.loads(file.read_text())["core"] == settings.core


def test_a_memory_that_cannot_be_written_only_costs_time(own_home):
    (own_home / "fahr").write_text("a file in the way")
    assert resolve([], [LOCAL]).core["nodes"] == 1


def test_text_and_a_word_in_a_file_are_kept_apart():
    written = Layer("x", {"include": Text("a,b")})
    assert resolve([written], []).core["include"] == ["a", "b"]
    with pytest.raises(SettingsError):
        resolve([Layer("x", {"include": "a,b"})], [])


@pytest.mark.parametrize("place", ["none_such:X", "fahr_core.names:X", "fahr_core.names:slug", "x"])
def test_a_model_that_is_none(place):
    with pytest.raises(DriverError, match="model"):
        load_model(place)
    with pytest.raises(DriverError):
        resolve([], [Model("moon", place)])


def test_peek_gives_the_strongest_word_without_its_quotes():
    layers = [file({"train_driver": "local"}), line("train_driver='moon'")]
    assert peek(layers, "train_driver") == "moon"
    assert peek(layers[:1], "train_driver") == "local"
    assert peek([Layer("x", {"train_driver": Text('"moon"')})], "train_driver") == "moon"
    assert peek(layers, "artifact") is None
