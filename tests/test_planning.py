from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.errors import ArtifactError, DriverError, ParameterError, SettingsError, UsageError
from fahr_core.models import Input
from fahr_core.planning import Order, make_plan, models_of
from tests.told_driver import Service, distributions, told

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.planning import Plan

__all__ = ["distributions", "told"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("EPOCHS = 1\nLR = 0.1\n")
    return folder


def planned(folder: Path, **about: Any) -> Plan:
    about = {"options": {"train_driver": "told"}, "cwd": folder, **about}
    return make_plan(Order(**about))


def test_an_order_is_read_and_nothing_is_made(
    told: Service, folder: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    plan = planned(
        folder,
        artifact="train.py",
        pairs=["colour=red"],
        param_texts=["EPOCHS=20"],
        params={"LR": 1},
        inputs=["data=s3://bucket/x"],
        secrets=["TOKEN"],
        dry_run=True,
    )
    assert (plan.experiment.folder, plan.experiment.artifact) == (folder, "train.py")
    assert (plan.session.train.name, plan.driver_reason) == ("told", "from command line")
    assert plan.settings.of("told") == {"colour": "red"}
    assert plan.params == {"EPOCHS": 20, "LR": 1.0}
    assert plan.inputs == [Input(name="data", location="s3://bucket/x")]
    assert plan.secrets == {"TOKEN": "s3cret"}
    assert plan.notes == []
    assert plan.core is plan.settings.core
    assert told.calls == []  # no hook that asks somebody
    assert not (own_home / "fahr").exists()


def test_the_folders_settings_name_the_artifact_and_parameters(told: Service, folder: Path) -> None:
    (folder / "eval.py").write_text("EPOCHS = 1\nNAME = 'a'\n")
    (folder / "fahr.toml").write_text(
        'artifact = "eval.py"\ntrain_driver = "told"\n[params]\nEPOCHS = 7\nNAME = "b"\n'
    )
    plan = planned(folder, options={}, param_texts=["EPOCHS=20"])
    assert plan.experiment.artifact == "eval.py"
    assert plan.driver_reason == "from fahr.toml"
    assert plan.params == {"EPOCHS": 20, "NAME": "b"}  # what is said later wins


def test_the_settings_of_a_folder_that_is_named_name_the_artifact(
    told: Service, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "eval.py").write_text("")
    (folder / "fahr.toml").write_text('artifact = "eval.py"\n')
    (tmp_path / "fahr.toml").write_text('artifact = "other.py"\n')
    for typed in ("digits", "digits/", f"'{folder}'"):
        plan = planned(folder, artifact=typed, cwd=tmp_path)
        assert (plan.experiment.folder, plan.experiment.artifact) == (folder, "eval.py")
    monkeypatch.setenv("FAHR_ARTIFACT", "train.py")
    assert planned(folder, artifact="digits", cwd=tmp_path).experiment.artifact == "train.py"


def test_an_artifact_that_is_named_wins_over_the_settings(told: Service, folder: Path) -> None:
    (folder / "eval.py").write_text("")
    (folder / "fahr.toml").write_text('artifact = "eval.py"\n')
    assert planned(folder, artifact="train.py").experiment.artifact == "train.py"


def test_the_settings_are_those_of_the_artifacts_folder(
    told: Service, folder: Path, tmp_path: Path
) -> None:
    (folder / "fahr.toml").write_text('[told]\ncolour = "blue"\n')
    (tmp_path / "fahr.toml").write_text('[told]\ncolour = "red"\n')
    plan = planned(folder, artifact="digits/train.py", cwd=tmp_path)
    assert plan.settings.of("told") == {"colour": "blue"}


def test_a_job_does_not_send_jobs(
    told: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAHR_JOB_NAME", "digits-train-4")
    with pytest.raises(UsageError, match=r"this is already the job digits-train-4 \(FAHR_JOB_N"):
        planned(folder)


@pytest.mark.parametrize(
    ("about", "capability", "told_of"),
    [
        ({"inputs": ["data=s3://x"]}, "inputs", "cannot bring inputs to a job"),
        ({"secrets": ["HOME"]}, "secrets", "cannot hand secrets to a job"),
        ({"options": {"timeout": "2h"}}, "timeout", "cannot limit a job's time"),
        ({"options": {"gpu": "any"}}, "gpu", "cannot give a GPU"),
        ({"options": {"nodes": 4}}, "nodes", "cannot run on 4 machines"),
    ],
)
def test_what_a_driver_cannot_do_is_said_and_never_faked(
    told: Service, folder: Path, about: dict[str, Any], capability: str, told_of: str
) -> None:
    about = {**about, "options": {"train_driver": "told", **about.get("options", {})}}
    told.can.discard(capability)
    with pytest.raises(UsageError, match=f"train driver told {told_of}") as problem:
        planned(folder, **about)
    assert problem.value.hints[0].startswith("fahr drivers show told")
    told.can.add(capability)
    assert planned(folder, **about)


def test_a_secret_without_a_value(told: Service, folder: Path) -> None:
    with pytest.raises(UsageError, match="no value for the secret NO_SUCH") as problem:
        planned(folder, secrets=["HOME", "NO_SUCH"])
    assert problem.value.hints[0] == "export NO_SUCH=..."


@pytest.mark.parametrize(
    ("about", "error", "said"),
    [
        ({"artifact": "trian.py"}, ArtifactError, "trian.py"),
        ({"pairs": ["color=red"]}, SettingsError, "did you mean .*colour"),
        ({"param_texts": ["EPOCH=3"]}, ParameterError, "did you mean EPOCHS"),
        ({"options": {"train_driver": "tolld"}}, DriverError, "did you mean told"),
        ({"options": {"train_driver": "told", "python": "2.7"}}, SettingsError, "python"),
    ],
)
def test_a_slip_is_told(
    told: Service, folder: Path, about: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        planned(folder, **about)


def test_a_parameter_that_nobody_can_tell_of_is_noted(told: Service, folder: Path) -> None:
    (folder / "train.py").write_text("import sys\nprint(sys.argv)\n")
    plan = planned(folder, param_texts=["lr=0.1"])
    assert plan.params == {"lr": 0.1}
    assert plan.notes == [
        "cannot tell whether lr is taken (it reads its arguments itself): passed as --name value"
    ]


def test_a_broken_extension_is_noted(told: Service, folder: Path) -> None:
    (folder / "fahr.toml").write_text('extensions = ["nothing"]\n')
    assert planned(folder).notes[0].startswith("extension nothing is skipped")


def test_an_image_wants_a_build_driver(told: Service, folder: Path) -> None:
    assert [model.name for model in models_of(planned(folder).session)] == ["told"]
    told.can.add("image")
    plan = planned(folder, options={"train_driver": "told", "train_image": "default-cpu"})
    assert plan.session.build
    assert plan.session.build.name == "local-cpu"
    assert [model.name for model in models_of(plan.session)] == ["told", "local-cpu"]
