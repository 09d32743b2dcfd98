"""The train driver ``sagemaker``: a job is a training job in an AWS account."""

from __future__ import annotations

from fahr_core.deferred import DeferredHooks
from fahr_core.models import Capability, NameRule, TrainInfo

__all__ = ["driver"]

driver = DeferredHooks(
    TrainInfo(
        title="a training job on Amazon SageMaker",
        settings="fahr_sagemaker.settings:SageMakerSettings",
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
        # Source: CreateTrainingJob, TrainingJobName: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}.
        names=NameRule(limit=63, alphabet="a-zA-Z0-9-"),
        needs=("account", "Docker"),
        paid=True,
        poll=5.0,
        platform="x86_64-unknown-linux-gnu",
        gpu_settings=(
            ("instance_type", r"ml\.[gp]\d.*"),
            ("train_instance_type", r"ml\.[gp]\d.*"),
        ),
    ),
    preflight="fahr_sagemaker.preflight:examine",
    render_artifacts="fahr_sagemaker.request:render",
    image_target="fahr_sagemaker.ecr:target_of",
    registry_login="fahr_sagemaker.ecr:login_to",
    plan_submission="fahr_sagemaker.request:plan",
    stage_request="fahr_sagemaker.staging:stage",
    unstage_request="fahr_sagemaker.staging:unstage",
    submit_jobs="fahr_sagemaker.submission:submit_all",
    find_submission="fahr_sagemaker.submission:find",
    find_job="fahr_sagemaker.found:find_job",
    list_jobs="fahr_sagemaker.found:list_jobs",
    job_states="fahr_sagemaker.states:job_states",
    stream_logs="fahr_sagemaker.logs:stream_logs",
    stop_job="fahr_sagemaker.stopping:stop_job",
    fetch_output="fahr_sagemaker.output:fetch_output",
)
