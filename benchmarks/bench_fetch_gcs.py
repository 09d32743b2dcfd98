"""What `fahr fetch` of a large model costs, against Google's own client for Cloud Storage."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from multiprocessing import Process
from pathlib import Path
from typing import TYPE_CHECKING

from downloads import GIGABYTES, compared
from gcs_files import BUCKET, NUMBER, PREFIX, PROJECT, REGION
from paired import fahr

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 32 * 1024**2

#: The quickest way that the client has for each: a large object in slices by several processes,
#: smaller ones side by side.
CLIENT = """
import sys
from google.cloud.storage import Client, transfer_manager
bucket, prefix = sys.argv[1:]
blobs = list(Client(project="digits").list_blobs(bucket, prefix=prefix))
large = [blob for blob in blobs if blob.size > 64 * 1024**2]
names = [blob.name.removeprefix(prefix) for blob in blobs if blob not in large]
for blob in large:
    transfer_manager.download_chunks_concurrently(blob, blob.name.removeprefix(prefix))
found = transfer_manager.download_many_to_path(
    blobs[0].bucket, names, blob_name_prefix=prefix, raise_exception=True
)
"""


def main() -> int:
    """Fetch the same objects in turn by both, each time into an empty folder."""
    missing = [program for program in ("openssl", "uv") if shutil.which(program) is None]
    if importlib.util.find_spec("fahr_gcp") is None or missing:
        print(f"left out: install {', '.join(['fahr-gcp beside this Python', *missing])}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # In a process of its own: a command's peak of memory begins with that of who starts it.
        maker = Process(target=made, args=(folder / "objects",))
        maker.start()
        maker.join()
        client = environment(folder / "client")
        with served(folder):
            by_client = [str(client), "-c", CLIENT, BUCKET, f"{PREFIX}model/"]
            by_fahr = [fahr(), "fetch", "./out", NUMBER, "--train-driver=gcp"]
            size = size_of(folder / "objects")
            baseline = ("google-cloud-storage", by_client)
            return compared(baseline, by_fahr, folder, size, lambda out: size_of(out) == size)


def size_of(folder: Path) -> int:
    """Give the bytes of the objects below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.bin"))


def made(folder: Path) -> None:
    """Make what a job left: half of it in one object, half in objects of 32 MiB."""
    folder.mkdir()
    pieces = max(2, round(GIGABYTES * 1024**3 / PIECE))
    piece = random.Random(1).randbytes(PIECE)
    with (folder / "weights.bin").open("wb") as file:
        for _ in range(pieces // 2):
            file.write(piece)
    first = folder / "shard-000.bin"
    first.write_bytes(piece)
    for number in range(1, pieces - pieces // 2):
        os.link(first, folder / f"shard-{number:03}.bin")


def environment(place: Path) -> Path:
    """Make an environment with Google's client; give its Python."""
    python = place / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, place], check=True)
    command = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    subprocess.run([*command, "google-cloud-storage"], check=True)
    return python


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """Serve the objects and the job, and lead every client of Google's there."""
    server = Path(__file__).with_name("gcs_files.py")
    command = [sys.executable, str(server), str(folder / "objects")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            endpoint = f"http://127.0.0.1:{process.stdout.readline().strip()}"
            os.environ.update(
                STORAGE_EMULATOR_HOST=endpoint,
                CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM=endpoint,
                GOOGLE_APPLICATION_CREDENTIALS=str(key_file(folder, endpoint)),
                FAHR_GCP__PROJECT=PROJECT,
                FAHR_GCP__REGION=REGION,
                FAHR_HOME=str(folder / "home"),
                NO_PROXY="127.0.0.1",
            )
            yield
        finally:
            process.kill()


def key_file(folder: Path, endpoint: str) -> Path:
    """Write the key of a service account that gets its tokens here; give the file."""
    private = subprocess.run(
        ["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True
    ).stdout
    told = {"type": "service_account", "project_id": PROJECT, "private_key": private}
    told |= {"client_email": f"of-nobody@{PROJECT}.invalid", "token_uri": f"{endpoint}/token"}
    file = folder / "key.json"
    file.write_text(json.dumps(told))
    return file


if __name__ == "__main__":
    sys.exit(main())
