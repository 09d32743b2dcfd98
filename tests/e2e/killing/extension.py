"""An extension that kills ``fahr`` right before or right after a hook: ``KILL_AT=before:hook``."""

import os
import signal

from fahr_core import hookimpl

HOOKS = (
    "amend_job",
    "preflight",
    "render_artifacts",
    "plan_submission",
    "stage_request",
    "submit_jobs",
)


def kill(moment: str) -> None:
    if os.environ.get("KILL_AT") == moment:
        os.kill(os.getpid(), signal.SIGKILL)


def wrapper_of(hook: str):
    def wrapped():
        kill(f"before:{hook}")
        result = yield
        kill(f"after:{hook}")
        return result

    wrapped.__name__ = hook
    return hookimpl(wrapper=True)(wrapped)


for name in HOOKS:
    globals()[name] = wrapper_of(name)
