"""What an image is made from: Dockerfile, files, and the hashes that name its contents."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import container, store
from fahr_core.errors import DiskError, DriverError
from fahr_core.marks import unmark
from fahr_docker.dockerfile import Dockerfile, read_dockerfile
from fahr_docker.layer import Layer, code_layer
from fahr_docker.staged_tree import staged_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fahr_core.models import Artifacts, BaseImage, Job
    from fahr_docker.staged_tree import Entry

__all__ = ["Recipe", "make_recipe"]

#: Raised when the same recipe makes another image than before.
_FORMAT = 1
_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image is made from.

    ``dockerfile`` is the one in the experiment, as the person who edited it wants it;
    ``plain`` the text for engines without BuildKit, None where the Dockerfile was edited.
    """

    experiment: Path
    dockerfile: Dockerfile
    plain: str | None
    base: BaseImage
    platform: str
    lock: str
    layer: Layer

    def environment_hash(self, base: str) -> str:
        """Name the environment's content, where ``base`` is the identity of its base image."""
        return _hash(
            base,
            self.platform,
            self.lock,
            self.dockerfile.environment or "",
            code_layer(self.environment_entries()).diff_id if self.dockerfile.sources else "",
        )

    def whole_hash(self, base: str) -> str:
        """Name the content of an image that is built whole."""
        text = unmark(self.dockerfile.text)[0]
        return _hash(base, self.platform, text, self.layer.diff_id)

    def environment_entries(self) -> tuple[Entry, ...]:
        """Give the files that the environment is made from, the lock first of all."""
        if "**" in self.dockerfile.sources:
            return self.layer.entries
        code = f"{container.CODE[1:]}/"
        wanted = {f"{code}{source}" for source in (container.LOCK, *self.dockerfile.sources)}
        return tuple(
            entry
            for entry in self.layer.entries
            if entry.path in wanted
            or any(entry.path.startswith(f"{path}/") for path in wanted)
            or any(path.startswith(f"{entry.path}/") for path in wanted)
        )


def make_recipe(job: Job, artifacts: Artifacts, platform: str) -> Recipe:
    """Read what a job's image is made from: the experiment's own files, else the rendered ones.

    Raises:
        DriverError: the train driver rendered no Dockerfile.
        FahrError: the snapshot or a file cannot be read.
    """
    rendered = {file.path: file.text for file in artifacts.files}
    if container.DOCKERFILE not in rendered or artifacts.base is None:
        raise DriverError(f"{job.train_driver} renders no {container.DOCKERFILE} for its image")
    experiment = Path(job.experiment)
    text = _own_or_rendered(experiment, container.DOCKERFILE, rendered)
    lock = store.read(job.environment.lock) if job.environment.lock else None
    unedited = _same(text, rendered[container.DOCKERFILE])
    return Recipe(
        experiment=experiment,
        dockerfile=read_dockerfile(text),
        plain=rendered.get(container.PLAIN_DOCKERFILE) if unedited else None,
        base=artifacts.base,
        platform=platform,
        lock=job.environment.lock or "",
        layer=code_layer(_entries(job, rendered, experiment, lock)),
    )


def _entries(
    job: Job, rendered: Mapping[str, str], experiment: Path, lock: bytes | None
) -> Iterable[Entry]:
    run_script = None
    if container.RUN_SCRIPT in rendered:
        run_script = _own_or_rendered(experiment, container.RUN_SCRIPT, rendered).encode(
            "utf-8", "surrogateescape"
        )
    runtime = rendered.get(container.RUNTIME)
    if runtime is None:
        raise DriverError(f"{job.train_driver} renders no {container.RUNTIME} for its image")
    beside = {
        path.removeprefix(f"{container.LAUNCHER}/"): text.encode()
        for path, text in rendered.items()
        if path.startswith(f"{container.INSIDE}/")
    }
    return staged_tree(job.code.digest, runtime.encode(), run_script, lock, beside)


def _own_or_rendered(experiment: Path, name: str, rendered: Mapping[str, str]) -> str:
    """Give a file as it stands in the experiment, where it was written or kept."""
    try:
        return (experiment / name).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return rendered[name]
    except OSError as error:
        raise DiskError(f"cannot read {experiment / name}: {error.strerror or error}") from error


def _same(text: str, rendered: str) -> bool:
    return unmark(text)[0].rstrip() == unmark(rendered)[0].rstrip()


def _hash(*parts: str) -> str:
    text = json.dumps([_FORMAT, *parts], separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
