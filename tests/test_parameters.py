from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import ParameterError
from fahr_core.experiment import find_artifact
from fahr_core.parameters import check_parameters, read_pairs

if TYPE_CHECKING:
    from pathlib import Path

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--name", default="digits")
parser.add_argument("--layers", type=int, nargs="+", default=[1])
parser.add_argument("--tag", action="append")
parser.add_argument("--fast", action="store_true")
parser.add_argument("--kind", choices=["cnn", "mlp"], default="cnn")
parser.add_argument("--note")
args = parser.parse_args()
"""
CONSTANTS = """
batch_size = 128
lr = 0.1
name = "digits"
fast = False
layers = [1, 2]
nothing = None
options = {"a": 1}
"""


@pytest.fixture(params=["argparse", "constants", "notebook"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give an experiment that takes batch_size, lr, name, layers and fast, in three ways."""
    if request.param == "notebook":
        cell = {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": CONSTANTS,
            "outputs": [],
            "execution_count": None,
        }
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (tmp_path / "train.ipynb").write_text(json.dumps(notebook))
    else:
        source = ARGPARSE if request.param == "argparse" else CONSTANTS
        (tmp_path / "train.py").write_text(source)
    return tmp_path


def script(folder: Path, source: str) -> Path:
    (folder / "train.py").write_text(source)
    return folder


def checked(folder: Path, *texts: str, **values: Any) -> dict[str, Any]:
    experiment = find_artifact(str(folder), None, folder)
    return check_parameters(experiment, read_pairs(texts), values)[0]


def refused(folder: Path, *texts: str, **values: Any) -> ParameterError:
    with pytest.raises(ParameterError) as problem:
        checked(folder, *texts, **values)
    assert problem.value.exit_status == 2
    return problem.value


# -- texts ------------------------------------------------------------------------------


def test_pairs() -> None:
    assert read_pairs(["a=1", "b=", "'c=x y'", '"d=1"', "e=f=g", "a=2"]) == {
        "a": "2",
        "b": "",
        "c": "x y",
        "d": "1",
        "e": "f=g",
    }


@pytest.mark.parametrize("text", ["a", "", "=1", "''"])
def test_what_is_no_pair(text: str) -> None:
    with pytest.raises(ParameterError, match="is no parameter") as problem:
        read_pairs([text])
    assert problem.value.hints == ("write -p name=value",)


@given(
    st.text(st.characters(exclude_characters="='\""), min_size=1),
    st.text(st.characters(exclude_characters="'\"")),
)
def test_any_pair_is_split_at_the_first_sign(name: str, value: str) -> None:
    assert read_pairs([f"{name}={value}"]) == {name: value}


# -- types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("batch_size=64", 64),
        ("lr=1", 1.0),
        ("lr=1e-3", 0.001),
        ("lr=inf", math.inf),
        ("lr=-Infinity", -math.inf),
        ("lr=+INF", math.inf),
        ("name=64", "64"),
        ("name=nan", "nan"),
        ("name=true", "true"),
        ("name=a, b", "a, b"),
        ("name=[1]", "[1]"),
        ("name=", ""),
        ("layers=[3, 4]", [3, 4]),
        ("layers=3,4", [3, 4]),
        ("layers=(3, 4)", [3, 4]),
        ("fast=true", True),
        ("fast=False", False),
    ],
)
def test_a_text_is_read_by_the_type_of_the_parameter(folder: Path, text: str, value: Any) -> None:
    name, _, _ = text.partition("=")
    read = checked(folder, text)
    assert read == {name: value}
    assert type(read[name]) is type(value)


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan"])
def test_no_number_is_one_for_a_float(folder: Path, text: str) -> None:
    assert math.isnan(checked(folder, f"lr={text}")["lr"])


def test_values_that_have_their_type_already(folder: Path) -> None:
    read = checked(folder, batch_size=64, lr=1, name="a", layers=(3, 4), fast=True)
    assert read == {"batch_size": 64, "lr": 1.0, "name": "a", "layers": [3, 4], "fast": True}
    assert type(read["lr"]) is float


def test_none_where_there_is_a_none_already(tmp_path: Path) -> None:
    assert checked(script(tmp_path, CONSTANTS), "nothing=None", "lr=null") == {
        "nothing": None,
        "lr": None,
    }
    assert checked(script(tmp_path, ARGPARSE), "note=None") == {"note": None}
    assert "can not be none" in refused(tmp_path, "lr=None").message


def test_a_parameter_of_any_type(tmp_path: Path) -> None:
    script(tmp_path, CONSTANTS)
    for text, value in [("7", 7), ("x", "x"), ('{"a": [1]}', {"a": [1]}), ("true", True)]:
        assert checked(tmp_path, f"nothing={text}") == {"nothing": value}
    assert checked(tmp_path, 'options={"b": 2}') == {"options": {"b": 2}}


def test_repeated_options_and_choices(tmp_path: Path) -> None:
    script(tmp_path, ARGPARSE)
    assert checked(tmp_path, "tag=a,b") == {"tag": ["a", "b"]}
    assert checked(tmp_path, "kind=mlp") == {"kind": "mlp"}
    assert refused(tmp_path, "kind=rnn").message == 'kind takes one of "cnn", "mlp", not "rnn"'
    assert checked(tmp_path, **{"batch-size": 3}) == {"batch-size": 3}


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "batch_size": st.integers(),
            "lr": st.floats(allow_nan=False, allow_infinity=False),
            "name": st.text(),
            "fast": st.booleans(),
            "layers": st.lists(st.integers(), min_size=1),
        },
    )
)
def test_values_and_their_texts_mean_the_same(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    folder = script(tmp_path_factory.getbasetemp(), CONSTANTS)
    experiment = find_artifact(str(folder / "train.py"), None, folder)
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    assert check_parameters(experiment, texts, {})[0] == values
    assert check_parameters(experiment, {}, values)[0] == values


# -- messages ---------------------------------------------------------------------------


def test_a_misspelt_parameter(folder: Path) -> None:
    artifact = next(path.name for path in folder.iterdir())
    message = f'{artifact} takes no parameter "batch_sze"; did you mean batch_size (int, 128)?'
    assert refused(folder, "batch_sze=64").message == message
    assert refused(folder, batch_sze=64).message == message


def test_a_list_for_a_number(folder: Path) -> None:
    problem = refused(folder, "batch_size=512,256,128")
    assert problem.message == 'batch_size takes an int, not "512,256,128"'
    (hint,) = problem.hints
    assert "-p batch_size=512" in hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_size=many", 'batch_size takes an int, not "many"'),
        ("batch_size=1.5", "batch_size takes an int, not 1.5"),
        ("batch_size=true", "batch_size takes an int, not true"),
        ("batch_size=inf", "batch_size takes an int, not Infinity"),
        ("lr=fast", 'lr takes a float, not "fast"'),
        ("fast=2", "fast takes true or false, not 2"),
    ],
)
def test_a_value_that_does_not_fit(folder: Path, text: str, message: str) -> None:
    assert refused(folder, text).message == message


def test_an_artifact_says_what_it_takes_instead(tmp_path: Path) -> None:
    script(tmp_path, "a = 1\nb = 2\n")
    message = 'train.py takes no parameter "zzzz" (it takes a, b)'
    assert refused(tmp_path, "zzzz=1").message == message
    script(tmp_path, "print(1)\n")
    message = 'train.py takes no parameter "lr", nor any other'
    assert refused(tmp_path, "lr=1").message == message


def test_where_nobody_can_tell_it_is_said(tmp_path: Path) -> None:
    script(tmp_path, "import hydra\n")
    experiment = find_artifact(str(tmp_path), None, tmp_path)
    values, notes = check_parameters(experiment, {"a": "1", "b": "x"}, {"c": None})
    assert values == {"a": 1, "b": "x", "c": None}
    (note,) = notes
    assert note.startswith("cannot tell whether c, a, b is taken (it uses Hydra)")


def test_an_old_run_script_would_lose_them(folder: Path) -> None:
    (folder / "run.sh").write_text("python train.py\n")
    problem = refused(folder, "lr=1", batch_size=2)
    assert "so batch_size, lr would be lost" in problem.message
    assert "fahr-start" in problem.hints[0]
    assert checked(folder) == {}
    (folder / "run.sh").write_text("fahr-start\n")
    assert checked(folder, "lr=1") == {"lr": 1.0}


def test_without_parameters_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, CONSTANTS)
    monkeypatch.delattr("fahr_core.launcher.parameters.inspect")
    assert checked(tmp_path) == {}
    with pytest.raises(AttributeError):
        checked(tmp_path, "lr=1")
