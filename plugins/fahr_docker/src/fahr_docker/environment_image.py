"""The image of an environment: found by what it is made from, else built, once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fahr_core.durations import size as size_text
from fahr_core.errors import DiskError, UsageError
from fahr_core.paths import home_folder
from fahr_docker import base_identity
from fahr_docker.engine.lending import lent_by_this_machine
from fahr_docker.engine.order import BuildOrder, Lent
from fahr_docker.engine.plain import INSTALL_BUILDX
from fahr_docker.staging import staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.hookspecs import Progress
    from fahr_docker.engine.local import Engine, LocalImage
    from fahr_docker.recipe import Recipe

__all__ = ["LABEL", "alone", "environment_image", "local_name", "usable_dockerfile"]

#: By this label ``fahr images`` finds what fahr made.
LABEL = "fahr.image"


def local_name(environment_hash: str) -> str:
    """Give the name of an environment's image in the engine's store."""
    return f"fahr/env:{environment_hash}"


def environment_image(
    recipe: Recipe, identity: str, engine: Engine, progress: Progress
) -> LocalImage:
    """Give the environment's image in the engine's store, built first where it is not there.

    Two who want the same one at once wait for each other, and one of them builds.

    Raises:
        FahrError: the build failed; see :meth:`Engine.build`.
    """
    digest = recipe.environment_hash(identity)
    name = local_name(digest)
    if found := engine.find(name):
        return found
    with alone(f"env-{digest}", progress):
        if found := engine.find(name):
            return found
        built = _build(recipe, identity, engine, name, progress)
    progress("image", f"environment built: {size_text(built.size)}")
    return built


@contextmanager
def alone(name: str, progress: Progress) -> Iterator[None]:
    """Let one process at a time make the content of this name.

    Raises:
        DiskError: fahr's folder cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = home_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"image-{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("image", "another fit makes the same image; waiting for it")
            lock.acquire()
    except OSError as error:
        raise DiskError(f"cannot write to {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _build(
    recipe: Recipe, identity: str, engine: Engine, name: str, progress: Progress
) -> LocalImage:
    text, is_plain = usable_dockerfile(recipe, engine)
    text = _on_base(text, recipe, identity, engine)
    progress("image", f"building the environment on {recipe.dockerfile.base}")
    with staged(recipe.environment_entries(), text, recipe.plain if is_plain else None) as staging:
        order = BuildOrder(
            what="the environment's image",
            context=staging.context,
            dockerfile=staging.dockerfile,
            tag=name,
            platform=recipe.platform,
            target="env",
            labels={LABEL: "environment"},
            lent=lent(recipe),
        )
        return engine.build(order, progress)


def usable_dockerfile(recipe: Recipe, engine: Engine) -> tuple[str, bool]:
    """Give the text of a Dockerfile that this engine reads, and whether it is the plain one.

    Raises:
        UsageError: it was edited, has BuildKit's syntax, and the engine has no BuildKit.
    """
    own = recipe.dockerfile
    if engine.takes_buildkit() or not own.needs_buildkit:
        return own.text, False
    if recipe.plain is not None:
        return recipe.plain, True
    raise UsageError(
        "this engine has no BuildKit, and the edited Dockerfile needs it (--mount)",
        INSTALL_BUILDX,
        "nothing was sent",
    )


def _on_base(text: str, recipe: Recipe, identity: str, engine: Engine) -> str:
    reference = recipe.dockerfile.base
    local = engine.find(reference) if reference and "$" not in reference else None
    # An image that was imported or built here has an id, which no registry knows.
    known = bool(identity) and (local is None or local.id != identity or _digests(local, identity))
    return base_identity.pinned(text, reference, identity, known=known)


def _digests(local: LocalImage, identity: str) -> bool:
    return any(text.endswith(f"@{identity}") for text in local.digests)


def lent(recipe: Recipe) -> Lent:
    """Give what a build of this recipe is lent."""
    from fahr_core import store

    lock = store.read(recipe.lock).decode("utf-8", "replace") if recipe.lock else ""
    return lent_by_this_machine(lock)
