"""What a job reads: objects of S3, a folder of this machine, another job's output, secrets."""

from __future__ import annotations

from tests.e2e.at_cloud import LOOK

SECRET = "correct-horse-battery"  # made up


def test_inputs_of_all_three_kinds(fahr, aws):
    s3 = aws.client("s3", own=True)
    s3.put_object(Bucket="models", Key="sets/a/x.csv", Body=b"1,2")
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\n")
    prior, _ = fahr.sent("train.py")
    made_here = fahr("fit", "train.py", "--train-driver=local").line
    fahr("wait", made_here)
    fahr.write("train.py", LOOK)
    (fahr.folder.parent / "images").mkdir()
    (fahr.folder.parent / "images" / "one.txt").write_text("local")
    inputs = (
        "--input=data=s3://models/sets",
        "--input=images=../images",
        f"--input=prior=job:{prior}",
        f"--input=local=job:{made_here}",
    )
    name, job = fahr.sent("train.py", *inputs)
    assert job.reason == ""
    printed = fahr.printed(name)
    assert "data/a/x.csv 1,2" in printed
    assert "images/one.txt local" in printed
    assert "prior/model.txt weights" in printed
    assert "local/model.txt weights" in printed
    uploads = [call.parameters["Key"] for call in aws.called("s3:PutObject") if "one" in str(call)]
    fahr.sent("train.py", *inputs)
    again = [call.parameters["Key"] for call in aws.called("s3:PutObject") if "one" in str(call)]
    assert again == uploads  # by its content, it is there already


def test_a_secret_is_where_the_job_reads_it_and_nowhere_else(fahr, aws):
    fahr.write("train.py", "import os\nprint('length', len(os.environ['TOKEN']))\n")
    name, job = fahr.sent("train.py", "--secret=TOKEN", env={"TOKEN": SECRET})
    assert job.reason == ""
    assert f"length {len(SECRET)}" in fahr.printed(name)
    (call,) = aws.called("sagemaker:CreateTrainingJob")
    assert SECRET not in str(call.parameters)
    assert "secretsmanager:GetSecretValue" in aws.permissions("job")
    kept = [path for path in fahr.home.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    fahr.ended(name)
    assert "secretsmanager:DeleteSecret" in aws.permissions()
