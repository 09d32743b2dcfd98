"""A job's image, made by the shortest way: found, or code put on its environment, or built.

Where the image goes to a registry, code is put on the environment there over HTTP, and the
engine is asked only when that environment is not there yet. Where it stays in the engine's
store, the engine adds the code. A Dockerfile whose last stage is not fahr's own is built whole.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from fahr_core.container import CODE
from fahr_core.errors import ServiceError
from fahr_core.models import Image
from fahr_docker.append import ConfigChanges, append_code
from fahr_docker.base_identity import base_identity, forget
from fahr_docker.engine.order import BuildOrder
from fahr_docker.environment_image import (
    LABEL,
    alone,
    environment_image,
    lent,
    local_name,
    usable_dockerfile,
)
from fahr_docker.recipe import make_recipe
from fahr_docker.registry import Registry, parse_reference
from fahr_docker.staging import staged

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Artifacts, ImageTarget, Job, Login
    from fahr_docker.append import CodeImage
    from fahr_docker.engine.local import Engine, LocalImage
    from fahr_docker.recipe import Recipe

__all__ = ["make_image"]

_DIGITS = 40
_LONGEST = 60


def make_image(
    job: Job,
    artifacts: Artifacts,
    target: ImageTarget,
    login: Login | None,
    progress: Progress,
) -> Image:
    """Give a job's image by digest; what is there already is neither built nor sent.

    Raises:
        AccessError: the registry refuses the login.
        DiskError: a disk is full.
        EnvironmentFileError: a package cannot be installed.
        ServiceError: the engine or the registry failed.
        UsageError: no engine answers and one is needed, or the Dockerfile fails.
    """
    recipe = make_recipe(job, artifacts, target.platform)
    making = _Making(recipe=recipe, name=_slug(job.experiment), login=login, progress=progress)
    try:
        if target.repository is None:
            return making.in_engine()
        return making.in_registry(target.repository)
    finally:
        making.close()


@dataclass(kw_only=True)
class _Making:
    """One image being made; the engine is looked for when it is first needed."""

    recipe: Recipe
    name: str
    login: Login | None
    progress: Progress
    _engines: list[Engine] = field(default_factory=list)

    def engine(self) -> Engine:
        from fahr_docker.engine.finding import find_engine

        if not self._engines:
            self._engines.append(find_engine())
        return self._engines[0]

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    @cached_property
    def identity(self) -> str:
        """The digest behind the base's name."""
        recipe = self.recipe
        return base_identity(
            recipe.dockerfile.base, recipe.platform, recipe.experiment, self.engine, self.progress
        )

    def settle_base(self) -> None:
        """Look again where the base is an image of this machine's own, and was made anew."""
        recipe, base = self.recipe, self.recipe.dockerfile.base
        local = self.engine().find(base) if base and "$" not in base else None
        if local and not local.digests and self.identity != local.id:
            forget(base, recipe.platform, recipe.experiment)
            del self.identity

    @property
    def is_whole(self) -> bool:
        return self.recipe.dockerfile.environment is None

    # -- the engine's own store ---------------------------------------------------------

    def in_engine(self) -> Image:
        self.settle_base()
        if self.is_whole:
            built = self._whole()
            return Image(reference=self._tag(self._whole_hash()), digest=built.id)
        environment = environment_image(self.recipe, self.identity, self.engine(), self.progress)
        tag = self._tag(_hash(environment.id, self.recipe.layer.diff_id))
        built = self._once(tag, lambda: self._add_code(tag))
        return Image(reference=tag, digest=built.id, environment_digest=environment.id)

    def _add_code(self, tag: str) -> LocalImage:
        name = local_name(self.recipe.environment_hash(self.identity))
        text = f"FROM {name}\nCOPY . {CODE}/\n"
        with staged(self.recipe.layer.entries, text) as staging:
            order = BuildOrder(
                what="the job's image",
                context=staging.context,
                dockerfile=staging.dockerfile,
                tag=tag,
                platform=self.recipe.platform,
                labels={LABEL: "job"},
            )
            return self.engine().build(order, self.progress)

    def _whole(self) -> LocalImage:
        tag = self._tag(self._whole_hash())
        return self._once(tag, lambda: self._build_whole(tag))

    def _build_whole(self, tag: str) -> LocalImage:
        self.progress("image", "the Dockerfile has no stage env of fahr's: it is built whole")
        text, _ = usable_dockerfile(self.recipe, self.engine())
        with staged(self.recipe.layer.entries, text) as staging:
            order = BuildOrder(
                what="the image",
                context=staging.context,
                dockerfile=staging.dockerfile,
                tag=tag,
                platform=self.recipe.platform,
                labels={LABEL: "job"},
                lent=lent(self.recipe),
            )
            return self.engine().build(order, self.progress)

    def _whole_hash(self) -> str:
        return self.recipe.whole_hash(self.identity)

    def _once(self, tag: str, build: Callable[[], LocalImage]) -> LocalImage:
        if found := self.engine().find(tag):
            return found
        with alone(tag.rpartition(":")[2], self.progress):
            found = self.engine().find(tag)
            return found if found else build()

    def _tag(self, digest: str) -> str:
        return f"fahr/{self.name}:code-{digest}"

    # -- a registry ---------------------------------------------------------------------

    def in_registry(self, repository: str) -> Image:
        name = parse_reference(repository)
        login = self.login
        asked = (lambda: login) if login else None
        with Registry(name.registry, name.repository, asked) as registry:
            if self.is_whole:
                return self._whole_in_registry(registry, repository)
            return self._appended(registry, repository)

    def _appended(self, registry: Registry, repository: str) -> Image:
        tag = f"env-{self.recipe.environment_hash(self.identity)}"
        try:
            code = self._append(registry, tag)
        except ServiceError:
            if registry.head_manifest(tag) is not None:
                raise
            self.settle_base()
            tag = f"env-{self.recipe.environment_hash(self.identity)}"
            self._push_environment(registry, repository, tag)
            code = self._append(registry, tag)
        return Image(
            reference=f"{repository}@{code.digest}",
            digest=code.digest,
            environment_digest=code.environment_digest,
        )

    def _append(self, registry: Registry, tag: str) -> CodeImage:
        def sent(done: int, total: int) -> None:
            self.progress("image", "pushing the code", done, total)

        return append_code(
            registry,
            tag,
            self.recipe.layer,
            ConfigChanges(labels={LABEL: "job"}),
            platform=self.recipe.platform,
            sent=sent,
        )

    def _push_environment(self, registry: Registry, repository: str, tag: str) -> None:
        built = environment_image(self.recipe, self.identity, self.engine(), self.progress)
        with alone(f"push-{_hash(repository, tag)}", self.progress):
            if registry.head_manifest(tag) is None:
                self.engine().push(built.id, repository, tag, self.login, self.progress)

    def _whole_in_registry(self, registry: Registry, repository: str) -> Image:
        tag = f"code-{self._whole_hash()}"
        digest = registry.head_manifest(tag)
        if digest is None:
            self.settle_base()
            tag = f"code-{self._whole_hash()}"
            built = self._whole()
            with alone(f"push-{_hash(repository, tag)}", self.progress):
                digest = registry.head_manifest(tag) or self.engine().push(
                    built.id, repository, tag, self.login, self.progress
                )
        return Image(reference=f"{repository}@{digest}", digest=digest)


def _slug(experiment: str) -> str:
    """Give a folder's name as a part of an image's."""
    plain = re.sub(r"[^a-z0-9]+", "-", PurePath(experiment).name.lower())
    return plain[:_LONGEST].strip("-") or "job"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]
