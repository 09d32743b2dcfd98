"""The train driver ``gcp``: a job is a custom job of Vertex AI in a Google Cloud project."""

from __future__ import annotations

from fahr_core.deferred import DeferredHooks
from fahr_core.models import Capability, NameRule, TrainInfo
from fahr_gcp.machines import GPU_MACHINES

__all__ = ["driver"]

driver = DeferredHooks(
    TrainInfo(
        title="a custom job on Google Cloud's Vertex AI",
        settings="fahr_gcp.settings:GcpSettings",
        capabilities=frozenset(
            {
                Capability.STOP,
                Capability.LIVE_LOGS,
                Capability.RESUME,
                Capability.INPUTS,
                Capability.NODES,
                Capability.IMAGE,
                Capability.SECRETS,
                Capability.TIMEOUT,
                Capability.GPU,
                Capability.SUPERVISED_NOTEBOOKS,
                Capability.REMOTE_JOBS,
                Capability.REMOTE_LIST,
            }
        ),
        # A display name may have 128 characters; a label's value, which holds the name too, 63.
        # Source: CustomJob.displayName and CustomJob.labels, Vertex AI API reference.
        names=NameRule(limit=63, alphabet="a-z0-9-"),
        needs=("account", "Docker"),
        paid=True,
        poll=5.0,
        platform="x86_64-unknown-linux-gnu",
        gpu_settings=(("accelerator_type", r".+"), ("machine_type", GPU_MACHINES)),
    ),
    preflight="fahr_gcp.preflight:examine",
    render_artifacts="fahr_gcp.request:render",
    image_target="fahr_gcp.artifact_registry:target_of",
    registry_login="fahr_gcp.artifact_registry:login_to",
    plan_submission="fahr_gcp.request:plan",
    stage_request="fahr_gcp.staging:stage",
    unstage_request="fahr_gcp.staging:unstage",
    submit_jobs="fahr_gcp.submission:submit_all",
    find_submission="fahr_gcp.submission:find",
    find_job="fahr_gcp.found:find_job",
    list_jobs="fahr_gcp.found:list_jobs",
    job_states="fahr_gcp.states:job_states",
    stream_logs="fahr_gcp.logs:stream_logs",
    stop_job="fahr_gcp.stopping:stop_job",
    fetch_output="fahr_gcp.output:fetch_output",
)
