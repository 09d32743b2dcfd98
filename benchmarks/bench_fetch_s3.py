"""What `fahr fetch` of a large archive costs, against `aws s3 cp` followed by `tar xz`."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import zlib
from contextlib import contextmanager
from multiprocessing import Process
from pathlib import Path
from typing import TYPE_CHECKING

from downloads import GIGABYTES, compared
from paired import fahr
from s3_files import BUCKET, KEY, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 64 * 1024**2


def main() -> int:
    """Fetch the same archive in turn by both, each time into an empty folder."""
    aws = Path(sys.executable).with_name("aws")
    if not aws.exists() or importlib.util.find_spec("fahr_sagemaker") is None:
        print("left out: install fahr-sagemaker and awscli beside this Python")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        archive = folder / "model.tar.gz"
        pieces = max(1, round(GIGABYTES * 1024**3 / PIECE))
        # In a process of its own: a command's peak of memory begins with that of who starts it.
        maker = Process(target=made, args=(archive, pieces))
        maker.start()
        maker.join()
        with served(archive):
            copy = f"{aws} s3 cp --only-show-errors s3://{BUCKET}/{KEY} model.tar.gz"
            baseline = ("aws s3 cp; tar xz", ["sh", "-c", f"{copy} && tar xzf model.tar.gz"])
            by_fahr = [fahr(), "fetch", "./out", NAME, "--train-driver=sagemaker"]
            size = archive.stat().st_size
            return compared(baseline, by_fahr, folder, size, lambda out: is_whole(out, pieces))


def is_whole(folder: Path, pieces: int) -> bool:
    """Tell whether the archive was unpacked below a folder."""
    return next(folder.rglob("weights.bin")).stat().st_size == pieces * PIECE


def made(place: Path, pieces: int) -> None:
    """Make an archive of one file: random numbers as a network's weights are written.

    A piece is compressed once, with a full flush at its end, so that it can be repeated.
    """
    piece = bytearray(random.Random(1).randbytes(PIECE))
    piece[3::4] = b"\x3e" * (PIECE // 4)  # the exponents of 32-bit numbers are much alike
    first = tar_header("weights.bin", pieces * PIECE)
    with place.open("wb") as file:
        file.write(b"\x1f\x8b\x08\x00" + b"\0" * 6)
        file.write(deflated(first))
        middle = deflated(bytes(piece))
        for _ in range(pieces):
            file.write(middle)
        end = b"\0" * 1024
        file.write(zlib.compressobj(6, zlib.DEFLATED, -15).flush(zlib.Z_FULL_FLUSH))
        last = zlib.compressobj(6, zlib.DEFLATED, -15)
        file.write(last.compress(end) + last.flush())
        checksum = zlib.crc32(first)
        for part in (*[piece] * pieces, end):
            checksum = zlib.crc32(part, checksum)
        size = len(first) + pieces * PIECE + len(end)
        file.write(checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little"))


def tar_header(name: str, size: int) -> bytes:
    """Give the block that begins a file in a tar."""
    import tarfile

    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def deflated(data: bytes) -> bytes:
    """Compress a piece so that it depends upon nothing before it and ends at a byte."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


@contextmanager
def served(archive: Path) -> Iterator[None]:
    """Serve the archive and the job, and lead every AWS client there."""
    command = [sys.executable, str(Path(__file__).with_name("s3_files.py")), str(archive)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.stdout.readline().strip()}",
        AWS_ACCESS_KEY_ID="AKIAEXAMPLE",
        AWS_SECRET_ACCESS_KEY="of-nobody",
        AWS_REGION="eu-west-1",
        AWS_DEFAULT_REGION="eu-west-1",
        FAHR_HOME=str(archive.parent / "home"),
        NO_PROXY="127.0.0.1",
    )
    try:
        yield
    finally:
        server.kill()
        server.communicate()


if __name__ == "__main__":
    sys.exit(main())
