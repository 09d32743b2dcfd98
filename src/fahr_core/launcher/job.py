"""The job description: what the core writes and the launcher reads."""

import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

SCHEMA = 1


class StartError(Exception):
    """The job can not be started as described; the message says why, and is its reason."""


class Job(NamedTuple):
    """One run of a training artifact, as far as the launcher is concerned.

    Times are in seconds. Inputs and the number of nodes are the runtime's to answer for.
    """

    name: str
    artifact: str
    params: Dict[str, Any]
    schema: int = SCHEMA
    driver: str = "unknown"
    kind: str = "script"
    launch: str = "auto"
    secrets: Sequence[str] = ()
    timeout: Optional[float] = None
    grace: float = 30.0
    gpu: bool = False
    exclude: Sequence[str] = ()
    git: Optional[Dict[str, Any]] = None
    image: Optional[str] = None
    environment: Optional[Dict[str, Any]] = None
    log: str = "raw"
    run_script: Optional[str] = None


def parse(document: Mapping[str, Any]) -> Job:
    """Check a job description and give it a shape; unknown fields are ignored.

    Raises StartError when it is of a newer schema or lacks name or artifact.
    """
    schema = document.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StartError(
            "the job description has schema {!r}, this launcher knows {}: rebuild the image "
            "with the fahr that sent the job".format(schema, SCHEMA)
        )
    missing = [field for field in ("name", "artifact") if not document.get(field)]
    if missing:
        raise StartError("the job description lacks " + " and ".join(missing))
    known = {field: document[field] for field in Job._fields if document.get(field) is not None}
    job = Job(**{"params": {}, **known})
    _check_artifact(job.artifact)
    for field, value in (("grace", job.grace), ("timeout", job.timeout)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise StartError("{} {!r} is no number of seconds".format(field, value))
    return job


def _check_artifact(artifact: str) -> None:
    parts = artifact.replace("\\", "/").split("/")
    if os.path.isabs(artifact) or ".." in parts:
        raise StartError("artifact {!r} is not inside the experiment".format(artifact))


def load(environ: Mapping[str, str]) -> Dict[str, Any]:
    """Read the job description from FAHR_JOB_FILE or from FAHR_JOB_0, FAHR_JOB_1 and so on.

    Raises StartError when there is none or it is not JSON.
    """
    path = environ.get("FAHR_JOB_FILE")
    text = _file_text(path) if path else _numbered_text(environ)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise StartError("the job description is not JSON: {}".format(error)) from error
    index = environ.get("FAHR_JOB_INDEX")
    if index is not None and "jobs" in document:
        document = _of_array(document["jobs"], index)
    if not isinstance(document, dict):
        raise StartError("the job description is not a JSON object")
    return document


def _file_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise StartError("the job description can not be read: {}".format(error)) from error


def _numbered_text(environ: Mapping[str, str]) -> str:
    pieces: List[str] = []
    while "FAHR_JOB_{}".format(len(pieces)) in environ:
        pieces.append(environ["FAHR_JOB_{}".format(len(pieces))])
    if not pieces:
        raise StartError(
            "no job description: neither FAHR_JOB_FILE nor FAHR_JOB_0 is set, as fahr fit does; "
            """by hand: FAHR_JOB_0='{"name": "try", "artifact": "train.py"}'"""
        )
    return "".join(pieces)


def _of_array(jobs: List[Any], index: str) -> Any:
    try:
        number = int(index)
        if number < 0:
            raise IndexError(index)
        return jobs[number]
    except (ValueError, IndexError):
        raise StartError("no job {} among the {} described".format(index, len(jobs))) from None
