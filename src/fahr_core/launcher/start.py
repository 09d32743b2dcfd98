"""The command that starts a training artifact, and the environment it runs in."""

import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple

from .gpus import gpus, why_none
from .job import Job, StartError
from .places import Nodes, Places, node_environment
from .scratch import Scratch

# The job shall find its own description and not the launcher's, nor start a launcher by it.
LAUNCHERS_OWN = ("FAHR_JOB_FILE", "FAHR_JOB_INDEX", "FAHR_RUNTIME")


class Start(NamedTuple):
    """What to run. `through` names what stands between: nothing, a shell, torchrun."""

    command: List[str]
    environment: Dict[str, str]
    through: str = ""


def prepare_start(
    job: Job,
    places: Places,
    nodes: Nodes,
    output: str,
    secrets: Mapping[str, str],
    scratch: Scratch,
) -> Start:
    """Hand the parameters over and give the command that starts the artifact.

    Raises StartError when the artifact is not there, takes no such parameters, or a GPU is
    asked for and none can be used.
    """
    artifact = os.path.join(places.work, *job.artifact.split("/"))
    if not os.path.isfile(artifact):
        raise StartError("{} is not among the job's files".format(job.artifact))
    if job.gpu:
        _check_gpus(places.python)
    arguments = _hand_over(job, artifact)
    environment = job_environment(job, places, nodes, output, os.environ)
    environment.update(secrets)
    start = _artifact_start(job, places, nodes, output, arguments, environment, scratch)
    return _through_run_script(job, places, start, scratch) if job.run_script else start


def _check_gpus(python: str) -> None:
    problem = why_none(python, os.environ)
    if problem:
        raise StartError("a GPU was asked for and {}".format(problem))


def job_environment(
    job: Job, places: Places, nodes: Nodes, output: str, inherited: Mapping[str, str]
) -> Dict[str, str]:
    """Give the environment of the job: what was inherited, and what fahr promises."""
    environment = {
        name: value
        for name, value in inherited.items()
        if name not in LAUNCHERS_OWN
        and not (name.startswith("FAHR_JOB_") and name[len("FAHR_JOB_") :].isdigit())
    }
    environment.update(
        FAHR_EXECUTION_ENVIRONMENT=job.driver,
        FAHR_JOB_NAME=job.name,
        FAHR_INPUT_DIR=places.inputs,
        FAHR_OUTPUT_DIR=output,
        FAHR_CHECKPOINT_DIR=places.checkpoints,
        FAHR_PARAMS=json.dumps(job.params),
        PYTHONUNBUFFERED="1",
    )
    environment.update(node_environment(nodes, _by_torchrun(job, nodes)))
    environment.update(_activated(places.python, environment))
    return environment


def _activated(python: str, environment: Mapping[str, str]) -> Dict[str, str]:
    """Let `python` and `pip` in run.sh be those of the job's environment, where it is one."""
    programs = os.path.dirname(os.path.abspath(python))
    root = os.path.dirname(programs)
    marks = (("pyvenv.cfg", "VIRTUAL_ENV"), ("conda-meta", "CONDA_PREFIX"))
    for mark, variable in marks:
        if os.path.exists(os.path.join(root, mark)):
            path = environment.get("PATH", os.defpath)
            return {"PATH": programs + os.pathsep + path, variable: root}
    return {}


def _hand_over(job: Job, artifact: str) -> List[str]:
    if not job.params:
        return []
    from . import parameters

    try:
        signature = parameters.inspect(artifact, job.kind)
        refused = [name for name in job.params if signature.takes(name) == "no"]
        if refused:
            raise StartError("{} takes no parameter {}".format(job.artifact, ", ".join(refused)))
        return parameters.hand_over(signature, job.params, artifact, job.kind)
    except (OSError, ValueError) as error:
        raise StartError("the parameters can not be handed over: {}".format(error)) from error


def _by_torchrun(job: Job, nodes: Nodes) -> bool:
    if job.kind == "notebook" or job.launch == "python":
        return False
    return job.launch == "torchrun" or nodes.total > 1


def _artifact_start(
    job: Job,
    places: Places,
    nodes: Nodes,
    output: str,
    arguments: List[str],
    environment: Dict[str, str],
    scratch: Scratch,
) -> Start:
    if job.kind == "notebook":
        from .notebook import notebook_command

        command = notebook_command(job, places, output, environment, scratch)
        return Start(command, environment, "papermill")
    if _by_torchrun(job, nodes):
        command = [*_torchrun(places, nodes), _plain(job.artifact), *arguments]
        return Start(command, environment, "torchrun")
    return Start([places.python, _plain(job.artifact), *arguments], environment)


def _plain(artifact: str) -> str:
    """Keep a name from being taken for an option."""
    return "./" + artifact if artifact.startswith("-") else artifact


def _torchrun(places: Places, nodes: Nodes) -> List[str]:
    processes = nodes.procs_per_node or max(1, len(gpus()))
    options: Dict[str, Any] = {  # with underscores, as torch 1 has them and torch 2 too
        "nnodes": nodes.total,
        "node_rank": nodes.rank,
        "nproc_per_node": processes,
        "master_addr": nodes.master_addr,
        "master_port": nodes.master_port,
    }
    pieces = ["--{}={}".format(name, value) for name, value in options.items()]
    return [places.python, "-m", "torch.distributed.run", *pieces]


def _through_run_script(job: Job, places: Places, start: Start, scratch: Scratch) -> Start:
    """Let `run.sh` run, with `fahr-start` on its PATH.

    The command is made here, not when fahr-start runs: it then costs no second launcher, and
    the parameters are in place also for what run.sh does before.
    """
    script = os.path.join(places.work, *str(job.run_script).split("/"))
    if not os.path.isfile(script):
        raise StartError("{} is not among the job's files".format(job.run_script))
    programs = scratch.path("bin")
    os.mkdir(programs)
    _write_fahr_start(os.path.join(programs, "fahr-start"), places.work, start.command)
    environment = dict(start.environment)
    environment["PATH"] = programs + os.pathsep + environment.get("PATH", os.defpath)
    return Start(["bash", script, "train"], environment, "shell")


def _write_fahr_start(path: str, work: str, command: List[str]) -> None:
    import shlex

    quoted = " ".join(shlex.quote(piece) for piece in command)
    text = '#!/bin/sh\ncd -- {} && exec {} "$@"\n'.format(shlex.quote(work), quoted)
    with open(path, "wb") as file:
        file.write(os.fsencode(text))
    os.chmod(path, 0o755)
