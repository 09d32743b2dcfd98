from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core import queue
from fahr_core.errors import DriverError, FahrError, ServiceError, UsageError
from fahr_core.ledger import Ledger
from fahr_core.models import (
    Finding,
    JobRef,
    Lane,
    RenderedFile,
    State,
)
from fahr_core.planning import Order, Plan, make_plan
from fahr_core.reporter import Quiet
from fahr_core.submission import dry_run, submit
from tests.told_driver import Listener, Service, distributions, told

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["distributions", "told"]

PLAIN = ["render_artifacts", "preflight", "plan_submission", "stage_request", "submit_jobs"]
WITH_IMAGE = ["image_target", *PLAIN[:2], "image_target", "registry_login", *PLAIN[2:]]
BEFORE_SENDING = [*PLAIN[:4], "image_target", "registry_login"]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.at_home()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("EPOCHS = 1\n")
    return folder


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the drivers for which a runner was wanted, and start none."""
    wanted: list[str] = []
    monkeypatch.setattr(queue, "ensure_runner", wanted.append)
    return wanted


def order(folder: Path, **about: Any) -> Order:
    options = {"train_driver": "told", **about.pop("options", {})}
    return Order(artifact=str(folder), cwd=folder, options=options, **about)


def plan(folder: Path, **about: Any) -> Plan:
    return make_plan(order(folder, **about))


def fit(folder: Path, reporter: Quiet | None = None, **about: Any) -> Any:
    return submit(plan(folder, **about), reporter or Quiet())


def states(ledger: Ledger) -> dict[str, str]:
    """Give the state of every row, the invisible ones too."""
    return dict(ledger.file.select("SELECT name, state FROM jobs ORDER BY id", []))


def tree(*folders: Path) -> dict[str, str]:
    """Give the content of all files below the folders, and the folders."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = f"{content} {path.lstat().st_mtime_ns}"
    return found


# -- the order of the stages ------------------------------------------------------------


def test_a_job_is_written_down_before_it_is_sent(
    told: Service, folder: Path, ledger: Ledger
) -> None:
    seen: dict[str, Any] = {}

    def at(hook: str) -> None:
        seen[hook] = ledger.file.select("SELECT state, request IS NOT NULL FROM jobs", [])
        if hook == "submit_jobs":
            assert ledger.exact("digits-train-1").owner

    told.at = lambda hook: at(hook) if hook in PLAIN else None
    record = fit(folder)
    assert told.calls == PLAIN
    assert seen == {
        "render_artifacts": [],
        "preflight": [("unlaunched", 0)],
        "plan_submission": [("unlaunched", 0)],
        "stage_request": [("unlaunched", 1)],
        "submit_jobs": [("submitting", 1)],
    }
    assert (record.name, record.state, record.owner) == ("digits-train-1", State.SUBMITTED, None)
    assert record.ref == JobRef(driver="told", id=record.run_id)
    assert record.link == "https://example.org/digits-train-1"
    (request,) = told.requests
    assert ledger.request(record.name) == request
    assert request.remote_name == f"digits-train-1-{record.run_id[:6]}"


def test_an_image_is_made_before_the_request(told: Service, folder: Path) -> None:
    told.can.add("image")
    listener = Listener()
    fit(folder, listener)
    assert told.calls == WITH_IMAGE
    assert told.requests[0].body["image"] == "x"
    assert listener.said["image"] == "x"


def test_what_is_said(told: Service, folder: Path) -> None:
    (folder / ".env").write_text("TOKEN=1")
    told.findings = [
        Finding(level="ok", subject="machine", message="1 x large, 2 h at most"),
        Finding(level="ok", subject="credentials", message="there"),
        Finding(level="warning", subject="quota", message="2 hours left"),
    ]
    listener = Listener()
    fit(folder, listener, options={"build_driver": "local-cpu"})
    assert list(listener.said) == ["driver", "code", "machine", "checked", "note", "sent"]
    assert listener.said["machine"] == "1 x large, 2 h at most"
    assert listener.said["driver"] == "told (from command line): what a test says"
    assert listener.said["code"].startswith("train.py: 11 B")
    assert ".env" in listener.said["code"]
    assert listener.said["checked"] == "credentials, quota"
    assert "told makes no image: local-cpu has no effect" in listener.warned
    assert "quota: 2 hours left" in listener.warned
    assert not [told for told in listener.warned if "credentials" in told]


@pytest.mark.parametrize("hook", ["stage_request", "job_states"])
def test_a_job_that_is_interrupted_before_it_is_sent_leaves_no_secrets(
    told: Service, folder: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    told.lane = Lane(name="told", limit=1)
    fit(folder)  # it fills the lane, so that its state is asked before the next is sent
    monkeypatch.setenv("TOKEN", "s3cret")
    told.failing[hook] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        fit(folder, secrets=["TOKEN"])
    assert told.calls[-1] == "unstage_request"
    assert told.secrets == {}
    assert list(states(ledger)) == ["digits-train-1"]


def test_secrets_that_cannot_be_taken_away_are_told(
    told: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    told.failing = {
        "stage_request": ServiceError("no answer"),
        "unstage_request": ServiceError("still no answer"),
    }
    listener = Listener()
    with pytest.raises(ServiceError, match=r"^no answer"):
        fit(folder, listener, secrets=["TOKEN"])
    told_of = "the secrets of digits-train-1 may still be at told: still no answer"
    assert told_of in listener.warned


def test_without_secrets_nothing_is_taken_away(told: Service, folder: Path) -> None:
    told.failing["stage_request"] = ServiceError("no answer")
    with pytest.raises(ServiceError):
        fit(folder)
    assert "unstage_request" not in told.calls


def test_secrets_are_handed_over_and_never_written_down(
    told: Service, folder: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    fit(folder, secrets=["TOKEN"])
    assert told.secrets == {"TOKEN": "s3cret"}
    assert told.requests[0].job.secrets == ("TOKEN",)
    files = [path for path in own_home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"s3cret" in path.read_bytes()]


def test_rendered_files_are_written_and_edited_ones_kept(told: Service, folder: Path) -> None:
    told.rendered = (RenderedFile(path="run.sh", text="#!/bin/sh\nfahr-start\n"),)
    first, second = Listener(), Listener()
    fit(folder, first)
    assert first.said["wrote"] == "run.sh"
    (folder / "run.sh").write_text("#!/bin/sh\necho mine; fahr-start\n")
    fit(folder, second)
    assert second.said["kept"] == "run.sh"
    assert "mine" in (folder / "run.sh").read_text()


def test_files_whose_names_are_no_utf8_travel(told: Service, folder: Path) -> None:
    with open(os.fsencode(folder) + b"/caf\xe9.csv", "w") as file:
        file.write("1")
    record = fit(folder)
    assert record.state is State.SUBMITTED
    assert Ledger.at_home().request(record.name) == told.requests[0]


# -- what goes wrong before anything is sent --------------------------------------------


@pytest.mark.parametrize("hook", BEFORE_SENDING)
@pytest.mark.parametrize(
    "error", [ServiceError("gone"), ValueError("bad"), KeyboardInterrupt(), SystemExit(143)]
)
def test_nothing_is_recorded_of_a_job_that_was_not_sent(
    told: Service, folder: Path, ledger: Ledger, hook: str, error: BaseException
) -> None:
    told.can.add("image")
    told.failing = {hook: error}
    with pytest.raises(DriverError if isinstance(error, ValueError) else type(error)):
        fit(folder)
    assert hook in told.calls
    assert "submit_jobs" not in told.calls
    assert states(ledger) == {}
    told.failing = {}
    assert fit(folder).name == "digits-train-1"


@pytest.mark.parametrize("stage", ["intend", "launch"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, FahrError])
def test_nothing_is_recorded_when_the_ledger_itself_fails(
    told: Service,
    folder: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    error: type[BaseException],
) -> None:
    def fails(*arguments: Any) -> None:
        raise error("it was interrupted")

    monkeypatch.setattr(Ledger, stage, fails)
    with pytest.raises(error):
        fit(folder)
    assert "submit_jobs" not in told.calls
    assert states(ledger) == {}


def test_every_error_of_a_check_is_told_and_nothing_is_sent(
    told: Service, folder: Path, ledger: Ledger
) -> None:
    told.findings = [
        Finding(level="warning", subject="quota", message="little left"),
        Finding(level="error", subject="role", message="is missing", hints=("make it",)),
        Finding(level="error", subject="bucket", message="is foreign"),
    ]
    with pytest.raises(UsageError, match="role: is missing") as problem:
        fit(folder)
    assert problem.value.hints == ("make it", "bucket: is foreign", "nothing was sent")
    assert told.calls == PLAIN[:2]
    assert states(ledger) == {}


def test_a_service_that_fails_in_a_check_is_no_mistake_of_the_users(
    told: Service, folder: Path
) -> None:
    silent = Finding(level="error", subject="bucket", message="no answer", retry=True)
    told.findings = [silent]
    with pytest.raises(ServiceError, match="bucket: no answer") as problem:
        fit(folder)
    assert problem.value.hints[-1] == "nothing was sent"
    told.findings = [silent, Finding(level="error", subject="role", message="is missing")]
    with pytest.raises(UsageError):
        fit(folder)


# -- what the driver renders ------------------------------------------------------------


def test_what_is_rendered_travels(told: Service, folder: Path) -> None:
    told.rendered = (
        RenderedFile(path="run.sh", text="exec fahr-start\n", executable=True),
        RenderedFile(path=".fahr/launcher/start.py", text=""),
    )
    listener = Listener()
    record = fit(folder, listener)
    assert listener.said["wrote"] == "run.sh"  # what is fahr's own is not told
    job = Ledger.at_home().job(record.name)
    assert job is not None
    assert (job.code.run_script, job.code.files) == ("run.sh", 2)


# -- a full lane ------------------------------------------------------------------------


def test_a_job_beyond_the_limit_waits_staged(
    told: Service, folder: Path, runners: list[str]
) -> None:
    told.lane = Lane(name="all", limit=1)
    assert fit(folder).state is State.SUBMITTED
    told.calls.clear()
    listener = Listener()
    second = fit(folder, listener)
    assert second.state is State.QUEUED
    # What fills the lane is asked after before the job is made to wait.
    assert told.calls == [*PLAIN[:-1], "job_states"]
    assert listener.said["queued"] == "told runs 1 at once; it is sent in its turn"
    assert runners == ["told"]


# -- a chosen name ----------------------------------------------------------------------


def test_the_same_content_attaches_to_a_name(told: Service, folder: Path) -> None:
    first = fit(folder, name="train-abc")
    assert first.name == first.remote_name == "train-abc"
    told.calls.clear()
    listener = Listener()
    os.utime(folder / "train.py")  # the same content, written anew
    again = fit(folder, listener, name="train-abc")
    assert again.run_id == first.run_id
    assert told.calls == ["render_artifacts"]
    assert "attached" in listener.said


@pytest.mark.parametrize(
    "change", [{"params": {"EPOCHS": 2}}, {"pairs": ["colour=red"]}, {"options": {"timeout": "2h"}}]
)
def test_other_content_does_not_attach(
    told: Service, folder: Path, ledger: Ledger, change: dict[str, Any]
) -> None:
    fit(folder, name="train-abc")
    told.calls.clear()
    with pytest.raises(UsageError, match='"train-abc" exists and has other content') as problem:
        fit(folder, name="train-abc", **change)
    assert problem.value.hints[-1] == "nothing was sent"
    assert told.calls == ["render_artifacts"]
    assert list(states(ledger)) == ["train-abc"]


def test_other_code_does_not_attach(told: Service, folder: Path) -> None:
    fit(folder, name="train-abc")
    (folder / "net.py").write_text("")
    with pytest.raises(UsageError, match="has other content"):
        fit(folder, name="train-abc")


@pytest.mark.parametrize("name", ["Train", "a b", "a/b", "-a", "x" * 64])
def test_a_name_that_cannot_be_one(told: Service, folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a job"):
        fit(folder, name=name)
    assert told.calls == []


# -- a dry run --------------------------------------------------------------------------


def test_a_dry_run_gives_the_request_that_is_sent_then(told: Service, folder: Path) -> None:
    fit(folder)
    about: dict[str, Any] = {"params": {"EPOCHS": 2}, "pairs": ["colour=red"]}
    request = dry_run(plan(folder, **about, dry_run=True), Quiet())
    fit(folder, **about)
    sent = told.requests[-1]
    assert (request.name, request.body) == (sent.name, sent.body)
    assert request.job.code == sent.job.code


@pytest.mark.parametrize("first", [True, False])
def test_a_dry_run_changes_nothing_on_this_disk_or_anywhere(
    told: Service, folder: Path, own_home: Path, first: bool
) -> None:
    told.can.add("image")
    told.rendered = (RenderedFile(path="Dockerfile", text="FROM python\n"),)
    (folder / "requirements.txt").write_text("")
    if not first:
        fit(folder)
    told.calls.clear()
    before = tree(own_home, folder)
    request = dry_run(plan(folder, dry_run=True, name="train-abc"), Quiet())
    assert tree(own_home, folder) == before
    assert told.calls == ["image_target", "render_artifacts", "image_target", "plan_submission"]
    assert request.body["image"] == "registry.example.org/digits"


def test_a_dry_run_of_the_local_driver_changes_nothing(folder: Path, own_home: Path) -> None:
    before = tree(own_home, folder)
    request = dry_run(
        plan(folder, dry_run=True, options={"train_driver": "local"}, pairs=["grace=3"]), Quiet()
    )
    assert tree(own_home, folder) == before
    assert (request.name, request.body["grace"]) == ("digits-train-1", 3.0)
