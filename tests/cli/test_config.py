import pytest

from tests.cli.calling import AtTerminal, Call, call
from tests.plugin_factory import PluginFactory, plugins

__all__ = ["call", "plugins"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_each_setting_with_value_and_origin(call: Call, folder, monkeypatch):
    (folder / "fahr.toml").write_text('timeout = "2h"\ninclude = ["a", "b"]\n[local]\ngrace = 5\n')
    monkeypatch.setenv("FAHR_LOCAL__JOBS_AT_ONCE", "2")
    done = call("config", "-c", "nodes=3", "--train-driver=local")
    assert (done.status, done.err) == (0, "")
    told = {key: (value, origin) for key, value, origin in done.rows}
    assert told["train_driver"] == ("local", "command line")
    assert told["timeout"] == ("7200.0", "fahr.toml")
    assert told["include"] == ('["a", "b"]', "fahr.toml")
    assert told["nodes"] == ("3", "command line")
    assert told["gpu"] == ("", "default")
    assert told["local.grace"] == ("5.0", "fahr.toml")
    assert told["local.jobs_at_once"] == ("2", "FAHR_LOCAL__JOBS_AT_ONCE")


def test_single_settings_and_a_drivers_all(call: Call):
    assert [row[0] for row in call("config", "timeout", "grace").rows] == ["timeout", "local.grace"]
    assert [row[0] for row in call("config", "local.grace").rows] == ["local.grace"]
    keys = [row[0] for row in call("config", "local").rows]
    assert keys == ["local.jobs_at_once", "local.grace", "local.environment"]


def test_as_json(call: Call):
    document = call("config", "grace", "gpu", "--json").document
    assert document == {
        "local.grace": {"value": 30.0, "origin": "default"},
        "gpu": {"value": None, "origin": "default"},
    }


def test_an_unknown_setting(call: Call):
    done = call("config", "tiemout")
    assert done.status == 2
    assert 'there is no setting "tiemout" here; did you mean timeout?' in done.err
    assert done.out == ""


def test_secrets_are_masked(call: Call, plugins: PluginFactory, folder):
    plugins.cloud()
    (folder / "fahr.toml").write_text('[sagemaker]\napi_token = "hunter2"\n')
    for words in ((), ("--json",), ("api_token",)):
        done = call("config", "--train-driver=sagemaker", *words)
        assert "hunter2" not in done.out + done.err
        assert "****" in done.out


def test_a_needed_setting_says_so(call: Call, plugins: PluginFactory):
    plugins.cloud()
    assert call("config", "role_name").rows == [["sagemaker.role_name", "", "needed"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[local]\ngrcae = 1\n", "did you mean grace?"),
        ('[local]\ngrace = "soon"\n', "grace: Input should be a valid number"),
        ("[locla]\ngrace = 1\n", "did you mean [local]?"),
        ('train_driver = "kagle"\n', "did you mean kaggle?"),
    ],
)
def test_what_fit_would_refuse_is_warned_of(call: Call, folder, text, told):
    (folder / "fahr.toml").write_text(text)
    done = call("config")
    assert done.status == 0
    assert told in done.err
    assert ["nodes", "1", "default"] in done.rows


def test_several_drivers_leave_the_cores_settings(call: Call, plugins: PluginFactory):
    plugins.cloud()
    plugins.driver("kaggle")
    done = call("config")
    assert ["nodes", "1", "default"] in done.rows
    assert "warning: where should the job run?" in done.err


def test_a_broken_file(call: Call, folder):
    (folder / "fahr.toml").write_text("=")
    done = call("config")
    assert done.status == 2
    assert "fahr.toml is not valid TOML" in done.err


def test_the_table_fits_a_terminal(folder):
    (folder / "fahr.toml").write_text(f'artifact = "{"x" * 200}.py"\n')
    terminal = AtTerminal("config", "--train-driver=local", cwd=folder)
    assert terminal.ended() == 0
    lines = terminal.shown.splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    assert max(map(len, lines)) <= 80
    assert next(line for line in lines if line.startswith("artifact")).endswith("...  fahr.toml")
