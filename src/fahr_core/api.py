"""The same work as the command line's, for Python: a script, a notebook cell, a tool.

Nothing is printed; what goes wrong is raised.  A job is a :class:`JobHandle`, whose state
is asked for when it is looked at.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import jobs, output
from fahr_core.durations import duration, parse_duration
from fahr_core.errors import FahrError, JobFailed
from fahr_core.ledger import Ledger
from fahr_core.models import FetchOptions, State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fahr_core.ledger.record import Record
    from fahr_core.models import LogLine
    from fahr_core.reporter import Reporter

__all__ = ["JobHandle", "find_job", "fit", "list_jobs"]


def fit(
    artifact: str | os.PathLike[str] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    train_driver: str | None = None,
    build_driver: str | None = None,
    config: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str | os.PathLike[str]] | None = None,
    secrets: Sequence[str] = (),
    gpu: str | bool | None = None,
    timeout: str | float | None = None,
    name: str | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> JobHandle:
    """Send a training script or notebook off as a job.

    Args:
        artifact: The ``.py`` or ``.ipynb`` file or its folder; None for the current folder's.
        params: Parameters of the artifact, in their types.
        train_driver: Where the job runs; by default what the settings say.
        build_driver: How its image is made, where it needs one.
        config: Settings of the driver by key.
        inputs: Folders, URIs or ``job:NAME`` by the name under which the job finds them.
        secrets: Names of variables, in the environment or the keyring, for the job in secret.
        gpu: True for any GPU, or a type of the service.
        timeout: A time limit, ``"2h"`` or seconds.
        name: The job's name at the service; the same content attaches to it.
        reporter: Who is told of the stages; nobody by default.
        options: Further core settings, such as ``envfile`` or ``nodes``.

    Raises:
        FahrError: what is wrong, before anything was sent.
    """
    from fahr_core.submission import submit

    settings = {
        "train_driver": train_driver,
        "build_driver": build_driver,
        "gpu": "any" if gpu is True else gpu or None,
        "timeout": parse_duration(timeout) if isinstance(timeout, str) else timeout,
        **options,
    }
    order = Order(
        artifact=None if artifact is None else os.fspath(artifact),
        options=settings,
        pairs=[f"{key}={_text(value)}" for key, value in (config or {}).items()],
        params=params or {},
        inputs=[f"{key}={os.fspath(place)}" for key, place in (inputs or {}).items()],
        secrets=secrets,
        name=name,
    )
    return JobHandle(submit(make_plan(order), reporter or Quiet()).name)


def find_job(name: str | None = None) -> JobHandle:
    """Find a job by its name, a unique prefix, or the latest of the current folder.

    Raises:
        UnknownJob: there is none, or several begin with the word.
    """
    return JobHandle(jobs.find(Ledger.at_home(), name, Path.cwd()).name)


def list_jobs(limit: int | None = 20) -> list[JobHandle]:
    """List the recorded jobs, the newest first."""
    records, _ = Ledger.at_home().listing(limit=limit)
    return [JobHandle(record.name) for record in records]


class JobHandle:
    """A recorded job; in Jupyter it shows itself as a card."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def record(self) -> Record:
        """Give what is known of the job after asking its driver."""
        ledger = Ledger.at_home()
        jobs.refresh(ledger, [ledger.exact(self.name)])
        return ledger.exact(self.name)

    @property
    def state(self) -> State:
        """Give the job's state after asking its driver."""
        return self.record.state

    def wait(self, timeout: str | float | None = None, *, check: bool = True) -> JobHandle:
        """Wait until the job has ended.

        Args:
            timeout: How long, ``"3h"`` or seconds; None for ever.
            check: Whether a job that failed or was stopped raises.

        Raises:
            JobFailed: the job failed or was stopped.
            NotFinished: it still runs after ``timeout``.
        """
        seconds = parse_duration(timeout) if isinstance(timeout, str) else timeout
        ledger = Ledger.at_home()
        record = jobs.wait(ledger, ledger.exact(self.name), seconds)
        if check and record.state is not State.COMPLETE:
            raise JobFailed(
                f"{self.name} {record.state}: {record.reason or 'no reason is known'}",
                f"fahr logs {self.name} --tail 50",
            )
        return self

    def logs(self, *, follow: bool = False) -> Iterator[str]:
        """Give the lines that the job has printed; with ``follow`` until it has ended."""
        ledger = Ledger.at_home()
        if follow:
            lines: Iterator[LogLine] = jobs.follow(ledger, ledger.exact(self.name), _wait_quietly)
        else:
            record = ledger.exact(self.name)
            lines = jobs.read_log(jobs.open_for(record), record)
        for line in lines:
            yield line.text

    def stop(self) -> str:
        """Stop the job; gives ``stopped``, ``stopping`` or ``not-possible``."""
        ledger = Ledger.at_home()
        return jobs.stop(ledger, ledger.exact(self.name)).outcome

    def fetch(
        self,
        destination: str | os.PathLike[str] | None = None,
        *,
        include: Sequence[str] = (),
        overwrite: bool = False,
    ) -> Path:
        """Bring the job's output home and give its folder, by default a new ``./<job>``.

        Raises:
            NotFinished: the job still runs.
            OverwriteError: a file stands in the way that fahr did not write.
        """
        ledger = Ledger.at_home()
        fetched = output.fetch(
            ledger,
            ledger.exact(self.name),
            Quiet(),
            destination=None if destination is None else Path(destination),
            options=FetchOptions(include=tuple(include), overwrite=overwrite),
        )
        return fetched.folder

    def __repr__(self) -> str:
        record = self._known()
        return f"<job {self.name}: {_told(record)}>"

    def _repr_html_(self) -> str:
        """Show the job as a card: state, last line of its log, link."""
        record = self._known()
        rows = [f"<b>{html.escape(self.name)}</b> &nbsp; {html.escape(_told(record))}"]
        if record.reason:
            rows.append(html.escape(record.reason))
        if last := self._last_line():
            rows.append(f"<code>{html.escape(last)}</code>")
        if record.link:
            link = html.escape(record.link, quote=True)
            rows.append(f'<a href="{link}">{link}</a>')
        colour = {"complete": "#2da44e", "failed": "#cf222e"}.get(record.state, "#57606a")
        style = f"border-left: 4px solid {colour}; padding: 2px 10px"
        return f'<div style="{style}">{"<br>".join(rows)}</div>'

    def _known(self) -> Record:
        """Give the job as it is, or as it was last: a cell is shown without a network too."""
        try:
            return self.record
        except FahrError:
            return Ledger.at_home().exact(self.name)

    def _last_line(self) -> str:
        last = ""
        try:
            for line in self.logs():
                last = line if line.strip() else last
        except FahrError:
            return ""
        return last[:200]


def _wait_quietly(record: Record) -> None:
    """Tell nobody that a job waits."""


def _told(record: Record) -> str:
    ran = ""
    if record.started:
        import time

        ran = " " + duration(max(0.0, (record.ended or time.time()) - record.started))
    return f"{record.state}{ran}, {record.driver}"


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
