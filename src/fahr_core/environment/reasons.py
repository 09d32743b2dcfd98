"""Why a resolver or installer failed, in three lines instead of its own sixty."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from fahr_core.environment.requirements import Line, normalised
from fahr_core.errors import AccessError, EnvironmentFileError, FahrError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["failed_install", "failed_resolution", "named_package"]

_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_ABSENT = re.compile(
    rf"Because {_NAME} was not found in the (?:package registry|provided)"
    rf"|No matching distribution found for {_NAME}"
    rf"|Could not find a version that satisfies the requirement {_NAME}[^(]*\(from versions: none\)"
)
_ONLY = re.compile(rf"[Oo]nly (?:the following versions of )?{_NAME}(\S*) (?:is|are) available")
_VERSIONS = re.compile(
    rf"Could not find a version that satisfies the requirement {_NAME}\S* \(from versions: (.*)\)"
)
_NO_VERSION = re.compile(rf"[Tt]here (?:is|are) no versions? of {_NAME}")
_NETWORK = re.compile(
    r"error sending request|dns error|[Cc]onnection (?:refused|reset|error|broken)|timed out"
    r"|ReadTimeout|ConnectTimeout"
    r"|Failed to establish a new connection|Could not resolve host|Max retries exceeded"
    r"|NewConnectionError|NameResolutionError|network is unreachable|Network is unreachable"
    r"|tunnel error|ProxyError|\b50[0-9] (?:Server Error|Service|Bad Gateway|Gateway|Internal)"
    r"|Network connectivity is disabled",
)
_DENIED = re.compile(
    r"\b(?:401|403)\b.*(?:Unauthorized|Forbidden|Client Error)|status code.*\b40[13]\b"
)
_FRAME = re.compile(
    r"^[\s\u00d7\u2192\u2500-\u25ff]+|^(?:error|ERROR|cause|warning|WARNING|hint):\s*", re.MULTILINE
)
_NOISE = re.compile(
    r"^(?:No solution found when resolving dependencies|WARNING|\[notice\]|DEPRECATION|Looking in "
    r"|Collecting |Using cached |Downloading |Installing |Requirement already|Preparing |Getting )"
)
_ERROR = re.compile(r"^\s*(?:error|ERROR|\u00d7)", re.MULTILINE)
_USUAL = {
    "sklearn": "scikit-learn", "cv2": "opencv-python-headless", "pil": "pillow",
    "skimage": "scikit-image", "bs4": "beautifulsoup4", "yaml": "pyyaml",
    "dateutil": "python-dateutil", "dotenv": "python-dotenv", "pytorch": "torch",
}  # fmt: skip
_WIDTH = 74


def failed_resolution(output: str, name: str, lines: Sequence[Line]) -> FahrError:
    """Make the error for a file ``name`` that could not be resolved from what was printed.

    Args:
        output: What the resolver printed.
        name: What messages call the environment file.
        lines: The file's requirements, to name the one that is at fault.
    """
    text = _joined(output)
    if trouble := _trouble(output):
        return trouble
    if absent := named_package(_ABSENT, text):
        return _absent(absent, text, name, lines)
    if only := _ONLY.search(text):
        have = only[1] + only[2]
        return _at(only[1], name, lines, f"no such version; there is {have.rstrip(',')}")
    if no_version := _NO_VERSION.search(text):
        return _at(no_version[1], name, lines, "no such version in the index")
    place = _mentioned(text, lines)
    return EnvironmentFileError(f"{place or name} cannot be resolved", *_short(text))


def failed_install(output: str, what: str) -> FahrError:
    """Make the error for ``what``, which could not be installed, from what was printed."""
    if trouble := _trouble(output):
        return trouble
    begin = _ERROR.search(output)
    lines = [line for line in _cleaned(output[begin.start() :] if begin else output) if line]
    # The first lines of an error name the package, the last ones the cause.
    shown = lines if len(lines) <= 4 else lines[: 2 if begin else 0] + lines[-2 if begin else -4 :]
    return EnvironmentFileError(f"cannot install {what}", *map(_cut, shown))


def named_package(pattern: re.Pattern[str], text: str) -> str | None:
    """Give the first group that a pattern with alternatives found."""
    match = pattern.search(text)
    return next((group for group in match.groups() if group), None) if match else None


def _trouble(output: str) -> FahrError | None:
    text = re.sub(r"\s+", " ", output)  # pip says why in its warnings
    if "No space left on device" in text or "os error 28" in text:
        from fahr_core.errors import DiskError

        return DiskError("the disk is full", *_short(_joined(output)))
    if _DENIED.search(text):
        return AccessError("the package index refuses the credentials", *_short(_joined(output)))
    if _NETWORK.search(text):
        return ServiceError(
            "the package index cannot be reached", *_address(text), "try again when it can"
        )
    return None


def _address(text: str) -> list[str]:
    match = re.search(r"https?://[^\s`'\"(),]+", text)
    return [_cut(match[0])] if match else _short(text)[-1:]


def _absent(package: str, text: str, name: str, lines: Sequence[Line]) -> FahrError:
    if versions := _VERSIONS.search(text):
        have = versions[2].split(", ")
        if have != ["none"] and normalised(versions[1]) == normalised(package):
            newest = ", ".join(have[-3:])
            return _at(package, name, lines, f"no such version; the newest are {newest}")
    usual = _USUAL.get(package.lower())
    hints = [f"did you mean {usual}?"] if usual else []
    return _at(package, name, lines, "no such package in the index", *hints)


def _at(package: str, name: str, lines: Sequence[Line], reason: str, *hints: str) -> FahrError:
    asked = next((line for line in lines if _is_for(package, line.text)), None)
    if asked:
        return EnvironmentFileError(f'{asked.place} "{_cut(asked.text, 40)}": {reason}', *hints)
    return EnvironmentFileError(f"{name} needs {package}: {reason}", *hints)


def _is_for(package: str, requirement: str) -> bool:
    match = re.match(_NAME, requirement)
    return bool(match) and normalised(match[1]) == normalised(package)  # type: ignore[index]


def _mentioned(text: str, lines: Sequence[Line]) -> str | None:
    """Name the line whose package comes first in what the resolver said."""
    found = []
    for line in lines:
        match = re.match(_NAME, line.text)
        if match and (there := re.search(rf"(?<![\w-]){re.escape(match[1])}(?![\w-])", text)):
            found.append((there.start(), line.place))
    return min(found)[1] if found else None


def _joined(output: str) -> str:
    return re.sub(r"\s+", " ", " ".join(_cleaned(output))).strip()


def _cleaned(output: str) -> list[str]:
    lines = []
    for raw in output.splitlines():
        line = raw
        while line != (line := _FRAME.sub("", line)):
            pass
        if not _NOISE.match(line) and not raw.startswith("WARNING"):
            lines.append(line.strip())
    return lines


def _short(text: str) -> list[str]:
    text = re.sub(
        r", we can conclude that (?:your requirements are|the requirements are).*", "", text
    )
    text = text.removeprefix("Because ")
    lines = textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
    return lines if len(lines) <= 3 else [*lines[:2], _cut(lines[2], _WIDTH - 4) + " ..."]


def _cut(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
