"""The launcher's own files for the time of one job."""

import os
from typing import Optional


class Scratch:
    """A private folder of the launcher's, made when first asked for and removed at the end."""

    def __init__(self) -> None:
        self._folder: Optional[str] = None

    def path(self, name: str) -> str:
        """Give a path in the folder."""
        if self._folder is None:
            import tempfile

            self._folder = tempfile.mkdtemp(prefix="fahr-")
        return os.path.join(self._folder, name)

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        if self._folder is not None:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
