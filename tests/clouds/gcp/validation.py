"""What Vertex AI refuses when a custom job is created, in the words that users report of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp import machines, schema
from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.quotas import check_quotas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

Fault = tuple[str, str]
LABEL_KEY, LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Variables that the service sets, which a request may not.
RESERVED = ("CLUSTER_SPEC", "TF_CONFIG", "AIP_", "CLOUD_ML_")
DISKS = ("pd-ssd", "pd-standard", "hyperdisk-balanced")
MOST_VARIABLES, MOST_POOLS = 100, 4
BOTH = "Both `accelerator_type` and `accelerator_count` should be specified or none. "
ACT_AS = "You do not have permission to act as service_account: {}. (or it may not exist)."


def check_request(
    cloud: Cloud, document: dict[str, Any], location: str, asked: Asked
) -> dict[str, Any]:
    """Check a request for a custom job; give it as the service keeps it.

    Raises:
        ApiError: the service would refuse it.
    """
    wanted = schema.read(document)
    if found := list(_faults(wanted)):
        listed = "\t".join(
            f"{number}.Field: {field}; Message: {text}"
            for number, (field, text) in enumerate(found, 1)
        )
        raise ApiError(400, f"List of found errors:\t{listed}\t")
    spec = wanted["jobSpec"]
    for pool in filter(None, spec["workerPoolSpecs"]):
        _check_machine(pool["machineSpec"], location)
    _check_account(cloud, spec.get("serviceAccount", ""), asked)
    check_quotas(cloud, spec, location)
    _complete(spec)
    return wanted


def _faults(wanted: dict[str, Any]) -> Iterator[Fault]:
    if not wanted.get("displayName"):
        yield "display_name", "Required field is not set."
    elif len(wanted["displayName"]) > 128:
        yield "display_name", "The display name can be up to 128 characters long. "
    yield from _of_labels(wanted.get("labels", {}))
    spec = wanted.get("jobSpec")
    if not spec:
        yield "job_spec", "Required field is not set. "
        return
    yield from _of_spec(spec)


def _of_labels(labels: dict[str, str]) -> Iterator[Fault]:
    if len(labels) > 64:
        yield "labels", "No more than 64 user labels can be associated with one resource. "
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
            text = f"Label `{key}: {value}` must consist of lowercase letters, numbers, dashes and "
            yield "labels", text + "underscores, and be at most 63 characters long. "


def _of_spec(spec: dict[str, Any]) -> Iterator[Fault]:
    pools = spec.get("workerPoolSpecs", [])
    if not pools or not pools[0]:
        yield "job_spec.worker_pool_specs", "The first worker pool must be specified. "
    if len(pools) > MOST_POOLS:
        yield "job_spec.worker_pool_specs", f"At most {MOST_POOLS} worker pools are allowed. "
    for number, pool in enumerate(pools):
        if pool:
            yield from _of_pool(pool, number)
    output = spec.get("baseOutputDirectory", {}).get("outputUriPrefix")
    if output is not None and not re.fullmatch(r"gs://[a-z0-9][^/]+(/.*)?", output):
        path = "job_spec.base_output_directory.output_uri_prefix"
        yield path, f"`{output}` is not a valid Cloud Storage URI. "


def _of_pool(pool: dict[str, Any], number: int) -> Iterator[Fault]:
    path = f"job_spec.worker_pool_specs[{number}]"
    replicas = int(pool.get("replicaCount", 0))
    if replicas < 1 or (number == 0 and replicas != 1):
        wanted = "must be 1 for the first worker pool" if number == 0 else "must be positive"
        yield f"{path}.replica_count", f"Replica count {wanted}. "
    machine = pool.get("machineSpec", {})
    if not machine.get("machineType"):
        yield f"{path}.machine_spec.machine_type", "Machine type is required. "
    accelerator = machine.get("acceleratorType", schema.ACCELERATORS[0])
    if (accelerator != schema.ACCELERATORS[0]) != bool(machine.get("acceleratorCount")):
        yield f"{path}.machine_spec.accelerator_type", BOTH
    disk = pool.get("diskSpec", {})
    if not 100 <= disk.get("bootDiskSizeGb", 100) <= 64000:
        yield f"{path}.disk_spec.boot_disk_size_gb", "Must be between 100 and 64000. "
    if disk.get("bootDiskType", DISKS[0]) not in DISKS:
        yield f"{path}.disk_spec.boot_disk_type", f"Must be one of {', '.join(DISKS)}. "
    yield from _of_container(pool.get("containerSpec"), path)


def _of_container(container: dict[str, Any] | None, path: str) -> Iterator[Fault]:
    if container is None:
        yield path, "One of `container_spec` and `python_package_spec` must be specified. "
        return
    if not container.get("imageUri"):
        yield f"{path}.container_spec.image_uri", "Image URI is required. "
    variables = container.get("env", [])
    if len(variables) > MOST_VARIABLES:
        yield f"{path}.container_spec.env", f"At most {MOST_VARIABLES} variables are allowed. "
    for place, each in enumerate(variables):
        name = each.get("name", "")
        if not ENV_NAME.fullmatch(name):
            text = f"`{name}` is not a valid C identifier. "
            yield f"{path}.container_spec.env[{place}].name", text
        if name.startswith(RESERVED):
            text = f"`{name}` is reserved by the service. "
            yield f"{path}.container_spec.env[{place}].name", text


def _check_machine(machine: dict[str, Any], location: str) -> None:
    kind, count = machine["machineType"], machine.get("acceleratorCount", 0)
    accelerator = machine.get("acceleratorType", "")
    if not machines.is_known(kind):
        raise ApiError(400, f'Machine type "{kind}" is not supported.')
    if kind in machines.BUILT_IN and not count:
        accelerator, count = machines.BUILT_IN[kind]
        text = f'Machine type "{kind}" requires {count} accelerators of type "{accelerator}".'
        raise ApiError(400, text)
    if count and not machines.fits(kind, accelerator, count):
        how = (
            "is not supported"
            if machines.fits(kind, accelerator, 1) is False
            else (f"with count {count} is not supported")
        )
        raise ApiError(400, f'Accelerator "{accelerator}" {how} for machine type "{kind}".')
    if count and location not in machines.REGIONS.get(accelerator, ()):
        text = f'Accelerator "{accelerator}" is not supported in region "{location}".'
        raise ApiError(400, text)


def _check_account(cloud: Cloud, account: str, asked: Asked) -> None:
    if not account:
        return
    asked.needs.append("iam.serviceAccounts.actAs")
    kind = cloud.accounts.kind(asked.caller)
    if account not in cloud.accounts.emails or (kind, "iam.serviceAccounts.actAs") in cloud.denied:
        raise ApiError(400, ACT_AS.format(account))


def _complete(spec: dict[str, Any]) -> None:
    """Set what the service does where the request is silent."""
    for pool in filter(None, spec["workerPoolSpecs"]):
        disk = {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100}
        pool["diskSpec"] = disk | pool.get("diskSpec", {})
    scheduling = spec.get("scheduling")
    if scheduling and scheduling.get("strategy") == "STRATEGY_UNSPECIFIED":
        del scheduling["strategy"]
