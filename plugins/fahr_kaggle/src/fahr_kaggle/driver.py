"""The train driver ``kaggle``: a job is a version of a private kernel."""

from __future__ import annotations

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Capability, NameRule, TrainInfo

_INFO = TrainInfo(
    title="a private Kaggle kernel, on Kaggle's free machines",
    settings="fahr_kaggle.settings:KaggleSettings",
    capabilities=frozenset(
        {
            Capability.LIVE_LOGS,
            Capability.INPUTS,
            Capability.TIMEOUT,
            Capability.GPU,
            Capability.REMOTE_JOBS,
        }
    ),
    # A version of a kernel needs no random part: Kaggle numbers them.
    names=NameRule(limit=50, minimum=5, unique=False),
    needs=("account",),
    poll=5.0,
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what Kaggle can do."""
    return _INFO
