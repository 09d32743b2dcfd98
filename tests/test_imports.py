from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fahr_core.imports import local_modules

if TYPE_CHECKING:
    from pathlib import Path


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_follows_modules_and_takes_packages_whole(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "train.py": "import os, net\nfrom pkg.inner import x\ndef f():\n    import late",
            "net.py": "from helper import y",
            "helper.py": "import net",
            "late.py": "",
            "pkg/__init__.py": "",
            "pkg/inner.py": "import by_package\nfrom . import sibling",
            "by_package.py": "",
            "plain/a.py": "",
            "unrelated.py": "import numpy",
        },
    )
    found = local_modules(tmp_path, "train.py")
    assert found == {"net.py", "helper.py", "late.py", "pkg", "by_package.py"}


def test_a_folder_of_modules_is_a_package(tmp_path: Path) -> None:
    put(tmp_path, {"train.py": "import plain.a\nimport empty", "plain/a.py": "", "empty/a.txt": ""})
    assert local_modules(tmp_path, "train.py") == {"plain"}


def test_looks_beside_the_importer_first(tmp_path: Path) -> None:
    put(tmp_path, {"src/train.py": "import net, top", "src/net.py": "", "net.py": "", "top.py": ""})
    assert local_modules(tmp_path, "src/train.py") == {"src/net.py", "top.py"}


def test_notebooks(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip list\n", "import net\n"]},
        {"cell_type": "code", "source": "this is no python"},
        {"cell_type": "markdown", "source": "import other"},
    ]
    put(tmp_path, {"n.ipynb": json.dumps({"cells": cells}), "net.py": "", "other.py": ""})
    assert local_modules(tmp_path, "n.ipynb") == {"net.py"}


@pytest.mark.parametrize("text", ["import (", "x = '\0'", "(" * 5000, ""])
def test_what_does_not_parse_imports_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path, {"train.py": "import net", "net.py": text})
    assert local_modules(tmp_path, "train.py") == {"net.py"}
