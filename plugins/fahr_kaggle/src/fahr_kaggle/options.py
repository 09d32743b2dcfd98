"""What a job asks of Kaggle: its settings, else the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from fahr_core import names
from fahr_core.errors import SettingsError, UsageError
from fahr_kaggle import machine
from fahr_kaggle.kernel import SLUG_LIMIT, SLUG_MINIMUM, slug_for
from fahr_kaggle.metadata import FILE, metadata_text, says_public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job
    from fahr_kaggle.machine import Machine

__all__ = ["Options", "options_of", "rendered_metadata"]

#: The tag by which a trial of a sweep gets a kernel of its own.
TRIAL = "trial"
#: Seconds that a session may take at most. Source: Kaggle's documentation "Notebooks".
SESSION_LIMIT = {"cpu": 12 * 3600, "gpu": 12 * 3600, "tpu": 9 * 3600}

_DEFAULTS: dict[str, Any] = {
    "is_private": True,
    "enable_gpu": False,
    "enable_tpu": False,
    "enable_internet": True,
    "dataset_sources": [],
    "kernel_sources": [],
    "competition_sources": [],
    "model_sources": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a job asks of Kaggle; ``owner`` is None where only the service can tell it."""

    owner: str | None
    slug: str
    title: str
    private: bool
    machine: Machine
    internet: bool
    datasets: tuple[str, ...]
    kernels: tuple[str, ...]
    competitions: tuple[str, ...]
    models: tuple[str, ...]
    docker_image: str | None
    pinning: str | None
    session_timeout: int | None
    chain: int


def options_of(job: Job) -> Options:
    """Give what a job asks for.

    Raises:
        SettingsError: ``kernel-metadata.json`` cannot be read, or title and slug disagree.
        UsageError: the file says public and nothing else does, or the machine is none.
    """
    values = _values(job)
    if job.settings.get("is_private") is None:
        _refuse_silent_publication(job.experiment)
    slug, title = _names(job, values)
    return Options(
        owner=values.get("username") or local_owner(),
        slug=slug,
        title=title,
        private=values["is_private"],
        machine=_machine(job, values),
        internet=values["enable_internet"],
        datasets=tuple(values["dataset_sources"]),
        kernels=tuple(values["kernel_sources"]),
        competitions=tuple(values["competition_sources"]),
        models=tuple(values["model_sources"]),
        docker_image=values.get("docker_image"),
        pinning=values.get("docker_image_pinning_type"),
        session_timeout=values.get("session_timeout"),
        chain=values.get("chain") or 0,
    )


def rendered_metadata(job: Job) -> str:
    """Give the text of ``kernel-metadata.json`` for a job's settings."""
    values = _values(job)
    slug, title = _names(job, values)
    chosen = _machine(job, values)
    values |= {"title": title, "enable_gpu": chosen.kind == "gpu"}
    values |= {"enable_tpu": chosen.kind == "tpu", "machine_shape": chosen.shape}
    owner = values.get("username") or local_owner() or "INSERT_USERNAME_HERE"
    return metadata_text(values, owner=owner, slug=slug, artifact=job.artifact)


def local_owner() -> str | None:
    """Give the user name that this machine's credentials hold, without asking anybody."""
    from fahr_kaggle.credentials import local_username

    return local_username()


def _values(job: Job) -> dict[str, Any]:
    said = {key: value for key, value in job.settings.items() if value is not None}
    return _DEFAULTS | said


def _refuse_silent_publication(experiment: str) -> None:
    if says_public(experiment):
        raise UsageError(
            f"{FILE} says public",
            "fahr fit -c is_private=true    keeps it private",
            "fahr fit -c is_private=false   publishes the code",
        )


def _names(job: Job, values: Mapping[str, Any]) -> tuple[str, str]:
    slug, title = values.get("slug"), values.get("title")
    chosen = slug_for(slug or title or PurePosixPath(job.artifact).stem)
    if title and names.slug(title) != chosen:
        raise SettingsError(
            f'the title "{title}" gives the slug {names.slug(title)}, not {chosen}; Kaggle wants '
            "them to agree",
            f"-c slug={names.slug(title)}    or another title",
        )
    if trial := job.tags.get(TRIAL):
        chosen, title = slug_for(f"{chosen}-{trial}"), None
    if slug and not SLUG_MINIMUM <= len(slug) <= SLUG_LIMIT:
        raise SettingsError(
            f'a kernel\'s slug has {SLUG_MINIMUM} to {SLUG_LIMIT} characters, not "{slug}"',
            f"-c slug={chosen}",
        )
    return chosen, title or chosen


def _machine(job: Job, values: Mapping[str, Any]) -> Machine:
    return machine.choose(
        job.gpu,
        enable_gpu=values["enable_gpu"],
        enable_tpu=values["enable_tpu"],
        machine_shape=values.get("machine_shape"),
    )
