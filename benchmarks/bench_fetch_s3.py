"""What `fahr fetch` of a large archive costs, against `aws s3 cp` followed by `tar xz`."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import contextmanager
from multiprocessing import Process
from pathlib import Path
from typing import TYPE_CHECKING

from paired import fahr
from s3_files import BUCKET, KEY, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOUND = 0.9  # of the throughput
MEMORY = 150 * 1024**2  # bytes at the most
GIGABYTES = float(os.environ.get("BENCH_GIGABYTES", "2"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "3"))
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
            return compared(folder, archive, aws)


def compared(folder: Path, archive: Path, aws: Path) -> int:
    """Time both, print the figures, and tell whether one is past its bound."""
    script = (
        f"{aws} s3 cp --only-show-errors s3://{BUCKET}/{KEY} model.tar.gz && tar xzf model.tar.gz"
    )
    ways = {
        "aws": ["sh", "-c", script],
        "fahr": [fahr(), "fetch", "./out", NAME, "--train-driver=sagemaker"],
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    peak = 0
    for _ in range(PAIRS):
        for way in random.sample(list(ways), k=2):
            seconds, memory = run(ways[way], folder / "work")
            times[way].append(seconds)
            peak = max(peak, memory) if way == "fahr" else peak
    ratio = statistics.median(a / f for a, f in zip(times["aws"], times["fahr"], strict=True))
    medians = {way: statistics.median(found) for way, found in times.items()}
    size = archive.stat().st_size / 1e6
    late, fat = ratio < BOUND, peak > MEMORY
    print(
        f"fetch of {size:.0f} MB: aws s3 cp; tar xz {medians['aws']:.1f} s -> fahr "
        f"{medians['fahr']:.1f} s, {size / medians['fahr']:.0f} MB/s, {ratio:.2f} times the "
        f"throughput, {PAIRS} pairs; bound {BOUND} times{'  TOO SLOW' * late}\n"
        f"peak memory {peak / 1e6:.0f} MB; bound {MEMORY / 1e6:.0f} MB{'  TOO MUCH' * fat}"
    )
    return 1 if late or fat else 0


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


def run(command: Sequence[str], folder: Path) -> tuple[float, int]:
    """Run a command in a new folder; give its seconds and the most memory of one process."""
    folder.mkdir()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = time.perf_counter() - started
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    weights = next(folder.rglob("weights.bin")).stat().st_size
    assert weights % PIECE == 0
    shutil.rmtree(folder)
    return spent, usage.ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
