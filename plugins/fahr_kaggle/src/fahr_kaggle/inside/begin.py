"""The end of a pushed script: it unpacks the archive above and becomes the launcher.

Standard library only, any Python from 3.8 on.
"""

import base64
import io
import os
import sys
import tempfile
import zipfile


def unpack(archive: str, run: str) -> str:
    """Unpack the archive into a folder of the run's own and give the folder."""
    folder = os.path.join(tempfile.gettempdir(), "fahr-" + run)
    data = base64.b64decode(archive)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        packed.extractall(folder)
    with open(os.path.join(folder, "fahr.zip"), "wb") as file:
        file.write(data)
    return folder


def start(folder: str) -> None:
    """Become the launcher, which runs from the archive itself."""
    os.environ["FAHR_JOB_FILE"] = os.path.join(folder, "job.json")
    os.environ.pop("FAHR_RUNTIME", None)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, os.path.join(folder, "fahr.zip")])
