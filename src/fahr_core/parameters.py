"""Parameters on their way from ``-p name=value`` to a job, checked before anything is sent."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ParameterError
from fahr_core.launcher import parameters as launcher
from fahr_core.settings.text import literal, unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.experiment import Experiment
    from fahr_core.launcher.signature import Known, Signature

__all__ = ["check_parameters", "read_pairs"]

#: As float() reads them, and so every parser of arguments.
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Split ``name=value`` texts.

    Raises:
        ParameterError: a text has no name or no value.
    """
    values = {}
    for pair in pairs:
        name, found, value = unquoted(pair).partition("=")
        if not name or not found:
            raise ParameterError(f'"{pair}" is no parameter', "write -p name=value")
        values[name] = value
    return values


def check_parameters(
    experiment: Experiment, texts: Mapping[str, str], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Give the parameters in the types that the artifact wants, and notes to tell.

    Args:
        experiment: Whose artifact takes them.
        texts: Values as typed, read by the type of the parameter.
        values: Values that have their type already.

    Raises:
        ParameterError: nothing takes a parameter, or it takes no such value.
    """
    if not texts and not values:
        return {}, []
    signature = launcher.inspect(str(experiment.file), experiment.kind)
    _check_run_script(experiment, [*values, *texts])
    checked = {name: _checked(signature, experiment, name, value) for name, value in values.items()}
    for name, text in texts.items():
        known = _taken(signature, experiment, name)
        checked[name] = _fitting(_typed(text, known), known)
    return checked, _notes(signature, checked)


def _checked(signature: Signature, experiment: Experiment, name: str, value: Any) -> Any:
    return _fitting(value, _taken(signature, experiment, name))


def _taken(signature: Signature, experiment: Experiment, name: str) -> Known | None:
    """Give what is known of a parameter; None when nobody can tell whether it is taken."""
    if signature.takes(name) != "no":
        return signature.find(name)
    known = signature.names
    if not known:
        raise ParameterError(f'{experiment.artifact} takes no parameter "{name}", nor any other')
    guesses = difflib.get_close_matches(name, known, n=1)
    if guesses:
        like = signature.find(guesses[0])
        shown = f" ({like.type}, {like.default})" if like else ""
        question = f"; did you mean {guesses[0]}{shown}?"
    else:
        question = f" (it takes {', '.join(known[:12])})"
    raise ParameterError(f'{experiment.artifact} takes no parameter "{name}"{question}')


def _typed(text: str, known: Known | None) -> Any:
    if known is None:
        return literal(text)
    if known.many or known.repeated:
        value = literal(text)
        return value if isinstance(value, list) else [literal(part) for part in text.split(",")]
    if known.type == "str":
        return None if text in ("None", "null") and known.default is None else text
    if known.type == "float" and _NOT_FINITE.fullmatch(text.strip()):
        return float(text)
    value = literal(text)
    several = isinstance(value, (list, tuple, dict))
    # "512,256" is a tuple to Python; for a number it is what was typed, and is refused so.
    return text if several and known.type in ("int", "float", "bool") else value


def _fitting(value: Any, known: Known | None) -> Any:
    if known is None:
        return value
    from fahr_core.launcher.signature import checked, fitted

    if isinstance(value, tuple):
        value = list(value)
    if problem := checked(value, known):
        hints = []
        if isinstance(value, str) and "," in value:
            hints = [f"one job for each: fahr fit -p {known.name}={value.split(',')[0]}"]
        raise ParameterError(problem, *hints)
    return fitted(value, known)


def _notes(signature: Signature, checked: Mapping[str, Any]) -> list[str]:
    unknown = [name for name in checked if signature.takes(name) == "unknown"]
    if not unknown:
        return []
    names = ", ".join(unknown)
    form = "name=value" if signature.joined else "--name value"
    return [f"cannot tell whether {names} is taken ({signature.why}): passed as {form}"]


def _check_run_script(experiment: Experiment, names: Sequence[str]) -> None:
    """Refuse parameters that an old run.sh would swallow."""
    script = experiment.folder / "run.sh"
    if script.is_file() and b"fahr-start" not in script.read_bytes():
        raise ParameterError(
            f"run.sh starts {experiment.artifact} itself, so {', '.join(names)} would be lost",
            "in run.sh, write fahr-start where it says python " + experiment.artifact,
        )
