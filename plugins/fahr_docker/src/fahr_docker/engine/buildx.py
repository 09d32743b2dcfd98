"""Build by buildx, which shows live progress and lends secrets that no layer keeps."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import ServiceError, UsageError
from fahr_docker.engine import finding
from fahr_docker.engine.failure import engine_failed, step_failed
from fahr_docker.engine.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.errors import FahrError
    from fahr_core.hookspecs import Progress
    from fahr_docker.engine.local import Engine
    from fahr_docker.engine.order import BuildOrder

__all__ = ["build"]


def build(engine: Engine, order: BuildOrder, progress: Progress) -> None:
    """Build into the engine's own store.

    Raises:
        FahrError: as :meth:`Engine.build`.
    """
    command = finding.find_buildx()
    if command is None:
        raise UsageError("buildx is not installed")
    with tempfile.TemporaryDirectory(prefix="fahr-lent-") as folder:
        arguments = [*command, "build", *_options(order, Path(folder)), str(order.context)]
        steps = Steps("image", progress)
        status = _run(arguments, _variables(engine), steps)
    if status:
        raise _gone(engine, order) or _failure(order, steps)


def _options(order: BuildOrder, folder: Path) -> Iterator[str]:
    yield from ("--progress=rawjson", "--provenance=false", "--load")
    yield from (f"--platform={order.platform}", f"--tag={order.tag}", f"--file={order.dockerfile}")
    if order.target:
        yield f"--target={order.target}"
    for name, value in sorted(order.labels.items()):
        yield f"--label={name}={value}"
    for name, text in order.lent.secrets().items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        yield f"--secret=id={name},src={path}"


def _variables(engine: Engine) -> dict[str, str]:
    """Lead buildx to the engine's own builder: others do not see the images in its store."""
    builder = (
        "default" if engine.variables.get("DOCKER_HOST") else finding.context_name(engine.variables)
    )
    return {**engine.variables, "BUILDX_BUILDER": builder, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def _run(arguments: list[str], variables: dict[str, str], steps: Steps) -> int:
    """Run buildx to its end; it goes down with the caller."""
    try:
        process = subprocess.Popen(
            arguments,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise ServiceError(f"cannot start {arguments[0]}: {error.strerror}") from error
    with process:
        try:
            steps.read(process.stderr or ())
        except BaseException:
            process.terminate()
            raise
    return process.returncode


def _gone(engine: Engine, order: BuildOrder) -> FahrError | None:
    """Ask whether the engine is still there: how buildx tells that depends on the moment."""
    try:
        engine.find(order.tag)
    except ServiceError:
        return ServiceError(
            f"{order.what}: the engine stopped answering ({engine.address})", "nothing was sent"
        )
    return None


def _failure(order: BuildOrder, steps: Steps) -> FahrError:
    said = "\n".join(steps.others)
    step = steps.failed()
    if (
        step is None
        or step.name.startswith("[internal]")
        or (not step.lines and " FROM " in step.name)
    ):
        if "unknown flag" in said or "invalid progress mode" in said:
            return UsageError(
                "this buildx is too old: fahr needs 0.13 or newer",
                "https://github.com/docker/buildx#installing",
            )
        return engine_failed(order.what, f"{step.error if step and step.error else ''}\n{said}")
    return step_failed(order.what, step.name, step.lines, step.error or "")
