"""What else is asked of a project before a job: services, permissions, accounts, quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.clouds.gcp import machines, services
from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.quotas import USUAL, gpu_metric
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

QUOTA = "/v1beta1/projects/{project}/services/{service}/consumerQuotaMetrics"
#: What Compute Engine calls accelerators that Vertex AI writes in another way.
LINKS = {"NVIDIA_TESLA_A100": "nvidia-tesla-a100", "NVIDIA_A100_80GB": "nvidia-a100-80gb"}


class ProjectCalls:
    """The calls of Service Usage, Resource Manager, IAM and Compute Engine."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud that is asked about."""
        self._cloud = cloud

    # -- Service Usage --------------------------------------------------------------------

    @route(
        "GET /v1/projects/{project}/services/{service}",
        "serviceusage:services.get",
        "serviceusage.services.get",
    )
    def service(self, asked: Asked) -> Any:
        """Tell whether a service is enabled."""
        return self._service(asked.name("service"))

    @route(
        "GET /v1/projects/{project}/services:batchGet",
        "serviceusage:services.batchGet",
        "serviceusage.services.list",
    )
    def services(self, asked: Asked) -> Any:
        """Tell of several services."""
        names = asked.lists.get("names", [])
        return {"services": [self._service(name.rpartition("/")[2]) for name in names]}

    @route(
        "GET /v1/projects/{project}/services",
        "serviceusage:services.list",
        "serviceusage.services.list",
    )
    def all_services(self, asked: Asked) -> Any:
        """List the services, those that are enabled where the filter says so."""
        found = [self._service(f"{name}.googleapis.com") for name in services.TITLES]
        if state := asked.query.get("filter", "").removeprefix("state:"):
            found = [each for each in found if each["state"] == state]
        return {"services": found}

    @route("GET " + QUOTA, "serviceusage:consumerQuotaMetrics.list", "serviceusage.quotas.get")
    def quotas(self, asked: Asked) -> Any:
        """List the quotas of Vertex AI, in every region."""
        return {"metrics": [self._quota(asked, metric) for metric in self._metrics()]}

    @route(
        "GET " + QUOTA + "/{metric}",
        "serviceusage:consumerQuotaMetrics.get",
        "serviceusage.quotas.get",
    )
    def quota(self, asked: Asked) -> Any:
        """Tell of one quota."""
        metric = asked.name("metric").rpartition("/")[2]
        if metric not in self._metrics():
            raise ApiError(404, f"Quota metric not found: {asked.name('metric')}")
        return self._quota(asked, metric)

    # -- Resource Manager -----------------------------------------------------------------

    @route(
        "GET /v1/projects/{project}",
        "cloudresourcemanager:projects.get",
        "resourcemanager.projects.get",
    )
    def project(self, asked: Asked) -> Any:
        """Tell of the project."""
        created = "2024-01-01T00:00:00.000Z"
        return {"projectId": self._cloud.project, "projectNumber": self._cloud.number,
                "name": "Tests", "lifecycleState": "ACTIVE", "createTime": created}  # fmt: skip

    @route(
        "GET /v3/projects/{project}",
        "cloudresourcemanager:projects.get",
        "resourcemanager.projects.get",
    )
    def project_v3(self, asked: Asked) -> Any:
        """Tell of the project, as version 3 does."""
        name = f"projects/{self._cloud.number}"
        return {"name": name, "projectId": self._cloud.project, "displayName": "Tests",
                "state": "ACTIVE"}  # fmt: skip

    @route(
        "POST /v1/projects/{project}:testIamPermissions",
        "cloudresourcemanager:projects.testIamPermissions",
    )
    @route(
        "POST /v3/projects/{project}:testIamPermissions",
        "cloudresourcemanager:projects.testIamPermissions",
    )
    def permissions_of_project(self, asked: Asked) -> Any:
        """Tell which of some permissions the caller has."""
        allowed = self._allowed(asked)
        return {"permissions": allowed} if allowed else {}

    @route(
        "POST /v1/projects/{project}:getIamPolicy",
        "cloudresourcemanager:projects.getIamPolicy",
        "resourcemanager.projects.getIamPolicy",
    )
    @route(
        "POST /v3/projects/{project}:getIamPolicy",
        "cloudresourcemanager:projects.getIamPolicy",
        "resourcemanager.projects.getIamPolicy",
    )
    def policy(self, asked: Asked) -> Any:
        """Tell who has which role in the project."""
        bindings = [
            {"role": role, "members": [f"serviceAccount:{each}" for each in sorted(members)]}
            for role, members in sorted(self._cloud.bindings.items())
        ]
        return {"version": 1, "etag": "BwYAAAAAAAA=", "bindings": bindings}

    # -- IAM ------------------------------------------------------------------------------

    @route(
        "GET /v1/projects/{project}/serviceAccounts/{account}",
        "iam:serviceAccounts.get",
        "iam.serviceAccounts.get",
    )
    def account(self, asked: Asked) -> Any:
        """Tell of a service account."""
        email = self._account(asked)
        name = f"projects/{self._cloud.project}/serviceAccounts/{email}"
        return {"name": name, "projectId": self._cloud.project, "uniqueId": "1" * 21,
                "email": email, "displayName": self._cloud.accounts.emails[email],
                "oauth2ClientId": "1" * 21, "etag": "MDEwMjE5MjA="}  # fmt: skip

    @route(
        "POST /v1/projects/{project}/serviceAccounts/{account}:testIamPermissions",
        "iam:serviceAccounts.testIamPermissions",
    )
    def permissions_over_account(self, asked: Asked) -> Any:
        """Tell which of some permissions the caller has over an account."""
        self._account(asked)
        allowed = self._allowed(asked)
        return {"permissions": allowed} if allowed else {}

    # -- Compute Engine -------------------------------------------------------------------

    @route(
        "GET /compute/v1/projects/{project}/regions/{region}",
        "compute:regions.get",
        "compute.regions.get",
    )
    def region(self, asked: Asked) -> Any:
        """Tell of a region and its quotas."""
        region = asked.name("region")
        if region not in self._cloud.regions:
            text = f"The resource 'projects/{self._cloud.project}/regions/{region}' was not found"
            raise ApiError(404, text)
        zones = [f"{self._link(asked)}/zones/{region}-{letter}" for letter in "abc"]
        quotas = [{"metric": "CPUS", "limit": 72.0, "usage": 0.0}]
        return {"kind": "compute#region", "name": region, "status": "UP", "zones": zones,
                "quotas": quotas}  # fmt: skip

    @route(
        "GET /compute/v1/projects/{project}/aggregated/acceleratorTypes",
        "compute:acceleratorTypes.aggregatedList",
        "compute.acceleratorTypes.list",
    )
    def all_accelerators(self, asked: Asked) -> Any:
        """List the accelerators of every zone."""
        items = {
            f"zones/{region}-a": {"acceleratorTypes": self._accelerators(asked, f"{region}-a")}
            for region in self._cloud.regions
        }
        return {"kind": "compute#acceleratorTypeAggregatedList", "items": items}

    @route(
        "GET /compute/v1/projects/{project}/zones/{zone}/acceleratorTypes",
        "compute:acceleratorTypes.list",
        "compute.acceleratorTypes.list",
    )
    def accelerators(self, asked: Asked) -> Any:
        """List the accelerators of a zone."""
        items = self._accelerators(asked, asked.name("zone"))
        return {"kind": "compute#acceleratorTypeList", "items": items}

    def _accelerators(self, asked: Asked, zone: str) -> list[dict[str, Any]]:
        region = zone.rpartition("-")[0]
        link = f"{self._link(asked)}/zones/{zone}"
        return [
            {"kind": "compute#acceleratorType", "name": name, "zone": link,
             "maximumCardsPerInstance": 8, "selfLink": f"{link}/acceleratorTypes/{name}"}
            for kind, regions in machines.REGIONS.items()
            if region in regions
            for name in [LINKS.get(kind, kind.lower().replace("_", "-"))]
        ]  # fmt: skip

    def _link(self, asked: Asked) -> str:
        return f"{asked.address}/compute/v1/projects/{self._cloud.project}"

    def _allowed(self, asked: Asked) -> list[str]:
        who = self._cloud.accounts.kind(asked.caller)
        wanted = asked.json().get("permissions", [])
        return [each for each in wanted if (who, each) not in self._cloud.denied]

    def _account(self, asked: Asked) -> str:
        email = asked.name("account")
        if email not in self._cloud.accounts.emails:
            raise ApiError(404, f"Unknown service account: {email}")
        return email

    def _service(self, host: str) -> dict[str, Any]:
        name = host.removesuffix(".googleapis.com")
        if name not in services.TITLES:
            raise ApiError(403, f"Not found or permission denied for service(s): {host}.")
        state = "DISABLED" if name in self._cloud.disabled else "ENABLED"
        parent = f"projects/{self._cloud.number}"
        config = {"name": host, "title": services.TITLES[name]}
        return {"name": f"{parent}/services/{host}", "parent": parent, "config": config,
                "state": state}  # fmt: skip

    def _metrics(self) -> list[str]:
        kinds = ["cpus", *(gpu_metric(kind) for kind in machines.REGIONS)]
        return [f"custom_model_training_{how}{kind}" for how in ("", "preemptible_")
                for kind in kinds]  # fmt: skip

    def _quota(self, asked: Asked, metric: str) -> dict[str, Any]:
        service = asked.name("service")
        buckets = [
            {"effectiveLimit": str(limit), "defaultLimit": str(USUAL),
             "dimensions": {"region": region}}
            for region in self._cloud.regions
            for limit in [self._cloud.quotas.get((region, metric), USUAL)]
        ]  # fmt: skip
        parent = f"projects/{self._cloud.number}/services/{service}/consumerQuotaMetrics"
        name = f"{parent}/{service}%2F{metric}"
        unit = "1/{project}/{region}"
        limit = {"name": f"{name}/limits/%2Fproject%2Fregion", "unit": unit, "metric":
                 f"{service}/{metric}", "quotaBuckets": buckets}  # fmt: skip
        title = metric.replace("_", " ").capitalize()
        return {"name": name, "displayName": title, "metric": f"{service}/{metric}",
                "consumerQuotaLimits": [limit], "unit": "1"}  # fmt: skip
