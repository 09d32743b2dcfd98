"""Objects in Cloud Storage: through `/gcs` where their bucket is mounted, else by calls.

Source: "Cloud Storage FUSE mounts", Vertex AI; Cloud Storage's JSON API.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
from urllib.parse import quote, urlencode

from .calls import ServiceError, asked, endpoint, opened, repeated

MOUNTS = Path("/gcs")
AT_ONCE = 8
PIECE = 1 << 20


def at_once(work: Callable[[Any], Any], items: Sequence[Any]) -> List[Any]:
    """Do something with several items at once; the first error is raised."""
    if not items:
        return []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def mounted(uri: str) -> Optional[Path]:
    """Give where an object or a folder is on this machine; None where its bucket is not."""
    bucket, name = _split(uri)
    try:
        return MOUNTS / bucket / name if (MOUNTS / bucket).is_dir() else None
    except OSError:  # a mount that broke
        return None


def listing(uri: str) -> Dict[str, str]:
    """Give the objects at a URI, each by its name below it: a folder's, or the one object."""
    place = mounted(uri)
    if place is not None:
        found = dict(_walked(uri.rstrip("/"), place))
    else:
        found = dict(_listed(*_split(uri)))
    for inside in found:
        if ".." in inside.split("/") or inside.startswith("/"):
            raise ServiceError("the object {} would lead out of its folder".format(inside))
    return found


def get(uri: str, path: Path) -> None:
    """Copy an object to a file; it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".fahr-part")
    place = mounted(uri)
    try:
        if place is not None and place.is_file():
            shutil.copyfile(str(place), str(part))
        else:
            repeated(lambda: _download(uri, part), "GET " + uri)
        os.replace(str(part), str(path))
    finally:
        if part.exists():
            part.unlink()


def put(path: Path, uri: str) -> None:
    """Copy a file to an object, which appears when it is whole; FileNotFoundError if it went."""
    place = mounted(uri)
    if place is None or not _through_mount(path, place):
        repeated(lambda: _upload(path, uri), "POST " + uri)


def remove(uri: str) -> None:
    """Take an object away; one that is not there is no error."""
    place = mounted(uri)
    if place is None:
        asked("DELETE", _address(*_split(uri)), missing_ok=True)
    elif place.exists():
        place.unlink()


def _split(uri: str) -> Tuple[str, str]:
    bucket, _, name = uri[len("gs://") :].partition("/")
    return bucket, name


def _address(bucket: str, name: str) -> str:
    path = "/storage/v1/b/{}/o/{}".format(quote(bucket, safe=""), quote(name, safe=""))
    return endpoint("storage") + path


def _through_mount(path: Path, place: Path) -> bool:
    """Copy a file to where its bucket is mounted; a mount that fails is passed by."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(path), str(place))
    except OSError:
        if not path.exists():
            raise
        return False
    return True


def _walked(uri: str, place: Path) -> Iterator[Tuple[str, str]]:
    if place.is_file():
        yield place.name, uri
    for folder, _, names in os.walk(str(place)):
        for name in names:
            inside = os.path.relpath(os.path.join(folder, name), str(place)).replace(os.sep, "/")
            yield inside, uri + "/" + inside


def _listed(bucket: str, name: str) -> Iterator[Tuple[str, str]]:
    wanted = name.rstrip("/")
    folder = wanted + "/" if wanted else ""
    token = ""
    while True:
        query = {"prefix": wanted, "fields": "items(name),nextPageToken", "pageToken": token}
        path = "/storage/v1/b/{}/o?{}".format(quote(bucket, safe=""), urlencode(query))
        page = asked("GET", endpoint("storage") + path)
        for one in [str(item["name"]) for item in page.get("items") or ()]:
            whole = "gs://{}/{}".format(bucket, one)
            if one == wanted:
                yield one.rpartition("/")[2], whole
            elif one.startswith(folder) and not one.endswith("/"):  # "/": the console's folders
                yield one[len(folder) :], whole
        token = str(page.get("nextPageToken") or "")
        if not token:
            return


def _download(uri: str, part: Path) -> None:
    with opened("GET", _address(*_split(uri)) + "?alt=media") as answer:
        size = answer.headers.get("Content-Length")
        with open(str(part), "wb") as file:
            shutil.copyfileobj(answer, file, PIECE)
            written = file.tell()
    if size is not None and int(size) != written:
        raise OSError("{} of {} bytes came".format(written, size))


def _upload(path: Path, uri: str) -> None:
    """Send a file in one go; the bucket's checksum tells whether it came as it was read."""
    bucket, name = _split(uri)
    query = urlencode({"uploadType": "media", "name": name})
    address = "{}/upload/storage/v1/b/{}/o?{}".format(
        endpoint("storage"), quote(bucket, safe=""), query
    )
    with open(str(path), "rb") as file:
        reader = _Hashed(file, os.fstat(file.fileno()).st_size)
        with opened("POST", address, reader, reader.size) as answer:
            told = json.load(answer)
    there = told.get("md5Hash")
    if there and there != base64.b64encode(reader.md5.digest()).decode("ascii"):
        raise OSError("it did not arrive as it was sent")


class _Hashed:
    """A file of so many bytes as it is read, and its checksum; one that grows is cut there."""

    def __init__(self, file: Any, size: int) -> None:
        self.size = size
        self.md5 = hashlib.new("md5")  # a checksum, which Cloud Storage keeps of each object
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        chunk: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        self.md5.update(chunk)
        return chunk
