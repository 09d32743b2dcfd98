"""The methods of ``datasets.DatasetApiService`` and ``blobs.BlobApiService``."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .answers import Answer, redirect
from .errors import ApiError, denied
from .kernels import slug_of
from .pages import page_of
from .storage import DOWNLOADS, UPLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from .accounts import Account
    from .answers import Asked
    from .cloud import Cloud
    from .datasets import Dataset

LENGTH = range(6, 51)


def start_upload(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    document = asked.document
    if document.get("type") != "DATASET":
        raise ApiError(400, "Invalid blob type")
    token, path = cloud.storage.begin(document["name"], document.get("contentLength", 0))
    return {"token": token, "createUrl": asked.url(UPLOADS, path)}


def create(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    """Make a dataset; what is wrong with it is told in a 200."""
    document = asked.document
    title = document.get("title") or ""
    slug = document.get("slug") or slug_of(title)
    owner = document.get("ownerSlug") or account.name
    if owner.lower() != account.name.lower():
        raise denied("datasets.create")
    if len(title) not in LENGTH or len(slug) not in LENGTH:
        return refused("The dataset title and slug must be between 6 and 50 characters")
    if f"{account.name}/{slug}" in cloud.datasets:
        taken = f'The requested title "{title}" is already in use by a dataset.'
        return refused(f"{taken} Please choose another title.")
    tokens = tokens_of(document)
    if not tokens:
        return refused("A dataset needs at least one file")
    for token in tokens:
        cloud.storage.uploaded(token)
    dataset = cloud.datasets.create(account.name, slug, title, document)
    cloud.datasets.add_version(dataset, tokens, "Initial release", cloud.pace.dataset_seconds)
    return accepted(dataset)


def create_version(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    document = asked.document
    dataset = named(cloud, account, document)
    if dataset.owner != account.name:
        raise denied("datasets.update")
    body = document.get("body") or {}
    notes = body.get("versionNotes") or ""
    cloud.datasets.add_version(dataset, tokens_of(body), notes, cloud.pace.dataset_seconds)
    return accepted(dataset)


def status(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    return {"status": named(cloud, account, asked.document).version().status}


def get(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    return row_of(named(cloud, account, asked.document))


def metadata(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    dataset = named(cloud, account, asked.document)
    info = {
        "datasetId": dataset.id,
        "datasetSlug": dataset.slug,
        "ownerUser": dataset.owner,
        "title": dataset.title,
        "isPrivate": dataset.is_private,
        "licenses": [{"name": dataset.license}],
    }
    return {"info": info}


def listed(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    document = asked.document
    word, user = document.get("search") or "", document.get("user") or None
    found = [
        dataset
        for dataset in cloud.datasets.all()
        if (dataset.owner == account.name or not dataset.is_private)
        and user in (None, dataset.owner)
        and (word in dataset.slug or word in dataset.title)
    ]
    page, token = page_of(found, {**document, "pageSize": 20}, 20, 20)
    return {"datasets": [row_of(dataset) for dataset in page], "nextPageToken": token}


def files(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    document = asked.document
    version = named(cloud, account, document).version(document.get("datasetVersionNumber"))
    page, token = page_of(version.files(), document, cloud.limits.page_size, 20)
    rows = [{"name": name, "totalBytes": size, "creationDate": now()} for name, size in page]
    return {"datasetFiles": rows, "nextPageToken": token}


def delete(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    dataset = named(cloud, account, asked.document)
    if dataset.owner != account.name:
        raise denied("datasets.delete")
    cloud.datasets.delete(dataset)
    return {"error": None}


def download(cloud: Cloud, account: Account, asked: Asked) -> Answer:
    """Send the client to one file, or to an archive of all."""
    document = asked.document
    dataset = named(cloud, account, document)
    version = dataset.version(document.get("datasetVersionNumber"))
    name = document.get("fileName")
    if name and name not in dict(version.files()):
        raise ApiError(404, "Not found")
    file = version.folder / name if name else packed(version.folder)
    path = f"/datasets/{dataset.id}/{version.number}/{quote(name or 'archive.zip')}"
    return redirect(asked.url(DOWNLOADS, cloud.storage.sign(file, path)))


# -- what the methods share -----------------------------------------------------------------


def named(cloud: Cloud, account: Account, document: dict[str, Any]) -> Dataset:
    owner = document.get("ownerSlug") or account.name
    return cloud.datasets.seen_by(account.name, f"{owner}/{document.get('datasetSlug', '')}")


def tokens_of(document: dict[str, Any]) -> list[str]:
    return [file["token"] for file in document.get("files") or []]


def accepted(dataset: Dataset) -> dict[str, Any]:
    url = f"https://www.kaggle.com/datasets/{dataset.ref}"
    return {"ref": f"/{dataset.ref}", "url": url, "status": "Ok", "error": "", "invalidTags": []}


def refused(error: str) -> dict[str, Any]:
    return {"ref": "", "url": "", "status": "Error", "error": error, "invalidTags": []}


def row_of(dataset: Dataset) -> dict[str, Any]:
    latest = dataset.version()
    versions = [
        {
            "versionNumber": version.number,
            "versionNotes": version.notes,
            "status": version.status,
            "creationDate": now(),
        }
        for version in dataset.versions
    ]
    return {
        "id": dataset.id,
        "ref": dataset.ref,
        "title": dataset.title,
        "url": f"https://www.kaggle.com/datasets/{dataset.ref}",
        "totalBytes": sum(size for _, size in latest.files()),
        "lastUpdated": now(),
        "isPrivate": dataset.is_private,
        "licenseName": dataset.license,
        "ownerName": dataset.owner,
        "ownerRef": dataset.owner,
        "currentVersionNumber": latest.number,
        "versions": versions,
    }


def packed(folder: Path) -> Path:
    """Pack a version's files beside it and give the archive."""
    target = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return target


def now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat() + "Z"


METHODS = {
    "StartBlobUpload": start_upload,
    "CreateDataset": create,
    "CreateDatasetVersion": create_version,
    "GetDatasetStatus": status,
    "GetDataset": get,
    "GetDatasetMetadata": metadata,
    "ListDatasets": listed,
    "ListDatasetFiles": files,
    "DeleteDataset": delete,
    "DownloadDataset": download,
}
