from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fahr_core
from fahr_core import find_job, fit, list_jobs
from fahr_core.errors import (
    JobFailed,
    NotFinished,
    OverwriteError,
    ServiceError,
    SettingsError,
    UnknownJob,
    UsageError,
)
from fahr_core.ledger import Ledger
from fahr_core.models import LogLine, State
from tests.told_driver import Listener, Service, distributions, told

__all__ = ["distributions", "told"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("EPOCHS = 1\nNAME = 'a'\n")
    monkeypatch.chdir(folder)
    return folder


def sent(**about: Any) -> fahr_core.JobHandle:
    return fit("train.py", train_driver="told", **about)


# -- fit --------------------------------------------------------------------------------


def test_every_word_of_fit_arrives(
    told: Service, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    told.can.add("gpu")
    (folder / "data").mkdir()
    listener = Listener()
    job = fit(
        folder / "train.py",
        train_driver="told",
        params={"EPOCHS": 20, "NAME": "x=y"},
        config={"colour": "a=b c"},
        inputs={"data": folder / "data", "cloud": "s3://x"},
        secrets=["TOKEN"],
        gpu=True,
        timeout="2h",
        reporter=listener,
        exclude=["*.tmp"],
    )
    sent = Ledger.at_home().job(job.name)
    assert sent
    assert sent.params == {"EPOCHS": 20, "NAME": "x=y"}
    assert sent.settings == {"colour": "a=b c"}
    places = {item.name: item.location for item in sent.inputs}
    assert places == {"data": str(folder / "data"), "cloud": "s3://x"}
    assert (sent.secrets, sent.gpu, sent.timeout) == (("TOKEN",), "any", 7200.0)
    assert listener.said["sent"]
    assert capfd.readouterr() == ("", "")  # nothing is printed


@pytest.mark.parametrize("artifact", [None, "train.py", Path("train.py"), "."])
def test_the_artifact_is_a_path_or_the_folders_own(
    told: Service, folder: Path, artifact: Any
) -> None:
    assert fit(artifact, train_driver="told").name == "digits-train-1"


@pytest.mark.parametrize(
    ("words", "asked"), [({}, (None, None)), ({"gpu": False}, (None, None)),
                         ({"gpu": "T4", "timeout": 90}, ("T4", 90.0))]
)  # fmt: skip
def test_resources(told: Service, folder: Path, words: Any, asked: Any) -> None:
    told.can.add("gpu")
    job = Ledger.at_home().job(sent(**words).name)
    assert job
    assert (job.gpu, job.timeout) == asked


def test_settings_that_are_no_text(told: Service, folder: Path) -> None:
    (folder / "fahr.toml").write_text("")
    job = fit("train.py", train_driver="local", config={"environment": {"A": "1"}, "grace": 2})
    assert Ledger.at_home().job(job.name).settings == {  # type: ignore[union-attr]
        "environment": {"A": "1"},
        "grace": 2.0,
        "jobs_at_once": None,
    }
    job.stop()


def test_the_same_name_is_the_same_job(told: Service, folder: Path) -> None:
    assert sent(name="train-abc").name == sent(name="train-abc").name == "train-abc"
    with pytest.raises(UsageError, match="has other content"):
        sent(name="train-abc", params={"EPOCHS": 3})


@pytest.mark.parametrize(
    ("about", "error"),
    [
        ({"epochs": 3}, SettingsError),
        ({"timeout": "soon"}, UsageError),
        ({"config": {"color": "x"}}, SettingsError),
    ],
)
def test_a_slip_is_raised_before_anything_is_sent(
    told: Service, folder: Path, about: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        sent(**about)
    assert told.calls == []
    assert list_jobs() == []


# -- jobs -------------------------------------------------------------------------------


def test_jobs_are_found_and_listed(told: Service, folder: Path) -> None:
    first, second = sent(), sent()
    assert find_job().name == second.name == "digits-train-2"
    assert find_job("digits-train-1").name == first.name
    assert [job.name for job in list_jobs()] == [second.name, first.name]
    assert [job.name for job in list_jobs(limit=1)] == [second.name]
    with pytest.raises(UnknownJob):
        find_job("zebra")


def test_the_state_is_asked_for_when_it_is_looked_at(told: Service, folder: Path) -> None:
    job = sent()
    assert job.state is State.RUNNING
    told.ends()
    assert job.state is State.COMPLETE
    assert job.record.ended == 1e9 + 60


def test_waiting(told: Service, folder: Path) -> None:
    job = sent()
    for timeout in (0, "0.01s"):
        with pytest.raises(NotFinished):
            job.wait(timeout=timeout)
    told.ends()
    assert job.wait() is job


@pytest.mark.parametrize(
    ("state", "reason", "message"),
    [
        (State.FAILED, "KeyError", "digits-train-1 failed: KeyError"),
        (State.STOPPED, None, "digits-train-1 stopped: no reason is known"),
    ],
)
def test_a_job_that_did_not_complete_is_raised(
    told: Service, folder: Path, state: State, reason: str | None, message: str
) -> None:
    job = sent()
    told.ends(state, reason=reason)
    with pytest.raises(JobFailed) as problem:
        job.wait()
    assert problem.value.message == message
    assert problem.value.hints == ("fahr logs digits-train-1 --tail 50",)
    assert job.wait(check=False).state is state


def test_logs(told: Service, folder: Path) -> None:
    job = sent()
    assert list(job.logs()) == ["one", "two"]
    told.ends()
    assert list(job.logs(follow=True)) == ["one", "two"]


def test_stopping(told: Service, folder: Path) -> None:
    assert sent().stop() == "stopping"
    told.ends(State.STOPPED)
    assert find_job().wait(check=False).stop() == "stopped"


def test_fetching(told: Service, folder: Path) -> None:
    job = sent()
    with pytest.raises(NotFinished):
        job.fetch()
    told.ends()
    assert job.fetch() == Path("digits-train-1")
    assert (folder / "digits-train-1" / "model.txt").read_bytes() == b"42"
    (folder / "model.txt").write_text("mine")
    with pytest.raises(OverwriteError):
        job.fetch(".")
    assert job.fetch(folder, overwrite=True) == folder
    assert (folder / "model.txt").read_bytes() == b"42"


# -- how a job shows itself -------------------------------------------------------------


def test_a_repr(told: Service, folder: Path) -> None:
    job = sent()
    assert re.fullmatch(r"<job digits-train-1: running \d+ (s|min), told>", repr(job))
    told.ends()
    assert repr(job) == "<job digits-train-1: complete 60 s, told>"


def test_a_card_escapes_what_others_wrote(told: Service, folder: Path) -> None:
    job = sent()
    told.lines = [LogLine(text="<script>alert('x')</script>"), LogLine(text="  ")]
    told.ends(State.FAILED, reason="<b>&", link='https://example.org/?a="><script>')
    card = job._repr_html_()
    assert "<script" not in card
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in card
    assert "&lt;b&gt;&amp;" in card
    assert 'href="https://example.org/?a=&quot;&gt;&lt;script&gt;"' in card
    assert "#cf222e" in card
    assert card.count("<div") == card.count("</div>") == 1


def test_a_card_of_a_job_with_little_to_tell(told: Service, folder: Path) -> None:
    job = sent()
    told.lines = []
    told.state = {"state": State.SUBMITTED}
    card = job._repr_html_()
    assert "<b>digits-train-1</b>" in card
    assert "<code>" not in card
    told.lines = [LogLine(text="x" * 1000)]
    assert len(job._repr_html_()) < 600


def test_a_job_is_shown_without_a_network_too(told: Service, folder: Path) -> None:
    job = sent()
    told.failing = dict.fromkeys(("job_states", "stream_logs"), ServiceError("no network"))
    assert repr(job) == "<job digits-train-1: submitted, told>"
    assert "submitted" in job._repr_html_()
    with pytest.raises(ServiceError):
        _ = job.state  # who asks is told


# -- the package ------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    for name in fahr_core.__all__:
        assert getattr(fahr_core, name) is not None
    assert fahr_core.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        fahr_core.fitt  # noqa: B018 - asking is the test


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys; before = set(sys.modules); import fahr_core;"
    code += "print(sorted(set(sys.modules) - before - {'fahr_core'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic", "typer", "sqlite3", "msgspec", "fahr_core.api", "asyncio"}
    assert not heavy & set(eval(done.stdout))
