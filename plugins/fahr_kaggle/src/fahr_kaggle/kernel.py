"""Names of kernels: the owner, the slug that an artifact's name gives, and the version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core import names
from fahr_core.models import NameRule

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["SLUG_LIMIT", "SLUG_MINIMUM", "Kernel", "located", "parse_name", "slug_for"]

#: Source: the official client, which refuses shorter titles; 50 is what its datasets take.
SLUG_MINIMUM = 5
SLUG_LIMIT = 50
#: What makes a name of under five characters long enough, the same on every machine.
_PADDING = "-fahr"
_SUFFIXES = (".py", ".ipynb")
_ID = re.compile(r"(?P<owner>[\w-]+)/(?P<slug>[\w-]+)/(?P<version>[0-9]+)")
_NAME = re.compile(r"(?:(?P<owner>[\w-]+)/)?(?P<slug>[^/\s]+?)(?:/(?:v?(?P<version>[1-9][0-9]*)))?")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel: its owner's user name and its slug."""

    owner: str
    slug: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.slug}"

    @property
    def link(self) -> str:
        """Give the address of the kernel's page."""
        return f"https://www.kaggle.com/code/{self.owner}/{self.slug}"


def located(ref: JobRef) -> tuple[Kernel, int] | None:
    """Give the kernel and the version of a reference; None when it can be none."""
    found = _ID.fullmatch(ref.id)
    if not found:
        return None
    return Kernel(found["owner"], found["slug"]), int(found["version"])


def slug_for(text: str) -> str:
    """Give the slug for a name: ``My Model`` gives ``my-model``, ``nn`` gives ``nn-fahr``.

    What is longer than 50 characters loses its middle to a hash.
    """
    rule = NameRule(limit=SLUG_LIMIT, unique=False)
    plain = names.remote_name(names.slug(text) or text, rule, "")
    return plain if len(plain) >= SLUG_MINIMUM else plain + _PADDING


def parse_name(name: str) -> tuple[str | None, str, int | None] | None:
    """Read ``OWNER/train``, ``OWNER/train.py``, ``OWNER/train/4`` or ``train``.

    Gives owner, slug and version, each of the first and the last None where it is not said;
    None when the name can be no kernel's.
    """
    found = _NAME.fullmatch(name.strip())
    if not found:
        return None
    slug = found["slug"]
    for suffix in _SUFFIXES:
        slug = slug.removesuffix(suffix)
    version = found["version"]
    return found["owner"], slug_for(slug), int(version) if version else None
