import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import SettingsError
from fahr_core.settings.layers import Text, read_layers, table_name


@pytest.fixture
def folder(tmp_path):
    """Give an experiment in a repository, so that no file above is read."""
    folder = tmp_path / "repository" / "experiment"
    (folder.parent / ".git").mkdir(parents=True)
    folder.mkdir()
    return folder


@pytest.fixture
def user_file(own_home):
    file = own_home / ".config" / "fahr" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


def said(layers):
    return [(layer.origin, dict(layer.core), dict(layer.drivers)) for layer in layers]


def test_nothing_is_said_where_nothing_is_written(folder):
    assert read_layers(folder) == []
    assert read_layers(folder / "missing", gpu=None) == []


def test_the_layers_come_weakest_first(folder, user_file, monkeypatch):
    user_file.write_text('timeout = "1h"\n')
    (folder.parent / "pyproject.toml").write_text('[tool.fahr]\ntimeout = "2h"\n')
    (folder / "fahr.toml").write_text('timeout = "3h"\n')
    monkeypatch.setenv("FAHR_TIMEOUT", "4h")
    layers = read_layers(folder, ["timeout=5h"], gpu="any")
    assert [layer.origin for layer in layers] == [
        str(user_file),
        f"{folder.parent / 'pyproject.toml'} [tool.fahr]",
        "fahr.toml",
        "FAHR_TIMEOUT",
        "command line",
    ]
    assert [layer.core.get("timeout") for layer in layers] == ["1h", "2h", "3h", "4h", None]
    assert layers[-1].either == [("timeout", "5h")]


def test_a_file_has_the_cores_keys_at_the_top_and_a_table_for_each_driver(folder):
    (folder / "fahr.toml").write_text(
        'train_driver = "moon"\nparams = { lr = 0.1 }\n'
        '[moon]\nrole = "x"\n[local-gpu]\na = 1\n[output]\nexclude = ["a"]\n'
    )
    assert said(read_layers(folder)) == [
        (
            "fahr.toml",
            {"train_driver": "moon", "params": {"lr": 0.1}, "output_exclude": ["a"]},
            {"moon": {"role": "x"}, "local_gpu": {"a": 1}},
        )
    ]


def test_only_the_nearest_pyproject_of_the_repository_counts(folder):
    (folder.parent.parent / "pyproject.toml").write_text("[tool.fahr]\nnodes = 1\n")
    assert read_layers(folder) == []
    (folder.parent / "pyproject.toml").write_text("[tool.fahr]\nnodes = 2\n")
    assert read_layers(folder)[0].core == {"nodes": 2}
    (folder / "pyproject.toml").write_text("[tool.other]\nnodes = 3\n")
    assert read_layers(folder) == []


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\nfahr = 3\n", "[project]\nname = 'x'\n"])
def test_a_pyproject_of_somebody_else(folder, text):
    (folder / "pyproject.toml").write_text(text)
    if "fahr" not in text:
        assert read_layers(folder) == []
        return
    with pytest.raises(SettingsError, match="fahr is a table"):
        read_layers(folder)


def test_variables_say_whose_they_are(folder, monkeypatch):
    monkeypatch.setenv("FAHR_TRAIN_DRIVER", "moon")
    monkeypatch.setenv("FAHR_MOON__ROLE_NAME", "x")
    monkeypatch.setenv("FAHR_OUTPUT__EXCLUDE", "*.tmp")
    assert said(read_layers(folder)) == [
        ("FAHR_MOON__ROLE_NAME", {}, {"moon": {"role_name": "x"}}),
        ("FAHR_OUTPUT__EXCLUDE", {"output_exclude": "*.tmp"}, {}),
        ("FAHR_TRAIN_DRIVER", {"train_driver": "moon"}, {}),
    ]
    assert isinstance(read_layers(folder)[-1].core["train_driver"], Text)


@pytest.mark.parametrize("name", ["FAHR_HOME", "FAHR_JOB_NAME", "FAHR_PARAMS", "FAHR_DEBUG"])
def test_variables_of_the_machine_and_of_a_job_are_no_settings(folder, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert read_layers(folder) == []


@pytest.mark.parametrize(
    ("pair", "read"),
    [
        ("role_name=x", ("role_name", "x")),
        ("role-name=x=y", ("role_name", "x=y")),
        ("is_private", ("is_private", "true")),
        ("moon.role=", ("moon.role", "")),
        (" a = b", ("a", " b")),
    ],
)
def test_a_pair_of_the_command_line(folder, pair, read):
    assert read_layers(folder, [pair])[0].either == [read]


@pytest.mark.parametrize("pair", ["=x", "", " =x"])
def test_a_pair_without_a_key(folder, pair):
    with pytest.raises(SettingsError, match="names no setting"):
        read_layers(folder, [pair])


def test_an_option_is_text_as_it_was_typed(folder):
    (layer,) = read_layers(folder, train_driver="'moon'", nodes=2, gpu=None)
    assert layer.core == {"train_driver": "'moon'", "nodes": 2}
    assert isinstance(layer.core["train_driver"], Text)


def test_a_broken_file_is_named_with_the_line(folder, user_file):
    (folder / "fahr.toml").write_text('train_driver = "x\n')
    with pytest.raises(SettingsError, match=r"fahr\.toml is not valid TOML: .*line 1"):
        read_layers(folder)
    (folder / "fahr.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(SettingsError, match=r"cannot read fahr\.toml"):
        read_layers(folder)
    user_file.write_text("=")
    with pytest.raises(SettingsError, match=str(user_file)):
        read_layers(folder)


def test_a_folder_in_the_place_of_a_file(folder):
    (folder / "fahr.toml").mkdir()
    with pytest.raises(SettingsError, match=r"cannot read fahr\.toml: Is a directory"):
        read_layers(folder)


def test_a_byte_order_mark_and_windows_line_ends(folder):
    (folder / "fahr.toml").write_bytes(b"\xef\xbb\xbfnodes = 2\r\n[moon]\r\na = 1\r\n")
    assert said(read_layers(folder)) == [("fahr.toml", {"nodes": 2}, {"moon": {"a": 1}})]


def test_output_is_a_table(folder):
    (folder / "fahr.toml").write_text("output = 3\n")
    with pytest.raises(SettingsError, match="output is a table"):
        read_layers(folder)


@given(st.text(alphabet="abc-_019", min_size=1))
def test_a_drivers_table_fits_a_variable(name):
    assert "-" not in table_name(name)
    assert table_name(table_name(name)) == table_name(name)
