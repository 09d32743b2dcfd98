"""The environment file of an experiment, resolved once to a lock that everything installs."""

from fahr_core.environment.resolve import resolve

__all__ = ["resolve"]
