"""The arguments of a script, read from its source: click and typer."""

import ast
from typing import Optional

from .signature import Signature


def click_signature(tree: ast.Module) -> Optional[Signature]:
    return None


def typer_signature(tree: ast.Module) -> Optional[Signature]:
    return None
