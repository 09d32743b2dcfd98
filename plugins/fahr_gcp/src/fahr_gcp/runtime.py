"""How a custom job of Vertex AI looks from inside. Standard library only, Python from 3.8 on.

The job works on its own disk. What it leaves in its output and among its checkpoints is copied to
its folder in the bucket as it appears and at the end (`inside/mirror.py`), through `/gcs` where
the bucket is mounted, else by uploads with the service account's token (`inside/bucket.py`).

Source: "Custom training", Vertex AI: "Prepare training code" and "Distributed training".
"""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from .inside.bucket import at_once, get, listing, mounted, put, remove
from .inside.calls import ServiceError, asked, endpoint
from .inside.mirror import Folder, Mirror

TOP = Path("/tmp/fahr")
CODE = "/opt/fahr/code"
PAPERMILL = Path("/opt/fahr/papermill/bin/python")

MASTER_PORT = 29500
NAME_PATIENCE = 300.0  # seconds until the first machine's name has to mean an address

_mirror = Mirror()


def places() -> Dict[str, Any]:
    """Tell the job's folders; inputs and the checkpoints of an earlier start lie there then."""
    base = os.environ["FAHR_PLACE"]
    bring_inputs()
    remove(_failure_uri())
    checkpoints = Folder(TOP / "checkpoints", base + "/checkpoints/")
    checkpoints.restore()
    _mirror.begin([checkpoints, Folder(TOP / "output", base + "/model/")])
    return {
        "code": CODE,
        "work": str(TOP / "work"),
        "output": str(TOP / "output"),
        "inputs": str(TOP / "inputs"),
        "checkpoints": str(TOP / "checkpoints"),
        "papermill_python": str(PAPERMILL) if PAPERMILL.exists() else None,
    }


def nodes() -> Dict[str, Any]:
    """Tell this machine's rank among the job's, and where the first one is.

    The port is the one in the cluster's description, which is open between the machines.
    """
    rank, machines = task()
    if len(machines) < 2:
        return {"rank": 0, "count": 1}
    host, _, port = machines[0].partition(":")
    until = time.monotonic() + NAME_PATIENCE
    while not _has_address(host):  # the machines do not come up all at once
        if time.monotonic() > until:
            raise ServiceError("the first machine {} has no address".format(host))
        time.sleep(1)
    found = {"rank": rank, "count": len(machines), "master_addr": host}
    return dict(found, master_port=int(port or MASTER_PORT))


def secrets(names: Sequence[str]) -> Dict[str, str]:
    """Read the job's secrets as its service account, from where `FAHR_SECRETS` says."""
    version = os.environ.get("FAHR_SECRETS", "")
    told = asked("GET", "{}/v1/{}:access".format(endpoint("secretmanager"), version))
    found = json.loads(base64.b64decode(told["payload"]["data"]).decode("utf-8"))
    missing = [name for name in names if name not in found]
    if missing:
        raise ServiceError("{} holds no {}".format(version, ", ".join(missing)))
    return {name: found[name] for name in names}


def report_failure(reason: str) -> None:
    """Leave the reason in the bucket: Vertex AI itself tells the exit status alone."""
    TOP.mkdir(parents=True, exist_ok=True)
    (TOP / "failure.txt").write_text(reason, encoding="utf-8")
    put(TOP / "failure.txt", _failure_uri())


def deliver(output: str) -> None:  # noqa: ARG001 - it is the folder that places() named
    """Copy what is not in the bucket yet of the output, which is watched, and of checkpoints."""
    _mirror.finish()


def task() -> Tuple[int, List[str]]:
    """Give this machine's rank, and all machines in the order of theirs: the first pool's first."""
    told = json.loads(os.environ.get("CLUSTER_SPEC") or "{}")
    cluster = told.get("cluster") or {}
    pools = sorted(cluster, key=lambda pool: (len(pool), pool))  # workerpool10 after workerpool9
    own = told.get("task") or {}
    mine = (own.get("type"), int(own.get("index") or 0))
    order = [(pool, index) for pool in pools for index in range(len(cluster[pool]))]
    machines = [str(cluster[pool][index]) for pool, index in order]
    return order.index(mine) if mine in order else 0, machines


def bring_inputs() -> None:
    """Put each input below `inputs` by its name: copied, or as a link to where it is mounted."""
    top = TOP / "inputs"
    top.mkdir(parents=True, exist_ok=True)
    inputs = json.loads(os.environ.get("FAHR_INPUTS") or "{}")
    for name, uri in sorted(inputs.items()):
        place = mounted(uri)
        linked = os.environ.get("FAHR_INPUT_MODE") == "mount"
        if linked and place is not None and place.is_dir():
            if not (top / name).is_symlink():
                (top / name).symlink_to(place)
        else:
            _copy_input(uri, top / name)


def _copy_input(uri: str, place: Path) -> None:
    found = listing(uri)
    if not found:
        raise ServiceError("the input {} is empty: nothing is at {}".format(place.name, uri))
    place.mkdir(exist_ok=True)
    at_once(lambda one: get(one[1], place / one[0]), sorted(found.items()))


def _failure_uri() -> str:
    return "{}/fahr/failure-{}.txt".format(os.environ["FAHR_PLACE"], task()[0])


def _has_address(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, MASTER_PORT))
    except OSError:
        return False
