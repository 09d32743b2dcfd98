from __future__ import annotations

import pytest

from fahr_core.environment.reasons import failed_install, failed_resolution
from fahr_core.environment.requirements import Line
from fahr_core.errors import AccessError, DiskError, FahrError, ServiceError

LINES = (Line("requirements.txt", 2, "six>99"), Line("requirements.txt", 3, "nosuch_thing"))


def reason(output: str) -> FahrError:
    return failed_resolution(output, "requirements.txt", LINES)


@pytest.mark.parametrize(
    "output",
    [
        "error: No solution found when resolving dependencies\n"
        "  cause: Because nosuch-thing was not found in the package registry and you require "
        "nosuch-thing, we can conclude that your requirements are unsatisfiable.\n",
        "  \u00d7 No solution found when resolving dependencies:\n"
        "  \u2570\u2500\u25b6 Because nosuch-thing was not found in the package registry and you\n"
        "      require nosuch-thing, we can conclude that your requirements are\n"
        "      unsatisfiable.\n",
        "ERROR: Could not find a version that satisfies the requirement nosuch_thing (from "
        "versions: none)\nERROR: No matching distribution found for nosuch_thing\n",
    ],
    ids=["uv", "uv-framed", "pip"],
)
def test_an_unknown_package_names_its_line(output: str) -> None:
    assert str(reason(output)) == (
        'requirements.txt:3 "nosuch_thing": no such package in the index'
    )


@pytest.mark.parametrize(
    ("output", "there"),
    [
        (
            "error: No solution found when resolving dependencies\n  cause: Because only "
            "six<=1.17.0 is available and you require six>99, we can conclude ...\n",
            "there is six<=1.17.0",
        ),
        (
            "ERROR: Ignored the following yanked versions: 1.11.0\nERROR: Could not find a "
            "version that satisfies the requirement six>99 (from versions: 0.9.0, 1.15.0, 1.16.0, "
            "1.17.0)\nERROR: No matching distribution found for six>99\n",
            "the newest are 1.15.0, 1.16.0, 1.17.0",
        ),
    ],
    ids=["uv", "pip"],
)
def test_an_unknown_version_says_what_there_is(output: str, there: str) -> None:
    assert str(reason(output)) == f'requirements.txt:2 "six>99": no such version; {there}'


def test_a_conflict_is_at_most_three_lines() -> None:
    output = (
        "error: No solution found when resolving dependencies\n  cause: Because "
        + " and ".join(f"package{n}==1.0 depends on six>={n}" for n in range(60))
    )
    error = reason(output)
    assert error.message == "requirements.txt:2 cannot be resolved"
    assert len(error.hints) == 3
    assert all(len(hint) <= 78 for hint in error.hints)


@pytest.mark.parametrize(
    "output",
    [
        "  cause: Failed to fetch: http://127.0.0.1:9/simple/six/\n  cause: error sending request",
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('<x>: "
        "Failed to establish a new connection')': /simple/six/\nERROR: Could not find a version "
        "that satisfies the requirement six (from versions: none)\n",
        "error: HTTP status server error (503 Service Unavailable) for url (https://h/simple)",
    ],
)
def test_no_network_may_work_later(output: str) -> None:
    error = reason(output)
    assert isinstance(error, ServiceError)
    assert error.message == "the package index cannot be reached"


def test_refused_credentials() -> None:
    error = reason("error: HTTP status client error (401 Unauthorized) for url (https://h/simple)")
    assert isinstance(error, AccessError)


def test_a_full_disk_is_not_the_file_s_fault() -> None:
    output = "error: Failed to extract\n  cause: No space left on device (os error 28)\n"
    assert isinstance(failed_install(output, "six"), DiskError)


def test_an_install_that_fails_names_the_package_and_the_cause() -> None:
    inner = "".join(f"         line {n}\n" for n in range(50))
    output = f"Resolved 1 package\nerror: Failed to build `x`\n  cause: It failed\n{inner}no gcc\n"
    error = failed_install(output, "what requirements.txt asks for")
    assert error.message == "cannot install what requirements.txt asks for"
    assert error.hints == ("Failed to build `x`", "It failed", "line 49", "no gcc")


def test_an_install_that_names_no_error_gives_its_last_lines() -> None:
    error = failed_install("".join(f"line {n}\n" for n in range(50)), "six")
    assert error.hints == ("line 46", "line 47", "line 48", "line 49")
