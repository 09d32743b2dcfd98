"""The program of a project at Google's test cloud; see ``cloud_account.py``."""

from __future__ import annotations

import base64
import signal

from cloud_account import SIGNALS, Account, serve
from tests.clouds.gcp.cloud import Cloud


def main() -> None:
    """Serve until the process is told to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    cloud = Cloud()
    try:
        cloud.bucket("models")
        trainer = cloud.service_account("trainer")
        token = cloud.accounts.issue(cloud.accounts.user).text
        login = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
        with cloud.no_machines():
            serve(Account(cloud.variables, trainer, f"{cloud.repository('images')}/jobs", login))
    finally:
        cloud.close()


if __name__ == "__main__":
    main()
