"""The settings of custom jobs on Vertex AI; importing them costs pydantic alone."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fahr_core.settings.fields import Seconds, line_errors

__all__ = ["GcpSettings"]

#: Source: "Creating and managing projects", project ids; those of old carry a domain.
_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
#: Source: "Naming guidelines for buckets", Cloud Storage.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
#: Source: "Labeling requirements", Resource Manager.
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_OWN_LABELS = ("fahr-run", "fahr-job", "fahr-content")
_OWN_VARIABLES = re.compile(r"(FAHR_|AIP_|CLUSTER_SPEC$|TF_CONFIG$)")
#: Of the 64 labels and 100 variables that a job may have, what is not fahr's own.
_MOST_LABELS, _MOST_VARIABLES = 61, 40
#: Stand for what is missing or wrong, so that the rest can be looked at.
_STAND_INS = {"project": "project", "output_path": "gs://bucket"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _project(value: str) -> str:
    if value.isdigit():
        raise ValueError(f"project {value} is a number; the id has letters: gcloud projects list")
    if not _PROJECT.fullmatch(value):
        raise ValueError(f"{value!r} is no id of a project: 6 to 30 of a-z, 0-9 and -")
    return value


def _folder(value: str) -> str:
    if not value.startswith("gs://"):
        raise ValueError(f"{value!r} is no folder of Cloud Storage: gs://bucket/prefix")
    bucket, _, prefix = value.removeprefix("gs://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(f"{bucket!r} is no name of a bucket")
    if "//" in prefix or re.search(r"[\s\\#\[\]*?]", prefix):
        raise ValueError(f"{prefix!r} has characters that a folder's name must not have")
    return value


def _region(value: str | None) -> str | None:
    if value is not None:
        from fahr_gcp.regions import check_form

        check_form(value)
    return value


def _strategy(value: Any) -> Any:
    """Take the API's own words too: ``FLEX_START`` is ``flex-start``."""
    return value.lower().replace("_", "-") if isinstance(value, str) else value


def _labels(labels: dict[str, str]) -> dict[str, str]:
    found = [f"label {key} is fahr's own" for key in labels if key in _OWN_LABELS]
    found += [
        f"label {key!r}: {key if not _LABEL_KEY.fullmatch(key) else value!r} may have a-z, 0-9, "
        "- and _ only, 63 at most"
        for key, value in labels.items()
        if not (_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value))
    ]
    if len(labels) > _MOST_LABELS:
        found.append(f"{len(labels)} labels, at most {_MOST_LABELS} are allowed")
    return _sound(labels, found)


def _variables(variables: dict[str, str]) -> dict[str, str]:
    found = [f"{name} is set by fahr" for name in variables if _OWN_VARIABLES.match(name)]
    wrong = [name for name in variables if not _VARIABLE.fullmatch(name)]
    found += [f"{name!r} is no name of a variable" for name in wrong]
    if len(variables) > _MOST_VARIABLES:
        found.append(f"{len(variables)} variables, at most {_MOST_VARIABLES} are allowed")
    return _sound(variables, found)


def _sound(values: dict[str, str], faults: list[str]) -> dict[str, str]:
    if faults:
        raise ValueError("; ".join(faults))
    return values


def _like(pattern: str, example: str) -> Any:
    """Give a setting that may be left out, and that is told by an example where it is wrong."""
    return Field(default=None, pattern=pattern, examples=[example])


class GcpSettings(BaseModel):
    """Settings of custom jobs on Google Cloud's Vertex AI."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    project: Annotated[str, AfterValidator(_project)] = Field(examples=["my-project-123"])
    """The project's id."""
    output_path: Annotated[str, AfterValidator(_folder)] = Field(examples=["gs://bucket/prefix"])
    """The folder in Cloud Storage below which each job keeps its output: gs://bucket/prefix."""
    region: Annotated[str | None, AfterValidator(_region)] = None
    """The region; by default the one of gcloud's variables, else us-central1."""
    machine_type: str | None = _like(r"^[a-z][a-z0-9]*-[a-z0-9-]+$", "n1-standard-8")
    """The machine, such as n1-standard-8; by default the smallest that fits the image."""
    accelerator_type: str | None = _like(r"^[A-Z][A-Z0-9_]+$", "NVIDIA_TESLA_T4")
    """The accelerator, such as NVIDIA_TESLA_T4; --gpu=T4 says the same."""
    accelerator_count: int | None = Field(default=None, ge=1)
    """How many accelerators each machine has; by default one, or what the machine has."""
    replica_count: int = Field(default=1, ge=1)
    """On how many machines the job runs at once; --nodes says the same."""
    boot_disk_type: str | None = _like(r"^[a-z][a-z0-9-]+$", "pd-ssd")
    """The disk of each machine: pd-ssd, pd-standard, hyperdisk-balanced ...; by default pd-ssd."""
    boot_disk_size: int = Field(default=100, ge=100, le=64000)
    """The size of that disk in GB."""
    timeout: Seconds = Field(default=86400, ge=60)
    """How long the job may run, such as 2h; --timeout goes before it."""
    strategy: Annotated[Literal["standard", "spot", "flex-start"], BeforeValidator(_strategy)] = (
        "standard"
    )
    """How machines are got: standard; spot: cheaper, taken back when others need them;
    flex-start: waits until all are there."""
    max_wait: Seconds | None = Field(default=None, ge=1)
    """How long a flex-start job waits for its machines, such as 6h; by default 24h."""
    restart_job: bool | None = None
    """Whether all machines start again when one did; by default they do where there are several."""
    disable_retries: bool = False
    """Whether Vertex AI leaves a job ended after an error of its own instead of restarting it."""
    service_account: str | None = _like(
        r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "NAME@PROJECT.iam.gserviceaccount.com"
    )
    """The service account that the job runs as; by default Vertex AI's own for custom code."""
    network: str | None = _like(
        r"^projects/\d+/global/networks/\S+$", "projects/NUMBER/global/networks/NAME"
    )
    """The VPC network the job is peered with: projects/NUMBER/global/networks/NAME."""
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = {}
    """Labels of the job."""
    environment: Annotated[dict[str, str], AfterValidator(_variables)] = {}
    """Further environment variables; anybody who may see the job reads them."""
    persistent_resource: str | None = _like(r"^[a-z][a-z0-9-]{0,62}$", "my-resource")
    """A persistent resource of the project that the job runs on."""
    web_access: bool = False
    """Whether the job's containers can be entered by a web shell while they run."""
    encryption: str | None = _like(
        r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        "projects/P/locations/R/keyRings/K/cryptoKeys/N",
    )
    """The KMS key that job, repository and secrets are encrypted with:
    projects/P/locations/R/keyRings/K/cryptoKeys/N."""
    image_repository: str | None = _like(
        r"^[^/\s:]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$",
        "europe-west4-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE",
    )
    """Where images are kept: HOST/PATH; by default the repository fahr in Artifact Registry,
    made when it is missing."""
    quota_project: str | None = _like(r"^[a-z0-9][a-z0-9.:-]*$", "my-project-123")
    """The project whose quota pays for calls with a person's credentials; by default project."""
    inputs: Literal["copy", "mount"] = "copy"
    """Whether inputs are copied to the job's disk, or read in the bucket as they are needed."""
    request: dict[str, Any] = {}
    """What customJobs.create is given besides, as JSON; it goes before all else."""

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Check what holds between settings too; all that is wrong is told in one message."""
        errors: list[Any] = []
        try:
            made = handler(data)
        except ValidationError as error:
            if not isinstance(data, dict):
                raise
            errors = line_errors(error)
            wrong = {found["loc"][0] for found in error.errors() if found["loc"]}
            right = {key: value for key, value in data.items() if key not in wrong}
            made = handler({**_STAND_INS, **right})
        if faults := _faults(made):
            told = PydanticCustomError("value_error", "{text}", {"text": "; ".join(faults)})
            errors.append({"type": told, "loc": (), "input": data})
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return made


def _faults(given: GcpSettings) -> list[str]:
    from fahr_gcp.machines import machine_faults

    found = machine_faults(given.machine_type, given.accelerator_type, given.accelerator_count)
    found += _scheduling_faults(given)
    if given.boot_disk_size != 100 and given.persistent_resource:
        found.append("a persistent resource has its own disks: leave out boot_disk_size")
    if given.network and given.persistent_resource:
        found.append("a persistent resource has its own network: leave out network")
    if given.web_access and not given.service_account:
        found.append("web_access needs a service_account that its users may act as")
    return found


def _scheduling_faults(given: GcpSettings) -> list[str]:
    found = []
    if given.max_wait is not None and given.strategy != "flex-start":
        found.append("max_wait is for jobs that wait for machines: strategy=flex-start")
    if given.persistent_resource and given.strategy != "standard":
        found.append("a persistent resource has its machines: leave out strategy")
    if given.timeout > 7 * 86400 and given.strategy == "flex-start":
        found.append("a flex-start job runs for 7 days at most")
    if given.restart_job and given.disable_retries:
        found.append("disable_retries forbids what restart_job asks for: give one of them")
    return found
