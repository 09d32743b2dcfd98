"""Extensions wrap the hooks of their own folder's jobs, whoever asks, and of no other's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from fahr_core import jobs
from fahr_core.ledger import Ledger
from fahr_core.models import Lane, State
from fahr_core.queue_runner import Runner
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.distributions import Distributions

__all__ = ["distributions", "told"]

NOTING = """
from fahr_core.hookspecs import hookimpl
notes = []

@hookimpl(wrapper=True)
def submit_jobs(requests):
    notes.extend(("sent", request.name) for request in requests)
    return (yield)

@hookimpl(wrapper=True)
def job_states(refs):
    notes.append(("asked", len(refs)))
    return (yield)
"""


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.at_home()


@pytest.fixture
def notes(told: Service, distributions: Distributions) -> Callable[[str], list[tuple[str, object]]]:
    """Install the extensions ``bell`` and ``horn``; give what one has noted since the last time."""
    for name in ("bell", "horn"):
        distributions.add(name, NOTING, group="fahr.extensions")

    def noted(name: str) -> list[tuple[str, object]]:
        module = sys.modules.get(f"fahr_{name}")
        kept = list(module.notes) if module else []
        if module:
            module.notes.clear()
        return kept

    return noted


def folders(parent: Path) -> list[Path]:
    """Make an experiment with ``bell``, one with ``horn`` and one with neither."""
    made = [parent / name / "digits" for name in ("bell", "horn", "plain")]
    for folder in made:
        folder.mkdir(parents=True)
    for folder in made[:2]:
        (folder / "fahr.toml").write_text(f'extensions = ["{folder.parent.name}"]\n')
    return [folder.parent for folder in made]


def test_a_job_that_the_runner_sends_is_wrapped_by_its_folders_extensions(
    told: Service,
    notes: Callable[[str], list[tuple[str, object]]],
    tmp_path: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fahr_core.queue.ensure_runner", lambda driver: None)
    told.lane = Lane(name="all", limit=1)
    places = folders(tmp_path)
    send(tmp_path)
    queued = [send(place) for place in places]
    assert {record.state for record in queued} == {State.QUEUED}
    told.ends()
    notes("bell"), notes("horn")
    Runner("told", ledger).run()
    sent = {name: [what for what in notes(name) if what[0] == "sent"] for name in ("bell", "horn")}
    assert sent == {"bell": [("sent", queued[0].name)], "horn": [("sent", queued[1].name)]}


def test_each_job_is_asked_for_through_its_own_folders_extensions(
    told: Service,
    notes: Callable[[str], list[tuple[str, object]]],
    tmp_path: Path,
    ledger: Ledger,
) -> None:
    records = [send(place) for place in folders(tmp_path) for _ in range(2)]
    notes("bell"), notes("horn")
    told.calls.clear()
    jobs.refresh(ledger, records)
    assert (notes("bell"), notes("horn")) == ([("asked", 2)], [("asked", 2)])
    assert told.calls == ["job_states"] * 3
    assert {record.state for record in ledger.active()} == {State.RUNNING}
