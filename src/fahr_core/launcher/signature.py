"""What is known of the parameters that a training artifact takes."""

import json
from typing import Any, List, NamedTuple, Optional, Tuple

# Type names as people read them in messages.
TYPES = ("int", "float", "bool", "str", "list", "dict", "any")


class Known(NamedTuple):
    """One parameter. `how` it is handed over: argument, positional, flag, constant or cell.

    `option` is its spelling on the command line, `off` the one that says no. `many` takes
    several values after one option, `repeated` one option for each.
    """

    name: str
    type: str = "any"
    default: Any = None
    how: str = "argument"
    option: str = ""
    off: str = ""
    many: bool = False
    repeated: bool = False
    choices: Tuple[Any, ...] = ()
    aliases: Tuple[str, ...] = ()


class Signature(NamedTuple):
    """The parameters of an artifact.

    `style` is argparse, click, typer, constants, notebook or unknown. With `is_open` it may
    take more than is known, and `why` says what hides them. `joined` options are spelt
    `name=value` (Hydra).
    """

    style: str
    parameters: Tuple[Known, ...] = ()
    is_open: bool = False
    why: str = ""
    joined: bool = False

    def find(self, name: str) -> Optional[Known]:
        """Give the parameter of that name; `batch-size` finds `batch_size`, and back."""
        wanted = _normal(name)
        for known in self.parameters:
            if wanted in (_normal(known.name), *map(_normal, known.aliases)):
                return known
        return None

    def takes(self, name: str) -> str:
        """Tell whether the artifact takes a parameter: yes, no or unknown."""
        if self.find(name):
            return "yes"
        return "unknown" if self.is_open else "no"

    @property
    def names(self) -> List[str]:
        """The names of the known parameters."""
        return [known.name for known in self.parameters]


def _normal(name: str) -> str:
    return name.lstrip("-").replace("-", "_")


def checked(value: Any, known: Known) -> Optional[str]:
    """Say what is wrong with a parameter's value; None when nothing is."""
    if value is None:
        if known.how in ("constant", "cell") or known.default is None:
            return None
        return "{} can not be none: it is an argument with a default".format(known.name)
    values = _single_values(value, known)
    if values is None:
        return _not_a(known, "list of values", value)
    for single in values:
        if not _fits(single, known.type):
            return _not_a(known, known.type, single)
        if known.choices and known.type != "any" and fitted(single, known) not in known.choices:
            offered = ", ".join(_shown(choice) for choice in known.choices)
            return "{} takes one of {}, not {}".format(known.name, offered, _shown(single))
    return None


def fitted(value: Any, known: Known) -> Any:
    """Give a value in the parameter's own type: 1 becomes 1.0 for a float, "1" for a string."""
    if known.type == "float" and type(value) is int:
        return float(value)
    if known.type == "str" and type(value) in (int, float, bool):
        return str(value)
    return value


def type_of(value: Any) -> str:
    """Name the type of a default."""
    if value is None:
        return "any"
    if isinstance(value, (list, tuple, set)):
        return "list"
    name = type(value).__name__
    return name if name in TYPES else "any"


def _single_values(value: Any, known: Known) -> Optional[List[Any]]:
    if known.many or known.repeated:
        return value if isinstance(value, list) else None
    return [value]


def _fits(value: Any, type_name: str) -> bool:
    if type_name == "any":
        return True
    if type_name == "float":
        return type(value) in (int, float)
    if type_name == "str":
        return type(value) in (str, int, float, bool)
    return type(value).__name__ == type_name


def _not_a(known: Known, wanted: str, value: Any) -> str:
    article = "an" if wanted[0] in "aeiou" else "a"
    names = {"str": "string", "bool": "true or false", "dict": "JSON object"}
    wanted = names.get(wanted, wanted)
    article = "" if wanted.startswith("true") else article + " "
    return "{} takes {}{}, not {}".format(known.name, article, wanted, _shown(value))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
