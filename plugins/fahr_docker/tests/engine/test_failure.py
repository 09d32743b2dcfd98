from __future__ import annotations

import pytest

from fahr_core.errors import (
    AccessError,
    DiskError,
    EnvironmentFileError,
    FahrError,
    ServiceError,
    UsageError,
)
from fahr_docker.engine.failure import engine_failed, step_failed

INSTALL = "[env 2/3] RUN --mount=type=cache,target=/c set -eu; /run/fahr/uv pip install -r x"


def test_a_step_and_its_last_lines_and_no_wall() -> None:
    lines = [f"line {n}" for n in range(100)]
    error = step_failed("the image", "[env 3/4] RUN make", lines, "exit code: 2")
    assert type(error) is UsageError
    assert error.message == "the image failed at: [env 3/4] RUN make"
    assert error.hints[0] == "line 88"
    assert error.hints[-2:] == ("line 99", "nothing was sent")
    assert len(error.hints) == 13


def test_a_step_that_said_nothing_has_its_status() -> None:
    error = step_failed("the image", "[env 3/4] RUN false", [], "exit code: 1")
    assert "exit code: 1" in error.hints


def test_packages_that_cannot_be_installed_are_the_environments_fault() -> None:
    error = step_failed("the image", INSTALL, ["hash mismatch"])
    assert type(error) is EnvironmentFileError


@pytest.mark.parametrize(
    "line",
    ["error: command 'gcc' failed: No such file or directory", "Unknown compiler(s): [['cc']]"],
)
def test_a_missing_compiler_has_a_line_that_helps(line: str) -> None:
    assert "fahr fit -c system_packages=build-essential" in step_failed("x", INSTALL, [line]).hints


def test_a_processor_that_is_not_emulated_has_a_line_that_helps() -> None:
    error = step_failed("x", "[env 2/3] RUN true", [], "exec /bin/sh: exec format error")
    assert any("binfmt" in hint for hint in error.hints)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("No space left on device (os error 28)", DiskError),
        ("error sending request for url (https://pypi.org/simple/six/)", ServiceError),
        ("HTTP status client error (401 Unauthorized) for url (https://host/simple/)", AccessError),
    ],
)
def test_disk_network_and_login_are_told_apart(line: str, kind: type[FahrError]) -> None:
    error = step_failed("the image", INSTALL, [f"error: {line}"])
    assert type(error) is kind
    assert error.hints[-1] == "nothing was sent"


@pytest.mark.parametrize(
    ("output", "kind", "message"),
    [
        ("ERROR: write /x: no space left on device", DiskError, "disk is full"),
        ("error during connect: EOF", ServiceError, "stopped answering"),
        ("ERROR: pull access denied, repository does not exist", ServiceError, "cannot be pulled"),
        ("ERROR: something else", ServiceError, "the image failed"),
    ],
)
def test_what_fails_outside_of_a_step(output: str, kind: type[FahrError], message: str) -> None:
    error = engine_failed("the image", output)
    assert type(error) is kind
    assert message in error.message
