"""``/gcs``: the buckets as folders of a job's machines, kept alike with what is stored.

As with gcsfuse a file becomes an object when it is whole: here, when it has not changed between
two looks, or when the job ends. What others put into a bucket appears at the next look.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.custom_job import CustomJob
    from tests.clouds.gcp.storage import Bucket

INTERVAL = 0.2
Mark = tuple[int, int, int]


class Mounts:
    """One folder for each bucket, which all jobs share."""

    def __init__(self, cloud: Cloud) -> None:
        """Make the folder; nothing is kept alike until a job runs."""
        self._cloud = cloud
        self._own = tempfile.TemporaryDirectory(prefix="fahr-gcsfuse-", ignore_cleanup_errors=True)
        self._place = Path(self._own.name)
        self._lock = threading.Lock()
        #: What both sides held when they were last alike: file's mark and object's generation.
        self._alike: dict[tuple[str, str], tuple[Mark, int]] = {}
        self._seen: dict[tuple[str, str], Mark] = {}

    def close(self) -> None:
        """Remove the folder."""
        self._own.cleanup()

    def reset(self) -> None:
        """Forget all files."""
        self._alike.clear()
        self._seen.clear()
        for path in self._place.iterdir():
            shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def attached(self, job: CustomJob) -> Iterator[None]:
        """Keep files and objects alike for as long as a job runs."""
        if not self._cloud.gcs_mounted:
            yield
            return
        done = threading.Event()
        self._sync(whole=False)
        thread = threading.Thread(target=self._sync_often, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._sync(whole=True)

    def of_container(self) -> tuple[Any, ...]:
        """Give the mount of a container; where it fails, an empty folder or none."""
        from docker.types import Mount

        if not self._cloud.gcs_mounted:
            return (Mount("/gcs", None, type="tmpfs"),) if self._cloud.gcs_empty else ()
        # Who may not store anything finds out when it writes.
        read_only = ("job", "storage.objects.create") in self._cloud.denied
        return (Mount("/gcs", str(self._place), type="bind", read_only=read_only),)

    def _sync_often(self, done: threading.Event) -> None:
        while not done.wait(INTERVAL):
            self._sync(whole=False)

    def _sync(self, *, whole: bool) -> None:
        with self._lock:
            for bucket in list(self._cloud.buckets.values()):
                folder = self._place / bucket.name
                folder.mkdir(exist_ok=True)
                folder.chmod(0o777)
                self._take_in(bucket, folder, whole=whole)
                self._bring_out(bucket, folder)

    def _take_in(self, bucket: Bucket, folder: Path, *, whole: bool) -> None:
        """Store files that are new or changed, delete what was deleted."""
        here = dict(_files(folder))
        for name, mark in here.items():
            key = (bucket.name, name)
            if key in self._alike and self._alike[key][0] == mark:
                continue
            if whole or self._seen.get(key) == mark:
                self._store(bucket, folder, name, mark)
            self._seen[key] = mark
        for key, (_, generation) in list(self._alike.items()):
            if key[0] == bucket.name and key[1] not in here:
                del self._alike[key]
                self._seen.pop(key, None)
                if key[1] in bucket and bucket[key[1]].generation == generation:
                    bucket.delete(key[1])

    def _store(self, bucket: Bucket, folder: Path, name: str, mark: Mark) -> None:
        with contextlib.suppress(FileNotFoundError), (folder / name).open("rb") as file:
            contents = bucket.store.write(iter(lambda: file.read(1 << 20), b""))
            stored = bucket.put(name, contents)
            self._alike[(bucket.name, name)] = (mark, stored.generation)

    def _bring_out(self, bucket: Bucket, folder: Path) -> None:
        """Write objects that others put, remove files whose objects they deleted."""
        for name in bucket.names:
            key = (bucket.name, name)
            known = self._alike.get(key)
            with contextlib.suppress(KeyError, OSError):
                stored = bucket[name]
                if known and known[1] == stored.generation:
                    continue
                if not name.endswith("/") and (known or key not in self._seen):
                    self._alike[key] = (
                        _written(folder / name, stored.contents.file),
                        stored.generation,
                    )
        for key in [each for each in self._alike if each[0] == bucket.name]:
            if key[1] not in bucket:
                (folder / key[1]).unlink(missing_ok=True)
                del self._alike[key]
                self._seen.pop(key, None)


def _files(folder: Path) -> Iterator[tuple[str, Mark]]:
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            with contextlib.suppress(FileNotFoundError):
                told = file.stat()
                mark = (told.st_ino, told.st_size, told.st_mtime_ns)
                yield file.relative_to(folder).as_posix(), mark


def _written(file: Path, source: Path) -> Mark:
    file.parent.mkdir(parents=True, exist_ok=True)
    place = file.with_name(f".{file.name}.arriving")
    shutil.copyfile(source, place)
    place.replace(file)
    told = file.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns
