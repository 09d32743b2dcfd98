"""A throw-away authority, and a certificate of it for the names that the service has."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = (
    "api.kaggle.com",
    "www.kaggle.com",
    "www.kaggleusercontent.com",
    "storage.googleapis.com",
)
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificates:
    """Files of the authority (for clients) and of the server."""

    authority: Path
    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Give what the server speaks TLS by."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make the certificates by the program ``openssl``."""
    folder.mkdir(parents=True)
    root, root_key = folder / "authority.pem", folder / "authority.key"
    chain, key = folder / "server.pem", folder / "server.key"
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("-x509", *KEY, "-subj", "/CN=stand-in authority", *usage, out=root, key=root_key)
    signer = ("-CA", str(root), "-CAkey", str(root_key))
    own = ("-addext", f"subjectAltName={names}", "-addext", "basicConstraints=CA:FALSE")
    openssl("-x509", *signer, *KEY, "-subj", "/CN=stand-in", *own, out=chain, key=key)
    return Certificates(root, chain, key)


def openssl(*words: str, out: Path, key: Path) -> None:
    command = ["openssl", "req", *words, "-days", "2", "-keyout", str(key), "-out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
