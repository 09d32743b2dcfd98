"""Makes and starts a job's container, once; finds a submission whose answer was lost.

A container has the job's name and its run id as a label.  One that was started is the job, at
whatever end it is.  One that was made and not started is what a process that died has left:
it is taken away, after which it cannot start any more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import container
from fahr_core.errors import FahrError
from fahr_core.models import Absent, Found, Job, Refused, Submitted, Unknown, dumps, loads
from fahr_docker.train_driver import keeping, runtime
from fahr_docker.train_driver.archive import Owner, file, folder, input_entries, tar_parts
from fahr_docker.train_driver.connection import EngineLost, containers_at, named_engine
from fahr_docker.train_driver.jobs import ref_of
from fahr_docker.train_driver.planning import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fahr_core.models import Request
    from fahr_docker.staged_tree import Entry
    from fahr_docker.train_driver.containers import Containers, Seen
    from fahr_docker.train_driver.facts import Facts

__all__ = ["find", "find_named", "submit", "submit_all"]


def submit_all(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Start a container for each request."""
    return [submit(request) for request in requests]


def submit(request: Request) -> Submitted | Refused | Unknown:
    """Make the container, put the job's files into it and start it."""
    if ref := keeping.kept_ref(request):
        return Submitted(ref=ref)
    try:
        containers = containers_at(request.body["engine"])
        answer = _Sending(request, containers).run()
    except EngineLost as error:  # before it was told to start anything
        return Refused(reason=error.message, busy=True)
    except FahrError as error:
        answer = Refused(reason=error.message, hints=error.hints)
    if not isinstance(answer, Unknown):
        keeping.forget_secrets(request.run_id)
    return answer


def find(request: Request) -> Found | Absent | Unknown:
    """Say whether a request's container was started; if not, it will not be any more."""
    if ref := keeping.kept_ref(request):
        return Found(ref=ref)
    try:
        containers = containers_at(request.body["engine"])
        seen = containers.look(request.remote_name)
        if seen is None or seen.run_id != request.run_id:
            return Absent(reason="the engine has no container of it")
        if seen.started is None and containers.remove(request.remote_name):
            return Absent(reason="its container was not started")
        return Found(ref=ref_of(containers, seen))
    except EngineLost as error:
        return Unknown(reason=error.message)


def find_named(name: str) -> Found | Absent:
    """Find a job by its container's name, whoever sent it.

    Raises:
        EngineLost: no engine answers.
    """
    containers = containers_at(named_engine())
    seen = containers.look(name)
    if seen is None or not seen.run_id or seen.started is None:
        return Absent(reason=f"the engine ({containers.engine.address}) has no such job")
    sent = containers.read(seen.name, runtime.SENT)
    job = loads(Job, sent.decode()) if sent else None
    return Found(ref=ref_of(containers, seen), job=job)


class _Sending:
    def __init__(self, request: Request, containers: Containers) -> None:
        self._request = request
        self._name = request.remote_name
        self._containers = containers
        self._facts = containers.facts

    def run(self) -> Submitted | Refused | Unknown:
        seen = self._containers.look(self._name)
        if seen and seen.run_id != self._request.run_id:
            return self._taken()
        if seen and seen.started is not None:
            return Submitted(ref=ref_of(self._containers, seen))
        if seen:
            self._containers.remove(self._name)
        made = self._make()
        if made is None:
            return self._taken()
        try:
            self._containers.start(self._name)
        except EngineLost as error:
            return Unknown(reason=error.message)
        except FahrError as error:
            self._containers.remove(self._name, force=True)
            return Refused(reason=error.message, hints=error.hints)
        return Submitted(ref=ref_of(self._containers, made))

    def _taken(self) -> Refused:
        return Refused(
            reason=f"the engine has another container called {self._name}",
            hints=(f"docker rm {self._name}", "fahr fit --name ANOTHER"),
        )

    def _make(self) -> Seen | None:
        """Make the container with the job's files; None where its name is taken."""
        mounted = self._mounted()
        config = _config(self._request.body["container"], mounted, self._facts)
        if not self._containers.make(self._name, config, self._request.body["platform"]):
            return None
        try:
            entries = self._entries(self._request.body["inputs"].keys() - mounted.keys())
            owner, above = Owner.read(config["User"]), [folder(container.FOLDER)]
            self._containers.put(self._name, tar_parts(entries, owner, above))
        except BaseException:
            self._containers.remove(self._name, force=True)
            raise
        return self._containers.look(self._name)

    def _mounted(self) -> dict[str, str]:
        """Give the inputs that the job reads where they are."""
        wanted = self._request.body["mount_inputs"]
        if wanted is None:
            wanted = self._facts.shares_files
        return dict(self._request.body["inputs"]) if wanted else {}

    def _entries(self, copied: set[str]) -> Iterator[Entry]:
        yield folder(runtime.FOLDER)
        for path in (runtime.OUTPUT, runtime.INPUTS, runtime.CHECKPOINTS, runtime.HOME):
            yield folder(path)
        description = json.dumps(self._request.body["description"])
        yield file(runtime.DESCRIPTION, description.encode())
        yield file(runtime.SENT, dumps(self._request.job).encode())
        if secrets := keeping.secrets_of(self._request.run_id):
            yield file(runtime.SECRETS, secrets, 0o600)
        for name in sorted(copied):
            source = Path(self._request.body["inputs"][name])
            yield from input_entries(source, f"{runtime.INPUTS}/{name}")


def _config(planned: Mapping[str, Any], mounted: Mapping[str, str], facts: Facts) -> dict[str, Any]:
    """Give the container's configuration as this engine needs it.

    Where root in a container is nobody special, as in a rootless engine, it is the caller.
    """
    host = dict(planned["HostConfig"])
    if mounted:
        host["Mounts"] = [_mount(name, path) for name, path in sorted(mounted.items())]
    if mounted and facts.labels_files:
        host["SecurityOpt"] = ["label=disable"]  # rather than to label a person's files anew
    user = ROOT if facts.is_rootless else planned["User"]
    return {**planned, "User": user, "HostConfig": host}


def _mount(name: str, path: str) -> dict[str, Any]:
    target = f"{runtime.INPUTS}/{name}"
    return {"Type": "bind", "Source": path, "Target": target, "ReadOnly": True}
