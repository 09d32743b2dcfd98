"""What a job reads: the bucket, a folder of this machine, another job's output, secrets."""

from __future__ import annotations

import pytest
from tests.e2e.at_cloud import LOOK

from test_roles import included

SECRET = "correct-horse-battery"  # made up
DATA = "--input=data=gs://models/sets"


@pytest.mark.parametrize("mounted", [True, False])
def test_inputs_of_all_three_kinds(fahr, gcp, mounted):
    gcp.gcs_mounted = mounted
    gcp.buckets["models"].write("sets/a/x.csv", b"1,2")
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\n")
    prior, _ = fahr.sent("train.py")
    made_here = fahr("fit", "train.py", "--train-driver=local").line
    fahr("wait", made_here)
    fahr.write("train.py", LOOK)
    (fahr.folder.parent / "images").mkdir()
    (fahr.folder.parent / "images" / "one.txt").write_text("local")
    jobs = (f"--input=prior=job:{prior}", f"--input=local=job:{made_here}")
    inputs = (DATA, "--input=images=../images", *jobs)
    name, job = fahr.sent("train.py", *inputs)
    printed = fahr.printed(name)
    assert job.state == "SUCCEEDED", printed
    assert "data/a/x.csv 1,2" in printed
    assert "images/one.txt local" in printed
    assert "prior/model.txt weights" in printed
    assert "local/model.txt weights" in printed
    assert gcp.permissions("job") <= included("gcp-job-role.yaml")
    uploads = len(gcp.called("storage:objects.insert"))
    fahr.fit("train.py", *inputs)
    jobs = [call for call in gcp.called("storage:objects.insert")[uploads:] if _by_user(gcp, call)]
    assert jobs == []  # by its content, it is there already


def test_an_input_is_read_in_the_bucket_where_that_is_asked_for(fahr, gcp):
    gcp.buckets["models"].write("sets/x.csv", b"1,2")
    fahr.write("train.py", f"import os{LOOK}\nprint(os.path.realpath(top / 'data'))\n")
    name, job = fahr.sent("train.py", DATA, "-c", "inputs=mount")
    printed = fahr.printed(name)
    assert job.state == "SUCCEEDED", printed
    assert "/gcs/models/sets" in printed


def test_a_secret_is_where_the_job_reads_it_and_nowhere_else(fahr, gcp):
    fahr.write("train.py", "import os\nprint('length', len(os.environ['TOKEN']))\n")
    name, job = fahr.sent("train.py", "--secret=TOKEN", env={"TOKEN": SECRET})
    assert f"length {len(SECRET)}" in fahr.printed(name)
    assert SECRET not in str(job.asked)
    assert "secretmanager.versions.access" in gcp.permissions("job")
    kept = [path for path in fahr.home.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    fahr.ended(name)
    assert "secretmanager.secrets.delete" in gcp.permissions()


def _by_user(gcp, call):
    return call.caller == gcp.accounts.user
