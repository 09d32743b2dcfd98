"""The Logging query language, as far as clients here use it.

Source: "Logging query language" (Cloud Logging documentation).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import invalid
from tests.clouds.gcp.moments import read

if TYPE_CHECKING:
    from collections.abc import Callable

    Test = Callable[[dict[str, Any]], bool]

SEVERITIES = (
    "DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY",
)  # fmt: skip
TOKEN = re.compile(
    r"""\s*(?:(--[^\n]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(!=|>=|<=|=~|!~|[=<>:()])"""
    r"""|([^\s"'=<>:!()]+))"""
)
OPERATORS = ("=", "!=", ">", "<", ">=", "<=", ":", "=~", "!~")


@dataclass(frozen=True)
class Word:
    """A word of a filter."""

    text: str
    #: ``quoted``, ``sign`` or ``bare``
    kind: str


def parse(text: str) -> Test:
    """Give the function that tells whether an entry fits.

    Raises:
        ApiError: the filter cannot be read.
    """
    reader = _Reader(_words(text), text)
    if not reader.left:
        return lambda entry: True
    test = reader.either()
    if reader.left:
        raise reader.error()
    return test


def _words(text: str) -> list[Word]:
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if not match:
            raise invalid(f"Unparseable filter: syntax error at line 1, column {place + 1}")
        place = match.end()
        _, quoted, sign, bare = match.groups()
        if quoted:
            found.append(Word(re.sub(r"\\(.)", r"\1", quoted[1:-1]), "quoted"))
        elif sign or bare:
            found.append(Word(sign or bare, "sign" if sign else "bare"))
    return found


class _Reader:
    """Reads the words of one filter from left to right."""

    def __init__(self, words: list[Word], text: str) -> None:
        self.left, self._text = list(words), text

    def error(self) -> Exception:
        near = self.left[0].text if self.left else "end of filter"
        return invalid(f"Unparseable filter: syntax error near '{near}': {self._text}")

    def either(self) -> Test:
        # OR binds more tightly than AND does.
        return self._joined(self._any, all, self._and)

    def _any(self) -> Test:
        return self._joined(self._one, any, lambda: self._takes("OR"))

    def _and(self) -> bool:
        ends = not self.left or self.left[0] == Word(")", "sign")
        return self._takes("AND") or not ends

    def _joined(self, part: Any, join: Any, goes_on: Any) -> Test:
        tests = [part()]
        while goes_on():
            tests.append(part())
        return lambda entry: join(test(entry) for test in tests)

    def _takes(self, text: str, kind: str = "bare") -> bool:
        if self.left and self.left[0] == Word(text, kind):
            self.left.pop(0)
            return True
        return False

    def _one(self) -> Test:
        if self._takes("NOT"):
            inner = self._one()
            return lambda entry: not inner(entry)
        if self._takes("(", "sign"):
            inner = self.either()
            if not self._takes(")", "sign"):
                raise self.error()
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        if not self.left or self.left[0].kind == "sign":
            raise self.error()
        word = self.left.pop(0)
        if not self.left or self.left[0].text not in OPERATORS or self.left[0].kind != "sign":
            return lambda entry: word.text.lower() in str(entry).lower()
        operator = self.left.pop(0).text
        path = _path([word.text, *self._quoted_rest(word)])
        if self._takes("(", "sign"):
            return self._several(path, operator)
        return _test(path, operator, self._value())

    def _quoted_rest(self, word: Word) -> list[str]:
        return []

    def _several(self, path: list[str], operator: str) -> Test:
        tests = [_test(path, operator, self._value())]
        while self._takes("OR"):
            tests.append(_test(path, operator, self._value()))
        if not self._takes(")", "sign"):
            raise self.error()
        return lambda entry: any(test(entry) for test in tests)

    def _value(self) -> str:
        if not self.left or self.left[0].kind == "sign":
            raise self.error()
        value = self.left.pop(0).text
        # A time without quotes has colons in it.
        while len(self.left) > 1 and self.left[0] == Word(":", "sign"):
            value += ":" + self.left[1].text
            del self.left[:2]
        return value


def _path(pieces: list[str]) -> list[str]:
    text = ".".join(pieces)
    for head in ("labels.", "resource.labels.", "jsonPayload."):
        if text.startswith(head) and head != "resource.labels.":
            return [head[:-1], text[len(head) :]]
    return text.split(".")


def _lookup(entry: dict[str, Any], path: list[str]) -> Any:
    found: Any = entry
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _test(path: list[str], operator: str, value: str) -> Test:
    if operator in ("=~", "!~"):
        pattern = re.compile(value)
        return lambda entry: (
            bool(pattern.search(str(_lookup(entry, path) or ""))) == (operator == "=~")
        )
    if operator == ":":
        return lambda entry: (
            (has := _lookup(entry, path)) is not None
            and (value == "*" or value.lower() in str(has).lower())
        )
    wanted = _rank(path, value)
    return lambda entry: _compared(_rank(path, _lookup(entry, path)), operator, wanted)


def _rank(path: list[str], value: Any) -> Any:
    """Give what values of a field are compared by."""
    if path == ["severity"]:
        return SEVERITIES.index(value) if value in SEVERITIES else 0
    if path[-1] in ("timestamp", "receiveTimestamp"):
        try:
            return read(str(value))
        except ValueError as error:
            raise invalid(f"Unparseable filter: invalid timestamp {value}") from error
    return value


def _compared(has: Any, operator: str, wanted: Any) -> bool:
    if has is None:
        return operator == "!="
    if isinstance(has, bool | int | float) and isinstance(wanted, str):
        has = str(has)
    verdicts: dict[str, Callable[[], bool]] = {
        "=": lambda: bool(has == wanted),
        "!=": lambda: bool(has != wanted),
        ">": lambda: bool(has > wanted),
        "<": lambda: bool(has < wanted),
        ">=": lambda: bool(has >= wanted),
        "<=": lambda: bool(has <= wanted),
    }
    return verdicts[operator]()
