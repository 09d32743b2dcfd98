"""A job's output: every page of it, several files at once, each whole or not at all."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_core.models import FetchedFile
from fahr_core.object_files import save_each
from fahr_core.transfer import chosen
from fahr_kaggle.answers import RemoteFile
from fahr_kaggle.chain import sessions
from fahr_kaggle.client import Kaggle
from fahr_kaggle.connection import NotThere
from fahr_kaggle.kernel import located
from fahr_kaggle.logs import kept_lines

if TYPE_CHECKING:
    from fahr_core.hookspecs import Progress
    from fahr_core.models import FetchOptions, JobRef
    from fahr_kaggle.kernel import Kernel

__all__ = ["LOG", "fetch"]

#: The file that holds the log.
LOG = "fahr-job.log"
#: What Kaggle calls the notebook that it executed.
_EXECUTED = "__notebook__.ipynb"
#: Stands for the log among the files: Kaggle gives it with their list.
_LOG_FILE = RemoteFile(LOG, "")
_AT_ONCE = 6
_ATTEMPTS = 5
#: Bytes that are lost at most where a connection breaks.
_CHUNK = 64 * 1024


def fetch(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Write a job's output and its log into a folder and list the files.

    Raises:
        DiskError: the disk is full.
        FahrError: Kaggle has no such job, or names a file outside of the folder.
        ServiceError: a file does not come.
        UsageError: the options mean none of the files.
    """
    place = located(ref)
    if place is None:
        raise FahrError(f"Kaggle has no job {ref.id}")
    kernel, first = place
    with Kaggle() as kaggle:
        # The last session of a chain holds what the earlier ones have left.
        *earlier, last = sessions(kaggle, ref, kernel, first)
        fetching = _Fetching(kaggle, ref, destination, options, progress)
        return fetching.run(kernel, last, earlier)


class _Fetching:
    def __init__(
        self,
        kaggle: Kaggle,
        ref: JobRef,
        destination: Path,
        options: FetchOptions,
        progress: Progress,
    ) -> None:
        self._kaggle = kaggle
        self._ref = ref
        self._destination = destination
        self._options = options
        self._progress = progress

    def run(self, kernel: Kernel, version: int, earlier: list[int]) -> list[FetchedFile]:
        files, log = self._listed(kernel, version)
        logs = [*(self._kaggle.output_page(kernel, number).log for number in earlier), log]
        named = self._named(files)
        if log:
            named.setdefault(LOG, _LOG_FILE)
        names = chosen(list(named), self._options.include)
        wanted = {name: named[name] for name in names if named[name] is not _LOG_FILE}
        for name in wanted:
            _check(name)
        fetched = save_each(
            partial(self._get, kernel, version), wanted, self._destination, _AT_ONCE
        )
        if len(wanted) < len(names):
            fetched.append(self._write_log(logs))
        return fetched

    def _listed(self, kernel: Kernel, version: int) -> tuple[list[RemoteFile], str]:
        """Give all files, of all pages, and the log."""
        files: list[RemoteFile] = []
        log, token = "", None
        while True:
            try:
                page = self._kaggle.output_page(kernel, version, token)
            except NotThere as error:
                raise FahrError(
                    f"Kaggle has no output of {kernel} version {version}: {error}"
                ) from error
            files += page.files
            log, token = log or page.log, page.next_token
            if token is None:
                return list({file.name: file for file in files}.values()), log

    def _named(self, files: list[RemoteFile]) -> dict[str, RemoteFile]:
        """Give the files by the names that they get here: the executed notebook has fahr's."""
        named = {file.name: file for file in files}
        notebook = self._ref.data.get("notebook")
        if notebook and (executed := named.pop(_EXECUTED, None)):
            # The job's own copy, where it could make one, is without fahr's cells.
            named.setdefault(f"{PurePosixPath(notebook).stem}.executed.ipynb", executed)
        return named

    def _get(self, kernel: Kernel, version: int, name: str, file: RemoteFile) -> FetchedFile:
        """Fetch one file, going on where a connection broke, by a new address if need be."""
        target = self._destination / name
        url = file.url
        try:
            for attempt in range(_ATTEMPTS):
                problem = self._part(url, target, name)
                if problem is None:
                    return FetchedFile(path=name, size=target.stat().st_size)
                if attempt + 1 < _ATTEMPTS:
                    url = self._new_address(kernel, version, file) or url
        except OSError as error:
            raise DiskError(f"cannot write {target}: {error.strerror or error}") from error
        raise ServiceError(f"{name} does not come whole: {problem}", "fahr fetch    tries again")

    def _part(self, url: str, target: Path, name: str) -> str | None:
        """Fetch what is missing of a file; say what went wrong, if anything did."""
        import requests

        offset = target.stat().st_size if target.exists() else 0
        try:
            response = self._kaggle.download(url, offset)
        except NotThere as error:
            return f"its address is not valid any more: {error}"
        with response:
            if response.status_code != requests.codes.partial_content:
                offset = 0
            total = _total(response, offset)
            try:
                with target.open("ab" if offset else "wb") as stream:
                    done = offset
                    for chunk in response.iter_content(_CHUNK):
                        stream.write(chunk)
                        done += len(chunk)
                        self._progress(name, done=done, total=total)
            except requests.RequestException as error:
                return str(error)
        return None if total in (None, done) else f"{done} of {total} bytes"

    def _new_address(self, kernel: Kernel, version: int, file: RemoteFile) -> str | None:
        """Ask for a file's address again: it is valid for a while only."""
        files, _ = self._listed(kernel, version)
        return next((one.url for one in files if one.name == file.name), None)

    def _write_log(self, logs: list[str]) -> FetchedFile:
        text = "".join(f"{line.text}\n" for log in logs for line in kept_lines(log))
        target = self._destination / LOG
        try:
            target.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise DiskError(f"cannot write {target}: {error.strerror or error}") from error
        return FetchedFile(path=LOG, size=target.stat().st_size)


def _total(response: object, offset: int) -> int | None:
    """Give a file's whole size; None where the server does not say, or packs what it sends."""
    headers = getattr(response, "headers", {})
    length = headers.get("Content-Length", "")
    if headers.get("Content-Encoding") or not length.isdigit():
        return None
    return offset + int(length)


def _check(name: str) -> None:
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if outside or "\\" in name or "\0" in name or Path(name).drive:
        raise FahrError(f"Kaggle names an output file outside of its folder: {name!r}")
