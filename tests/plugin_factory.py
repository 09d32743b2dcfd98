"""Drivers to install in a test: with settings, findings, files, or broken in some way.

Each is a distribution as pip leaves it (:mod:`tests.distributions`), seen by this process
and by those that the test starts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.distributions import IDLE, Distributions

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = (
    '''
from fahr_core.hookspecs import hookimpl
from fahr_core.models import (
    Artifacts, BaseImage, BuildInfo, Capability, Finding, Image, ImageTarget, Login,
    RenderedFile, Request, Staged, TrainInfo,
)
from pydantic import BaseModel, ConfigDict, Field

class Settings(BaseModel):
    """Settings of a test's driver."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
{settings}

INFO = TrainInfo(
    title="{title}", settings=__name__ + ":Settings",
    capabilities=frozenset({{{capabilities}}}), needs={needs},
)

@hookimpl
def train_info(): return INFO
@hookimpl
def preflight(job): return [Finding(**found) for found in {findings}]
@hookimpl
def render_artifacts(job, base):
    names = {files}
    text = f"# for {{job.artifact}}, {{base and base.reference}}\\n"
    return Artifacts(base=base, files=tuple(RenderedFile(path=n, text=text) for n in names))
'''
    + IDLE
)

IMAGE_HOOKS = """
@hookimpl
def image_target(job): return ImageTarget()
@hookimpl
def registry_login(target): return Login("a", "b", "c")
"""

BUILD = '''
from fahr_core.hookspecs import hookimpl
from fahr_core.models import BaseImage, BuildInfo, Image
from pydantic import BaseModel, ConfigDict

class Settings(BaseModel):
    """Settings of a test's build driver."""

    model_config = ConfigDict(extra="forbid")

@hookimpl
def build_info(): return BuildInfo(title="a test", settings=__name__ + ":Settings")
@hookimpl
def base_image(job, environment):
    count = len(environment.packages)
    return BaseImage(reference=f"python-{environment.kind}-{count}", reason="a test")
@hookimpl
def build_image(job, artifacts, target, login, progress): return Image(reference="x")
'''

#: Two settings that are required, and some that are not.
CLOUD_SETTINGS = '''
    output_path: str = Field(pattern="^s3://", examples=["s3://bucket/prefix"])
    """S3 folder for the output. Made when missing."""
    role_name: str
    """IAM role the job runs as."""
    instances: int = 1
    """How many machines."""
    sources: list[str] = []
    """What is read."""
    api_token: str | None = None
    """How the service knows you."""
'''


def driver_source(
    *,
    title: str = "a test's driver",
    settings: str = "",
    capabilities: str = "",
    needs: tuple[str, ...] = (),
    findings: tuple[dict[str, object], ...] = (),
    files: tuple[str, ...] = (),
    more: str = "",
) -> str:
    """Give the source of a train driver that is complete and does nothing.

    `settings` are the lines of its model's body, `capabilities` Python's for what is in a
    set, `findings` the arguments of what its preflight finds, `files` what it renders.
    """
    source = SOURCE.format(
        title=title,
        settings=settings,
        capabilities=capabilities,
        needs=repr(needs),
        findings=repr(list(findings)),
        files=repr(files),
    )
    return source + more


class PluginFactory(Distributions):
    """Installs drivers into a folder that this process and its children have on the path."""

    def driver(self, name: str, **about: object) -> None:
        """Install a train driver; `about` as in :func:`driver_source`."""
        self.add(name, driver_source(**about))  # type: ignore[arg-type]

    def cloud(self, name: str = "sagemaker", **about: object) -> None:
        """Install a train driver that needs an account: two settings are required."""
        told: dict[str, object] = {"settings": CLOUD_SETTINGS, "needs": ("account",), **about}
        self.driver(name, **told)

    def image_cloud(self, name: str = "moon", **about: object) -> None:
        """Install a train driver that wants an image, with its build driver ``local-cpu``."""
        self.driver(name, capabilities="Capability.IMAGE", more=IMAGE_HOOKS, **about)
        self.add("local-cpu", BUILD, group="fahr.build_drivers", distribution="fahr-brick")

    def broken(self, name: str = "slurm") -> None:
        """Install a train driver that cannot be imported."""
        self.add(name, "import asyncssh_that_nobody_has", version="0.2")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFactory:
    """Give an empty folder on the path of this process and its children to install into."""
    folder = tmp_path / "plugins-of-the-test"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), before])))
    return PluginFactory(folder, monkeypatch)
