"""``kernel-metadata.json``: written for the official client, read where a person edited it.

What a person wrote into it are settings, weaker than all others.  Only that a kernel be public
is none: :func:`says_public` tells of it, so that nothing is published that nobody asked fahr
to publish.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError
from fahr_core.marks import is_unedited

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "file_settings", "metadata_text", "says_public"]

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
_ANEW = "fahr init --overwrite    writes it anew"
#: The official client's ``kernels init``, and fahr without credentials, write such places.
_TO_FILL_IN = "INSERT_"
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


def file_settings(folder: Path) -> dict[str, dict[str, Any]]:
    """Give what a person wrote into the file, by settings' names; nothing of fahr's own file.

    Raises:
        SettingsError: the file cannot be read, or is no JSON object.
    """
    values = _edited(folder)
    if values.get("is_private") is False:
        del values["is_private"]
    return {FILE: values}


def says_public(experiment: str) -> bool:
    """Tell whether a person made the kernel public in the file.

    Raises:
        SettingsError: the file cannot be read, or is no JSON object.
    """
    return _edited(Path(experiment)).get("is_private") is False


def _edited(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / FILE).read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}", _ANEW) from error
    return {} if is_unedited(text, "json") else _known(_content(text))


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{FILE} is not JSON: {error}", _ANEW) from error
    if not isinstance(content, dict):
        raise SettingsError(f"{FILE} is no JSON object", _ANEW)
    return content


def _known(content: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: content[key] for key in _SAME if _is_said(content.get(key))}
    for key in _FLAGS:
        if isinstance(values.get(key), str):  # the official client takes "true" as well
            values[key] = values[key].lower() == "true"
    owner, found, slug = str(content.get("id") or "").partition("/")
    if values.get("title") == slug:  # as fahr writes it: where another slug is said, it goes
        del values["title"]
    names = {"username": owner, "slug": slug} if found else {}
    return values | {key: name for key, name in names.items() if _is_said(name)}


def _is_said(value: Any) -> bool:
    return value not in _EMPTY and not str(value).startswith(_TO_FILL_IN)
