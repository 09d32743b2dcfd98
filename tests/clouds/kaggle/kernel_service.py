"""The methods of ``kernels.KernelsApiService``."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .answers import Answer, redirect
from .errors import ApiError, denied
from .pages import page_of
from .saving import Saving
from .sessions import EXECUTED

if TYPE_CHECKING:
    from .accounts import Account
    from .answers import Asked
    from .cloud import Cloud
    from .kernels import Kernel, Version
    from .sessions import Session


def save(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    return Saving(cloud, account, asked.document).answer()


def status(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Give the state of a version; for the first calls the kernel is not there yet."""
    kernel = named(cloud, account, asked.document)
    if kernel.unseen > 0 and time.monotonic() < kernel.seen_at:
        kernel.unseen -= 1
        raise ApiError(404, "Not found")
    session = kernel.version(asked.document.get("versionLabel")).session
    if session is None:
        return {"status": "NEW_SCRIPT", "failureMessage": None}
    return {"status": session.status, "failureMessage": session.failure}


def output(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Give a page of the files that a session left, and its log; nothing before its end."""
    document = asked.document
    session = session_of(named(cloud, account, document), document.get("versionLabel"))
    names = listed_files(cloud, session)
    page, token = page_of(names, document, cloud.limits.page_size, 20)
    files = [{"fileName": name, "url": signed(cloud, asked, session, name)} for name in page]
    log = "" if session.active else session.log.document()
    return {"files": files, "log": log, "nextPageToken": token}


def files(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    document = asked.document
    session = session_of(named(cloud, account, document), document.get("versionLabel"))
    page, token = page_of(listed_files(cloud, session), document, cloud.limits.page_size, 20)
    sized = [(name, (session.output / name).stat().st_size) for name in page]
    now = datetime.now(UTC).isoformat()
    rows = [{"name": name, "size": size, "creationDate": now} for name, size in sized]
    return {"files": rows, "nextPageToken": token}


def get(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Give what a kernel is and the source of a version."""
    document = asked.document
    slug, _, number = document.get("kernelSlug", "").partition("/")
    kernel = named(cloud, account, {**document, "kernelSlug": slug})
    label = document.get("versionLabel") or (f"v{number.lstrip('v')}" if number else None)
    version = kernel.version(label)
    blob = {
        "source": version.asked.get("text"),
        "language": version.asked["language"],
        "kernelType": version.asked["kernelType"],
        "slug": kernel.slug,
    }
    return {"metadata": metadata_of(kernel, version), "blob": blob}


def listed(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Give the kernels that an account may see, by the words and the user that are asked for."""
    document = asked.document
    user, word = document.get("user") or None, document.get("search") or ""
    mine = document.get("group") == "PROFILE"
    found = [
        kernel
        for kernel in cloud.kernels.all()
        if (kernel.owner == account.name or not (kernel.is_private or mine))
        and user in (None, kernel.owner)
        and (word in kernel.slug or word in kernel.title)
    ]
    if document.get("sortBy") == "DATE_RUN":
        found.sort(key=lambda kernel: kernel.versions[-1].saved, reverse=True)
    start = (max(1, document.get("page") or 1) - 1) * (document.get("pageSize") or 20)
    page, token = page_of(found[start:], document, cloud.limits.page_size, 20)
    rows = [metadata_of(kernel, kernel.versions[-1]) for kernel in page]
    if not cloud.lists_numbers:
        rows = [row | {"currentVersionNumber": None} for row in rows]
    return {"kernels": rows, "nextPageToken": token}


def delete(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    kernel = named(cloud, account, asked.document)
    if kernel.owner != account.name:
        raise denied("kernels.delete")
    cloud.kernels.delete(kernel)
    return {"errorMessage": None}


def cancel(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """End a session by the number that neither a push nor a status tells."""
    session = with_id(cloud, account, asked.document.get("kernelSessionId"))
    if not session.active:
        return {"errorMessage": "The session has already ended."}
    session.cancel()
    return {"errorMessage": None}


def download(cloud: Cloud, account: Account, asked: Asked) -> Answer:
    """Send the client to one file, or to all of them by the number of the session."""
    document = asked.document
    kernel = named(cloud, account, {**document, "userName": document.get("ownerSlug")})
    number = document.get("versionNumber")
    session = session_of(kernel, f"v{number}" if number else None)
    if path := document.get("filePath"):
        return redirect(signed(cloud, asked, session, path))
    base = "/v1" if asked.path.startswith("/v1") else "/api/v1"
    return redirect(asked.url(asked.host, f"{base}/kernels/output/download_zip/{session.id}"))


def download_zip(cloud: Cloud, account: Account, asked: Asked) -> Answer:
    session = with_id(cloud, account, asked.path.rpartition("/")[2])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in listed_files(cloud, session):
            archive.write(session.output / name, name)
    return Answer(200, {"Content-Type": "application/zip"}, packed.getvalue())


def quota(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Give used and allowed time of the accelerators, as durations ``12.5s``."""
    refresh = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(days=3)
    told: dict[str, Any] = {"quotaRefreshTime": refresh.isoformat() + "Z"}
    for name in ("gpu", "tpu"):
        used, allowed = cloud.quota(account, name)
        told[f"{name}Quota"] = {
            "timeUsed": f"{used:.3f}s",
            "timeReserved": "0s",
            "totalTimeAllowed": f"{allowed:.3f}s",
            "hasEverRun": used > 0,
        }
    return told


# -- what the methods share -----------------------------------------------------------------


def named(cloud: Cloud, account: Account, document: dict[str, Any]) -> Kernel:
    """Give the kernel that ``userName`` and ``kernelSlug`` name."""
    owner = document.get("userName") or account.name
    return cloud.kernels.seen_by(account.name, f"{owner}/{document.get('kernelSlug', '')}")


def session_of(kernel: Kernel, label: str | None) -> Session:
    session = kernel.version(label).session
    if session is None:
        raise ApiError(404, "Not found")
    return session


def with_id(cloud: Cloud, account: Account, number: object) -> Session:
    for session in cloud.sessions:
        if str(session.id) == str(number) and session.owner == account.name:
            return session
    raise ApiError(404, "Not found")


def listed_files(cloud: Cloud, session: Session) -> list[str]:
    """Give the paths of the files that a session left, as far as they are told."""
    paths = sorted(path for path in session.output.rglob("*") if path.is_file())
    names = [path.relative_to(session.output).as_posix() for path in paths]
    return [name for name in names if name != EXECUTED or cloud.lists_notebooks]


def signed(cloud: Cloud, asked: Asked, session: Session, name: str) -> str:
    """Give an address of a file, good without credentials."""
    path = f"/kf/{session.id}/{int(time.time())}/{quote(name)}"
    return asked.url("www.kaggleusercontent.com", cloud.storage.sign(session.output / name, path))


def metadata_of(kernel: Kernel, version: Version) -> dict[str, Any]:
    asked = version.asked
    return {
        "id": kernel.id,
        "ref": kernel.ref,
        "title": kernel.title,
        "author": kernel.owner,
        "slug": kernel.slug,
        "lastRunTime": datetime.fromtimestamp(version.saved, UTC).isoformat(),
        "language": asked["language"],
        "kernelType": asked["kernelType"],
        "isPrivate": kernel.is_private,
        "enableGpu": bool(asked.get("enableGpu")),
        "enableTpu": bool(asked.get("enableTpu")),
        "enableInternet": bool(asked.get("enableInternet")),
        "categoryIds": [],
        **version.sources,
        "totalVotes": 0,
        "currentVersionNumber": kernel.versions[-1].number,
        "dockerImage": asked.get("dockerImage") or "gcr.io/kaggle-images/python:latest",
        "machineShape": version.machine_shape,
    }


METHODS = {
    "SaveKernel": save,
    "GetKernelSessionStatus": status,
    "ListKernelSessionOutput": output,
    "ListKernelFiles": files,
    "GetKernel": get,
    "ListKernels": listed,
    "DeleteKernel": delete,
    "CancelKernelSession": cancel,
    "DownloadKernelOutput": download,
    "GetAcceleratorQuotaStatistics": quota,
}
