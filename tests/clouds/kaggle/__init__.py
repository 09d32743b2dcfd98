"""A stand-in for Kaggle on loopback, which really runs what is pushed to it."""

from .accounts import Account
from .cloud import Cloud, running
from .faults import Fault
from .limits import Limits, Pace

__all__ = ["Account", "Cloud", "Fault", "Limits", "Pace", "running"]
