"""Every call in turn goes wrong: never a second session, never a lost output."""

from __future__ import annotations

import pytest

from fahr_core import jobs, output, settlement, submission
from fahr_core.errors import ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from jobs import experiment, patiently

CALLS = ("GetKernel", "SaveKernel", "GetKernelSessionStatus", "ListKernelSessionOutput", "Download")
UPLOADS = ("GetDatasetStatus", "StartBlobUpload", "Upload", "CreateDataset")
KINDS = ("cut", "slow", "limited", "broken", "lost", "torn", "silent")
WRITING = "open('model.bin', 'wb').write(bytes(range(256)) * 400)\nprint('end')\n"


@pytest.fixture(autouse=True)
def soon(impatient):
    """Wait less than for the real service, and give up sooner."""


def fit(place, **order):
    """Send a job as a person would: again, where fahr says that nothing was started."""
    options = {"train_driver": "kaggle"}
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
@pytest.mark.parametrize("call", CALLS)
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
