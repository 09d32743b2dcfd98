from __future__ import annotations

import pytest

from fahr_core.errors import EnvironmentFileError, UsageError
from fahr_docker.engine.plain import follow


def stream(*lines: str) -> list[dict[str, str]]:
    return [{"stream": f"{line}\n"} for line in lines]


# As Docker 20.10's classic builder, and Podman 4.3 with several stages and with one, print it.
@pytest.mark.parametrize(
    "begun",
    ["Step 3/4 : RUN make data", "[2/3] STEP 3/4: RUN make data", "STEP 3/4: RUN make data"],
)
def test_a_step_that_fails_is_named_with_its_last_lines(begun):
    events = stream(begun, "no rule", "to make data")
    with pytest.raises(UsageError, match="the image failed at: RUN make data") as raised:
        follow([*events, {"error": "exit status 2"}], "the image", lambda *_: None)
    assert raised.value.hints[:2] == ("no rule", "to make data")


def test_a_package_that_cannot_be_installed_is_the_environment_files_matter():
    events = stream("[1/2] STEP 4/6: RUN uv pip install thing", "No solution found")
    with pytest.raises(EnvironmentFileError):
        follow([*events, {"error": "exit status 1"}], "the image", lambda *_: None)
