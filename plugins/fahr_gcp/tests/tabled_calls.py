"""The calls of Google's APIs that the driver makes, by what makes them: the tables of faults."""

from __future__ import annotations

__all__ = ["EVERY", "FIT", "GPU", "LARGE", "LIFE"]

#: Of a fit with an input and a secret.
FIT = (
    "aiplatform:customJobs.create",
    "aiplatform:customJobs.list",
    "artifactregistry:repositories.create",
    "artifactregistry:repositories.get",
    "iam:serviceAccounts.get",
    "iam:serviceAccounts.testIamPermissions",
    "oauth2:token",
    "operations:get",
    "secretmanager:secrets.addVersion",
    "secretmanager:secrets.create",
    "secretmanager:secrets.setIamPolicy",
    "serviceusage:services.batchGet",
    "storage:buckets.get",
    "storage:buckets.testIamPermissions",
    "storage:objects.get",
    "storage:objects.insert",
)
#: Of one on a machine with a GPU, besides.
GPU = ("compute:acceleratorTypes.aggregatedList", "serviceusage:consumerQuotaMetrics.get")
#: Of one with a large input, besides.
LARGE = ("storage:uploads.put",)
#: Of the list of jobs, and of a job that is stopped: its end, its secrets, its log, its output.
LIFE = (
    "aiplatform:customJobs.cancel",
    "aiplatform:customJobs.get",
    "aiplatform:customJobs.list",
    "logging:entries.list",
    "secretmanager:secrets.delete",
    "storage:objects.get",
    "storage:objects.list",
)
EVERY = frozenset((*FIT, *GPU, *LARGE, *LIFE))
