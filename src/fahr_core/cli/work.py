"""What every command does first: open the ledger, and pick up what a dead one has left."""

from __future__ import annotations

import sys

from fahr_core.ledger import Ledger

__all__ = ["open_ledger", "open_with_local_states"]


def open_ledger() -> Ledger:
    """Open the ledger; settle dead submissions and revive the queue, both rarely needed."""
    ledger = Ledger.at_home()
    if ledger.unsettled():
        from fahr_core.cli import console
        from fahr_core.jobs import open_for
        from fahr_core.settlement import settle

        for settled in settle(ledger, open_for):
            if settled.left:
                console.note(console.folded(f"warning: {settled.left}", sys.stderr))
    if ledger.drivers_with_work():
        from fahr_core.queue import revive

        revive(ledger)
    return ledger


def open_with_local_states() -> Ledger:
    """Open the ledger with the local jobs as they are; where that fails, as they were last."""
    from fahr_core.cli import console
    from fahr_core.errors import FahrError
    from fahr_core.jobs import refresh_local

    ledger = open_ledger()
    try:
        refresh_local(ledger)
    except FahrError as error:  # a full disk, say; listing jobs may be what helps
        console.note(f"warning: {error.message}; this is what was last known")
    return ledger
