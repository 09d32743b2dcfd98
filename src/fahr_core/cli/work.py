"""What every command does first: open the ledger, and pick up what a dead one has left."""

from __future__ import annotations

from fahr_core.ledger import Ledger

__all__ = ["open_ledger"]


def open_ledger() -> Ledger:
    """Open the ledger; settle dead submissions and revive the queue, both rarely needed."""
    ledger = Ledger.at_home()
    if ledger.unsettled():
        from fahr_core.jobs import open_for
        from fahr_core.settlement import settle

        settle(ledger, open_for)
    if ledger.queued_drivers():
        from fahr_core.queue import revive

        revive(ledger)
    return ledger
