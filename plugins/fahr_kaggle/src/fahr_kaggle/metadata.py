"""``kernel-metadata.json``: written for the official client, read where a person edited it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError
from fahr_core.marks import is_unedited

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "edited_values", "metadata_text"]

FILE = "kernel-metadata.json"

#: Keys of the file that are settings by the same name.
_SAME = (
    "title",
    "is_private",
    "enable_gpu",
    "enable_tpu",
    "machine_shape",
    "enable_internet",
    "dataset_sources",
    "kernel_sources",
    "competition_sources",
    "model_sources",
    "docker_image",
    "docker_image_pinning_type",
)
_FLAGS = ("is_private", "enable_gpu", "enable_tpu", "enable_internet")
#: Kaggle writes this where it has no value.
_EMPTY: tuple[Any, ...] = ("", [], None)


def metadata_text(values: Mapping[str, Any], *, owner: str, slug: str, artifact: str) -> str:
    """Give the file's text, as ``kaggle kernels push`` takes it."""
    content: dict[str, Any] = {
        "id": f"{owner}/{slug}",
        "title": values["title"],
        "code_file": artifact,
        "language": "python",
        "kernel_type": "notebook" if artifact.endswith(".ipynb") else "script",
    }
    content |= {key: values[key] for key in _SAME[1:] if values.get(key) is not None}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def edited_values(experiment: str) -> dict[str, Any]:
    """Give what a person wrote into the file, by settings' names; nothing of fahr's own file.

    Raises:
        SettingsError: the file is not JSON, or a value is none that its key takes.
    """
    path = Path(experiment, FILE)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error
    if is_unedited(text, "json"):
        return {}
    return _validated(_known(_content(text)))


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{FILE} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{FILE} is no JSON object")
    return content


def _known(content: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: content[key] for key in _SAME if content.get(key) not in _EMPTY}
    for key in _FLAGS:
        if isinstance(values.get(key), str):  # the official client takes "true" as well
            values[key] = values[key].lower() == "true"
    owner, found, slug = str(content.get("id") or "").partition("/")
    if found and "INSERT" not in slug:
        values |= {"username": owner, "slug": slug}
    return values


def _validated(values: dict[str, Any]) -> dict[str, Any]:
    from pydantic import ValidationError

    from fahr_kaggle.settings import KaggleSettings

    try:
        model = KaggleSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{FILE}: {key}: {first['msg']}") from error
    return {key: value for key, value in model.model_dump(mode="json").items() if key in values}
