"""Build by Podman's endpoint, which knows BuildKit's mounts.

Secrets go along in the context: Podman takes them out of it before it builds, and mounts them.
Source: the parameter ``secrets`` in Podman's ``pkg/api/handlers/compat/images_build.go``, 4.3.
"""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

from fahr_docker.engine.failure import engine_failed
from fahr_docker.engine.plain import FILE, follow, write_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.hookspecs import Progress
    from fahr_docker.engine.local import Engine
    from fahr_docker.engine.order import BuildOrder

__all__ = ["build"]

_BESIDE = "fahr-lent-"


def build(engine: Engine, order: BuildOrder, progress: Progress) -> None:
    """Build into the engine's own store.

    Raises:
        FahrError: as :meth:`Engine.build`.
    """
    api = engine.client.api
    secrets = {f"{_BESIDE}{name}": text for name, text in order.lent.secrets().items()}
    with tempfile.TemporaryFile() as stream:
        write_context(stream, order, secrets)
        # The Docker SDK's own build() knows no secrets; it is a requests.Session, though.
        answer = api.post(
            f"{api.base_url}/v{api.api_version}/build",
            params=_parameters(order),
            data=stream,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=api.timeout,
        )
        with answer:
            if not answer.ok:
                raise engine_failed(order.what, answer.text)
            follow(_events(answer), order.what, progress)


def _parameters(order: BuildOrder) -> dict[str, str]:
    secrets = [f"id={name},src={_BESIDE}{name}" for name in order.lent.secrets()]
    told = {
        "dockerfile": FILE,
        "t": order.tag,
        "target": order.target,
        "platform": order.platform,
        "labels": json.dumps(dict(order.labels)),
        "secrets": json.dumps(secrets) if secrets else None,
        "rm": "true",
        "forcerm": "true",
    }
    return {name: value for name, value in told.items() if value is not None}


def _events(answer: Any) -> Iterator[dict[str, Any]]:
    """Give what the engine tells, an object a line."""
    for line in answer.iter_lines():
        if line.strip():
            yield json.loads(line)
