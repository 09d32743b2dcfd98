from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.cli.fit_command import command
from fahr_core.ledger import Ledger
from fahr_core.models import Finding, State
from tests.cli.calling import call
from tests.cli.screen import Screen, at_terminal, screen
from tests.distributions import TRAIN, Distributions
from tests.told_driver import Service, distributions, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "screen", "told"]


@pytest.fixture
def folder(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("EPOCHS = 1\nbatch_size = 128\n")
    monkeypatch.chdir(folder)
    return folder


def test_stdout_is_the_name_alone(call: Call, folder: Path) -> None:
    done = call("fit")
    assert (done.status, done.out) == (0, "digits-train-1\n")
    assert done.err.splitlines() == [
        "driver   told (the only one installed): what a test says",
        "code     train.py: 28 B",
        "note     one file",
        "sent     https://example.org/digits-train-1",
        "next     fahr logs -f digits-train-1",
        "         fahr fetch digits-train-1",
    ]


def test_what_costs_money_says_how_it_is_stopped(call: Call, told: Service, folder: Path) -> None:
    told.paid = True
    assert call("fit").err.splitlines()[-1] == "         fahr stop digits-train-1"
    told.can -= {"stop"}
    assert "fahr stop" not in call("fit").err


def test_every_option_arrives(
    call: Call, told: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.can |= {"gpu", "nodes"}
    monkeypatch.setenv("TOKEN", "s3cret")
    words = ["fit", "train.py", "--train-driver=told", "-p", "EPOCHS=20", "--param", "batch_size=9"]
    words += ["--input", "data=s3://x", "--secret", "TOKEN", "--gpu", "--timeout", "2h"]
    words += ["--nodes", "2", "--name", "train-abc", "--config.colour=red"]
    assert call(*words).out == "train-abc\n"
    job = Ledger.at_home().job("train-abc")
    assert job
    assert job.params == {"EPOCHS": 20, "batch_size": 9}
    assert [item.location for item in job.inputs] == ["s3://x"]
    assert (job.secrets, job.gpu, job.timeout, job.nodes) == (("TOKEN",), "any", 7200.0, 2)
    assert job.settings == {"colour": "red"}


@pytest.mark.parametrize(
    "words",
    [
        ["--config.colour=red"],
        ["-c", "colour=red"],
        ["-ccolour=red"],
        ["--config", "colour=red"],
        ["--config=colour='red'"],
    ],
)
def test_all_forms_of_a_setting(call: Call, folder: Path, words: list[str]) -> None:
    assert call("fit", *words).status == 0
    assert Ledger.at_home().job("digits-train-1").settings == {"colour": "red"}  # type: ignore[union-attr]


def test_a_list_that_the_shell_has_cut(call: Call, folder: Path) -> None:
    done = call("fit", "--config.sources=[a/b,", "c/d]")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        'error: "c/d]" is left over: your shell cut a list in two\n  --config.sources="a/b,c/d"\n'
    )


def test_a_misspelt_parameter(call: Call, told: Service, folder: Path) -> None:
    done = call("fit", "-p", "batch_sze=64")
    assert done.status == 2
    said = " ".join(done.err.split())
    assert 'takes no parameter "batch_sze"; did you mean batch_size (int, 128)?' in said
    assert told.calls == []


@pytest.mark.parametrize(("state", "status"), [("complete", 0), ("failed", 1)])
def test_following(call: Call, told: Service, folder: Path, state: str, status: int) -> None:
    told.ends(State(state), reason="why")
    done = call("fit", "-f")
    assert (done.status, done.out) == (status, "one\ntwo\n")
    assert done.err.splitlines()[-1].startswith(f"digits-train-1 {state}")
    assert "next" not in done.err


def test_json_is_the_only_document(call: Call, told: Service, folder: Path) -> None:
    assert call("fit", "--json").document["state"] == "submitted"
    told.ends()
    done = call("fit", "--json", "-f")
    assert done.document["name"] == "digits-train-2"
    assert "one\ntwo\n" in done.err


def test_an_error_in_json_comes_on_stderr(call: Call, told: Service, folder: Path) -> None:
    told.findings = [Finding(level="error", subject="role", message="is missing")]
    done = call("fit", "--json")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        '{"error": {"code": "usage", "message": "role: is missing", "hint": "nothing was sent"}}'
    )


def test_a_dry_run_shows_the_request(call: Call, told: Service, folder: Path) -> None:
    done = call("fit", "--dry-run", "-p", "EPOCHS=3")
    assert done.document == {"params": {"EPOCHS": 3}, "image": None, "colour": "green"}
    assert done.err.splitlines()[-1] == "dry run: nothing was made, built or sent"
    assert not os.path.exists(os.environ["FAHR_HOME"])
    assert os.listdir(folder) == ["train.py"]


# -- which driver -----------------------------------------------------------------------


@pytest.fixture
def several(folder: Path, distributions: Distributions) -> None:
    distributions.add("moon", TRAIN)


@pytest.mark.parametrize("words", [[], ["--no-input"]])
def test_several_drivers_are_a_question_that_needs_somebody(
    call: Call, several: None, words: list[str]
) -> None:
    done = call("fit", *words)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: where should the job run? local, moon, told\n"
        "  fahr fit --train-driver=local\n"
        "  fahr fit --train-driver=moon\n"
        "  fahr fit --train-driver=told\n"
    )


@at_terminal
def test_the_question_at_a_terminal(screen: Screen, several: None) -> None:
    screen.type("3\n")
    assert command() == 0
    lines = screen.lines()
    assert lines[0].startswith("Where should the job run?  1 local  2 moon  3 told   [1]: ")
    assert "digits-train-1" in lines
    assert Ledger.at_home().exact("digits-train-1").driver == "told"


@at_terminal
def test_no_question_where_none_is_wanted(screen: Screen, several: None) -> None:
    with pytest.raises(Exception, match="where should the job run"):
        command(no_input=True)
    assert screen.raw() == ""


def test_a_real_job(call: Call, folder: Path) -> None:
    (folder / "train.py").write_text("EPOCHS = 1\nprint('epochs', EPOCHS)\n")
    words: list[Any] = ["fit", "--train-driver=local", "-f", "-p", "EPOCHS=3"]
    done = call(*words)
    assert (done.status, done.out) == (0, "epochs 3\n")
