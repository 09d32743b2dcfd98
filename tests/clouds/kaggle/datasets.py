"""The datasets of all accounts: versions of files, unpacked, ready after a while."""

from __future__ import annotations

import itertools
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ApiError, denied

if TYPE_CHECKING:
    from .storage import Storage

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


@dataclass
class DatasetVersion:
    """A version: its files in a folder, and when (monotonic time) they can be used."""

    number: int
    folder: Path
    ready_at: float
    notes: str = ""
    failed: bool = False

    @property
    def status(self) -> str:
        if self.failed:
            return "FAILED"
        return "READY" if time.monotonic() >= self.ready_at else "BLOBS_RECEIVED"

    def files(self) -> list[tuple[str, int]]:
        """Give names and sizes of the files."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in paths]


@dataclass
class Dataset:
    """A dataset with its versions."""

    id: int
    owner: str
    slug: str
    title: str
    is_private: bool
    license: str
    versions: list[DatasetVersion] = field(default_factory=list)

    @property
    def ref(self) -> str:
        return f"{self.owner}/{self.slug}"

    def version(self, number: int | None = None) -> DatasetVersion:
        """Give a version, the latest without a number.

        Raises:
            ApiError: there is none of that number (404).
        """
        for version in reversed(self.versions):
            if number in (None, version.number):
                return version
        raise ApiError(404, "Not found")

    def ready_folder(self) -> Path | None:
        """Give the files of the latest version; None while they cannot be used."""
        latest = self.version()
        return latest.folder if latest.status == "READY" else None


class Datasets:
    """Datasets by owner and slug.

    Attributes:
        failing: How many of the next versions turn out broken.
    """

    def __init__(self, folder: Path, storage: Storage) -> None:
        self._folder = folder
        self._storage = storage
        self._datasets: dict[str, Dataset] = {}
        self._ids = itertools.count(7_000_001)
        self.failing = 0

    def __getitem__(self, ref: str) -> Dataset:
        return self._datasets[ref.lower()]

    def __contains__(self, ref: str) -> bool:
        return ref.lower() in self._datasets

    def all(self) -> list[Dataset]:
        return list(self._datasets.values())

    def seen_by(self, name: str, ref: str) -> Dataset:
        """Give a dataset that an account may look at, by ``owner/slug`` (a version is ignored).

        Raises:
            ApiError: there is none, or it is private and another's; the answer is the same (403).
        """
        dataset = self._datasets.get("/".join(ref.split("/")[:2]).lower())
        if dataset is None or (dataset.is_private and dataset.owner.lower() != name.lower()):
            raise denied("datasets.get")
        return dataset

    def create(self, owner: str, slug: str, title: str, asked: dict[str, Any]) -> Dataset:
        """Make a dataset without a version."""
        private = bool(asked.get("isPrivate"))
        licence = asked.get("licenseName") or "CC0-1.0"
        dataset = Dataset(next(self._ids), owner, slug, title, private, licence)
        self._datasets[dataset.ref.lower()] = dataset
        return dataset

    def delete(self, dataset: Dataset) -> None:
        del self._datasets[dataset.ref.lower()]

    def add_version(self, dataset: Dataset, tokens: list[str], notes: str, seconds: float) -> None:
        """Make a version of uploaded files.

        Raises:
            ApiError: a file was not uploaded, or not whole (400).
        """
        number = len(dataset.versions) + 1
        folder = self._folder / str(dataset.id) / str(number)
        folder.mkdir(parents=True)
        for token in tokens:
            name, uploaded = self._storage.uploaded(token)
            place(uploaded, folder / Path(name).name)
        version = DatasetVersion(number, folder, time.monotonic() + seconds, notes)
        if self.failing:
            self.failing -= 1
            version.failed = True
        dataset.versions.append(version)

    def put(self, owner: str, slug: str, files: dict[str, str]) -> Dataset:
        """Have a private dataset of these files, ready at once: for a test's beginning."""
        dataset = self.create(owner, slug, slug, {"isPrivate": True})
        folder = self._folder / str(dataset.id) / "1"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        dataset.versions.append(DatasetVersion(1, folder, 0))
        return dataset


def place(uploaded: Path, target: Path) -> None:
    """Put a file into a dataset; an archive becomes a folder of its name."""
    for ending in ARCHIVES:
        if target.name.endswith(ending):
            kind = "zip" if ending == ".zip" else "tar" if ending == ".tar" else "gztar"
            folder = target.with_name(target.name.removesuffix(ending))
            shutil.unpack_archive(uploaded, folder, kind, **({} if kind == "zip" else FILTER))
            return
    shutil.copyfile(uploaded, target)


FILTER: dict[str, Any] = {"filter": "data"}
