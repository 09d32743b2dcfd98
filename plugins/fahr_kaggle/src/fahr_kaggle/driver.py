"""The train driver ``kaggle``: a job is a version of a private kernel."""

from __future__ import annotations

from fahr_core.deferred import DeferredHooks
from fahr_core.models import Capability, NameRule, TrainInfo

__all__ = ["driver"]

driver = DeferredHooks(
    TrainInfo(
        title="a private Kaggle kernel, on Kaggle's free machines",
        settings="fahr_kaggle.settings:KaggleSettings",
        capabilities=frozenset(
            {
                Capability.STOP,
                Capability.LIVE_LOGS,
                Capability.INPUTS,
                Capability.TIMEOUT,
                Capability.GPU,
                Capability.REMOTE_JOBS,
                Capability.REMOTE_LIST,
            }
        ),
        # A version of a kernel needs no random part: Kaggle numbers them.
        names=NameRule(limit=50, minimum=5, unique=False),
        needs=("account",),
        poll=5.0,
        platform="x86_64-unknown-linux-gnu",
        file_settings="fahr_kaggle.metadata:file_settings",
    ),
    preflight="fahr_kaggle.checks:examine",
    render_artifacts="fahr_kaggle.planning:render",
    plan_submission="fahr_kaggle.planning:plan",
    stage_request="fahr_kaggle.staging:stage",
    submit_jobs="fahr_kaggle.submission:submit_all",
    find_submission="fahr_kaggle.submission:find",
    find_job="fahr_kaggle.remote:find_job",
    list_jobs="fahr_kaggle.listing:list_jobs",
    job_states="fahr_kaggle.states:observe",
    stream_logs="fahr_kaggle.logs:read_log",
    stop_job="fahr_kaggle.stopping:stop",
    fetch_output="fahr_kaggle.output:fetch",
)
