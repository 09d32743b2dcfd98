"""Which API call an HTTP request is, and the permission that it needs."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")
ATTEMPT = re.compile(r"attempt=(\d+)")

#: Where the permission has another name than the call (Service Authorization Reference).
PERMISSIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadObject": "s3:GetObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:ListParts": "s3:ListMultipartUploadParts",
    "s3:DeleteObjects": "s3:DeleteObject",
}

# What S3's REST calls are, by method and the first query word that is listed here.
BUCKET_CALLS = {
    ("GET", ""): "ListObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "encryption"): "GetBucketEncryption",
    ("HEAD", ""): "HeadBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", "delete"): "DeleteObjects",
}
OBJECT_CALLS = {
    ("GET", ""): "GetObject",
    ("GET", "uploadId"): "ListParts",
    ("GET", "tagging"): "GetObjectTagging",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("PUT", "partNumber"): "UploadPart",
    ("PUT", "tagging"): "PutObjectTagging",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", ""): "DeleteObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}


@dataclass(frozen=True)
class Call:
    """An API call as it came in."""

    service: str
    action: str
    region: str
    access_key: str
    #: Of a JSON call its document, of a query call its words, of one to S3 bucket and key.
    parameters: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"
    #: Which attempt of the client's it is, from 1: what it made again is told by itself.
    attempt: int = 1
    time: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        """Give service and action as in ``sagemaker:CreateTrainingJob``."""
        return f"{self.service}:{self.action}"

    @property
    def permission(self) -> str:
        """Give the action as a policy names it."""
        return PERMISSIONS.get(self.name, self.name)

    @property
    def style(self) -> str:
        """Give the protocol of the service: ``json``, ``query`` or ``rest-xml``."""
        return {"s3": "rest-xml", "iam": "query", "sts": "query"}.get(self.service, "json")


def read_call(environ: dict[str, Any]) -> Call | None:
    """Read the call of a request, and leave its body to be read again; None: not signed."""
    words = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if "X-Amz-Credential" in words:
        signature = f"Credential={words['X-Amz-Credential'][0]}"
    if not (found := CREDENTIAL.search(signature)):
        return None
    access_key, region, service = found.groups()
    if service == "s3":
        action, parameters = _of_s3(environ, words)
    elif target := environ.get("HTTP_X_AMZ_TARGET", ""):
        action, parameters = target.rpartition(".")[2], json.loads(_body(environ) or b"{}")
    else:
        form = parse_qs(_body(environ).decode("utf-8", "replace"))
        parameters = {name: values[0] for name, values in form.items()}
        action = parameters.pop("Action", "?")
    method, attempt = environ["REQUEST_METHOD"], _attempt(environ)
    return Call(service, action, region, access_key, parameters, method, attempt)


def _attempt(environ: dict[str, Any]) -> int:
    """Read ``amz-sdk-request: attempt=1; max=6``, which AWS's SDKs send."""
    found = ATTEMPT.search(environ.get("HTTP_AMZ_SDK_REQUEST", ""))
    return int(found[1]) if found else 1


def _of_s3(environ: dict[str, Any], words: dict[str, list[str]]) -> tuple[str, dict[str, str]]:
    method = environ["REQUEST_METHOD"]
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets", {}
    table = OBJECT_CALLS if key else BUCKET_CALLS
    word = next((word for word in words if (method, word) in table), "")
    action = table.get((method, word), f"{method} {word}".strip())
    if action == "PutObject" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        action = "CopyObject"
    return action, {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket}


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
