"""Moves what a job left in its work folder to the output."""

import os
import stat
from typing import Callable, Dict, Iterable, Iterator, NamedTuple, Optional, Tuple

from .exclude import Exclude

LARGE = 10 * 1000**3  # bytes

Manifest = Dict[str, Tuple[int, int]]


class Entry(NamedTuple):
    """Something found below a folder: its path there, with the system's separator."""

    path: str
    status: os.stat_result

    @property
    def mark(self) -> Tuple[int, int]:
        """Size and time of the last change, in nanoseconds."""
        return self.status.st_size, self.status.st_mtime_ns


def manifest(folder: str) -> Manifest:
    """Note what is below a folder, to tell later what is new."""
    if not os.path.isdir(folder):
        return {}
    return {entry.path: entry.mark for entry in _walk(folder, lambda *_: False)}


class Collection:
    """One collection: from `work`, where `before` was there at the start, to `output`.

    `output_before` is what the output held at the start: it may be replaced, what the job
    itself put there since is kept. `apart` are folders inside work that are not its own.
    """

    def __init__(
        self,
        work: str,
        before: Manifest,
        output: str,
        output_before: Manifest,
        exclude: Iterable[str] = (),
        apart: Iterable[str] = (),
        say: Callable[[str], None] = print,
    ) -> None:
        self._work, self._before = os.path.realpath(work), before
        self._output, self._output_before = output, output_before
        self._exclude = Exclude(exclude)
        self._apart = {os.path.realpath(path) for path in apart}
        self._say = say

    def run(self) -> Optional[str]:
        """Move what is new or changed; give what went wrong, if anything did.

        A file that can not be moved stays where it is, whole.
        """
        new = [e for e in _walk(self._work, self._skip) if self._before.get(e.path) != e.mark]
        size = sum(e.status.st_size for e in new if stat.S_ISREG(e.status.st_mode))
        if size > LARGE:
            self._say("warning: {:.1f} GB of output".format(size / 1e9))
        problems = []
        for take in (self._take_folder, self._take_file, self._take_link):
            for entry in new:
                try:
                    take(entry)
                except OSError as error:
                    problems.append(self._problem(entry, error))
        if len(problems) > 1:
            problems[0] += " (and {} more)".format(len(problems) - 1)
        return problems[0] if problems else None

    def _problem(self, entry: Entry, error: OSError) -> str:
        cause = error.strerror or str(error)
        text = "{} can not be put into the output: {}".format(_shown(entry.path), cause)
        self._say(text + "; it stays in " + _shown(self._work))
        return text

    def _skip(self, path: str, full: str) -> bool:
        return full in self._apart or self._exclude.folder(path.replace(os.sep, "/"), full)

    def _take_folder(self, entry: Entry) -> None:
        if stat.S_ISDIR(entry.status.st_mode) and entry.path not in self._before:
            os.makedirs(os.path.join(self._output, entry.path), exist_ok=True)

    def _take_file(self, entry: Entry) -> None:
        kind = entry.status.st_mode
        if stat.S_ISDIR(kind) or stat.S_ISLNK(kind):
            return
        if self._exclude.file(entry.path.replace(os.sep, "/")):
            return
        if not stat.S_ISREG(kind):
            self._say("left out: {} is not a plain file".format(_shown(entry.path)))
            return
        _move(os.path.join(self._work, entry.path), self._free(entry.path))

    def _free(self, path: str) -> str:
        """Give the place for a file, beside one that the job itself put into the output."""
        target = os.path.join(self._output, path)
        try:
            status = os.lstat(target)
        except OSError:
            return target
        if self._output_before.get(path) == Entry(path, status).mark:
            return target
        beside, number = target + ".from-work", 1
        while os.path.lexists(beside):
            beside, number = "{}.from-work-{}".format(target, number), number + 1
        self._say(
            "{} was written both to the output and to the work folder; the latter is {}".format(
                _shown(path), _shown(os.path.basename(beside))
            )
        )
        return beside

    def _take_link(self, entry: Entry) -> None:
        if not stat.S_ISLNK(entry.status.st_mode):
            return
        if self._exclude.file(entry.path.replace(os.sep, "/")):
            return
        target = self._target(os.path.join(self._work, entry.path))
        if target is None or not os.path.lexists(target):
            self._say("left out: the link {} leads out of the output".format(_shown(entry.path)))
            return
        place = os.path.join(self._output, entry.path)
        if os.path.lexists(place):
            place = self._free(entry.path)
        if os.path.lexists(place):
            os.unlink(place)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.symlink(os.path.relpath(target, os.path.dirname(place)), place)

    def _target(self, link: str) -> Optional[str]:
        """Give where a link's target is now: in the output; None when it is elsewhere."""
        aim = os.path.join(os.path.dirname(link), os.readlink(link))
        aim = os.path.join(os.path.realpath(os.path.dirname(aim)), os.path.basename(aim))
        for root in (os.path.realpath(self._output), self._work):
            if aim.startswith(root + os.sep):
                return os.path.join(self._output, os.path.relpath(aim, root))
        return None


def _walk(folder: str, skip: Callable[[str, str], bool], below: str = "") -> Iterator[Entry]:
    """Give folders before what is in them; folders that are links are links."""
    try:
        found = sorted(os.scandir(os.path.join(folder, below)), key=lambda item: item.name)
    except OSError:
        return  # gone, or closed to us: nothing that could be collected
    for item in found:
        path = os.path.join(below, item.name)
        try:
            status = item.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            if skip(path, item.path):
                continue
            yield Entry(path, status)
            yield from _walk(folder, skip, path)
        else:
            yield Entry(path, status)


def _move(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.replace(source, target)
    except OSError as error:
        import errno

        if error.errno != errno.EXDEV:
            raise
        _copy_then_remove(source, target)


def _copy_then_remove(source: str, target: str) -> None:
    import shutil

    part = target + ".fahr-part"
    try:
        shutil.copy2(source, part)
        os.replace(part, target)
    except OSError:
        if os.path.lexists(part):
            os.unlink(part)
        raise
    os.unlink(source)


def _shown(path: str) -> str:
    """Give a path as one printable line."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if text.isprintable() else repr(text)
