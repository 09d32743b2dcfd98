"""Calls of Google's services from inside a job, as the job's service account.

Source: "About VM metadata", Compute Engine, for the token; "Retry strategy", Cloud Storage.
"""

from __future__ import annotations

import json
import os
import threading
import time
from http.client import HTTPException
from typing import Any, Callable, Dict, Optional, Tuple
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener, urlopen

ANSWER_PATIENCE = 60.0  # seconds
ATTEMPTS = 6
BUSY = (408, 429, 500, 502, 503, 504)
METADATA = "metadata.google.internal"
IDENTITY = "/computeMetadata/v1/instance/service-accounts/default/token"
OVERRIDES = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"


class ServiceError(Exception):
    """A service refused or did not answer; the message says which, never a secret's value."""


class _Token:
    """The service account's token, asked for anew before it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text, self._until = "", 0.0
        self._none_at_hand = False

    def text(self, attempts: int = ATTEMPTS) -> str:
        with self._lock:
            if time.monotonic() > self._until:
                told = repeated(_token, "the service account's token", attempts)
                self._text = told["access_token"]
                self._until = time.monotonic() + float(told.get("expires_in") or 0) - 120
            return self._text

    def at_hand(self) -> str:
        """Give the token where the machine has one, else nothing."""
        try:
            return "" if self._none_at_hand else self.text(attempts=1)
        except ServiceError:
            self._none_at_hand = True
            return ""


def endpoint(service: str) -> str:
    """Give a service's address without a slash at its end."""
    told = os.environ.get(OVERRIDES + service.upper(), "")
    if service == "storage":
        told = os.environ.get("STORAGE_EMULATOR_HOST") or told
    if not told:
        return "https://{}.googleapis.com".format(service)
    whole = (told if "://" in told else "http://" + told).rstrip("/")
    for end in ("/storage/v1", "/v1"):
        whole = whole[: -len(end)] if whole.endswith(end) else whole
    return whole


def asked(method: str, url: str, missing_ok: bool = False) -> Dict[str, Any]:
    """Make a call until it is answered; give the answer, which is empty for what is missing."""

    def once() -> Dict[str, Any]:
        try:
            with opened(method, url) as answer:
                text = answer.read()
            return dict(json.loads(text.decode("utf-8"))) if text.strip() else {}
        except HTTPError as error:
            if missing_ok and error.code == 404:
                error.close()
                return {}
            raise

    told: Dict[str, Any] = repeated(once, "{} {}".format(method, url.partition("?")[0]))
    return told


def opened(method: str, url: str, data: Any = None, size: Optional[int] = None) -> Any:
    """Make a call once and give the answer to read from; the caller closes it."""
    request = Request(url, data, method=method)
    token = _identity.at_hand() if _is_emulated(url) else _identity.text()
    if token:
        request.add_header("Authorization", "Bearer " + token)
    if size is not None:
        request.add_header("Content-Length", str(size))
        request.add_header("Content-Type", "application/octet-stream")
    return urlopen(request, timeout=ANSWER_PATIENCE)


def _is_emulated(url: str) -> bool:
    """Tell whether a call goes to an emulator, which asks nobody for a token.

    Source: google-cloud-storage, whose client is anonymous where the variable is set.
    """
    return bool(os.environ.get("STORAGE_EMULATOR_HOST")) and url.startswith(endpoint("storage"))


def repeated(call: Callable[[], Any], what: str, attempts: int = ATTEMPTS) -> Any:
    """Make a call until it works, some times; raises ServiceError in a service's own words."""
    problem = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(min(10.0, 0.2 * 2**attempt))
        try:
            return call()
        except HTTPError as error:
            problem, busy = _refusal(error)
            if not busy:
                break
        except FileNotFoundError:
            raise
        except (URLError, HTTPException, OSError, ValueError) as error:
            problem = str(error)
    raise ServiceError("{}: {}".format(what, problem))


def _refusal(error: HTTPError) -> Tuple[str, bool]:
    """Give a refusal's words, and whether asking again may help."""
    with error:
        text = error.read(4096).decode("utf-8", "replace")
    try:
        words = str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        words = " ".join(text.split())[:200]
    return "{} {}".format(error.code, words).strip(), error.code in BUSY


def _token() -> Dict[str, Any]:
    host = os.environ.get("GCE_METADATA_HOST") or METADATA
    request = Request("http://" + host + IDENTITY, headers={"Metadata-Flavor": "Google"})
    direct = build_opener(ProxyHandler({}))  # no proxy reaches the machine's own address
    with direct.open(request, timeout=ANSWER_PATIENCE) as answer:
        return dict(json.loads(answer.read().decode("utf-8")))


_identity = _Token()
