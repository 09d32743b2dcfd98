"""What a kernel may read: datasets, kernels' output, competitions; and where it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path

    from .accounts import Account
    from .cloud import Cloud

# The field of a push, and that of its answer which lists what was dropped from it.
FIELDS = {
    "datasetDataSources": "invalidDatasetSources",
    "kernelDataSources": "invalidKernelSources",
    "competitionDataSources": "invalidCompetitionSources",
    "modelDataSources": "invalidModelSources",
}
KINDS = {
    "datasetDataSources": "datasets",
    "kernelDataSources": "notebooks",
    "competitionDataSources": "competitions",
}


def check_sources(
    cloud: Cloud, account: Account, asked: dict[str, Any]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Give the sources that can be used by field, and by the answer's field what is dropped."""
    good: dict[str, list[str]] = {}
    invalid: dict[str, list[str]] = {}
    for name, told in FIELDS.items():
        wanted = asked.get(name) or []
        good[name] = [each for each in wanted if folder_of(cloud, account, name, each)]
        invalid[told] = [each for each in wanted if each not in good[name]]
    return good, invalid


def folder_of(cloud: Cloud, account: Account, field: str, source: str) -> Path | None:
    """Give the folder of a source's files; None when the account cannot use it (yet)."""
    try:
        if field == "datasetDataSources":
            return cloud.datasets.seen_by(account.name, source).ready_folder()
        if field == "kernelDataSources":
            return output_of(cloud, account, source)
    except ApiError:
        return None
    if field == "competitionDataSources" and source in account.competitions:
        return cloud.competitions.get(source)
    return None


def output_of(cloud: Cloud, account: Account, source: str) -> Path | None:
    """Give the output of the latest version that has any."""
    kernel = cloud.kernels.seen_by(account.name, source)
    for version in reversed(kernel.versions):
        if version.session and version.session.output.is_dir():
            return version.session.output
    return None


def mounts_of(cloud: Cloud, sources: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """Give field, source and place of each source, by the layout that the service has now."""
    found = []
    for field, refs in sources.items():
        for ref in refs:
            owner, _, slug = "/".join(ref.split("/")[:2]).rpartition("/")
            parts = [slug] if cloud.layout == "flat" else [KINDS[field], owner, slug]
            found.append((field, ref, "/".join(["/kaggle/input", *filter(None, parts)])))
    return found
