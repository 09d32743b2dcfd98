"""Private datasets that hold one archive each, named by content: uploaded once, then reused."""

from __future__ import annotations

import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import AccessError, DiskError, ServiceError, UsageError
from fahr_kaggle.runtime import ALONE, PACKED
from fahr_kaggle.sources import dataset_slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.hookspecs import Progress
    from fahr_kaggle.client import Kaggle

__all__ = ["ensure_dataset", "pack_tree"]

#: Seconds between two questions for a dataset that Kaggle works on, and until it is given up.
_PAUSE = 2.0
_PATIENCE = 1800.0
_READY = "READY"
_BROKEN = ("FAILED", "DELETED")
#: Bytes of a private dataset. Source: Kaggle's documentation "Datasets", technical limits.
_LIMIT = 200 * 1000**3


def ensure_dataset(
    kaggle: Kaggle, digest: str, pack: Callable[[Path], None], what: str, progress: Progress
) -> bool:
    """See to it that the account has a dataset of this content, ready to be attached.

    Args:
        kaggle: The session.
        digest: The content's; it names the dataset.
        pack: Writes the archive to a file; called only where it has to be uploaded.
        what: The content, for messages.
        progress: Told how far it is.

    Returns:
        Whether something was uploaded.

    Raises:
        AccessError: the account may not make datasets.
        DiskError: there is no room for the archive.
        ServiceError: Kaggle could not make the dataset.
    """
    owner, slug = kaggle.username, dataset_slug(digest)
    there = kaggle.dataset_status(owner, slug)
    uploaded = there is None or there in _BROKEN
    if uploaded:
        _make(kaggle, owner, slug, pack, what, progress)
    _wait_until_ready(kaggle, owner, slug, what, progress)
    return uploaded


def pack_tree(source: Path, file: Path) -> None:
    """Write a folder, or one file, as an archive that the runtime unpacks.

    Raises:
        DiskError: something cannot be read or written.
    """
    try:
        with tarfile.open(file, "w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as tar:
            tar.add(source, arcname="." if source.is_dir() else ALONE, filter=_plain)
    except OSError as error:
        where = error.filename or source
        raise DiskError(f"{where} cannot be packed: {error.strerror or error}") from error


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _make(
    kaggle: Kaggle,
    owner: str,
    slug: str,
    pack: Callable[[Path], None],
    what: str,
    progress: Progress,
) -> None:
    with tempfile.TemporaryDirectory(prefix="fahr-") as folder:
        file = Path(folder, f"{slug}{PACKED}")
        progress("pack", what)
        pack(file)
        size = file.stat().st_size
        if size > _LIMIT:
            raise UsageError(f"{what} is {size / 1e9:.0f} GB; Kaggle takes 200 GB at most")
        progress("upload", what, done=0, total=size)
        token = kaggle.upload(file, file.name)
        progress("upload", what, done=size, total=size)
    problem = _created(kaggle, owner, slug, token)
    if problem:
        raise AccessError(f"Kaggle makes no dataset of {what}: {problem}", "nothing was sent")


def _created(kaggle: Kaggle, owner: str, slug: str, token: str) -> str | None:
    """Make the dataset; when the answer is lost, or it is there already, that is well."""
    try:
        problem = kaggle.create_dataset(owner, slug, slug, token)
    except ServiceError:
        if kaggle.dataset_status(owner, slug) is None:
            raise
        return None
    if problem and kaggle.dataset_status(owner, slug) is not None:
        return None
    return problem


def _wait_until_ready(kaggle: Kaggle, owner: str, slug: str, what: str, progress: Progress) -> None:
    limit, pause = time.monotonic() + _PATIENCE, _PAUSE / 8
    while (status := kaggle.dataset_status(owner, slug)) != _READY:
        if status in _BROKEN:
            raise ServiceError(
                f"Kaggle could not make the dataset {owner}/{slug} of {what}: {status}",
                f"delete it: https://www.kaggle.com/datasets/{owner}/{slug}/settings",
            )
        if time.monotonic() > limit:
            raise ServiceError(f"the dataset {owner}/{slug} of {what} is not ready: {status}")
        progress("prepare", what)
        time.sleep(pause)
        pause = min(_PAUSE * 4, pause * 2)
