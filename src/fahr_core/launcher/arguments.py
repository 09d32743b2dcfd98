"""Parameters as command-line arguments: how each value is spelt."""

import json
from typing import Any, Dict, List

from .signature import Known, Signature, fitted


def command_line(signature: Signature, params: Dict[str, Any]) -> List[str]:
    """Give the arguments that hand the parameters over, positionals first.

    What the artifact is not known to take becomes `--name value`.
    """
    positional: List[str] = []
    options: List[str] = []
    order = {known.name: index for index, known in enumerate(signature.parameters)}
    known_first = sorted(params, key=lambda name: _place(signature, name, order))
    for name in known_first:
        known = signature.find(name)
        if known is None:
            options += _unknown(name, params[name], signature.joined)
        elif known.how == "positional":
            positional += _values(known, params[name])
        elif known.how in ("argument", "flag"):
            options += _option(known, params[name])
    if any(text.startswith("-") for text in positional):
        return [*options, "--", *positional]
    return positional + options


def _place(signature: Signature, name: str, order: Dict[str, int]) -> int:
    known = signature.find(name)
    return order[known.name] if known else len(order)


def _option(known: Known, value: Any) -> List[str]:
    if value is None:
        return []
    if known.how == "flag":
        chosen = known.option if value else known.off
        return [chosen] if chosen else []
    values = _values(known, value)
    if known.many:
        return [known.option, *values]
    return [piece for text in values for piece in _with_value(known.option, text)]


def _with_value(option: str, text: str) -> List[str]:
    # A value that looks like an option has to be joined to its own.
    if option.startswith("--"):
        return [option + "=" + text] if text.startswith("-") else [option, text]
    return [option + text] if text.startswith("-") else [option, text]


def _values(known: Known, value: Any) -> List[str]:
    if known.type == "bool" and value is False:
        return [""]  # `type=bool` takes every other text for true, "False" too
    several = isinstance(value, list) and (known.many or known.repeated)
    return [_text(fitted(item, known)) for item in (value if several else [value])]


def _unknown(name: str, value: Any, joined: bool) -> List[str]:
    if joined:
        return [name + "=" + ("null" if value is None else _text(value))]
    return _with_value("--" + name, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
