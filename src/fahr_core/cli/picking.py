"""The job that a command is about: from the record, or at a service by its name there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import jobs
from fahr_core.cli import console
from fahr_core.errors import UnknownJob

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.session import Session

__all__ = ["pick", "remote", "session_of"]


def pick(ledger: Ledger, word: str | None, train_driver: str | None = None) -> Record:
    """Find the job that ``word`` means; with a train driver also one made elsewhere.

    Raises:
        UnknownJob: there is none, or several begin with the word.
    """
    try:
        record = jobs.find(ledger, word, Path.cwd())
    except UnknownJob:
        if not (word and train_driver):
            raise
        return remote(word, train_driver)
    if word != record.name:
        console.note(console.styled(f"job {record.name}", "dim"))
    return record


def remote(word: str, train_driver: str) -> Record:
    """Find a job that this machine has no record of, by its name at the driver's service.

    Raises:
        UsageError: the driver cannot do that, or the service has no such job.
    """
    from fahr_core.remote_jobs import find_remote
    from fahr_core.session import open_session
    from fahr_core.settings.text import unquoted

    return find_remote(open_session(unquoted(train_driver)), unquoted(word))


def session_of(record: Record) -> Session:
    """Open the session of a job's driver and tell its warnings."""
    session = jobs.open_for(record)
    for warning in session.warnings:
        console.note(f"warning: {warning}")
    return session
