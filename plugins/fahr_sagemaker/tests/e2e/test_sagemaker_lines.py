"""The lines of the first fahr, word for word, with an image for a GPU."""

from __future__ import annotations

import pytest

CUDA = "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"
WORDS = (
    "train.py",
    "--train-driver=sagemaker",
    "--build-driver=local-gpu",
    "--config.output_path=s3://models/runs",
    "--config.role_name=trainer",
)


@pytest.fixture(autouse=True)
def cuda(aws_engine):
    """Skip where the engine has no base with CUDA."""
    from docker.errors import ImageNotFound

    try:
        aws_engine.images.get(CUDA)
    except ImageNotFound:
        pytest.skip(f"the engine has no {CUDA}; .ci/engine makes it")


def test_init_fit_copy_and_fetch_as_they_stand(fahr, aws, tmp_path):
    (fahr.folder / "fahr.toml").unlink()
    fahr.write("train.py", "epochs = 1\nopen('model.txt', 'w').write(str(epochs))\n")
    fahr("init", *WORDS)
    assert f"FROM {CUDA} AS env" in (fahr.folder / "Dockerfile").read_text()
    name = fahr("fit", *WORDS, timeout=900).line
    job = fahr.at_service(name)
    assert job.request["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    other = tmp_path / "digits96"
    other.mkdir()
    fahr("copy", f"{fahr.folder}/", "./", "--include-training-artifact=train.py", cwd=other)
    assert (other / "fahr.toml").read_text() == (fahr.folder / "fahr.toml").read_text()
    job.wait_for("final", timeout=480)
    assert job.reason == ""
    fahr("fetch", "./", name, cwd=other)
    assert (other / "model.txt").read_text() == "1"
    again = fahr("fit", "-p", "epochs=2", timeout=480).line  # by what init has written
    assert fahr.at_service(again).request["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
