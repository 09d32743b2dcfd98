"""A notebook as it is pushed: the user's own, readable, with a first and a last cell of ours."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import store
from fahr_core.errors import ArtifactError, ParameterError
from fahr_core.launcher import cells, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job
    from fahr_kaggle.bundle import Bundle

__all__ = ["notebook_text"]

_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_FIRST = "fahr-first"
_LAST = "fahr-last"


def notebook_text(job: Job, head: str, bundle: Bundle) -> str:
    """Give the notebook with the archive in its first cell, and the parameters set.

    Raises:
        ArtifactError: the file is no notebook of Python's.
        ParameterError: a value cannot be written down.
    """
    notebook = _without_outputs(_with_parameters(job, _read(job)))
    metadata = notebook.setdefault("metadata", {})
    # Without a kernel's name a notebook dies on Kaggle (kaggle-cli issue 689).
    metadata["kernelspec"] = {**_KERNEL, **_named(metadata)}
    notebook.setdefault("nbformat", 4)
    notebook.setdefault("nbformat_minor", 4)
    first = _first_source(job, head, bundle)
    last = "# fahr: tidies up and notes how the job went.\nfahr_job.end()"
    notebook["cells"] = [
        _cell(_FIRST, first, notebook, hidden=True),
        *notebook["cells"],
        _cell(_LAST, last, notebook, hidden=True),
    ]
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def _read(job: Job) -> dict[str, Any]:
    try:
        with tarfile.open(fileobj=io.BytesIO(store.read(job.code.digest))) as tar:
            stream = tar.extractfile(job.artifact)
            content = stream.read() if stream else b""
        notebook = json.loads(content.decode("utf-8-sig"))
    except (KeyError, ValueError, tarfile.TarError) as error:
        raise ArtifactError(f"{job.artifact} is no notebook: {error}") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ArtifactError(f"{job.artifact} is no notebook of format 4")
    _refuse_other_languages(job, notebook)
    return notebook


def _refuse_other_languages(job: Job, notebook: Mapping[str, Any]) -> None:
    metadata = notebook.get("metadata") or {}
    language = (metadata.get("kernelspec") or {}).get("language") or (
        metadata.get("language_info") or {}
    ).get("name")
    if language and "python" not in str(language).lower():
        raise ArtifactError(f"{job.artifact} is written in {language}, not in Python")


def _named(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the file says of its kernel, but for its name: Kaggle has python3 alone."""
    there = metadata.get("kernelspec") or {}
    return {key: value for key, value in there.items() if key != "name" and value}


def _with_parameters(job: Job, notebook: dict[str, Any]) -> dict[str, Any]:
    """Set the parameters as papermill would: a cell below the tagged one, else in place."""
    if not job.params:
        return notebook
    tagged = cells.tagged_cell(notebook)
    if tagged is None:
        return _rewritten(job, notebook)
    place = notebook["cells"].index(tagged) + 1
    source = "# Parameters\n" + "\n".join(
        f"{name} = {_literal(name, value)}" for name, value in job.params.items()
    )
    cell = _cell("fahr-parameters", source, notebook)
    cell["metadata"]["tags"] = ["injected-parameters"]
    return {**notebook, "cells": [*notebook["cells"][:place], cell, *notebook["cells"][place:]]}


def _rewritten(job: Job, notebook: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "notebook.ipynb")
        file.write_text(json.dumps(notebook), "utf-8")
        signature = parameters.inspect(str(file), "notebook")
        try:
            parameters.hand_over(signature, dict(job.params), str(file), "notebook")
        except ValueError as error:
            raise ParameterError(f"the parameters cannot be set: {error}") from error
        changed: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return changed


def _literal(name: str, value: Any) -> str:
    from fahr_core.launcher.literals import LiteralError, written

    if not name.isidentifier():
        raise ParameterError(f'"{name}" is no name of a variable')
    try:
        return str(written(value))
    except LiteralError as error:
        raise ParameterError(f"{name}: {error}") from error


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """Leave out what an earlier run has printed: it counts against the limit."""
    tidied = []
    for cell in notebook["cells"]:
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        changed = {**cell, "source": text}  # Kaggle's service expects one string
        if cell.get("cell_type") == "code":
            changed |= {"outputs": [], "execution_count": None}
        tidied.append(changed)
    return {**notebook, "cells": tidied}


def _first_source(job: Job, head: str, bundle: Bundle) -> str:
    return "\n".join(
        [
            head,
            "# fahr: brings the modules and files that travel with this notebook.",
            "def fahr_begin(archive, run):",
            "    import base64, io, os, runpy, tempfile, zipfile",
            '    folder = os.path.join(tempfile.gettempdir(), "fahr-" + run)',
            "    zipfile.ZipFile(io.BytesIO(base64.b64decode(archive))).extractall(folder)",
            '    made = runpy.run_path(os.path.join(folder, "begin_notebook.py"))',
            '    job = made["NotebookJob"](folder)',
            "    job.begin()",
            "    return job",
            "",
            f'fahr_job = fahr_begin("""\n{bundle.text()}\n""", {json.dumps(job.run_id)})',
        ]
    )


def _cell(
    identity: str, source: str, notebook: Mapping[str, Any], *, hidden: bool = False
) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"_kg_hide-input": True, "_kg_hide-output": True} if hidden else {},
        "outputs": [],
        "source": source,
    }
    if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) >= (4, 5):
        cell["id"] = identity
    return cell
