"""How a SageMaker training job looks from inside. Standard library only, Python from 3.8 on.

Source: Amazon SageMaker AI Developer Guide, "Amazon SageMaker AI Training Storage Folders" and
"How Amazon SageMaker AI Provides Training Information".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import ProxyHandler, Request, build_opener, urlopen

ML = Path("/opt/ml")
CODE = "/opt/fahr/code"
PAPERMILL = Path("/opt/fahr/papermill/bin/python")
WORK = "/tmp/fahr/work"

LONGEST_REASON = 1024  # characters that become the job's FailureReason
MASTER_PORT = 29500
NAME_PATIENCE = 300.0  # seconds until the first machine's name has to mean an address
ANSWER_PATIENCE = 30.0  # seconds
ATTEMPTS = 6
BUSY = ("ThrottlingException", "InternalServiceError", "InternalServerError")

_reasons: List[str] = []


class ServiceError(Exception):
    """A service refused or did not answer; the message says which, never a secret's value."""


class Credentials(NamedTuple):
    """What signs a request."""

    key: str
    secret: str
    token: str = ""


def places() -> Dict[str, Any]:
    """Tell the job's folders; each input is a channel, a folder below `inputs`."""
    return {
        "code": CODE,
        "work": WORK,
        "output": str(ML / "model"),
        "inputs": str(ML / "input" / "data"),
        "checkpoints": str(ML / "checkpoints"),
        "papermill_python": str(PAPERMILL) if PAPERMILL.exists() else None,
        "service_output": str(ML / "output"),
    }


def nodes() -> Dict[str, Any]:
    """Tell this machine's rank among the job's, and where the first one is.

    Frameworks are told the network card too, as AWS's own images do: theirs is a guess.
    """
    resources = _resources()
    hosts = sorted(resources.get("hosts") or [], key=_host_order)
    if len(hosts) < 2:
        return {"rank": 0, "count": 1}
    card = resources.get("network_interface_name")
    if card:
        os.environ.setdefault("NCCL_SOCKET_IFNAME", card)
        os.environ.setdefault("GLOO_SOCKET_IFNAME", card)
    _wait_for_name(hosts[0])
    return {
        "rank": hosts.index(resources["current_host"]),
        "count": len(hosts),
        "master_addr": hosts[0],
        "master_port": MASTER_PORT,
    }


def secrets(names: Sequence[str]) -> Dict[str, str]:
    """Read the job's secrets through its role, from where `FAHR_SECRETS` says."""
    place = os.environ.get("FAHR_SECRETS", "")
    kind, _, name = place.partition(":")
    if kind == "secretsmanager":
        found = _from_secrets_manager(name)
    elif kind == "ssm":
        found = _from_parameters(name, names)
    else:
        raise ServiceError(f"FAHR_SECRETS is {place!r}: no place of secrets")
    missing = [name for name in names if name not in found]
    if missing:
        raise ServiceError("{} holds no {}".format(place, ", ".join(missing)))
    return {name: found[name] for name in names}


def report_failure(reason: str) -> None:
    """Leave the reason where SageMaker takes the job's FailureReason from."""
    _reasons.append(reason)
    (ML / "output").mkdir(parents=True, exist_ok=True)
    (ML / "output" / "failure").write_text(reason[:LONGEST_REASON], encoding="utf-8")


def deliver(output: str) -> None:
    """Leave the output for SageMaker to upload.

    It uploads no model of a job that failed: what there is goes with the other output then.
    """
    if _reasons:
        _move_into(Path(output), ML / "output" / "data")


def _move_into(folder: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        place, number = target / path.name, 0
        while os.path.lexists(place):
            number += 1
            place = target / f"{path.name}.from-model-{number}"
        shutil.move(str(path), str(place))


# -- several machines -------------------------------------------------------------------


def _resources() -> Dict[str, Any]:
    try:
        text = (ML / "input" / "config" / "resourceconfig.json").read_text(encoding="utf-8")
    except FileNotFoundError:  # run by hand
        return {}
    return dict(json.loads(text))


def _host_order(host: str) -> Any:
    """Sort `algo-10` after `algo-2`."""
    head, _, number = host.rpartition("-")
    return (head, int(number)) if number.isdigit() else (host, 0)


def _wait_for_name(host: str) -> None:
    """Wait until a machine's name means an address: they do not come up all at once."""
    until = time.monotonic() + NAME_PATIENCE
    while True:
        try:
            socket.getaddrinfo(host, MASTER_PORT)
            return
        except OSError as error:
            if time.monotonic() > until:
                raise ServiceError(f"{host} has no address: {error}") from error
        time.sleep(1)


# -- secrets ----------------------------------------------------------------------------


def _from_secrets_manager(name: str) -> Dict[str, str]:
    answer = _call("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": name})
    return dict(json.loads(answer["SecretString"]))


def _from_parameters(prefix: str, names: Sequence[str]) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for start in range(0, len(names), 10):  # GetParameters takes ten
        wanted = [prefix + "/" + name for name in names[start : start + 10]]
        body = {"Names": wanted, "WithDecryption": True}
        for parameter in _call("ssm", "AmazonSSM.GetParameters", body)["Parameters"]:
            found[parameter["Name"].rpartition("/")[2]] = parameter["Value"]
    return found


def _call(service: str, target: str, body: Mapping[str, Any]) -> Dict[str, Any]:
    """Ask a service until it answers; a refusal is told as the service words it."""
    url = _endpoint(service)
    data = json.dumps(body).encode("utf-8")
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(10.0, 0.2 * 2**attempt))
        headers = signed_headers(url, service, _region(), target, data, _credentials())
        try:
            with urlopen(Request(url, data, headers), timeout=ANSWER_PATIENCE) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            problem, busy = _refusal(error)
            if not busy:
                break
        except (URLError, HTTPException, OSError, ValueError) as error:
            problem = str(error)
    raise ServiceError(f"{target}: {problem}")


def _refusal(error: HTTPError) -> Any:
    """Give a refusal's words, and whether asking again may help."""
    with error:
        text = error.read(4096).decode("utf-8", "replace")
    try:
        document = json.loads(text)
        kind = str(document.get("__type", "")).rpartition("#")[2]
        said = document.get("message") or document.get("Message") or ""
    except (ValueError, AttributeError):
        kind, said = "", text.strip()[:200]
    words = ": ".join(filter(None, [kind or f"status {error.code}", said]))
    return words, error.code >= 500 or error.code == 429 or kind in BUSY


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ServiceError("AWS_REGION is not set")
    return region


def _endpoint(service: str) -> str:
    own = "AWS_ENDPOINT_URL_" + {"secretsmanager": "SECRETS_MANAGER"}.get(service, service.upper())
    told = os.environ.get(own) or os.environ.get("AWS_ENDPOINT_URL")
    if told:
        return told.rstrip("/") + "/"
    suffix = "amazonaws.com.cn" if _region().startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{_region()}.{suffix}/"


def _credentials() -> Credentials:
    """Give the role's credentials as the container is told them; they change every few hours.

    Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
    """
    environ = os.environ
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    full = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if relative or full:
        url = urljoin("http://169.254.170.2", relative) if relative else str(full)
        told = _ask_container(url)
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told.get("Token", ""))
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        token = environ.get("AWS_SESSION_TOKEN", "")
        return Credentials(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], token)
    raise ServiceError("the job has no credentials: is it run with a role?")


def _ask_container(url: str) -> Dict[str, Any]:
    headers = {}
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if file:
        token = Path(file).read_text(encoding="utf-8").strip()
    if token:
        headers["Authorization"] = token
    direct = build_opener(ProxyHandler({}))  # no proxy reaches the container's own address
    try:
        with direct.open(Request(url, headers=headers), timeout=ANSWER_PATIENCE) as answer:
            return dict(json.load(answer))
    except (HTTPException, OSError, ValueError) as error:
        raise ServiceError(f"the role's credentials cannot be read: {error}") from error


def signed_headers(
    url: str, service: str, region: str, target: str, body: bytes, credentials: Credentials
) -> Dict[str, str]:
    """Give the headers of a POST of JSON, signed.

    Source: IAM User Guide, "Create a signed AWS API request".
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": urlsplit(url).netloc,
        "x-amz-date": moment,
        "x-amz-target": target,
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", urlsplit(url).path or "/", "", *lines, "", names, digest])
    scope = "/".join([moment[:8], region, service, "aws4_request"])
    hashed = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashed])
    key = ("AWS4" + credentials.secret).encode("utf-8")
    for piece in [*scope.split("/"), text]:
        key = hmac.new(key, piece.encode("utf-8"), hashlib.sha256).digest()
    who = f"Credential={credentials.key}/{scope}, SignedHeaders={names}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {who}, Signature={key.hex()}"
    return headers
