"""Sending a request once, whatever becomes of the answer.

Vertex AI takes any number of jobs of one name, and a call has no id by which it would know it
again. So the run id goes along as a label, and whoever does not know whether a call arrived
lists the jobs with that label before anything is sent again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError
from fahr_core.models import Absent, Found, Refused, Submitted, Unknown
from fahr_gcp import names
from fahr_gcp.client import DEFAULT_REGION, Client
from fahr_gcp.failures import is_certain, status_of
from fahr_gcp.links import console_link
from fahr_gcp.quota import quota_of
from fahr_gcp.references import reference
from fahr_gcp.regions import meant_by
from fahr_gcp.roles import act_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.models import JobRef, Request

__all__ = ["find", "jobs_labelled", "jobs_named", "submit", "submit_all"]

#: How often the call is made before it is left to the user, and how often and in which
#: seconds' distance the jobs are listed for one whose answer was lost: it may still arrive.
_SENDINGS = 3
_LOOKS, _BETWEEN = 3, 2.0
#: How Vertex AI says that a job may not run as its service account.
_NOT_TO_ACT = ("iam.serviceAccounts.actAs", "to act as service_account")


def submit_all(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Make a custom job of each request; its labels tell whether it is there already."""
    return [submit(request) for request in requests]


def submit(request: Request) -> Submitted | Refused | Unknown:
    """Make the custom job; a lost answer is Unknown."""
    try:
        client = Client.of_settings(request.job.settings)
        return _there_already(client, request) or _sent(client, request)
    except FahrError as error:  # nothing was sent: credentials, or the list cannot be had
        return Refused(reason=error.message, hints=error.hints)


def find(request: Request) -> Found | Absent | Unknown:
    """Say whether a request reached Vertex AI, from any process."""
    client = Client.of_settings(request.job.settings)
    try:
        made = jobs_labelled(client, request.run_id)
    except FahrError as error:
        return Unknown(reason=error.message)
    if not made:
        return Absent(reason=f"Vertex AI has no job with the label {names.RUN_LABEL}")
    found = reference(_only_one(client, made), client)
    return Found(ref=found, link=_link(found))


def jobs_labelled(client: Client, run_id: str) -> list[Mapping[str, Any]]:
    """List the jobs of a run; more than one where a call arrived twice.

    Raises:
        AccessError: the jobs may not be listed.
        ServiceError: Google does not answer.
    """
    made = _listed(client, f'labels.{names.RUN_LABEL}="{run_id}"')
    return [job for job in made if _run_of(job) == run_id]


def jobs_named(client: Client, display_name: str) -> list[Mapping[str, Any]]:
    """List the jobs of a name, whoever made them.

    Raises:
        AccessError: the jobs may not be listed.
        ServiceError: Google does not answer.
    """
    made = _listed(client, f'display_name="{display_name}"')
    return [job for job in made if job.get("displayName") == display_name]


def _sent(client: Client, request: Request) -> Submitted | Refused | Unknown:
    """Make the call; after a lost answer, see whether it arrived before making it again."""
    for sending in range(1, _SENDINGS + 1):
        try:
            told = client.call(
                "aiplatform",
                "POST",
                f"v1/{client.location}/customJobs",
                body=request.body,
                again=False,
            )
        except FahrError as error:
            if is_certain(error):
                return _refused(client, request, error)
            try:
                made = _arrived(client, request)
            except FahrError as other:
                return Unknown(reason=f"{error.message}; {other.message}")
            if made:
                return _submitted(client, made)
            if sending == _SENDINGS:
                return Unknown(reason=error.message)
        else:
            made = [told] if sending == 1 else _all_made(client, request, told)
            return _submitted(client, made)
    raise AssertionError("the last sending gives an answer")


def _arrived(client: Client, request: Request) -> list[Mapping[str, Any]]:
    """List the jobs of a request whose answer was lost, until there is one or for a while."""
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN)
        if made := jobs_labelled(client, request.run_id):
            return made
    return []


def _all_made(client: Client, request: Request, told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the jobs of a request that was sent again: the first may have arrived late."""
    try:
        return jobs_labelled(client, request.run_id) or [told]
    except FahrError:
        return [told]


def _only_one(client: Client, made: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Give the oldest of a run's jobs, and have the others cancelled."""
    first, *others = sorted(made, key=_created)
    for other in others:
        try:
            client.call("aiplatform", "POST", f"v1/{other['name']}:cancel", body={})
        except FahrError as error:
            if status_of(error) not in (400, 404):  # it has ended
                raise
    return first


def _submitted(client: Client, made: list[Mapping[str, Any]]) -> Submitted | Unknown:
    try:
        ref = reference(_only_one(client, made), client)
    except FahrError as error:
        return Unknown(reason=f"two jobs were made, and one cannot be cancelled: {error.message}")
    return Submitted(ref=ref, link=_link(ref))


def _refused(client: Client, request: Request, error: FahrError) -> Refused:
    hints = error.hints
    if status_of(error) == 429 and (allowed := _allowed(client, request)):
        return Refused(
            reason=f"other jobs have the {allowed} that Google allows at once", busy=True
        )
    account = request.job.settings["service_account"]
    if account and any(words in error.message for words in _NOT_TO_ACT):
        hints = (act_as(client, account),)
    if status_of(error) == 404:
        meant = meant_by(client.region) or DEFAULT_REGION
        hints = (*hints, f"is {client.region} a region of Vertex AI? -c region={meant}")
    return Refused(reason=error.message, hints=hints)


def _allowed(client: Client, request: Request) -> str | None:
    """Tell the quota of the job's accelerators where it is large enough for this job alone."""
    spec = request.body["jobSpec"]
    pools = [pool for pool in spec["workerPoolSpecs"] if pool.get("machineSpec")]
    kinds = {pool["machineSpec"].get("acceleratorType") for pool in pools}
    if len(kinds) != 1 or not (kind := kinds.pop()):
        return None
    wanted = sum(
        int(pool["machineSpec"].get("acceleratorCount") or 0) * int(pool.get("replicaCount") or 1)
        for pool in pools
    )
    try:
        spot = (spec.get("scheduling") or {}).get("strategy") == "SPOT"
        allowed = quota_of(client, str(kind), spot=spot)
    except FahrError:
        return None
    return f"{allowed} x {kind}" if allowed is not None and allowed >= wanted else None


def _there_already(client: Client, request: Request) -> Submitted | Refused | Unknown | None:
    """Give the job that has the name already: this run's, or one of the same content.

    Any other has the name only where somebody chose it (``--name``).
    """
    made = jobs_named(client, request.remote_name)
    if own := [job for job in made if _run_of(job) == request.run_id]:
        return _submitted(client, own)
    if same := [job for job in made if is_same(job, request.body["labels"])]:
        ref = reference(max(same, key=_created), client)
        return Submitted(ref=ref, link=_link(ref))
    if made:
        return Refused(
            reason=f"there is another job called {request.remote_name}, of other content",
            hints=("fahr fit --name ANOTHER",),
        )
    return None


def _run_of(job: Mapping[str, Any]) -> str | None:
    return (job.get("labels") or {}).get(names.RUN_LABEL)


def _created(job: Mapping[str, Any]) -> str:
    return str(job.get("createTime") or "")


def is_same(job: Mapping[str, Any], own: Mapping[str, str]) -> bool:
    """Tell whether a job is the one of these labels: its very run, or the same content."""
    there = job.get("labels") or {}
    return any(
        there.get(label) and there.get(label) == own.get(label)
        for label in (names.RUN_LABEL, names.CONTENT_LABEL)
    )


def _listed(client: Client, wanted: str) -> list[Mapping[str, Any]]:
    """List what the service says is wanted; whoever has a job cancelled looks for himself too."""
    pages = client.pages("aiplatform", f"v1/{client.location}/customJobs", {"filter": wanted})
    return [job for page in pages for job in page.get("customJobs") or ()]


def _link(ref: JobRef) -> str:
    return console_link(str(ref.data["project"]), str(ref.data["region"]), ref.id)
