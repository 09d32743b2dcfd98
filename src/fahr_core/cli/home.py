"""What bare ``fahr`` shows: where to begin, and what runs."""

from __future__ import annotations

from fahr_core.cli import console
from fahr_core.cli.shown import running_time
from fahr_core.version import VERSION

__all__ = ["home_screen"]

#: Columns that the first command's line leaves of 80.
_ROOM = 80 - len("  fahr fit train.py    run it       here: local")


def home_screen() -> None:
    """Print the home screen; reads the ledger and loads no driver."""
    from fahr_core.cli.work import open_with_local_states

    lines = [
        f"fahr {VERSION}  sends a training script or notebook off, brings the model home",
        "",
        f"  fahr fit train.py    run it       here: local{_others_installed()}",
        "  fahr ls              your jobs",
        "  fahr fetch           bring the last output home",
        "  fahr init            choose where this folder's jobs run",
        "  fahr doctor          check this machine and your accounts",
        "",
    ]
    active = open_with_local_states().active()
    for record in active[:3]:
        ran = running_time(record)
        about = ", ".join(filter(None, [record.name, record.driver, ran]))
        lines.append(f"  {record.state}: {about}     fahr logs -f {record.name}")
    if len(active) > 3:
        lines.append(f"  and {len(active) - 3} more: fahr ls")
    lines.append("  all commands: fahr --help")
    console.out("\n".join(lines))


def _others_installed() -> str:
    from fahr_core.registry import installed

    names = [entry.name for entry in installed("train") if entry.name != "local"]
    told = f"; installed: {', '.join(names)}" if names else ""
    return told if len(told) <= _ROOM else f"; {len(names)} more: fahr drivers"
