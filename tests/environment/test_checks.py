from __future__ import annotations

import pytest

from fahr_core.environment.checks import check_lines, login_in
from fahr_core.environment.requirements import Line
from fahr_core.errors import EnvironmentFileError


def check(text: str) -> None:
    check_lines([Line("requirements.txt", 14, text)], "train.py")


@pytest.mark.parametrize(
    "text",
    [
        "six",
        "six == 1.17.0 ; python_version < '4'",
        "torch[opt]>=2,<3 --hash=sha256:ab --hash=sha256:cd",
        "clip @ git+https://github.com/openai/CLIP.git@main",
        "git+ssh://git@github.com/a/b.git#egg=b",
        "-e git+https://github.com/a/b@main#egg=b",
        "https://host/wheel-1.0-py3-none-any.whl",
        "wheel @ https://host/wheel-1.0-py3-none-any.whl",
        "--index-url https://${USER}:${PASSWORD}@host/simple",
        "--extra-index-url https://download.pytorch.org/whl/cu121",
        "-f https://host/links.html",
        "--pre",
        "--only-binary=:all:",
    ],
)
def test_what_is_taken(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "numpy @ file:///C:/ci/numpy_1651563219884/work",
        "-e ./package",
        "-e package",
        "./wheels/a-1.0-py3-none-any.whl",
        "a-1.0-py3-none-any.whl",
        "/home/me/package",
        "../shared",
        "C:\\wheels\\a.whl",
        "-f ./wheels",
        "pkg @ ./pkg",
        "pkg @ git+file:///home/me/pkg",
        "git+file:///home/me/pkg",
        "-e git+file:///home/me/pkg#egg=pkg",
    ],
)
def test_places_on_this_machine_are_refused(text: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check(text)
    assert caught.value.message.startswith('requirements.txt:14 "')
    assert caught.value.message.endswith("exists only on this machine")
    assert caught.value.hints == (
        "fahr init --requirements    rewrites it from what train.py imports",
    )


def test_a_long_path_is_cut() -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check("numpy @ file:///" + "x" * 300)
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("text", ["-e .", ".", "-e .[dev]"])
def test_the_experiment_itself_needs_no_line(text: str) -> None:
    with pytest.raises(EnvironmentFileError, match="its modules travel with the code"):
        check(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("--index-url https://me:secret@host/simple", "PIP_INDEX_URL"),
        ("-i https://me:secret@host/simple", "UV_DEFAULT_INDEX"),
        ("--extra-index-url=https://ghp_secret@host/simple", "PIP_EXTRA_INDEX_URL"),
        ("clip @ git+https://me:secret@host/clip", "netrc"),
    ],
)
def test_passwords_are_refused_and_not_repeated(text: str, hint: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check(text)
    assert "has a password in" in caught.value.message
    assert hint in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_counts_as_a_login() -> None:
    assert login_in("https://a:b@h")
    assert login_in("https://token@h")
    assert not login_in("git+ssh://git@github.com/a")
    assert not login_in("https://${A}:${B}@h")
    assert not login_in("https://h/a@b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("six==", '"six==" is no requirement'),
        ("import six", '"import six" is no requirement'),
        ("--wat", "has the unknown option --wat"),
        ("numpy 1.26", '"numpy 1.26" is no requirement'),
    ],
)
def test_what_is_no_requirement(text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check(text)
    assert caught.value.message == f"requirements.txt:14 {message}"
