"""Jobs that this machine has no record of, by their kernel's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.models import Absent, Found, JobRef
from fahr_kaggle.client import Kaggle
from fahr_kaggle.header import read_header
from fahr_kaggle.kernel import Kernel, parse_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["find_job"]


def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find ``OWNER/train``: its latest version, or ``OWNER/train/4``.

    A kernel that is not from fahr is found too; of it no parameters are known.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    parsed = parse_name(name)
    if parsed is None:
        return Absent(reason="a job is called OWNER/KERNEL, or OWNER/KERNEL/VERSION")
    owner, slug, number = parsed
    with Kaggle() as kaggle:
        kernel = Kernel(owner or settings.get("username") or kaggle.username, slug)
        version = kaggle.version(kernel, number)
    if version is None or not version.number:
        which = f" version {number}" if number else ""
        return Absent(reason=f"{kernel}{which} is not there, or another account's own")
    header = read_header(version.source)
    job = header.as_job() if header else None
    data: dict[str, Any] = {"run": header.run if header else "", "asked": version.shape}
    if header and header.kind == "notebook":
        data["notebook"] = header.artifact
    ref = JobRef(driver="kaggle", id=f"{kernel}/{version.number}", data=data)
    return Found(ref=ref, link=kernel.link, job=job)
