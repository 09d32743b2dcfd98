"""A Dockerfile as far as it matters here: its stages, and what of it a person has edited.

The environment's image is what a Dockerfile builds up to its last stage, when that stage is
fahr's own: ``FROM env`` and one ``COPY``. Everything above counts as the environment, edited or
not. Any other Dockerfile is built whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.container import CODE, LOCK
from fahr_core.marks import unmark

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Dockerfile", "read_dockerfile"]

ENVIRONMENT_STAGE = "env"
_FROM = re.compile(
    r"FROM(?:\s+--\S+)*\s+(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE
)
_HEREDOC = re.compile(r"(?:RUN|COPY|ADD)\b.*<<-?\s*[\"']?(\w+)[\"']?", re.IGNORECASE)
_COPY = re.compile(r"(?:COPY|ADD)\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_MOUNT = re.compile(r"--mount=(\S+)")
#: The job's stage as fahr writes it.
_JOB_STAGE = (f"FROM {ENVIRONMENT_STAGE}", f"COPY . {CODE}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile that was read.

    ``environment`` is the text of all but the job's stage, None where the file has no such
    stages and has to be built whole; ``base`` is what its environment (or last stage) starts
    from; ``sources`` are the paths of the context, other than the lock, that the environment
    is made from, ``**`` for what cannot be told.
    """

    text: str
    environment: str | None
    base: str
    sources: tuple[str, ...] = ()
    needs_buildkit: bool = False


@dataclass(frozen=True, slots=True)
class _Instruction:
    text: str
    start: int


def read_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile; a text that is none is read as one that is built whole."""
    plain = unmark(text)[0].replace("\r\n", "\n")
    instructions = list(_instructions(plain))
    stages = [item for item in instructions if _FROM.fullmatch(item.text)]
    names = {(_FROM.fullmatch(stage.text) or {})["name"]: stage for stage in stages}  # type: ignore[index]
    environment = None
    last = [item.text for item in instructions if stages and item.start >= stages[-1].start]
    if ENVIRONMENT_STAGE in names and tuple(last) == _JOB_STAGE:
        environment = plain[: stages[-1].start].rstrip() + "\n"
    above = [item for item in instructions if stages and item.start < stages[-1].start]
    return Dockerfile(
        text=text,
        environment=environment,
        base=_base(stages, names.get(ENVIRONMENT_STAGE)),
        sources=tuple(dict.fromkeys(source for item in above for source in _sources(item.text))),
        needs_buildkit=any(_is_buildkits(item.text) for item in instructions),
    )


def _instructions(text: str) -> Iterator[_Instruction]:
    """Give each instruction as one line, without comments; heredocs go with theirs."""
    parts: list[str] = []
    start = position = 0
    until: str | None = None
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        begins, position = position, position + len(line)
        if until is not None:
            parts.append(line.rstrip("\n"))
            until = None if bare == until else until
        elif not bare or bare.startswith("#"):
            continue
        else:
            start = start if parts else begins
            parts.append(bare.removesuffix("\\").rstrip())
            if found := _HEREDOC.match(bare):
                until = found[1]
        if until is None and parts and not (bare.endswith("\\") and not bare.startswith("#")):
            yield _Instruction(" ".join(part for part in parts if part), start)
            parts = []
    if parts:
        yield _Instruction(" ".join(parts), start)


def _base(stages: list[_Instruction], stage: _Instruction | None) -> str:
    """Follow the stages down to the image that the environment starts from."""
    images = {}
    for item in stages:
        found = _FROM.fullmatch(item.text)
        if found and found["name"]:
            images[found["name"]] = found["image"]
    match = _FROM.fullmatch((stage or stages[-1]).text) if stages else None
    image = match["image"] if match else ""
    for _ in stages:
        image = images.get(image, image)
    return image


def _sources(instruction: str) -> Iterator[str]:
    """Give what an instruction takes from the context."""
    for mount in _MOUNT.findall(instruction):
        options = dict(option.partition("=")[::2] for option in mount.split(","))
        if options.get("type", "bind") == "bind" and "from" not in options:
            yield from _told(options.get("source") or options.get("src") or "**")
    copy = _COPY.fullmatch(instruction)
    if not copy:
        return
    words = copy["rest"].split()
    if any(word.startswith("--from=") for word in words):
        return
    words = [word for word in words if not word.startswith("--")]
    if not words or words[0].startswith(("[", "<<")):
        yield "**"
        return
    for word in words[:-1]:
        yield from _told(word)


def _told(source: str) -> Iterator[str]:
    if source.startswith(("http://", "https://")):
        return
    path = source.removeprefix("./").strip("/")
    if path == LOCK:
        return
    yield "**" if not path or path == "." or set(path) & set("*?[$\\") else path


def _is_buildkits(instruction: str) -> bool:
    return bool(
        _MOUNT.search(instruction)
        or _HEREDOC.match(instruction)
        or re.match(r"(?:COPY|ADD)\s+(?:--\S+\s+)*--(?:chmod|link|parents|exclude)", instruction)
    )
