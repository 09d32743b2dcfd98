"""Folders of the job's disk, copied to the bucket while the job runs and at its end."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from .bucket import at_once, get, listing, put, remove
from .calls import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

LOOK_EVERY = 15.0  # seconds; a file that did not change between two looks is copied

#: What a file was when it was copied last: its size and its time.
Signature = Tuple[int, int]


class Folder:
    """A folder of the job's disk, and the folder in the bucket that it is copied to."""

    def __init__(self, path: Path, uri: str) -> None:
        self.path, self.uri = path, uri
        self._there: Dict[str, Signature] = {}
        self._before: Dict[str, Signature] = {}

    def restore(self) -> None:
        """Bring what an earlier start of this job has left."""
        self.path.mkdir(parents=True, exist_ok=True)
        at_once(lambda one: get(one[1], self.path / one[0]), sorted(listing(self.uri).items()))
        self._there = self._now()

    def copy(self, all_of_it: bool) -> List[str]:
        """Copy what is new or changed, and take away what is gone; give what could not be.

        While the job runs (not `all_of_it`) a file is left alone that changed since the last look.
        """
        now = self._now()
        stable = [name for name in now if all_of_it or self._before.get(name) == now[name]]
        self._before = now
        changed = [name for name in stable if self._there.get(name) != now[name]]
        # The small ones first: at a stop there may be no time for all.
        order = sorted(changed, key=lambda name: now[name])
        problems = at_once(lambda name: self._copy(name, now[name]), order)
        gone = [name for name in self._there if name not in now]
        problems += at_once(self._remove, gone)
        return [problem for problem in problems if problem]

    def _copy(self, name: str, signature: Signature) -> str:
        try:
            put(self.path / name, self.uri + name)
        except FileNotFoundError:
            return ""  # it went in the meantime
        except (ServiceError, OSError) as error:
            return "{}: {}".format(name, error)
        self._there[name] = signature
        return ""

    def _remove(self, name: str) -> str:
        try:
            remove(self.uri + name)
        except (ServiceError, OSError) as error:
            return "{}: {}".format(name, error)
        del self._there[name]
        return ""

    def _now(self) -> Dict[str, Signature]:
        found = {}
        for place, _, names in os.walk(str(self.path)):
            for name in names:
                path = os.path.join(place, name)
                try:
                    status = os.stat(path)
                except OSError:  # it went in the meantime, or is a link to nothing
                    continue
                if not os.path.isfile(path):
                    continue
                inside = os.path.relpath(path, str(self.path)).replace(os.sep, "/")
                found[inside] = (status.st_size, status.st_mtime_ns)
        return found


class Mirror:
    """Copies folders while the job runs, from a thread of its own, and once more at the end."""

    def __init__(self) -> None:
        self._folders: List[Folder] = []
        self._end = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def begin(self, folders: List[Folder]) -> None:
        """Watch folders from now on."""
        self._folders = folders
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Copy all that is left; raises ServiceError when some of it can not be."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        problems = [problem for folder in self._folders for problem in folder.copy(True)]
        if problems:
            left = "{} files could not be copied to the bucket".format(len(problems))
            raise ServiceError("{}: {}".format(left, "; ".join(problems[:3])))

    def _watch(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            for folder in self._folders:
                if not self._end.is_set():
                    folder.copy(False)  # what fails is tried again, and told at the end
