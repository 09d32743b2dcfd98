from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fahr_core.errors import SettingsError
from fahr_core.settings.fields import Seconds
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import CORE, Model
from fahr_core.settings.shown import (
    MASK,
    folder_rows,
    json_schema,
    masked,
    model_rows,
    names_secret,
    type_of,
    type_text,
    value_rows,
    value_text,
)
from tests.plugin_factory import PluginFactory, plugins

__all__ = ["plugins"]


@pytest.fixture
def cloud(plugins: PluginFactory):
    plugins.cloud()
    return Model("sagemaker", "fahr_sagemaker:Settings")


def test_a_model_as_rows_the_required_ones_first(cloud):
    rows = {row.key: row for row in model_rows(cloud.place)}
    assert list(rows)[:2] == ["output_path", "role_name"]
    assert rows["role_name"].default is None
    assert rows["instances"].default == "1"
    assert rows["sources"].type == "list of text"
    assert rows["api_token"].type == "text"
    assert rows["role_name"].help == "IAM role the job runs as."


def test_the_cores_settings_all_say_what_they_mean():
    assert [row.key for row in model_rows(CORE) if not row.help] == []


def test_the_schema_is_a_json_schema(cloud):
    schema = json_schema(cloud.place)
    assert schema["required"] == ["output_path", "role_name"]
    assert schema["additionalProperties"] is False


def test_values_have_their_origin(cloud, tmp_path):
    (tmp_path / "fahr.toml").write_text('[sagemaker]\nrole_name = "me"\napi_token = "hunter2"\n')
    layers = read_layers(tmp_path, ["instances=2"])
    rows, faults = value_rows(layers, [cloud])
    told = {row.key: (row.value, row.origin) for row in rows}
    assert told["sagemaker.role_name"] == ("me", "fahr.toml")
    assert told["sagemaker.instances"] == (2, "command line")
    assert told["sagemaker.output_path"] == (None, "needed")
    assert told["sagemaker.api_token"] == (MASK, "fahr.toml")
    assert told["nodes"] == (1, "default")
    assert faults == []


def test_a_folders_rows_are_those_of_its_driver(plugins: PluginFactory, tmp_path):
    plugins.cloud()
    keys = {row.key for row in folder_rows(tmp_path)[0]}
    assert "sagemaker.role_name" in keys
    keys = {row.key for row in folder_rows(tmp_path, train_driver="local")[0]}
    assert "local.grace" in keys
    assert "sagemaker.role_name" not in keys


def test_a_broken_driver_leaves_the_cores_settings(plugins: PluginFactory, tmp_path):
    plugins.broken("slurm")
    rows, faults = folder_rows(tmp_path, train_driver="slurm")
    assert "timeout" in {row.key for row in rows}
    assert "asyncssh_that_nobody_has" in faults[0]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "fahr.toml").write_text("=")
    with pytest.raises(SettingsError):
        folder_rows(tmp_path)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "api_key",
        "API-KEY",
        "token",
        "hf_tokens",
        "client_secret",
        "apikey",
        "key",
        "aws_credentials",
    ],
)
def test_names_that_suggest_a_secret(key):
    assert names_secret(key)


@pytest.mark.parametrize("key", ["is_private", "tokenizer", "keyboard", "monkey", "kernel_sources"])
def test_names_that_do_not(key):
    assert not names_secret(key)


def test_secrets_are_masked_at_any_depth():
    environment = {"API_KEY": "x", "HOME": "/here", "more": [{"password": "y"}]}
    assert masked("environment", environment) == {
        "API_KEY": MASK,
        "HOME": "/here",
        "more": [{"password": MASK}],
    }
    assert masked("tokens", ["a", "b"]) == [MASK, MASK]
    assert masked("url", "https://me:pw@host/x") == f"https://{MASK}@host/x"
    assert masked("max_tokens", 512) == 512
    assert masked("token", "") == ""


@given(st.text())
def test_a_value_is_one_printable_line(text):
    assert value_text([text]).isprintable()
    assert value_text(text).isprintable()


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (str | None, "text"),
        (bool, "yes/no"),
        (int | str, "whole number or text"),
        (Literal["auto", "python"], "auto or python"),
        (Annotated[list[float], "note"], "list of number"),
        (Seconds | None, "duration"),
        (dict[str, str], "table"),
        (tuple[int, ...], "list of whole number"),
        (list, "list"),
        (object, "object"),
    ],
)
def test_types_in_words(annotation, told):
    assert type_text(annotation) == told


class Durations(BaseModel):
    """Where pydantic keeps the word for a type depends on how the type is written."""

    whole: Seconds = 60
    optional: Seconds | None = None


def test_a_duration_is_called_so():
    fields = Durations.model_fields.values()
    assert [type_of(field) for field in fields] == ["duration", "duration"]
