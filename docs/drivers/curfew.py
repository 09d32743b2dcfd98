"""An extension that ends jobs after an hour."""

from dataclasses import replace

from fahr_core import hookimpl


@hookimpl(wrapper=True)
def amend_job():
    """Give a job without a time limit one of an hour."""
    amended = yield
    return amended if amended.timeout else replace(amended, timeout=3600.0)
