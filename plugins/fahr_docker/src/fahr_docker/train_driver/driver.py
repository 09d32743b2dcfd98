"""The train driver ``docker``: a job is a container on an engine."""

from __future__ import annotations

from fahr_core.deferred import DeferredHooks
from fahr_core.models import Capability, NameRule, TrainInfo

__all__ = ["driver"]

driver = DeferredHooks(
    TrainInfo(
        title="a container on the Docker engine",
        settings="fahr_docker.train_driver.settings:DockerSettings",
        capabilities=frozenset(
            {
                Capability.STOP,
                Capability.LIVE_LOGS,
                Capability.INPUTS,
                Capability.IMAGE,
                Capability.SECRETS,
                Capability.TIMEOUT,
                Capability.GPU,
                Capability.SUPERVISED_NOTEBOOKS,
                Capability.REMOTE_JOBS,
            }
        ),
        # What a container may be called; two characters are the least. It is a label, too.
        names=NameRule(limit=120, minimum=2),
        needs=("Docker",),
        poll=0.2,
    ),
    preflight="fahr_docker.train_driver.checks:check",
    render_artifacts="fahr_docker.train_driver.image:render",
    image_target="fahr_docker.train_driver.image:target_of",
    registry_login="fahr_docker.train_driver.image:login_to",
    plan_submission="fahr_docker.train_driver.planning:plan",
    stage_request="fahr_docker.train_driver.staging:stage",
    unstage_request="fahr_docker.train_driver.staging:unstage",
    submit_jobs="fahr_docker.train_driver.sending:submit_all",
    find_submission="fahr_docker.train_driver.sending:find",
    find_job="fahr_docker.train_driver.sending:find_named",
    job_states="fahr_docker.train_driver.jobs:states",
    stream_logs="fahr_docker.train_driver.logs:read_log",
    stop_job="fahr_docker.train_driver.jobs:stop",
    fetch_output="fahr_docker.train_driver.homecoming:fetch",
)
