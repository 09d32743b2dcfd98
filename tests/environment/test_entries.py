from __future__ import annotations

from pathlib import Path

import pytest

from fahr_core.environment.entries import body_of
from fahr_core.environment.requirements import Line
from fahr_core.environment.wanted import Wanted
from fahr_core.errors import EnvironmentFileError

HASH = " \\\n    --hash=sha256:aa"


def body(printed: str, *lines: str, platform: str | None = "x86_64-unknown-linux-gnu") -> str:
    wanted = Wanted(
        experiment=Path(),
        name="requirements.txt",
        lines=tuple(Line("requirements.txt", n, text) for n, text in enumerate(lines, 1)),
        python="3.11",
        platform=platform,
    )
    return body_of(printed, wanted, "train.py")


def test_markers_are_settled_for_the_target() -> None:
    printed = (
        f"colorama==0.4.6 ; sys_platform == 'win32'{HASH}\n"
        f"six==1.17.0 ; python_full_version >= '3.10'{HASH}\n"
        f"tomli==2.0.1 ; python_version < '3.11'{HASH}\n"
    )
    assert body(printed) == f"six==1.17.0{HASH}\n"
    windows = body(printed, platform="x86_64-pc-windows-msvc")
    assert windows == f"colorama==0.4.6{HASH}\nsix==1.17.0{HASH}\n"


def test_a_repository_is_pinned_in_a_comment() -> None:
    printed = f"clip @ git+https://h/clip@0123abc\nsix==1.17.0{HASH}\n"
    assert body(printed) == f"six==1.17.0{HASH}\n# unhashed: clip @ git+https://h/clip@0123abc\n"


def test_where_packages_come_from_is_kept() -> None:
    options = ["--extra-index-url https://h/${TOKEN}/simple", "--only-binary :all:"]
    printed = f"--index-url https://mine/simple\nsix==1.17.0{HASH}\n"
    found = body(printed, *options, "--pre", "--trusted-host h", "six")
    assert found == f"{options[0]}\n{options[1]}\nsix==1.17.0{HASH}\n"


@pytest.mark.parametrize(
    "printed", ["-e ./package\n", "pkg @ file:///home/me/pkg\n", "./vendored\n", "-e file:///x\n"]
)
def test_a_place_on_this_machine_is_refused(printed: str) -> None:
    with pytest.raises(EnvironmentFileError, match="exists only on this machine"):
        body(printed)


def test_a_password_that_a_resolver_wrote_down_is_refused() -> None:
    with pytest.raises(EnvironmentFileError, match="the address of pkg has a password in it"):
        body("pkg @ https://me:secret@h/pkg-1.0-py3-none-any.whl\n")
