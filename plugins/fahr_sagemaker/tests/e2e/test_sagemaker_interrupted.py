"""Somebody presses Ctrl-C: the command ends, nothing is half done, and the next one does it."""

from __future__ import annotations

import math
import random
import signal

import pytest
from tests.clouds.aws import Fault

from placed_jobs import BUCKET, NAME, archive, left, placed

DRIVER = "--train-driver=sagemaker"
#: Several parts of a download: they come in pieces of 4 MiB, four at once.
WEIGHTS = random.Random(7).randbytes(30 * 1024**2)
#: What a fetch is at when no answer comes any more, how many of such calls were answered, and its
#: options: it looks for the job, it has a folder and nothing in it, it is within a file.
MOMENTS = (
    ("sagemaker:DescribeTrainingJob", 0, ()),
    ("s3:ListObjectsV2", 0, ()),
    ("s3:GetObject", 5, ()),
    ("s3:GetObject", 5, ("--no-extract",)),
)


def interrupted(process):
    """Press Ctrl-C; give the status and what was said."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    return process.returncode, output, errors


@pytest.fixture
def job(aws):
    """Give a job that is complete, with an output of several parts."""
    aws.bucket(BUCKET)
    placed(aws, NAME, "Completed")
    left(aws, "model.tar.gz", archive({"config.json": b"{}", "weights.bin": WEIGHTS}))


@pytest.mark.parametrize(("call", "answered", "words"), MOMENTS)
def test_a_fetch(fahr_alone, aws, job, eventually, call, answered, words):
    own = fahr_alone.write("out/weights.bin", "somebody's own")
    aws.faults.add(call, Fault.TIMEOUT, times=math.inf, skip=answered)
    fetch = fahr_alone.start("fetch", "./out", NAME, DRIVER, "--overwrite", *words)
    eventually(lambda: aws.faults.struck, timeout=120)
    assert interrupted(fetch)[:2] == (130, "")
    assert fahr_alone.files() == {"fahr.toml", "out", "out/weights.bin"}
    assert own.read_text() == "somebody's own"
    aws.faults.clear()
    fahr_alone("fetch", "./out", NAME, DRIVER, "--overwrite", *words)
    if words:
        assert (own.parent / "model.tar.gz").stat().st_size > len(WEIGHTS)
    else:
        assert own.read_bytes() == WEIGHTS


@pytest.mark.parametrize("call", ["sts:GetCallerIdentity", "sagemaker:CreateTrainingJob"])
def test_a_fit(fahr, aws, eventually, call):
    fahr.write("train.py", "print('hello')\n")
    is_sent = call == "sagemaker:CreateTrainingJob"
    fault = Fault.SLOW if is_sent else Fault.TIMEOUT  # one takes effect, and nobody is told
    aws.faults.add(call, fault, times=math.inf)
    with aws.no_capacity():
        fit = fahr.start("fit", "train.py", *fahr.drivers)
        eventually(lambda: aws.faults.struck and (aws.jobs or not is_sent), timeout=480)
        assert interrupted(fit)[:2] == (130, "")
        aws.faults.clear()
        names = list(fahr.jobs())
        assert len(names) == len(aws.jobs) == (1 if is_sent else 0)
        if is_sent:  # once it is asked after, which is some seconds later
            eventually(lambda: fahr.job(names[0])["state"] == "submitted", timeout=480)
    assert len(aws.called("sagemaker:CreateTrainingJob")) == len(names)
