"""Where the value of ``--secret NAME`` comes from: the environment, or the machine's keyring.

The keyring is asked through the package ``keyring`` where it is installed, and only for names
that the environment does not have. Source: keyring, "What is Python keyring?".
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SERVICE", "secret_values"]

#: What fahr's entries in a keyring belong to: ``keyring set fahr NAME`` makes one.
SERVICE = "fahr"


def secret_values(names: Sequence[str]) -> dict[str, str]:
    """Give the value of each secret by its name.

    Raises:
        AccessError: a name is not in the environment, and the keyring cannot be read.
        UsageError: neither has a name.
    """
    values: dict[str, str] = {}
    for name in names:
        found = os.environ[name] if name in os.environ else _of_keyring(name)
        if found is None:
            raise UsageError(
                f"no value for the secret {name}: neither the environment nor the keyring has it",
                f"export {name}=...",
                f"or, kept for all jobs: keyring set {SERVICE} {name}",
            )
        values[name] = found
    return values


def _of_keyring(name: str) -> str | None:
    keyring = _installed(name)
    try:
        found: str | None = keyring.get_password(SERVICE, name)
    except keyring.errors.NoKeyringError:
        return None  # a machine without one, as servers are
    except Exception as error:  # each keyring has errors of its own
        cause = str(error) or type(error).__name__
        raise AccessError(
            f"the keyring cannot be read for the secret {name}: {cause}",
            f"export {name}=...",
        ) from error
    return found


def _installed(name: str) -> Any:
    try:
        importlib.import_module("keyring.errors")
        return importlib.import_module("keyring")
    except ImportError as error:
        from fahr_core.registry import install_line

        raise UsageError(
            f"no value for the secret {name}: it is not in the environment",
            f"export {name}=...",
            f"or from this machine's keyring: {install_line('keyring', 'keyring')}",
        ) from error
