from __future__ import annotations

import base64
import json

import pytest

from fahr_docker.engine.steps import Steps, documents, shortened
from made_jobs import Told


def vertex(digest: str, name: str, **more: object) -> dict:
    return {"vertexes": [{"digest": digest, "name": name, **more}]}


def log(digest: str, text: str) -> dict:
    data = base64.b64encode(text.encode()).decode()
    return {"logs": [{"vertex": digest, "stream": 1, "data": data}]}


def read(*parts: dict | str, indent: int | None = None) -> tuple[Steps, Told]:
    told = Told()
    steps = Steps("image", told)
    texts = [p if isinstance(p, str) else json.dumps(p, indent=indent) for p in parts]
    steps.read(line for text in texts for line in f"{text}\n".splitlines(keepends=True))
    return steps, told


RUN = "[env 2/3] RUN --mount=type=cache,target=/root/.cache/uv --mount=type=secret,id=ca set -eu"


@pytest.mark.parametrize("indent", [None, 2])
def test_documents_are_read_however_they_are_laid_out(indent: int | None) -> None:
    steps, _ = read(
        "time=now level=warning", vertex("a", RUN, error="exit code: 1"), "ERROR: no", indent=indent
    )
    assert list(steps.others) == ["time=now level=warning", "ERROR: no"]
    failed = steps.failed()
    assert failed is not None
    assert failed.error == "exit code: 1"


def test_a_stream_that_is_cut_off_ends() -> None:
    assert list(documents(["{\n", '  "vertexes": [\n'])) == ["{", '  "vertexes": [']


def test_each_step_is_told_once_when_it_begins() -> None:
    _, told = read(
        vertex("a", RUN),
        vertex("a", RUN, started="1"),
        vertex("a", RUN, started="1", completed="2"),
        vertex("b", "[internal] load build context", started="1"),
        vertex("c", "[env 3/3] WORKDIR /x", started="1", completed="1", cached=True),
    )
    assert [line[1] for line in told.lines] == ["[env 2/3] RUN set -eu"]


def test_output_is_told_line_by_line_however_it_arrives() -> None:
    steps, told = read(
        vertex("a", RUN), log("a", "Instal"), log("a", "led 3 packages\r\n\nnext\n"), log("a", "ha")
    )
    assert [line[1] for line in told.lines] == ["Installed 3 packages", "next"]
    assert steps.failed() is None


def test_bytes_of_all_layers_are_added_up() -> None:
    def status(layer: str, current: int) -> dict:
        return {"statuses": [{"id": layer, "vertex": "a", "current": current, "total": 100}]}

    _, told = read(
        vertex("a", "[env 1/3] FROM x"), status("one", 40), status("two", 0), status("one", 100)
    )
    assert [line[2:] for line in told.lines] == [(40, 100), (40, 200), (100, 200)]


def test_the_step_that_failed_is_found_among_those_cancelled_with_it() -> None:
    steps, _ = read(
        vertex("a", "[uv 1/1] FROM x", error="context canceled"),
        vertex("b", RUN, error="exit code: 2"),
    )
    failed = steps.failed()
    assert failed is not None
    assert failed.name.startswith("[env 2/3]")


def test_names_of_steps_fit_in_a_line() -> None:
    assert shortened(RUN) == "[env 2/3] RUN set -eu"
    assert len(shortened(RUN + "; x" * 100)) == 70
