from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fahr_core.environment.imported import imports_of
from fahr_core.environment.imports import missing_imports, requirements_from_imports
from fahr_core.models import Environment, Package

if TYPE_CHECKING:
    from collections.abc import Callable

    Put = Callable[[str, str], Path]


def locked(*names: str) -> Environment:
    return Environment(packages=tuple(Package(name=name, version="1") for name in names))


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


def test_helper_modules_are_followed(experiment: Path, put: Put) -> None:
    (experiment / "net").mkdir()
    put("train.py", "import os, net.layers\nfrom helper import x\nimport numpy as np\n")
    put("helper.py", "import cv2, train\n")
    put("net/__init__.py", "from .layers import y\n")
    put("net/layers.py", "def f():\n    import torch.nn\n")
    put("unused.py", "import tensorflow\n")
    assert imports_of(experiment, "train.py").modules == {"numpy", "cv2", "torch"}


def test_what_may_be_missing_is_optional(experiment: Path, put: Put) -> None:
    put(
        "train.py",
        "from typing import TYPE_CHECKING\n"
        "try:\n    import cupy\nexcept ImportError:\n    import numpy\n"
        "try:\n    import json5\nfinally:\n    pass\n"
        "if TYPE_CHECKING:\n    import pandas\n",
    )
    found = imports_of(experiment, "train.py")
    assert found.modules == {"json5"}
    assert found.optional == {"cupy", "numpy"}


def test_notebooks_with_magics(experiment: Path, put: Put) -> None:
    put(
        "n.ipynb",
        notebook(
            "%matplotlib inline\n!pip install -q emcee==3.0\nimport emcee, numpy",
            "%%bash\nimport nothing",
            "if True:\n    !ls\n    import pandas\nfiles = !ls\nnumpy?",
            "x = (1\n% 2)\nimport yaml",
            "this is no python; import never",
        ),
    )
    found = imports_of(experiment, "n.ipynb")
    assert found.modules == {"emcee", "numpy", "pandas", "yaml"}
    assert found.installed == {"emcee"}
    assert missing_imports(experiment, "n.ipynb", locked("numpy", "pandas", "pyyaml")) == []


@pytest.mark.parametrize("text", ["import (", "\0", "", "{not json"])
def test_what_cannot_be_parsed_imports_nothing(experiment: Path, put: Put, text: str) -> None:
    put("train.py", text)
    put("n.ipynb", text)
    assert imports_of(experiment, "train.py").modules == set()
    assert imports_of(experiment, "n.ipynb").modules == set()


def test_missing_are_those_that_no_locked_package_provides(experiment: Path, put: Put) -> None:
    put("train.py", "import sklearn, cv2, PIL, yaml, dateutil, serial, torch\nimport google.cloud")
    assert missing_imports(experiment, "train.py", locked()) == [
        ("PIL", "pillow"),
        ("cv2", "opencv-python-headless"),
        ("dateutil", "python-dateutil"),
        ("google", "google"),
        ("serial", "pyserial"),
        ("sklearn", "scikit-learn"),
        ("torch", "torch"),
        ("yaml", "pyyaml"),
    ]
    lock = locked(
        "scikit_learn", "opencv-python", "Pillow", "PyYAML", "python-dateutil", "pyserial",
        "torch", "google-cloud-storage",
    )  # fmt: skip
    assert missing_imports(experiment, "train.py", lock) == []


def test_requirements_have_the_versions_that_are_installed(experiment: Path, put: Put) -> None:
    import yaml

    put("train.py", "import yaml, sklearn_is_not_here, pytest\nimport google.cloud\n")
    text = requirements_from_imports(experiment, "train.py", Path(sys.executable))
    assert text == (
        "# google.*: many distributions share this name; write yours here\n"
        f"pytest=={pytest.__version__}\nPyYAML=={yaml.__version__}\nsklearn-is-not-here\n"
    )


def test_requirements_without_any_python(experiment: Path, put: Put, no_tools: Path) -> None:
    put("train.py", "import sklearn\n")
    assert requirements_from_imports(experiment, "train.py") == "scikit-learn\n"
