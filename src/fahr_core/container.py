"""What a job's image holds and where, and the files that it is made from.

A train driver that takes an image renders them in one line::

    @hookimpl
    def render_artifacts(job, base):
        return container_artifacts(job, base, Path(__file__).parent)

Everything lies in one fixed folder that is no service's mount point: the environment in
``/opt/fahr/env``, papermill's own in ``/opt/fahr/papermill``, and in ``/opt/fahr/code`` the
job's files, with the launcher and the driver's runtime below ``.fahr`` among them.  So one
``COPY`` brings all that changes with the code, also when somebody runs ``docker build .``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DriverError, OverwriteError, UsageError
from fahr_core.models import Artifacts, RenderedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fahr_core.models import BaseImage, Environment, Job

__all__ = [
    "CODE",
    "DOCKERFILE",
    "ENVIRONMENT",
    "FOLDER",
    "IGNORE_FILE",
    "INSIDE",
    "LAUNCHER",
    "LOCK",
    "MICROMAMBA_IMAGE",
    "PAPERMILL",
    "PLAIN_DOCKERFILE",
    "RUNTIME",
    "RUN_SCRIPT",
    "UV_IMAGE",
    "container_artifacts",
    "refuse_contradiction",
]

#: The fixed folder of an image, and what lies in it.
FOLDER = "/opt/fahr"
ENVIRONMENT = f"{FOLDER}/env"
PAPERMILL = f"{FOLDER}/papermill"
CODE = f"{FOLDER}/code"

#: Paths in the experiment, and below ``CODE`` in the image.
LAUNCHER = ".fahr/launcher"
RUNTIME = f"{LAUNCHER}/runtime.py"
INSIDE = f"{LAUNCHER}/inside"
LOCK = ".fahr/environment.lock"
RUN_SCRIPT = "run.sh"

#: Paths in the experiment alone.
DOCKERFILE = "Dockerfile"
PLAIN_DOCKERFILE = ".fahr/Dockerfile.plain"
IGNORE_FILE = ".dockerignore"

#: Where the installers come from. Source: uv's guide "Using uv in Docker", micromamba-docker's
#: "Adding micromamba to an existing Docker image"; 2026-11-22.
UV_IMAGE = "ghcr.io/astral-sh/uv:0.13.9"
MICROMAMBA_IMAGE = "docker.io/mambaorg/micromamba:2.3.0"

_PAPERMILL = "papermill>=2.6,<3"
_KERNEL = "ipykernel"
#: Source: distribution's reference grammar, without its lengths.
_IMAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?")
#: Source: Debian policy 5.6.1, with an optional version.
_SYSTEM_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+~:-]+)?")
_FROM = re.compile(r"^FROM(?:\s+--\S+)*\s+(\S+)", re.IGNORECASE | re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def container_artifacts(
    job: Job,
    base: BaseImage | None,
    folder: Path,
    *,
    variables: Mapping[str, Any] | None = None,
) -> Artifacts:
    """Render what an image is made from: Dockerfile, run.sh, .dockerignore, the launcher.

    Pure: nothing is read but the templates and the sources of launcher and runtime. No name
    that a user gave to a file is in any of the texts.

    Args:
        job: The job; of its build settings ``system_packages``, ``uv_image`` and
            ``micromamba_image`` are known here.
        base: The build driver's choice.
        folder: The train driver's package, with ``runtime.py``, the folder ``inside/`` where
            that one imports further files (``from .inside.x import y``), and, where it has
            templates of its own, ``templates/``; such a template extends ``core/<file>``.
        variables: Further values for the templates.

    Raises:
        DriverError: a template of the driver, or its runtime, is missing or wrong.
        UsageError: an image or a system package has no such name.
    """
    if base is None:
        raise DriverError(f"{job.train_driver} makes an image, and no build driver gave a base")
    rendered = _renderer(job, folder / "templates", {**_values(job, base), **(variables or {})})
    files = (
        RenderedFile(path=DOCKERFILE, text=rendered("Dockerfile.j2", buildkit=True)),
        RenderedFile(path=RUN_SCRIPT, text=rendered("run.sh.j2"), executable=True),
        RenderedFile(path=IGNORE_FILE, text=rendered("dockerignore.j2")),
        RenderedFile(
            path=PLAIN_DOCKERFILE, text=rendered("Dockerfile.j2", buildkit=False), mark="none"
        ),
        RenderedFile(path=RUNTIME, text=_source(folder / "runtime.py"), mark="none"),
        *_sources(folder / "inside", INSIDE),
        # A user never edits the launcher's files: they are always refreshed.
        *_sources(Path(__file__).parent / "launcher", LAUNCHER),
    )
    return Artifacts(files=files, base=base)


def refuse_contradiction(folder: Path, artifacts: Artifacts, build_driver: str) -> None:
    """Refuse an edited Dockerfile without CUDA where the build driver makes images for GPUs.

    Args:
        folder: The experiment folder, before files are written.
        artifacts: What was rendered.
        build_driver: The build driver's name.

    Raises:
        OverwriteError: the Dockerfile in the folder is edited and starts from another image.
    """
    from fahr_core.render import is_edited

    path, base = folder / DOCKERFILE, artifacts.base
    if base is None or not base.gpu or not is_edited(path):
        return
    found = [match[1] for match in _FROM.finditer(path.read_text("utf-8", "replace"))]
    if not found or base.reference in found or any("cuda" in image.lower() for image in found):
        return
    own = next((image for image in found if "/uv:" not in image), found[0])
    raise OverwriteError(
        f"--build-driver={build_driver}, but your edited Dockerfile starts FROM {own}",
        f"edit the FROM line, or: fahr fit --build-driver={build_driver} --overwrite",
        f"fahr fit --build-driver={build_driver} --keep    builds it as it is",
    )


def _renderer(job: Job, templates: Path, values: Mapping[str, Any]) -> Callable[..., str]:
    """Give a function that renders a template; each is compiled once."""
    from jinja2 import TemplateError

    from fahr_core.render import render, template_environment

    experiment = Path(job.experiment)
    environment = template_environment(job.train_driver, templates, experiment)

    def rendered(template: str, **more: Any) -> str:
        told = {**values, **more}
        try:
            return environment.get_template(template).render(told)
        except TemplateError:  # again, by what says which file is at fault
            return render(
                template,
                told,
                driver=job.train_driver,
                templates=templates,
                experiment=experiment,
            )

    return rendered


def _values(job: Job, base: BaseImage) -> dict[str, Any]:
    environment, settings = job.environment, job.build_settings
    return {
        "base": _image(base.reference),
        "gpu": base.gpu,
        "notebook": job.kind == "notebook",
        "python": environment.python,
        "locked": environment.lock is not None,
        "conda": _has(environment, "python"),
        "own_image": job.train_image is not None,
        "system_packages": _system_packages(job),
        "tools": _tools(job),
        "papermill": _PAPERMILL,
        "uv_image": _image(settings.get("uv_image") or UV_IMAGE),
        "micromamba_image": _image(settings.get("micromamba_image") or MICROMAMBA_IMAGE),
    }


def _has(environment: Environment, name: str) -> bool:
    """Tell whether a package is locked; ``python`` itself is one where conda gives it."""
    return any(package.name == name for package in environment.packages)


def _tools(job: Job) -> list[str]:
    """Give what is installed beside the locked packages: pip for the user, a notebook's kernel."""
    wanted = ["pip", *([_KERNEL] if job.kind == "notebook" else [])]
    return [name for name in wanted if not _has(job.environment, name)]


def _system_packages(job: Job) -> list[str]:
    names = list(job.build_settings.get("system_packages") or ())
    if any(_COMMIT.fullmatch(package.version) for package in job.environment.packages):
        names.append("git")  # a requirement from a repository is cloned
    for name in names:
        if not _SYSTEM_PACKAGE.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name of a system package",
                "fahr fit -c system_packages=libgomp1,ffmpeg",
            )
    return sorted(set(names))


def _image(reference: str) -> str:
    if _IMAGE.fullmatch(reference):
        return reference
    raise UsageError(f"{reference!r} is no name of an image")


def _sources(folder: Path, place: str) -> Iterator[RenderedFile]:
    for path in sorted(folder.glob("*.py")):
        yield RenderedFile(path=f"{place}/{path.name}", text=_source(path), mark="none")


def _source(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise DriverError(f"{path} cannot be read: {error.strerror or error}") from error
