"""The one file that is pushed: a script or a notebook that holds all that its job needs.

It is made of the request and what the store holds by digest, so that the same request gives
the same bytes on any day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core import store
from fahr_core.errors import UsageError
from fahr_kaggle.bundle import CODE, LIMIT, LOCK, make_bundle, source_of
from fahr_kaggle.header import header_of

if TYPE_CHECKING:
    from fahr_core.models import Job, Request
    from fahr_kaggle.bundle import Bundle

__all__ = ["Composed", "compose"]


@dataclass(frozen=True, slots=True)
class Composed:
    """The file's text, and whether the job's code is in it or in a dataset."""

    text: str
    with_code: bool


def compose(request: Request) -> Composed:
    """Make the file of a request.

    Raises:
        FahrError: the code is not on this machine any more.
        UsageError: even without the code the file is above Kaggle's limit.
    """
    whole = _text(request, with_code=True)
    if len(whole.encode()) <= LIMIT:
        return Composed(whole, with_code=True)
    apart = _text(request, with_code=False)
    if len(apart.encode()) > LIMIT:
        size = len(apart.encode())
        raise UsageError(
            f"{request.job.artifact} makes a file of {size:,} bytes; Kaggle takes {LIMIT:,}",
            "clear the notebook's outputs and attachments, or move code to a module",
            "nothing was sent",
        )
    return Composed(apart, with_code=False)


def _text(request: Request, *, with_code: bool) -> str:
    job = request.job
    bundle = _bundle(request, with_code=with_code)
    head = header_of(job, request.body["content"], request.body["experiment"]).line()
    if job.kind == "notebook":
        from fahr_kaggle.notebook_file import notebook_text

        return notebook_text(job, head, bundle)
    return script_text(job, head, bundle)


def _bundle(request: Request, *, with_code: bool) -> Bundle:
    job = request.job
    files: dict[str, bytes] = {}
    if with_code:
        files[CODE] = store.read(job.code.digest)
    if job.environment.lock:
        files[LOCK] = store.read(job.environment.lock)
    if job.kind == "notebook":
        files["begin_notebook.py"] = source_of("inside/notebook.py")
    return make_bundle(request.body["description"], files)


def script_text(job: Job, head: str, bundle: Bundle) -> str:
    """Give the script that holds the archive."""
    begin = source_of("inside/begin.py").decode()
    lines = [
        head,
        "#",
        f"# {_plain(job.artifact)} with its modules, its parameters and the program that starts",
        "# it, packed by fahr. The files as they were are in ARCHIVE, a zip in base64.",
        "",
        f'ARCHIVE = """\n{bundle.text()}\n"""',
        "",
        begin,
        "",
        'if __name__ == "__main__":',
        f"    start(unpack(ARCHIVE, {json.dumps(job.run_id)}))",
        "",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Keep a name from ending the comment that it stands in."""
    return text if text.isprintable() else ascii(text)
