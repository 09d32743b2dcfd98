"""Where a job's code, inputs and outputs are, and which of its nodes this is."""

import os
import sys
from typing import Any, Dict, Mapping, NamedTuple, Optional

from .job import StartError


class Places(NamedTuple):
    """Folders and interpreters, as the driver's runtime names them."""

    code: str
    work: str
    output: str
    inputs: str
    checkpoints: str
    python: str = sys.executable
    papermill_python: Optional[str] = None
    service_output: Optional[str] = None


class Nodes(NamedTuple):
    """This machine's part of the job."""

    rank: int = 0
    total: int = 1
    master_addr: str = "127.0.0.1"
    master_port: int = 29500
    procs_per_node: Optional[int] = None


def places_from(told: Mapping[str, Any]) -> Places:
    """Check what a runtime's `places()` gave; raises StartError when a folder is missing."""
    missing = [name for name in Places._fields[:5] if not told.get(name)]
    if missing:
        raise StartError("the driver's runtime names no place for " + ", ".join(missing))
    known = {name: os.fspath(told[name]) for name in Places._fields if told.get(name)}
    for name in Places._fields[:5]:
        known[name] = os.path.abspath(known[name])
    return Places(**known)


def nodes_from(told: Mapping[str, Any]) -> Nodes:
    """Check what a runtime's `nodes()` gave."""
    named = dict(told, total=told.get("count"))
    return Nodes(**{name: named[name] for name in Nodes._fields if named.get(name) is not None})


def output_of(places: Places, nodes: Nodes) -> str:
    """Give the folder for this node's output: rank 0's is the top, others have their own."""
    if nodes.rank == 0:
        return places.output
    return os.path.join(places.output, "rank-{}".format(nodes.rank))


def prepare(places: Places, output: str) -> None:
    """Make the folders, and the writable copy of the code when it is asked for.

    Raises StartError when that fails.
    """
    try:
        if not os.path.isdir(places.code):
            raise StartError("the job's code is not at {}".format(places.code))
        if not _same(places.work, places.code):
            _copy(places.code, places.work)
        for folder in (output, places.checkpoints):
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StartError("the job's folders can not be prepared: {}".format(error)) from error


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _copy(code: str, work: str) -> None:
    import shutil

    shutil.copytree(code, work, symlinks=True, dirs_exist_ok=True)
    # An image's files may be read-only; the job's own copy is for writing.
    for folder, _, names in os.walk(work):
        for path in [folder] + [os.path.join(folder, name) for name in names]:
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | 0o600)


def node_environment(nodes: Nodes, by_torchrun: bool) -> Dict[str, str]:
    """Give the variables with which frameworks find the other nodes."""
    if nodes.total < 2:
        return {}
    variables = {
        "MASTER_ADDR": nodes.master_addr,
        "MASTER_PORT": str(nodes.master_port),
        "NNODES": str(nodes.total),
        "NODE_RANK": str(nodes.rank),
    }
    if not by_torchrun:
        variables.update(RANK=str(nodes.rank), WORLD_SIZE=str(nodes.total), LOCAL_RANK="0")
    return variables
