"""The files of an experiment, and the request: all that is pushed but the file's text.

The text is made from the request when it is sent.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from fahr_core.description import describe_job
from fahr_core.models import Artifacts, Code, RenderedFile, Request, dumps
from fahr_core.store import digest_of
from fahr_kaggle import identity, metadata
from fahr_kaggle.identity import experiment_id
from fahr_kaggle.options import SESSION_LIMIT, options_of, rendered_metadata
from fahr_kaggle.sources import FIELDS, attached, input_sources
from fahr_kaggle.wheels import wheels_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job
    from fahr_kaggle.options import Options
    from fahr_kaggle.sources import Source

__all__ = ["plan", "render"]

#: Seconds that a script has to save after its time limit, before Kaggle kills the session.
GRACE = 30.0
#: Seconds beside a script's own time: the environment is made, the output is put in place.
_AROUND = 900
#: Seconds before the end of a session at which one of a chain ends itself.
_BEFORE_THE_END = 600


def render(job: Job) -> Artifacts:
    """Render ``kernel-metadata.json``, as the official client reads it, and the experiment's id.

    Raises:
        FahrError: a setting or ``kernel-metadata.json`` is wrong.
    """
    described = RenderedFile(path=metadata.FILE, text=rendered_metadata(job), mark="json")
    mine = f"{experiment_id(Path(job.experiment))}\n"
    return Artifacts(files=(described, RenderedFile(path=identity.FILE, text=mine, mark="none")))


def plan(job: Job) -> Request:
    """Make the request for a job; nobody is asked, but local inputs are read for their digest.

    Raises:
        FahrError: a setting, a source or ``kernel-metadata.json`` is wrong.
    """
    options, inputs = options_of(job), input_sources(job)
    offline = bool(job.environment.lock and not options.internet)
    body: dict[str, Any] = {
        "owner": options.owner,
        "slug": options.slug,
        "chain": options.chain,
        "content": content_of(job, inputs),
        "experiment": experiment_id(Path(job.experiment)),
        "machine": options.machine.shape,
        "wheels": wheels_digest(job.environment.lock or "") if offline else None,
        "push": _push(job, options, inputs),
        "description": _description(job, options, inputs),
    }
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        job=job,
        body=body,
        uploads={source.name: source.digest for source in inputs.values() if source.digest},
        lane=options.machine.lane(options.owner),
        # The next session of a chain begins where somebody asks for the job.
        attended=options.chain > 0,
    )


def content_of(job: Job, inputs: Mapping[str, Source]) -> str:
    """Name what would run by a digest, whoever sends it, when, from where, by which name."""
    told = replace(
        job,
        name="",
        run_id="",
        remote_name="",
        experiment=PurePath(job.experiment).name,
        driver_path=None,
        code=Code(digest=job.code.digest, files=0, size=0),
        environment=replace(job.environment, created=None),
        inputs=(),
        git=None,
        drawn_at=0.0,
    )
    brought = {name: source.digest or source.name for name, source in inputs.items()}
    return digest_of(dumps(told).encode() + json.dumps(brought, sort_keys=True).encode())


def _push(job: Job, options: Options, inputs: dict[str, Source]) -> dict[str, Any]:
    """Give the fields of the push; the account's own datasets join when it is sent."""
    push: dict[str, Any] = {
        "newTitle": options.title,
        "language": "python",
        "kernelType": "notebook" if job.kind == "notebook" else "script",
        "isPrivate": options.private,
        "enableGpu": options.machine.kind == "gpu",
        "enableTpu": options.machine.kind == "tpu",
        "enableInternet": options.internet,
    }
    optional = {
        "machineShape": options.machine.shape,
        "dockerImage": options.docker_image,
        "dockerImagePinningType": options.pinning,
        "sessionTimeoutSeconds": _session_seconds(job, options),
    }
    push |= {name: value for name, value in optional.items() if value is not None}
    for source in [*attached(options), *inputs.values()]:
        if source.digest is None:
            names = push.setdefault(FIELDS[source.kind], [])
            if source.name not in names:
                names.append(source.name)
    return push


def _session_seconds(job: Job, options: Options) -> int | None:
    if options.session_timeout is not None:
        return options.session_timeout
    if job.timeout is None:
        return None
    around = _AROUND if job.kind == "script" else 0
    longest = SESSION_LIMIT[options.machine.kind]
    return min(longest, max(60, round(job.timeout) + around))


def _description(job: Job, options: Options, inputs: dict[str, Source]) -> dict[str, Any]:
    described = describe_job(job, grace=GRACE, enforce_timeout=True)
    described.pop("inputs", None)  # the runtime finds them by what Kaggle mounts
    if options.chain and job.timeout is None:
        described["timeout"] = _chained_seconds(options)
    described["gpu"] = options.machine.kind == "gpu"
    described["kaggle"] = {
        "sources": [{"kind": one.kind, "name": one.name} for one in attached(options)],
        "inputs": {
            name: {"kind": source.kind, "name": source.name, "own": source.digest is not None}
            for name, source in inputs.items()
        },
    }
    return described


def _chained_seconds(options: Options) -> float:
    longest = SESSION_LIMIT[options.machine.kind]
    session = min(options.session_timeout or longest, longest)
    return float(max(session - _BEFORE_THE_END, session / 2))
