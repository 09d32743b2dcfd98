"""The log of a session: live while it runs, the kept document afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answers import Answer, redirect
from .errors import ApiError
from .kernel_service import session_of, with_id

if TYPE_CHECKING:
    from .accounts import Account
    from .answers import Asked
    from .cloud import Cloud
    from .sessions import Session


def stream(cloud: Cloud, account: Account, asked: Asked) -> Answer:
    """Answer ``kernels/logs/stream/<owner>/<slug>`` by a redirect to the session's own log."""
    head, _, rest = asked.path.partition("/logs/stream/")
    owner, _, slug = rest.partition("/")
    if not slug:
        return log_of(with_id(cloud, account, owner))
    kernel = cloud.kernels.seen_by(account.name, f"{owner}/{slug}")
    session = session_of(kernel, asked.query.get("versionLabel"))
    if session.status == "QUEUED":
        raise ApiError(404, "The session has no log yet")
    return redirect(asked.url(asked.host, f"{head}/logs/stream/{session.id}"))


def log_of(session: Session) -> Answer:
    if session.active:
        return Answer(200, {"Content-Type": "text/event-stream"}, stream=session.log.events())
    body = session.log.document().encode()
    return Answer(200, {"Content-Type": "application/json"}, body)
