"""Where a person sees a job: AWS's console, and its log there."""

from __future__ import annotations

from urllib.parse import quote

__all__ = ["console_link", "log_link"]

#: Source: "AWS Management Console endpoints"; each partition has a host of its own.
_HOSTS = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_GROUP = "/aws/sagemaker/TrainingJobs"


def console_link(region: str, name: str, partition: str = "aws") -> str:
    """Give the page of a training job."""
    return f"https://{_host(region, partition)}/sagemaker/home?region={region}#/jobs/{name}"


def log_link(region: str, name: str, partition: str = "aws") -> str:
    """Give the page of a training job's log streams.

    CloudWatch's page takes its arguments encoded twice, with ``$`` for ``%``.
    """
    group = quote(quote(_GROUP, safe=""), safe="").replace("%", "$")
    words = quote(f"?logStreamNameFilter={name}/", safe="").replace("%", "$")
    page = f"logsV2:log-groups/log-group/{group}{words}"
    return f"https://{_host(region, partition)}/cloudwatch/home?region={region}#{page}"


def _host(region: str, partition: str) -> str:
    host = _HOSTS.get(partition)
    return host or f"{region}.console.aws.amazon.com"
