"""The Python that kernels run by: one environment, as the service's image is one for all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from pathlib import Path

# What the service's image has of which its own start of a notebook makes use.
PACKAGES = ("papermill", "ipykernel")

NVIDIA_SMI = """#!/bin/sh
if [ "${1:-}" = -L ]; then
  echo "GPU 0: Tesla T4 (UUID: GPU-00000000-0000-0000-0000-000000000000)"
  echo "GPU 1: Tesla T4 (UUID: GPU-11111111-1111-1111-1111-111111111111)"
else
  printf 'Tesla T4\\nTesla T4\\n'
fi
"""


class Image:
    """An environment in a folder, made when the first session asks for it.

    It holds neither fahr nor a plugin of it. Several processes may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python" / "bin" / "python3"
        self.nvidia = folder / "nvidia"

    def ready(self) -> Image:
        """Make what is missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        done = self.folder / "done"
        with FileLock(self.folder / "lock"):
            if not done.exists():
                self._make()
                done.touch()
        return self

    def _make(self) -> None:
        environment = self.python.parents[1]
        uv = shutil.which("uv")
        base = getattr(sys, "_base_executable", sys.executable)
        if uv:
            run(uv, "venv", "--quiet", "--seed", "--clear", "--python", base, str(environment))
            run(uv, "pip", "install", "--quiet", "--python", str(self.python), *PACKAGES)
        else:
            run(base, "-m", "venv", "--clear", str(environment))
            quiet = ("--quiet", "--disable-pip-version-check")
            run(str(self.python), "-m", "pip", "install", *quiet, *PACKAGES)
        self.nvidia.mkdir(exist_ok=True)
        program = self.nvidia / "nvidia-smi"
        program.write_text(NVIDIA_SMI)
        program.chmod(0o755)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
