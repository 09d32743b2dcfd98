from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.cli.arguments import rewrite
from fahr_core.errors import UsageError

words = st.text(max_size=8) | st.sampled_from(
    [
        "--config.a=1",
        "--config.b",
        "--gpu",
        "--driver",
        "--driver=x",
        "-c",
        "a=[1,",
        "2]",
        "--",
        "-f",
    ]
)
plain = st.text(max_size=8).filter(
    lambda word: (
        not word.startswith("--config.")
        and word not in ("--", "--chain", "--gpu", "--driver", "--registry")
    )
)


@pytest.mark.parametrize(
    ("given_words", "rewritten"),
    [
        (["--config.role_name=x"], ["-c", "role_name=x"]),
        (["--config.is_private"], ["-c", "is_private"]),
        (["--config.a=b=c d"], ["-c", "a=b=c d"]),
        (["-c", "a=1"], ["-c", "a=1"]),
        (["-ca=1"], ["-ca=1"]),
        (["--config", "a=1"], ["--config", "a=1"]),
        (["--config=a=1"], ["--config=a=1"]),
        (["--gpu"], ["--gpu=any"]),
        (["--gpu=T4"], ["--gpu=T4"]),
        (["--chain"], ["--chain=true"]),
        (["--chain", "train.py"], ["--chain=true", "train.py"]),
        (["--chain", "3"], ["--chain", "3"]),
        (["--chain=3"], ["--chain=3"]),
        (["images", "--registry"], ["images", "--registry=known"]),
        (["--registry", "--json"], ["--registry=known", "--json"]),
        (["--registry", "h/r"], ["--registry", "h/r"]),
        (["--driver", "kaggle"], ["--train-driver", "kaggle"]),
        (["--driver=--driver"], ["--train-driver=--driver"]),
        (["--drivers"], ["--drivers"]),
        (["fit", "--config.x=1", "--", "--config.y=2", "--gpu"],
         ["fit", "-c", "x=1", "--", "--config.y=2", "--gpu"]),
    ],
)  # fmt: skip
def test_the_free_forms(given_words: list[str], rewritten: list[str]) -> None:
    assert rewrite(given_words) == rewritten


@given(st.lists(plain), st.lists(words))
def test_what_follows_two_hyphens_is_left_alone(before: list[str], after: list[str]) -> None:
    assert rewrite([*before, "--", *after])[-len(after) - 1 :] == ["--", *after]


@given(st.lists(plain))
def test_other_words_stay_as_they_are(given_words: list[str]) -> None:
    expected = [
        word.replace("--driver=", "--train-driver=", 1) if word.startswith("--driver=") else word
        for word in given_words
    ]
    assert rewrite(given_words) == expected


@given(st.text(max_size=8), st.text(st.characters(exclude_characters="["), max_size=8))
def test_any_setting_arrives_whole(key: str, value: str) -> None:
    assert rewrite([f"--config.{key}={value}"]) == ["-c", f"{key}={value}"]


@pytest.mark.parametrize(
    ("following", "left_over", "line"),
    [
        (['--config.sources=["a/b",', '"c/d"]'], '"c/d"]', '--config.sources="a/b,c/d"'),
        (["--config.sources=[a/b,", "c/d]"], "c/d]", '--config.sources="a/b,c/d"'),
        (["--config.sources=[a/b", ",", "c/d", "]"], ",", '--config.sources="a/b,c/d"'),
        (["--config.s=['a',", "'b',", "'c']", "--gpu"], "'b',", '--config.s="a,b,c"'),
    ],
)
def test_a_list_that_the_shell_has_cut(following: list[str], left_over: str, line: str) -> None:
    with pytest.raises(UsageError) as problem:
        rewrite(["fit", *following])
    message = f'"{left_over}" is left over: your shell cut a list in two'
    assert (problem.value.message, problem.value.hints) == (message, (line,))
    assert rewrite([line.replace('"', "")])  # as the shell passes it on


@pytest.mark.parametrize(
    "whole",
    [
        ["--config.s=[a,b]", "train.py"],
        ["--config.s=[", "--gpu=any", "x]"],
        ["--config.s=[a,", "train.py"],
        ["--config.s=a]"],
    ],
)
def test_what_is_no_cut_list(whole: list[str]) -> None:
    assert rewrite(whole)[1] == whole[0].removeprefix("--config.")
