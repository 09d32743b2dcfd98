"""Option values read without pydantic.

Typer (since 0.27) builds a pydantic adapter for every option and argument that a command
has, given or not, and importing pydantic takes longer than all else that a small ``fahr fit``
does.  Our options are texts, lists of texts and whole numbers, which need none of it.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from typer import BadParameter
from typer.core import TyperCommand

__all__ = ["PlainCommand", "PlainParameters"]


class _Plain:
    """Stands in for Typer's converter of one parameter."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Give the value in its type; None and nothing stay as Typer gives them."""
        if param.multiple or param.nargs == -1:
            return [self._single(item, param, ctx) for item in value or ()]
        return None if value is None else self._single(value, param, ctx)

    def _single(self, value: Any, param: Any, ctx: Any) -> Any:
        if self._annotation is not int:
            return value
        try:
            return int(value)
        except ValueError:
            raise BadParameter(f"{value!r} is not a whole number.", ctx=ctx, param=param) from None


class PlainParameters:
    """Mixed into a command, reads its parameters plainly, the parser's own ``--help`` too."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Give the parameters with their converters replaced."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if hasattr(parameter, "_runtime_param"):  # an older Typer needs no help
                _read_plainly(parameter)
        return parameters


class PlainCommand(PlainParameters, TyperCommand):
    """A command whose values need no pydantic, and whose help shows arguments as written."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Give the words of the usage line: each argument's own metavar."""
        return [self.options_metavar or "", *(_shown(one) for one in self._arguments(ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Print the arguments, then the options."""
        arguments = [(_shown(one), one.help or "") for one in self._arguments(ctx)]
        options = [
            record
            for parameter in self.get_params(ctx)
            if parameter.param_type_name == "option" and (record := parameter.get_help_record(ctx))
        ]
        for title, records in (("Arguments", arguments), ("Options", options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _arguments(self, ctx: Any) -> list[Any]:
        return [one for one in self.get_params(ctx) if one.param_type_name == "argument"]


def _shown(argument: Any) -> str:
    """Give an argument as the usage line writes it: in brackets when it may be left out."""
    metavar = str(argument.metavar or argument.name.upper())
    return metavar if argument.required or metavar.startswith("[") else f"[{metavar}]"


def _read_plainly(parameter: Any) -> None:
    annotation = parameter.type_descriptor.annotation
    if get_origin(annotation) is list:
        annotation = get_args(annotation)[0]
    if annotation in (bool, str, int):
        parameter._runtime_param = _Plain(annotation)
