"""Every call in turn goes wrong: never a second session, never a lost output."""

from __future__ import annotations

import pytest
from tests.cli.calling import call
from tests.conftest import wait_until

from calls import CHECKS, FIT, KINDS, LIFE, UPLOADS
from fahr_core import jobs, output, settlement, submission
from fahr_core.errors import ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from jobs import experiment, patiently

__all__ = ["call"]

WRITING = "open('model.bin', 'wb').write(bytes(range(256)) * 400)\nprint('end')\n"


@pytest.fixture(autouse=True)
def soon(impatient):
    """Wait less than for the real service, and give up sooner."""


def fit(place, **order):
    """Send a job as a person would: again, where fahr says that nothing was started."""
    options = {"train_driver": "kaggle", **order.pop("options", {})}
    for _ in range(3):
        plan = make_plan(Order(artifact="train.py", cwd=place, options=options, **order))
        try:
            return submission.submit(plan, Quiet())
        except ServiceError:
            ledger = Ledger.at_home()
            settlement.settle(ledger, jobs.open_for, again_after=0)
            records, count = ledger.listing()
            if count:
                return records[0]
    raise AssertionError("it could not be sent in three attempts")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", FIT)
def test_one_call_goes_wrong(tmp_path, kaggle, call, kind):
    kaggle.faults.add(call, kind, seconds=0.2)
    record = fit(experiment(tmp_path, {"train.py": WRITING}))
    ledger = Ledger.at_home()
    record = patiently(lambda: jobs.wait(ledger, record, 60))
    assert record.state is State.COMPLETE
    fetched = patiently(
        lambda: output.fetch(ledger, record, Quiet(), destination=tmp_path / "output")
    )
    assert (fetched.folder / "model.bin").read_bytes() == bytes(range(256)) * 400
    assert (fetched.folder / "fahr-job.log").read_text() == "end\n"
    assert len(kaggle.sessions) == 1
    assert kaggle.faults.left == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", UPLOADS)
def test_one_call_of_an_upload_goes_wrong(tmp_path, kaggle, call, kind):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").write_text("1")
    kaggle.faults.add(call, kind, seconds=0.2)
    script = "import os; print(open(os.environ['FAHR_INPUT_DIR'] + '/d/one.txt').read())"
    place = experiment(tmp_path, {"train.py": script})
    record = fit(place, inputs=(f"d={tmp_path / 'data'}",))
    ledger = Ledger.at_home()
    record = patiently(lambda: jobs.wait(ledger, record, 60))
    assert record.state is State.COMPLETE
    assert len(kaggle.sessions) == 1
    assert len(kaggle.datasets.all()) == 1
    assert kaggle.faults.left == 0


@pytest.fixture
def token(kaggle, outside):
    """Have a token alone, so that Kaggle has to be asked whose it is; a competition is entered."""
    outside.setenv("KAGGLE_API_TOKEN", kaggle.me.token)
    outside.delenv("KAGGLE_USERNAME")
    outside.delenv("KAGGLE_KEY")
    kaggle.join("titanic", {"train.csv": "1"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CHECKS)
def test_one_call_of_the_checks_goes_wrong(tmp_path, kaggle, token, call, kind):
    kaggle.faults.add(call, kind, seconds=0.2)
    place = experiment(tmp_path, {"train.py": WRITING})
    record = fit(place, options={"gpu": "any"}, pairs=["competition_sources=titanic"])
    ledger = Ledger.at_home()
    record = patiently(lambda: jobs.wait(ledger, record, 60))
    assert record.state is State.COMPLETE
    assert len(kaggle.sessions) == 1
    assert kaggle.faults.left == 0


def test_no_call_is_missing_in_the_tables(tmp_path, kaggle, token, call, monkeypatch):
    """A new call of the API has to be put where its faults are tried."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").write_text("1")
    text = WRITING + "import time; time.sleep('wait' in params and 600)"
    place = experiment(tmp_path, {"train.py": f"params = ''\n{text}"})
    monkeypatch.chdir(place)
    more = ("--gpu", "-c", "competition_sources=titanic", "--input", f"data={tmp_path / 'data'}")
    name = call("fit", "train.py", "--train-driver=kaggle", *more).out.strip()
    for words in (["wait", name], ["logs", name], ["fetch", "./output/", name], ["doctor"]):
        assert call(*words).status == 0, words
    assert call("fetch", "./again/", "anna/train", "--train-driver=kaggle").status == 0
    name = call("fit", "train.py", "-p", "params=wait", "--train-driver=kaggle").out.strip()
    wait_until(lambda: "end" in kaggle.sessions[1].log.text, 60)
    assert call("status", name).status == 0
    assert call("ls", "--remote", "--train-driver=kaggle").status == 0
    assert call("stop", name).status == 0
    assert call("wait", name).status == 1
    assert {one.name for one in kaggle.calls} == LIFE
