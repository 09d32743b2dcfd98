"""Names: of a job on this machine, of the same job at a service, and the random parts.

One function makes every remote name, from the driver's :class:`~fahr_core.models.NameRule`:
unknown characters become separators, what is too long loses its middle to a hash, so that
the beginning and the number stay readable.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

from fahr_core.errors import DriverError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fahr_core.models import NameRule

__all__ = [
    "did_you_mean",
    "given_name",
    "job_name",
    "job_stem",
    "new_run_id",
    "new_token",
    "remote_name",
    "shown",
    "slug",
]

STEM_LIMIT = 50
NAME_LIMIT = 63
HASH_LENGTH = 6
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Base 32 as in RFC 4648, in lower case: no 0, 1, 8 or 9 to mistake for a letter.
RANDOM_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def slug(text: str) -> str:
    """Give ``text`` in ``a-z0-9`` and single hyphens; empty when nothing of it is left."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = folded.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def job_stem(experiment_folder_name: str, artifact_stem: str) -> str:
    """Give the name of a job without its number.

    Folder ``resnet48_128`` and artifact ``train`` give ``resnet48-128-train``. What cannot be
    written in ``a-z0-9-`` is left out, ``job`` stands when nothing is left, and what is
    longer than 50 characters loses its middle.
    """
    parts = [part for part in (slug(experiment_folder_name), slug(artifact_stem)) if part]
    return _cut("-".join(parts) or "job", STEM_LIMIT, "-", LETTERS[:36])


def job_name(stem: str, number: int) -> str:
    """Give the name of the job with this number."""
    return f"{stem}-{number}"


def given_name(text: str) -> str:
    """Give back a name that somebody chose (``--name``), when it can be one.

    Raises:
        UsageError: it has other characters than ``a-z0-9`` and single hyphens, or more than
            63 of them.
    """
    if text and text == slug(text) and len(text) <= NAME_LIMIT:
        return text
    instead = _cut(slug(text), NAME_LIMIT, "-", LETTERS[:36])
    raise UsageError(
        f"{shown(text)} cannot name a job: at most {NAME_LIMIT} of a-z, 0-9 and single hyphens",
        *([f"--name {instead}"] if instead else []),
    )


def remote_name(name: str, rule: NameRule, token: str) -> str:
    """Give the service's name for the job ``name``: the same for the same arguments.

    It fits the rule, keeps the beginning and the end of ``name``, and ends with ``token``
    when the rule wants unique names and there is one. Whatever was changed or cut leaves a
    hash of the whole name behind, so that two names do not become one.

    Raises:
        DriverError: the rule allows neither letters nor digits.
    """
    letters = _allowed(rule.alphabet, LETTERS)
    if not letters:
        raise DriverError(f'a name rule allows no letter and no digit: "{rule.alphabet}"')
    separator = _allowed(rule.alphabet, "-_.")[:1]
    body = _translated(name, rule.alphabet, separator)
    if body != name:
        body = _joined(separator, body, _hash(name, letters))
    if not (rule.unique and token):
        return _at_least(_cut(body, rule.limit, separator, letters), name, rule, letters)
    tail = _translated(token, rule.alphabet, "")
    room = rule.limit - len(tail) - len(separator)
    if room < 1:
        return _at_least(_hash(name + token, letters)[: rule.limit], name + token, rule, letters)
    whole = _joined(separator, _cut(body, room, separator, letters), tail)
    return _at_least(whole, name, rule, letters)


def new_run_id() -> str:
    """Draw what identifies one run for ever: 16 characters of ``a-z2-7``, 80 random bits."""
    return _random(16)


def new_token() -> str:
    """Draw the random part of a remote name: 6 characters of ``a-z2-7``, 30 random bits."""
    return _random(6)


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that ``word`` most likely stands for, None when none is close."""
    import difflib

    close = difflib.get_close_matches(word[:200], [*candidates], n=1, cutoff=0.6)
    return close[0] if close else None


def shown(word: str) -> str:
    """Give ``word`` in double quotes for a message: on one line and not too long."""
    import json

    text = word if len(word) <= 60 else f"{word[:40]}...{word[-15:]}"
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _random(length: int) -> str:
    return "".join(RANDOM_LETTERS[byte % 32] for byte in os.urandom(length))


def _allowed(alphabet: str, characters: str) -> str:
    inside = re.compile(f"[{alphabet}]")
    return "".join(character for character in characters if inside.fullmatch(character))


def _translated(text: str, alphabet: str, separator: str) -> str:
    """Give ``text`` in the alphabet: other case where that helps, else separators."""
    inside = re.compile(f"[{alphabet}]")

    def fitted(character: str) -> str:
        variants = (character, character.lower(), character.upper())
        return next((v for v in variants if len(v) == 1 and inside.fullmatch(v)), separator)

    fit = "".join(fitted(character) for character in text)
    if separator:
        fit = re.sub(f"{re.escape(separator)}+", separator, fit)
    return fit.strip("-_.")


def _joined(separator: str, *parts: str) -> str:
    return separator.join(part for part in parts if part)


def _cut(text: str, limit: int, separator: str, letters: str) -> str:
    """Shorten ``text`` to ``limit`` by putting a hash of all of it in place of its middle."""
    if len(text) <= limit:
        return text
    mark = _hash(text, letters)
    room = limit - len(mark) - 2 * len(separator)
    if room < 4:
        return mark[:limit]
    tail = room // 3
    head_part, tail_part = text[: room - tail], text[len(text) - tail :]
    return _joined(separator, head_part.strip("-_."), mark, tail_part.strip("-_."))


def _at_least(text: str, name: str, rule: NameRule, letters: str) -> str:
    missing = rule.minimum - len(text)
    return text if missing <= 0 else text + _hash(name, letters, missing)


def _hash(text: str, letters: str, length: int = HASH_LENGTH) -> str:
    import hashlib

    number = int.from_bytes(hashlib.sha512(text.encode("utf-8", "surrogatepass")).digest())
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(letters))
        digits.append(letters[digit])
    return "".join(digits)
