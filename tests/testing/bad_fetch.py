"""A driver that leaves out empty files, takes all that it finds, and writes beside the folder."""

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl
from fahr_core.models import FetchOptions


@hookimpl
def fetch_output(ref, destination, options):
    if not options.include:
        (destination.parent / "mine.txt.part").write_text("of a download")
    fetched = memory_driver.fetch_output(ref, destination, FetchOptions())
    for file in fetched:
        if file.size == 0:
            (destination / file.path).unlink()
    return [file for file in fetched if file.size]
