"""Plugins as pip would leave them: a module and a real dist-info folder on the path."""

from __future__ import annotations

import importlib
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

#: The hooks that send and bring home, with nothing in them.
IDLE = """
@hookimpl
def plan_submission(job, artifacts, image): ...
@hookimpl
def stage_request(request, secrets, progress): return Staged()
@hookimpl
def submit_jobs(requests): return []
@hookimpl
def find_submission(request): ...
@hookimpl
def job_states(refs): return []
@hookimpl
def stream_logs(ref, follow, after): return iter(())
@hookimpl
def fetch_output(ref, destination, options, progress): return []
"""

TRAIN = (
    """
from fahr_core.hookspecs import hookimpl
from fahr_core.models import Artifacts, Capability, Request, Staged, TrainInfo

@hookimpl
def train_info(): return TrainInfo(title="a test", settings="none:None")
@hookimpl
def render_artifacts(job, base): return Artifacts()
"""
    + IDLE
)

BUILD = """
from fahr_core.hookspecs import hookimpl
from fahr_core.models import BaseImage, BuildInfo, Image

@hookimpl
def build_info(): return BuildInfo(title="a test", settings="none:None")
@hookimpl
def base_image(job, environment): return BaseImage(reference="python", reason="a test")
@hookimpl
def build_image(job, artifacts, target, login, progress): return Image(reference="x")
"""


class Distributions:
    """A folder on the path into which a test installs plugins; each makes one module."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch

    def add(
        self,
        name: str,
        source: str = TRAIN,
        *,
        group: str = "fahr.train_drivers",
        distribution: str | None = None,
        version: str = "1.2",
        target: str | None = None,
        metadata: bool = True,
    ) -> None:
        """Install a distribution with the entry point ``name`` in ``group``."""
        distribution = distribution or f"fahr-{name}"
        module = distribution.replace("-", "_")
        self.module(module, source)
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        if metadata:
            lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}", ""]
            (info / "METADATA").write_text("\n".join(lines))
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target or module}\n")
        importlib.invalidate_caches()

    def module(self, name: str, source: str) -> None:
        """Write a module, and forget it after the test."""
        (self.folder / f"{name}.py").write_text(dedent(source))
        self.patch.delitem(sys.modules, name, raising=False)
        self.patch.setitem(sys.modules, name, None)
        del sys.modules[name]
        importlib.invalidate_caches()


@pytest.fixture
def distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distributions:
    """Give an empty folder on the path to install plugins into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return Distributions(folder, monkeypatch)
