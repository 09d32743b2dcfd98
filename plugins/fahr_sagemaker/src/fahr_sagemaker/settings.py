"""The settings of training jobs on SageMaker; importing them costs pydantic alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from fahr_core.settings.fields import Seconds, line_errors

__all__ = ["SageMakerSettings"]

#: The names that the first fahr had, and those that stand for them.
_OLD_NAMES = {
    "train_instance_type": "instance_type",
    "train_instance_count": "instance_count",
    "train_volume_size": "volume_size",
    "train_max_run": "max_runtime",
}


def _metrics(value: Any) -> Any:
    """Read metric definitions as SageMaker writes them too: a list of Name and Regex."""
    if not isinstance(value, list):
        return value
    try:
        return {item["Name"]: item["Regex"] for item in value}
    except (KeyError, TypeError) as error:
        raise ValueError('each metric is {"Name": ..., "Regex": ...}') from error


class SageMakerSettings(BaseModel):
    """Settings of training jobs on Amazon SageMaker."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    output_path: str = Field(pattern=r"^s3://[^/\s]+(/\S*)?$", examples=["s3://bucket/prefix"])
    """The S3 folder below which each job's output lies: s3://bucket/prefix."""
    role_name: str | None = Field(default=None, pattern=r"^[\w+=,.@/-]+$")
    """The IAM role that the job runs as, by its name; needed unless role_arn is given."""
    role_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")
    """The IAM role by its ARN, where its name cannot be looked up."""
    region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d+$")
    """The AWS region; by default the one of AWS's own settings."""
    profile: str | None = None
    """A profile of AWS's own settings."""
    instance_type: str | None = None
    """The machine, such as ml.m5.xlarge; by default the smallest that fits the image."""
    instance_count: int = Field(default=1, ge=1)
    """On how many machines the job runs at once."""
    volume_size: int = Field(default=30, ge=1)
    """The machine's disk in GB."""
    max_runtime: Seconds = Field(default=86400, ge=1)
    """How long the job may run, such as 2h; --timeout goes before it."""
    max_pending: Seconds | None = Field(default=None, ge=1800)
    """How long the job may wait for a machine, such as 2h."""
    spot: bool = False
    """Whether the job runs on spare machines: cheaper, and interrupted when others need them."""
    max_wait: Seconds | None = Field(default=None, ge=1)
    """How long a spot job may wait and run altogether; by default twice its time limit."""
    checkpoint_path: str | None = Field(default=None, pattern=r"^s3://[^/\s]+(/\S*)?$")
    """The S3 folder of the job's checkpoints; by default one beside its output."""
    keep_alive: Seconds = Field(default=0, ge=0)
    """How long the machine is kept warm for the next job, such as 10m; it is paid for."""
    channels: dict[str, str] = {}
    """Further input channels: a name, and the S3 folder that it brings."""
    environment: dict[str, str] = {}
    """Further environment variables; anybody who may describe the job reads them."""
    tags: dict[str, str] = {}
    """Tags of the job."""
    metric_definitions: Annotated[dict[str, str], BeforeValidator(_metrics)] = {}
    """Metrics: a name, and the regular expression that finds its value in the log."""
    subnets: list[str] = []
    """The subnets of a VPC that the job runs in."""
    security_group_ids: list[str] = []
    """The security groups of the job in the VPC."""
    kms_key: str | None = None
    """The KMS key that the output, the inputs and the secrets are encrypted with."""
    volume_kms_key: str | None = None
    """The KMS key that the machine's disk is encrypted with."""
    encrypt_between_nodes: bool = False
    """Whether traffic between several machines is encrypted."""
    network_isolation: bool = False
    """Whether the job has no network: neither the internet nor AWS's services."""
    retry_attempts: int | None = Field(default=None, ge=1, le=30)
    """How often SageMaker starts the job again after a failure of its own."""
    vault: Literal["secretsmanager", "ssm"] = "secretsmanager"
    """Where --secret keeps values until the job ends: Secrets Manager or SSM's parameters."""
    repository: str = Field(default="fahr", pattern=r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$")
    """The repository in ECR that holds the images; made when it is missing."""
    request: dict[str, Any] = {}
    """What CreateTrainingJob is given besides, as JSON; it goes before all else."""
    train_instance_type: str | None = None
    """The old name of instance_type."""
    train_instance_count: int | None = Field(default=None, ge=1)
    """The old name of instance_count."""
    train_volume_size: int | None = Field(default=None, ge=1)
    """The old name of volume_size."""
    train_max_run: Seconds | None = Field(default=None, ge=1)
    """The old name of max_runtime."""

    @model_validator(mode="wrap")
    @classmethod
    def _with_a_role(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Miss the role as any required setting is missed, so that it can be asked for."""
        roles = ("role_name", "role_arn")
        if not isinstance(data, dict) or any(data.get(role) for role in roles):
            return handler(_renamed(data))
        errors: list[Any] = [{"type": "missing", "loc": ("role_name",), "input": data}]
        try:
            handler(_renamed(data))
        except ValidationError as error:
            errors = [*line_errors(error), *errors]
        raise ValidationError.from_exception_data(cls.__name__, errors)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Check what holds between settings, all of it in one message."""
        if faults := list(_faults(self)):
            raise ValueError("; ".join(faults))
        return self


def _renamed(data: Any) -> Any:
    """Give the values under today's names; a role's ARN in the place of its name is one too."""
    if not isinstance(data, dict):
        return data
    values = dict(data)
    for old, new in _OLD_NAMES.items():
        if values.get(old) is not None and new not in values:
            values[new] = values.pop(old)
    if str(values.get("role_name") or "").startswith("arn:") and not values.get("role_arn"):
        values["role_arn"] = values.pop("role_name")
    return values


def _faults(settings: SageMakerSettings) -> list[str]:
    given = settings
    both = [old for old in _OLD_NAMES if getattr(given, old) is not None]
    found = [f"{old} is the old name of {_OLD_NAMES[old]}: give one of them" for old in both]
    if given.max_wait is not None and not given.spot:
        found.append("max_wait is for spot jobs: spot=true")
    if given.spot and given.keep_alive:
        found.append("a spot machine cannot be kept warm: leave out keep_alive")
    if "TrainingJobName" in given.request:
        found.append("request: a job's name is --name NAME")
    if bool(given.subnets) != bool(given.security_group_ids):
        found.append("a VPC takes both subnets and security_group_ids")
    return found
