"""The services' names, and the official variables by which clients are led elsewhere."""

from __future__ import annotations

TITLES = {
    "aiplatform": "Vertex AI API",
    "artifactregistry": "Artifact Registry API",
    "cloudresourcemanager": "Cloud Resource Manager API",
    "compute": "Compute Engine API",
    "iam": "Identity and Access Management (IAM) API",
    "logging": "Cloud Logging API",
    "secretmanager": "Secret Manager API",
    "serviceusage": "Service Usage API",
    "storage": "Cloud Storage",
}
#: What gcloud's variables name beyond the host (`gcloud topic configurations`).
PATHS = {"storage": "storage/v1/", "compute": "compute/v1/"}


def redirections(endpoint: str) -> dict[str, str]:
    """Give gcloud's variables for every service, and the storage clients' own."""
    told = {
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"{endpoint}/{PATHS.get(name, '')}"
        for name in TITLES
    }
    return {**told, "STORAGE_EMULATOR_HOST": endpoint}
