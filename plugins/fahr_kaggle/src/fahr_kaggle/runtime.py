"""How Kaggle looks from inside a job. Standard library only, any Python from 3.8 on.

The archive lies unpacked in one folder; what the job leaves has to be under /kaggle/working.
"""

import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any, Dict, List, Optional

WORKING = "/kaggle/working"
MOUNTS = "/kaggle/input"
CHECKPOINTS = "checkpoints"
RECORD = "fahr-job.json"
#: Files with these names are archives of fahr's, which Kaggle leaves packed.
PACKED = ".fahr"
#: The name in such an archive of a file that is all that there is.
ALONE = ".fahr-alone"
#: Packages of the image that are named in the log.
SHOWN = 8
#: Where Kaggle puts a source, by its kind: below the mounts, owner and slug filled in.
LAYOUTS = {
    "dataset": ("datasets/{owner}/{slug}", "{slug}"),
    "kernel": ("notebooks/{owner}/{slug}", "kernels/{owner}/{slug}", "{slug}"),
    "competition": ("competitions/{slug}", "{slug}"),
    "model": ("models/{owner}/{slug}/{rest}", "{slug}/{rest}"),
}


#: What sessions are called by themselves, such as kaggle_...-100239486-webtier; 2026-11.
SESSION = "KAGGLE_CONTAINER_NAME"


def places() -> Dict[str, str]:
    """Tell the job's folders, and its Python where it has an environment of its own."""
    tell_session()
    here = _here()
    described = _description()
    code = here / "code"
    _unpack_code(described, code)
    checkpoints = Path(WORKING, CHECKPOINTS)
    link_inputs(described, here / "inputs")
    restore_output(described, Path(WORKING))
    found = {
        "code": str(code),
        "work": str(code),
        "output": WORKING,
        "inputs": str(here / "inputs"),
        "checkpoints": str(checkpoints),
    }
    lock = here / "environment.lock"
    if lock.exists():
        python = _environment(lock, described)
        if python:
            found["python"] = python
    return found


def tell_session() -> None:
    """Print the session's number, by which it can be stopped: no answer of Kaggle's has it."""
    numbers = re.findall(r"(?<![A-Za-z0-9])[0-9]{5,}(?![A-Za-z0-9])", os.environ.get(SESSION, ""))
    if numbers:
        sys.stderr.write("fahr: session {}\n".format(numbers[-1]))
        sys.stderr.flush()


def nodes() -> Dict[str, int]:
    """Tell that there is one."""
    return {"rank": 0, "count": 1}


def secrets(names: List[str]) -> Dict[str, str]:
    """Hand over no secrets: the driver does not declare that it can."""
    raise NotImplementedError(", ".join(names))


def report_failure(reason: str) -> None:
    """Do nothing: the driver finds the reason in fahr-job.json, and in the log's last lines."""


def deliver(output: str) -> None:
    """Leave the output where it is: Kaggle keeps what is under /kaggle/working."""


def mounted(source: Dict[str, str]) -> Optional[Path]:
    """Find a source's folder among the mounts, in either of Kaggle's layouts."""
    owner, _, rest = source["name"].rpartition("/") if source["kind"] != "model" else ("", "", "")
    slug = rest
    if source["kind"] == "model":
        owner, slug, rest = (source["name"].split("/", 2) + ["", ""])[:3]
    for layout in LAYOUTS[source["kind"]]:
        path = Path(MOUNTS, layout.format(owner=owner, slug=slug, rest=rest))
        if path.is_dir():
            return path
    return None


def link_inputs(described: Dict[str, Any], folder: Path) -> None:
    """Make a folder in which each input lies by its name, and each other source by its slug."""
    folder.mkdir(parents=True, exist_ok=True)
    kaggle = described["kaggle"]
    for source in kaggle["sources"]:
        place = mounted(source)
        if place is not None:
            _link(place, folder / source["name"].split("/")[-1])
    for name, source in kaggle["inputs"].items():
        place = mounted(source)
        if place is None:
            raise FileNotFoundError("input {}: {} is not mounted".format(name, source["name"]))
        packed = _packed(place)
        if packed is None:
            _link(place, folder / name)
        else:
            unpack(packed, folder / name)


def restore_output(described: Dict[str, Any], working: Path) -> None:
    """Bring what a chain's last session has left back, its checkpoints among it.

    Raises:
        ValueError: it is another job's, which was pushed to the kernel meanwhile.
    """
    previous = described["kaggle"].get("previous")
    place = mounted(previous) if previous else None
    if place is None:
        return
    name = _name_in(place / RECORD)
    if name and name != described["name"]:
        raise ValueError("the newest output of {} is that of {}".format(previous["name"], name))
    for path in place.rglob("*"):
        target = working / path.relative_to(place)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif target.name != RECORD:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path), str(target))


def _name_in(record: Path) -> Optional[str]:
    """Give the job that a record is of; a session that was killed has left none."""
    try:
        name: Optional[str] = json.loads(record.read_text("utf-8")).get("name")
    except (OSError, ValueError):
        return None
    return name


def unpack(archive: Path, destination: Path) -> None:
    """Unpack an archive of fahr's; a file that was an input alone becomes that file."""
    with tarfile.open(str(archive)) as tar:
        members = tar.getmembers()
        if [member.name for member in members] == [ALONE]:
            stream: Any = tar.extractfile(members[0])
            with stream, destination.open("wb") as file:
                shutil.copyfileobj(stream, file)
            return
        destination.mkdir(parents=True, exist_ok=True)
        for member in members:
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise ValueError("{} leads out of its folder".format(member.name))
        tar.extractall(str(destination), **_trusting())


def _trusting() -> Dict[str, Any]:
    # Its names are checked above, and fahr made it; newer Pythons want a filter named.
    return {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}


def _here() -> Path:
    return Path(os.environ["FAHR_JOB_FILE"]).parent


def _description() -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(
        Path(os.environ["FAHR_JOB_FILE"]).read_text(encoding="utf-8")
    )
    return found


def _unpack_code(described: Dict[str, Any], folder: Path) -> None:
    if folder.exists():
        return
    archive = _here() / "code.tar"
    if not archive.exists():
        archive = _from_dataset(described["kaggle"]["code"])
    unpack(archive, folder)


def _from_dataset(name: str) -> Path:
    place = mounted({"kind": "dataset", "name": name})
    packed = _packed(place) if place else None
    if packed is None:
        raise FileNotFoundError("the dataset {} with the job's code is not mounted".format(name))
    return packed


def _packed(place: Path) -> Optional[Path]:
    found = sorted(place.glob("*" + PACKED))
    return found[0] if len(found) == 1 else None


def _link(place: Path, link: Path) -> None:
    if not link.is_symlink() and not link.exists():
        link.symlink_to(place)


def _environment(lock: Path, described: Dict[str, Any]) -> Optional[str]:
    """Install what the image does not have; give the Python, None where it has everything."""
    from fahr_launcher import image_packages  # type: ignore[import-not-found]
    from fahr_launcher.env import install  # type: ignore[import-not-found]

    wheels = described["kaggle"].get("wheels")
    if wheels:
        folder = _here() / "wheels"
        unpack(_from_dataset(wheels), folder)
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder))
        os.environ.update(UV_OFFLINE="1", UV_NO_INDEX="1", UV_FIND_LINKS=str(folder))
    version = (described.get("environment") or {}).get("python")
    python, target = _python(version), str(_here() / "environment")
    needed, found, left = "", [], 0
    if python == sys.executable:
        text = lock.read_text(encoding="utf-8")
        needed, found, left = image_packages.without(text, image_packages.installed())
    if not found:
        whole: str = install(str(lock), target, python)
        return whole
    sys.stderr.write("fahr: Kaggle's image has {}\n".format(_listed(found)))
    if not left and "# unhashed: " not in needed:
        return None
    rest = lock.with_suffix(".needed")
    rest.write_text(needed, encoding="utf-8")
    interpreter: str = install(str(rest), target, python, whole=False)
    image_packages.lend(interpreter)
    return interpreter


def _listed(names: List[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (" and {} more".format(more) if more > 0 else "")


def _python(version: Optional[str]) -> str:
    """Choose the Python of the lock's version; uv brings one where the image has none."""
    own = "{}.{}".format(*sys.version_info[:2])
    wanted = ".".join((version or own).split(".")[:2])
    if wanted == own:
        return sys.executable
    found = shutil.which("python" + wanted)
    return found or (wanted if shutil.which("uv") else sys.executable)
