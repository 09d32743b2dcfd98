"""papermill in an environment of its own, so that it never mixes with a job's packages."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fahr_core.hookspecs import Progress

__all__ = ["papermill_python"]

_REQUIREMENT = "papermill>=2.6,<3"


def papermill_python(progress: Progress | None) -> Path:
    """Give a Python that has papermill: fahr's own, else one made for it and kept.

    Raises:
        EnvironmentFileError: papermill cannot be installed.
        ServiceError: the package index cannot be reached.
    """
    from importlib.util import find_spec

    if find_spec("papermill"):
        return Path(sys.executable)
    from fahr_core.local.environments import folder_python, kept

    made_from = f"{_REQUIREMENT} {sys.version_info[:2]} {sys.base_prefix}"
    key = "papermill-" + hashlib.sha256(made_from.encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        from fahr_core.environment import programs
        from fahr_core.environment.pip import make_venv
        from fahr_core.environment.reasons import failed_install
        from fahr_core.environment.uv import find_uv
        from fahr_core.local.building import install

        if progress:
            progress("environment", "making an environment for papermill")
        own = Path(sys.executable)
        if uv := find_uv():
            arguments = [uv, "venv", "--quiet", "--no-project", "--python", str(own), str(folder)]
            done = programs.run(arguments, cwd=folder.parent, progress=progress)
            if done.status:
                raise failed_install(done.output, "an environment for papermill")
        else:
            make_venv(own, folder, progress)
        install(folder_python(folder), [_REQUIREMENT], "papermill", progress)

    return folder_python(kept(key, build))
