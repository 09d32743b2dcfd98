"""All that is asked of an engine about containers.

Files go in and out by the archive endpoints, which work the same on this machine, on another,
and for a container that has ended.  Source: "Container" in the Docker Engine API, 1.41.
"""

# The Docker SDK has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from fahr_docker.train_driver.connection import asked
from fahr_docker.train_driver.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from fahr_docker.engine.local import Engine
    from fahr_docker.train_driver.facts import Facts

__all__ = ["HOME_LABEL", "JOB_LABEL", "RUN_LABEL", "Containers", "Seen"]

#: Labels of a job's container: its run id, its name, and which fahr's record it is in.
RUN_LABEL, JOB_LABEL, HOME_LABEL = "fahr.run", "fahr.job", "fahr.home"

_NOT_THERE = 404
_CONFLICT = 409
#: Seconds for which a stop is waited for; the engine goes on with it by itself.
_STOP_PATIENCE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A container as the engine tells of it; times are seconds since the epoch."""

    name: str
    run_id: str | None
    home: str | None
    job: str | None
    status: str
    created: float | None
    started: float | None
    ended: float | None
    exit_code: int
    out_of_memory: bool
    memory: int
    grace: float
    error: str

    @property
    def is_running(self) -> bool:
        """Whether its process is there, perhaps paused."""
        return self.status in ("running", "paused", "restarting")


class Containers:
    """The containers of one engine; a method says what it raises only beyond ``asked``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._api = engine.client.api

    @cached_property
    def facts(self) -> Facts:
        """What the engine tells of itself."""
        return facts_of(self.engine)

    def look(self, name: str) -> Seen | None:
        """Tell of a container by its name or whole id; None where there is none.

        To an engine the beginning of another's id would do, too.
        """
        data = self._unless(_NOT_THERE, "looking at", name, self._api.inspect_container)
        if data is None or name not in (data["Id"], str(data["Name"]).lstrip("/")):
            return None
        return _seen(data)

    def make(self, name: str, config: Mapping[str, Any], platform: str) -> bool:
        """Make a container that is not started yet; false where the name is taken."""
        # An older engine, and one that knows no platform, takes the image as it is.
        other = platform if self.engine.is_emulated(platform) else None
        make = self._api.create_container_from_config

        def made(_: str) -> Any:
            return make(dict(config), name, other)

        return self._unless(_CONFLICT, "making", name, made) is not None

    def start(self, name: str) -> None:
        """Start a container."""
        with self._asked("starting", name):
            self._api.start(name)

    def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Unpack a tar in a container, at its root."""
        with self._asked("copying files into", name):
            self._api.put_archive(name, "/", parts)

    def stop(self, name: str, grace: float) -> None:
        """Have the engine stop a container: SIGTERM, and SIGKILL when the grace is over."""
        import requests

        with self._asked("stopping", name), suppress(requests.ReadTimeout):
            url = f"{self._url(name)}/stop"
            self._api.post(url, params={"t": int(grace)}, timeout=(10, _STOP_PATIENCE)).close()

    def remove(self, name: str, *, force: bool = False) -> bool:
        """Remove a container; false where it runs and is not to be killed."""

        def removed(name: str) -> bool:
            self._api.remove_container(name, v=True, force=force)
            return True

        return bool(self._unless(_CONFLICT, "removing", name, self._or_gone(removed)))

    def read(self, name: str, path: str) -> bytes | None:
        """Give a small file of a container; None where it, or the container, is not there."""
        with self._asked("reading from", name), self._archive(name, path) as response:
            if response.status_code == _NOT_THERE:
                return None
            self._check(response)
            with tarfile.open(fileobj=io.BytesIO(response.content)) as tar:
                member = tar.next()
                found = tar.extractfile(member) if member and member.isfile() else None
                return found.read() if found else None

    def has(self, name: str, path: str) -> bool:
        """Tell whether a file is there."""
        with self._asked("looking into", name):
            url = f"{self._url(name)}/archive"
            with self._api.head(url, params={"path": path}, timeout=self._api.timeout) as response:
                return bool(response.ok)

    @contextmanager
    def tree(self, name: str, path: str) -> Iterator[Iterator[bytes]]:
        """Give a tar of what is in a folder of a container, in pieces."""
        with self._asked("fetching from", name), self._archive(name, f"{path}/.") as response:
            self._check(response)
            yield response.iter_content(1024 * 1024)

    @contextmanager
    def log(self, name: str, *, follow: bool) -> Iterator[Iterator[bytes]]:
        """Give what a container printed from its beginning, in pieces."""
        params = {"stdout": "1", "stderr": "1", "follow": str(int(follow))}
        # A job may be silent for hours.
        timeout = None if follow else self._api.timeout
        get, url = self._api.get, f"{self._url(name)}/logs"
        with (
            self._asked("reading the log of", name),
            get(url, params=params, stream=True, timeout=timeout) as response,
        ):
            self._check(response)
            yield _frames(response.raw)

    def size(self, name: str) -> int:
        """Give how many bytes a container has written, which the engine counts for it."""
        with self._asked("looking at", name):
            url, params = f"{self._url(name)}/json", {"size": "1"}
            with self._api.get(url, params=params, timeout=self._api.timeout) as response:
                self._check(response)
                return int(response.json().get("SizeRw") or 0)

    def unfetched(self, home: str, made_before: float) -> list[Seen]:
        """Give the containers of one fahr's jobs that are older than a time and do not run."""
        still = ["created", "exited", "dead"]
        filters = {"label": [f"{HOME_LABEL}={home}"], "status": still}
        with self._asked("listing", "containers"):
            listed = self._api.containers(all=True, filters=filters)
        old = (entry for entry in listed if float(entry["Created"]) < made_before)
        found = [self.look(entry["Id"]) for entry in old]
        return [seen for seen in found if seen is not None]

    # -- asking -------------------------------------------------------------------------

    def _asked(self, what: str, name: str) -> AbstractContextManager[None]:
        return asked(self.engine, f"{what} {name}")

    def _unless(self, status: int, what: str, name: str, ask: Callable[[str], Any]) -> Any:
        """Ask, and give None where the engine answers with this status."""
        import docker

        with self._asked(what, name):
            try:
                return ask(name)
            except docker.errors.APIError as error:
                if error.status_code == status:
                    return None
                raise

    def _or_gone(self, ask: Callable[[str], bool]) -> Callable[[str], bool]:
        import docker

        def asked_once(name: str) -> bool:
            try:
                return ask(name)
            except docker.errors.NotFound:
                return True

        return asked_once

    def _archive(self, name: str, path: str) -> Any:
        url, timeout = f"{self._url(name)}/archive", self._api.timeout
        return self._api.get(url, params={"path": path}, stream=True, timeout=timeout)

    def _check(self, response: Any) -> None:
        import docker
        import requests

        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            raise docker.errors.create_api_error_from_http_exception(error) from error

    def _url(self, name: str) -> str:
        return f"{self._api.base_url}/v{self._api.api_version}/containers/{name}"


def _frames(stream: Any) -> Iterator[bytes]:
    """Give what is in the frames of a log: eight bytes tell the length of each.

    Source: "Attach to a container", "Stream format", in the Docker Engine API.
    """
    while len(head := stream.read(8)) == 8:
        left = int.from_bytes(head[4:], "big")
        while left and (data := stream.read(left)):
            left -= len(data)
            yield data


def _seen(data: Mapping[str, Any]) -> Seen:
    labels = (data.get("Config") or {}).get("Labels") or {}
    state = data["State"]
    return Seen(
        name=str(data["Name"]).lstrip("/"),
        run_id=labels.get(RUN_LABEL),
        home=labels.get(HOME_LABEL),
        job=labels.get(JOB_LABEL),
        status=str(state["Status"]),
        created=_seconds(data.get("Created")),
        started=_seconds(state.get("StartedAt")),
        ended=_seconds(state.get("FinishedAt")),
        exit_code=int(state.get("ExitCode") or 0),
        out_of_memory=bool(state.get("OOMKilled")),
        memory=int((data.get("HostConfig") or {}).get("Memory") or 0),
        grace=float((data.get("Config") or {}).get("StopTimeout") or 0),
        error=str(state.get("Error") or ""),
    )


def _seconds(text: object) -> float | None:
    """Read the engine's time; one that has not come yet is in the year 1."""
    try:
        time = datetime.fromisoformat(cast("str", text))
    except (TypeError, ValueError):
        return None
    return time.timestamp() if time.year > 1 else None
