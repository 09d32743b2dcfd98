"""What is asked of the service beside kernels and datasets: tokens and competitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError

if TYPE_CHECKING:
    from .accounts import Account
    from .answers import Asked
    from .cloud import Cloud


def introspect(cloud: Cloud, asked: Asked) -> dict[str, Any]:
    """Tell whose access token this is; an unknown one is not active."""
    account = cloud.accounts.with_token(asked.document.get("token", ""))
    if account is None:
        return {"active": False}
    return {"active": True, "username": account.name, "userId": 1, "scope": "", "clientId": ""}


def competition(cloud: Cloud, account: Account, asked: Asked) -> dict[str, Any]:
    name = asked.document.get("competitionName", "")
    if name not in cloud.competitions:
        raise ApiError(404, "Not found")
    entered = name in account.competitions
    url = f"https://www.kaggle.com/competitions/{name}"
    return {"id": 1, "ref": url, "title": name, "url": url, "userHasEntered": entered}


METHODS = {"GetCompetition": competition}
