"""The GPUs that a job can use, and why it can use none."""

import json
import os
import re
import shutil
import subprocess
from typing import List, Mapping, NamedTuple, Optional, Tuple

PATIENCE = 30.0  # seconds for nvidia-smi

# The oldest NVIDIA driver for each major version of CUDA, where nvidia-smi does not say what
# the driver can do. Source: "CUDA Compatibility", NVIDIA, table "Minor Version Compatibility".
OLDEST_DRIVERS = {11: (450,), 12: (525,), 13: (580,)}

# Frameworks bring CUDA as wheels, nvidia-cuda-runtime-cu12 and its kin; from CUDA 13 on they
# have no suffix.
RUNTIMES = """
import json, os, sys
found = []
for folder in sys.path[1:]:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        continue
    found += [name for name in names if name.startswith("nvidia_cuda_runtime")]
print(json.dumps(found))
"""
RUNTIME = re.compile(r"(nvidia_cuda_runtime\w*)-(\d+(?:\.\d+)*)\.dist-info")


class Cuda(NamedTuple):
    """A version of CUDA that a job needs, and what brings it."""

    version: Tuple[int, ...]
    source: str


class Driver(NamedTuple):
    """The machine's NVIDIA driver, and the newest CUDA that it says it can do."""

    version: str
    cuda: Optional[Tuple[int, ...]]


def gpus() -> List[str]:
    """List the GPUs that the job can use, one line each as `nvidia-smi -L` names them.

    Without nvidia-smi the device files are listed.
    """
    if _hidden():
        return []
    done = _nvidia_smi("-L")
    if done is not None:
        lines = done.stdout.splitlines()
        return [line for line in lines if line.startswith("GPU ")] if done.returncode == 0 else []
    try:
        devices = sorted(os.listdir("/dev"))
    except OSError:
        return []
    return ["/dev/" + name for name in devices if name[:6] == "nvidia" and name[6:].isdigit()]


def why_none(python: str, environment: Mapping[str, str]) -> Optional[str]:
    """Say why a job can use no GPU; None when nothing speaks against it.

    Frameworks train on the CPU without a word when the driver is too old for their CUDA.
    """
    if not gpus():
        return "this machine has none that can be used" + _nvidia_smis_words()
    needed, driver = _needed(python, environment), _driver()
    if needed is None or driver is None or _can(driver, needed.version[0]):
        return None
    oldest = OLDEST_DRIVERS.get(needed.version[0])
    enough = "{} or newer".format(oldest[0]) if oldest else "a newer one"
    most = ", which can do CUDA {} at most".format(_text(driver.cuda)) if driver.cuda else ""
    return (
        "the job would not see it: CUDA {} ({}) needs an NVIDIA driver {}, and this machine's is "
        "{}{}".format(_text(needed.version), needed.source, enough, driver.version, most)
    )


def _hidden() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1", "NoDevFiles")


def _nvidia_smis_words() -> str:
    """Give what nvidia-smi says that is wrong, such as a driver newer than its library."""
    if _hidden():
        return " (CUDA_VISIBLE_DEVICES hides them)"
    done = _nvidia_smi("-L")
    if done is None or done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).strip().splitlines()
    return ": nvidia-smi says: {}".format(said[0][:200]) if said else ""


def _driver() -> Optional[Driver]:
    done = _nvidia_smi()
    if done is None or done.returncode != 0:
        return None
    driver = re.search(r"Driver Version\s*:\s*(\d+(?:\.\d+)*)", done.stdout)
    cuda = re.search(r"CUDA(?: \w+)? Version\s*:\s*(\d+(?:\.\d+)*)", done.stdout)
    return Driver(driver.group(1), _numbers(cuda.group(1)) if cuda else None) if driver else None


def _can(driver: Driver, major: int) -> bool:
    """Tell whether a driver serves a major version of CUDA; its minor ones it serves all."""
    if driver.cuda:
        return driver.cuda[0] >= major
    return _numbers(driver.version) >= OLDEST_DRIVERS.get(major, (0,))


def _needed(python: str, environment: Mapping[str, str]) -> Optional[Cuda]:
    """Give the CUDA of the job's own packages, else the image's."""
    found = [_runtime(name) for name in _runtime_folders(python)]
    wheels = [cuda for cuda in found if cuda is not None]
    if wheels:
        return max(wheels)
    # Source: the Dockerfiles of nvidia/cuda set it.
    image = re.match(r"\d+(?:\.\d+)*", environment.get("CUDA_VERSION", ""))
    return Cuda(_numbers(image.group()), "of the image") if image else None


def _runtime_folders(python: str) -> List[str]:
    try:
        done = subprocess.run(
            [python, "-c", RUNTIMES],
            cwd=os.path.abspath(os.sep),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        return [str(name) for name in json.loads(done.stdout.decode("utf-8"))]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []  # the job fails by the same Python, and says so better


def _runtime(folder: str) -> Optional[Cuda]:
    found = RUNTIME.fullmatch(folder)
    if not found:
        return None
    return Cuda(_numbers(found.group(2)), "from {}".format(found.group(1).replace("_", "-")))


def _nvidia_smi(*words: str) -> "Optional[subprocess.CompletedProcess[str]]":
    if shutil.which("nvidia-smi") is None:  # cheaper than to fail to start it
        return None
    try:
        return subprocess.run(
            ["nvidia-smi", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _text(version: Tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2]))
