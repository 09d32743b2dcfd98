import json

import pytest

from fahr_core.errors import DriverError, SettingsError
from fahr_core.models import TrainInfo
from fahr_core.planning import Order, make_plan
from fahr_core.settings.file_settings import file_layers
from fahr_core.settings.shown import folder_rows
from tests.plugin_factory import CLOUD_SETTINGS, PluginFactory, driver_source, plugins

__all__ = ["plugins"]

READER = """
def beside(folder):
    import json
    from fahr_core.errors import SettingsError

    file = folder / "cloud.json"
    if not file.exists():
        return {}
    try:
        return {"cloud.json": json.loads(file.read_text())}
    except ValueError as error:
        raise SettingsError("cloud.json is not JSON") from error
"""
DEFAULTS = {"output_path": "s3://bucket/x", "role_name": "me"}


@pytest.fixture
def place(plugins: PluginFactory, tmp_path):
    """Give an experiment whose driver reads a file of its service's own."""
    source = driver_source(settings=CLOUD_SETTINGS, more=READER)
    source = source.replace("needs=", 'file_settings=__name__ + ":beside", needs=', 1)
    plugins.add("my-cloud", source)
    place = tmp_path / "digits"
    place.mkdir()
    (place / "train.py").write_text("")
    write(place, instances=2, sources=["a"])
    return place


def write(place, **values):
    (place / "cloud.json").write_text(json.dumps(DEFAULTS | values))


def rows_of(place, *pairs):
    rows, faults = folder_rows(place, pairs, train_driver="my-cloud")
    return {row.key: (row.value, row.origin) for row in rows}, faults


def planned(place, **about):
    options = {"train_driver": "my-cloud"}
    return make_plan(Order(cwd=place, options=options, **about)).settings.of("my-cloud")


def test_what_a_file_says_is_shown_with_its_name(place):
    told, faults = rows_of(place)
    assert told["my-cloud.instances"] == (2, "cloud.json")
    assert told["my-cloud.sources"] == (["a"], "cloud.json")
    assert told["my-cloud.api_token"] == (None, "default")
    assert faults == []


def test_everything_else_is_stronger(place):
    (place / "fahr.toml").write_text("[my_cloud]\ninstances = 3\n")
    told, _ = rows_of(place, "sources=b")
    assert told["my-cloud.instances"] == (3, "fahr.toml")
    assert told["my-cloud.sources"] == (["b"], "command line")


def test_what_a_file_says_holds_for_a_job(place):
    assert planned(place)["instances"] == 2
    write(place, instances=5)  # not as it was remembered
    assert planned(place)["instances"] == 5
    (place / "cloud.json").unlink()
    assert planned(place, pairs=[f"{key}={value}" for key, value in DEFAULTS.items()])


def test_a_file_that_is_to_be_overwritten_says_nothing(place):
    pairs = [f"{key}={value}" for key, value in DEFAULTS.items()]
    assert planned(place, pairs=pairs, overwrite=True)["instances"] == 1


def test_a_wrong_value_is_told_with_the_files_name(place):
    write(place, instances="many")
    with pytest.raises(SettingsError, match=r"instances.*\(cloud.json\)"):
        planned(place)


def test_a_file_that_cannot_be_read_leaves_the_drivers_settings(place):
    (place / "cloud.json").write_text("{")
    told, faults = rows_of(place)
    assert told["my-cloud.instances"] == (1, "default")
    assert faults == ["cloud.json is not JSON"]
    with pytest.raises(SettingsError, match="not JSON"):
        planned(place)


@pytest.mark.parametrize("reader", ["no_such_module_at_all:read", "json:no_such_function"])
def test_a_reader_that_is_not_there_is_the_drivers_fault(reader, tmp_path):
    info = TrainInfo(title="a", settings="b:C", file_settings=reader)
    with pytest.raises(DriverError, match=reader):
        file_layers("cloud", info, tmp_path)
