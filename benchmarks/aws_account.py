"""The program of an account at AWS's test cloud; see ``cloud_account.py``."""

from __future__ import annotations

import signal

from cloud_account import SIGNALS, Account, serve
from tests.clouds.aws import Cloud

BUCKET, ROLE = "models", "trainer"


def main() -> None:
    """Serve until the process is told to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    cloud = Cloud()
    try:
        cloud.bucket(BUCKET)
        role = cloud.role(ROLE)
        (login,) = cloud.client("ecr").get_authorization_token()["authorizationData"]
        host = str(login["proxyEndpoint"]).rpartition("//")[2]
        with cloud.no_capacity():
            token = login["authorizationToken"]
            serve(Account(cloud.variables, role, f"{host}/fahr", token))
    finally:
        cloud.close()


if __name__ == "__main__":
    main()
