import json

import pytest

from tests.cli.calling import AtTerminal, Call, call, in_process
from tests.plugin_factory import CLOUD_SETTINGS, PluginFactory, driver_source, plugins

__all__ = ["call", "plugins"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# -- the list ---------------------------------------------------------------------------


def test_each_driver_with_its_state(call: Call, plugins: PluginFactory):
    plugins.cloud(needs=("account", "Docker"))
    plugins.image_cloud("moon")
    plugins.broken("slurm")
    plugins.add("bell", "", group="fahr.extensions")
    done = call("drivers")
    assert done.status == 0
    assert [[row[0], row[1], row[2], row[3], row[4]] for row in done.rows if row[1] != "local"] == [
        ["train", "moon", "fahr-moon 1.2", "", "ready"],
        [
            "train",
            "sagemaker",
            "fahr-sagemaker 1.2",
            "account, Docker",
            "no output_path, role_name",
        ],
        [
            *("train", "slurm", "fahr-slurm 0.2", ""),
            "broken: ModuleNotFoundError: No module named 'asyncssh_that_nobody_has'",
        ],
        ["build", "local-cpu", "fahr-brick 1.2", "", "ready"],
        ["extension", "bell", "fahr-bell 1.2", "", "ready"],
    ]
    assert done.err == ""


def test_what_the_folder_says_is_not_missing(call: Call, plugins: PluginFactory, folder):
    plugins.cloud()
    (folder / "fahr.toml").write_text('[sagemaker]\noutput_path = "s3://a"\n')
    states = {row[1]: row[4] for row in call("drivers").rows}
    assert states["sagemaker"] == "no role_name"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 +", "SyntaxError"),
        ("", "it does not implement"),
        (driver_source() + "\n@hookimpl\ndef sumbit_jobs(requests): ...", "sumbit_jobs"),
        (driver_source().replace("def job_states(refs)", "def job_states(jobs)"), "jobs"),
        (driver_source().replace(":Settings", ":Nothing"), "Nothing"),
        (driver_source() + "\n@hookimpl\ndef base_image(job): ...", "base_image"),
        (driver_source().replace("return INFO", "return 3"), "train_info gave int"),
        (driver_source().replace("return INFO", "return 1 / 0"), "ZeroDivisionError"),
    ],
)
def test_a_broken_one_is_listed_with_its_cause_and_hurts_nobody(call, plugins, source, told):
    plugins.add("bad", source)
    plugins.cloud()
    states = {row[1]: row[4] for row in call("drivers").rows}
    assert states["bad"].startswith("broken: ")
    assert told in states["bad"]
    assert states["local"] == "ready"
    done = call("drivers", "check", "bad")
    assert done.status == 2
    assert told in " ".join(done.out.split())
    assert "Traceback" not in done.out + done.err


def test_a_broken_extension_and_build_driver(call: Call, plugins: PluginFactory):
    plugins.add("bell", "raise RuntimeError('no bell')", group="fahr.extensions")
    plugins.add("brick", "raise RuntimeError('no clay')", group="fahr.build_drivers")
    states = {row[1]: row[4] for row in call("drivers").rows}
    assert "no bell" in states["bell"]
    assert "no clay" in states["brick"]


def test_two_of_one_name_are_told(call: Call, plugins: PluginFactory):
    plugins.driver("moon")
    plugins.add("moon", driver_source(), distribution="other-moon", version="7")
    done = call("drivers")
    assert "moon is in" in done.err
    assert "fahr-moon 1.2" in done.err
    assert "other-moon 7" in done.err
    assert len(call("drivers", "--json").document["duplicates"]) == 1


def test_the_list_as_json(call: Call, plugins: PluginFactory):
    plugins.cloud(title="clouds")
    plugins.broken("slurm")
    document = call("drivers", "--json").document
    assert list(document) == ["train", "build", "extension", "duplicates"]
    drivers = {driver["name"]: driver for driver in document["train"]}
    assert drivers["sagemaker"]["title"] == "clouds"
    assert drivers["sagemaker"]["state"] == "missing settings"
    assert drivers["sagemaker"]["missing"] == ["output_path", "role_name"]
    assert drivers["slurm"]["state"] == "broken"
    assert "asyncssh_that_nobody_has" in drivers["slurm"]["problem"]
    assert drivers["local"]["capabilities"]


def test_the_table_fits_a_terminal(plugins: PluginFactory, folder):
    plugins.cloud()
    plugins.image_cloud("moon")
    plugins.broken("slurm")
    terminal = AtTerminal("drivers", cwd=folder)
    assert terminal.ended() == 0
    lines = terminal.shown.splitlines()
    assert lines[0].split() == ["TRAIN", "FROM", "NEEDS", "STATE"]
    assert "BUILD" in lines
    assert max(map(len, lines)) <= 80
    states = [line.index("ready") for line in lines if line.endswith("ready")]
    assert len(set(states)) == 1


# -- one driver -------------------------------------------------------------------------


def test_show_tells_what_it_can_do_and_its_settings(call: Call, plugins: PluginFactory):
    plugins.cloud(title="clouds", capabilities="Capability.INPUTS, Capability.GPU")
    done = call("drivers", "show", "sagemaker")
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == "sagemaker  clouds"
    assert "can        inputs, gpu" in lines
    rows = [line.split("  ") for line in lines]
    assert ["output_path", "text", "needed"] in [
        [cell.strip() for cell in row if cell.strip()][:3] for row in rows
    ]
    assert "How the service knows you." in done.out


def test_show_as_json_has_the_schema(call: Call, plugins: PluginFactory):
    plugins.cloud()
    document = call("drivers", "show", "'sagemaker'", "--json").document
    assert document["settings_schema"]["required"] == ["output_path", "role_name"]
    assert document["names"]["limit"] == 63


def test_show_a_build_driver_an_extension_and_a_file(call: Call, plugins, folder):
    plugins.image_cloud("moon")
    plugins.add("bell", "", group="fahr.extensions")
    (folder / "my_sun.py").write_text(driver_source(title="to the sun"))
    assert "a test" in call("drivers", "show", "local-cpu").out
    assert "fahr-bell 1.2" in call("drivers", "show", "bell").out
    done = call("drivers", "show", "./my_sun.py")
    assert done.out.startswith("my-sun    to the sun")
    assert str(folder / "my_sun.py") in done.out


def test_show_a_broken_one(call: Call, plugins: PluginFactory):
    plugins.broken("slurm")
    done = call("drivers", "show", "slurm")
    assert done.status == 2
    assert '"slurm" (fahr-slurm 0.2) is broken' in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shwo"], "did you mean show?"),
        (["local"], "fahr drivers show local"),
        (["show"], "show which driver?"),
        (["show", "kagle"], "did you mean kaggle?"),
        (["show", "kaggle"], "fahr-core[kaggle]"),
        (["show", "local-cpu"], "fahr-core[docker]"),
        (["show", "./none.py"], 'the train driver "./none.py" does not exist'),
        (["show", "local", "more"], "unexpected extra argument"),
        (["check"], "check which driver?"),
        (["--jsn"], "did you mean --json?"),
    ],
)
def test_bad_input(call: Call, words, told):
    done = call("drivers", *words)
    assert done.status == 2
    assert told in " ".join(done.err.split())


# -- the check --------------------------------------------------------------------------


def test_a_good_driver(call: Call, plugins: PluginFactory):
    plugins.cloud()
    for name in ("local", "sagemaker"):
        done = call("drivers", "check", name)
        assert done.status == 0
        assert "FIX" not in done.out
        assert 'python -m pip install "fahr-core[testing]"' in done.err
        assert f"    driver = '{name}'" in done.err
    assert "settings: output_path, role_name" in done.out


def test_check_a_build_driver_and_an_extension(call: Call, plugins: PluginFactory):
    plugins.image_cloud("moon")
    plugins.add("bell", "", group="fahr.extensions")
    assert call("drivers", "check", "local-cpu").status == 0
    assert call("drivers", "check", "bell").status == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('extra="forbid"', 'extra="ignore"'), 'takes any key; it needs extra="forbid"'),
        (("use_attribute_docstrings=True", ""), "does not say what these mean: output_path"),
        (('title="', 'title="" and "'), "it has no title"),
        (("needs=", "names=NameRule(limit=3, minimum=9), needs="), "which breaks it"),
        (("needs=", 'names=NameRule(alphabet="z-a"), needs='), "is no character class"),
        (("instances: int", "instances: object"), ""),
    ],
)
def test_what_is_wrong_is_told(call: Call, plugins: PluginFactory, change, told):
    source = driver_source(settings=CLOUD_SETTINGS).replace(*change)
    plugins.add("moon", source.replace("TrainInfo,", "TrainInfo, NameRule,", 1))
    done = call("drivers", "check", "moon")
    assert told in " ".join(done.out.split())
    assert done.status == (2 if told else 0)


def test_the_check_as_json(call: Call, plugins: PluginFactory):
    plugins.broken("slurm")
    done = call("drivers", "check", "slurm", "--json")
    assert done.status == 2
    assert done.document["ok"] is False
    assert "asyncssh_that_nobody_has" in done.document["checks"][0]["problem"]


def test_listing_in_a_pipe_as_a_process(plugins: PluginFactory, folder):
    plugins.cloud()
    done = in_process("drivers", "--json", cwd=folder)
    assert done.status == 0
    assert {"sagemaker", "local"} <= {one["name"] for one in json.loads(done.out)["train"]}
