"""torchrun on two machines: PyTorch itself adds up what each has.

Its wheels on PyPI bring CUDA, gigabytes that no job here has a use for, so that this story is told
where FAHR_TEST_TORCH names a wheel for processors alone.  It takes minutes, most of them to push
the image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fahr_core.container import UV_IMAGE

# Taken at import: each test begins without the caller's FAHR_ variables.
WHEEL = Path(os.environ.get("FAHR_TEST_TORCH", "torch.whl")).absolute()
IMAGE = "fahr-story/torch:cpu"
DOCKERFILE = f"""
FROM {UV_IMAGE} AS uv
FROM python:3.11-slim-bookworm
RUN --mount=type=bind,from=uv,source=/uv,target=/run/uv --mount=type=secret,id=ca \\
    --mount=type=bind,source=.,target=/wheels \\
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \\
    /run/uv pip install --no-cache --system --break-system-packages numpy /wheels/*.whl
"""
TRAIN = """
import os
import torch
import torch.distributed as distributed

distributed.init_process_group("gloo")
rank, world = distributed.get_rank(), distributed.get_world_size()
mine = torch.full((3,), float(rank + 1))
distributed.all_reduce(mine)
print("rank", rank, "of", world, "has", mine.tolist(), flush=True)
torch.save(mine, "sum.pt")
distributed.barrier()
distributed.destroy_process_group()
"""


@pytest.fixture
def torch_image(tmp_path, aws_engine):
    """Build an image with PyTorch for processors."""
    if not WHEEL.exists():
        pytest.skip("FAHR_TEST_TORCH names no wheel of torch for processors (CPython 3.11)")
    context = tmp_path / "torch"
    context.mkdir()
    shutil.copy(WHEEL, context)
    (context / "Dockerfile").write_text(DOCKERFILE)
    ca = os.environ.get("SSL_CERT_FILE")
    lent = [f"--secret=id=ca,src={ca}"] if ca else []
    command = ["docker", "buildx", "build", "--load", *lent, f"--tag={IMAGE}", str(context)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-4000:]
    yield IMAGE
    aws_engine.images.remove(IMAGE, force=True)


@pytest.mark.timeout(2400)
def test_pytorch_adds_up_what_two_machines_have(fahr, torch_image):
    fahr.write("train.py", TRAIN)
    words = ("--nodes=2", f"--train-image={torch_image}")
    name, job = fahr.sent("train.py", *words, timeout=1200)
    assert job.reason == ""
    assert len(job.hosts) == 2
    printed = fahr.printed(name)
    for rank in range(2):
        assert [line for line in printed if f"rank {rank} of 2 has [3.0, 3.0, 3.0]" in line]
    files = fahr.fetched(name)
    assert {"sum.pt", "rank-1/sum.pt"} <= set(files)
