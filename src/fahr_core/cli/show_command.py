"""Show all that is known of a job: what was sent, with what, and how it went.

Examples::

  fahr show
  fahr show digits-train-4 --json
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record

__all__ = ["command"]


def command(
    job: options.Job = None,
    train_driver: options.TrainDriver = None,
    as_json: options.Json = False,
) -> None:
    """Show."""
    from fahr_core.cli.picking import pick
    from fahr_core.cli.work import open_ledger

    ledger = open_ledger()
    record = pick(ledger, job, train_driver)
    document = _document(ledger, record)
    if as_json:
        console.out_json(document)
        return
    for key, value in document.items():
        for line in _lines(key, value):
            console.out(line)


def _document(ledger: Ledger, record: Record) -> dict[str, Any]:
    from fahr_core.cli.shown import job_json
    from fahr_core.models import to_json

    document = job_json(record)
    if (sent := ledger.job(record.name)) is not None:
        packages = {package.name: package.version for package in sent.environment.packages}
        document |= {
            "code": to_json(sent.code),
            "git": to_json(sent.git),
            "environment": {**to_json(sent.environment), "packages": packages},
            "inputs": {item.name: item.location for item in sent.inputs},
            "secrets": list(sent.secrets),
            "gpu": sent.gpu,
            "timeout": sent.timeout,
            "settings": dict(sent.settings),
        }
    return document


def _lines(key: str, value: Any) -> list[str]:
    """Give a field as text; what is empty is left out."""
    if value in (None, "", [], {}):
        return []
    if isinstance(value, dict):
        inner = [line for name, item in value.items() for line in _lines(name, item)]
        return [key, *(f"  {line}" for line in inner)] if inner else []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return [f"{key:<13} {text}"]
