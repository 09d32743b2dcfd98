"""A key and its certificate, made by openssl when the cloud begins."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "openssl"
KEY_ID = "0123456789abcdef0123456789abcdef01234567"


class Keys:
    """Signs what service accounts and the registry's tokens say, and checks it."""

    def __init__(self, folder: Path) -> None:
        """Make the key in a folder."""
        command = [PROGRAM, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=cloud", "-keyout", "key.pem", "-out", "cert.pem"]
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        self.certificate_file = folder / "cert.pem"
        self.private = (folder / "key.pem").read_text()
        self.certificate = self.certificate_file.read_text()

    def sign(self, claims: dict[str, Any]) -> str:
        """Give a token that carries its certificate with it."""
        from google.auth import crypt, jwt

        body = self.certificate.split("-----")[2].replace("\n", "")
        signer = crypt.RSASigner.from_string(self.private)
        return str(jwt.encode(signer, claims, header={"x5c": [body]}), "ascii")

    def read(self, token: str) -> dict[str, Any]:
        """Give what a token says.

        Raises:
            ValueError: it is not signed by this key, or its time is over.
        """
        from google.auth import exceptions, jwt

        try:
            return dict(jwt.decode(token, certs=self.certificate))
        except exceptions.GoogleAuthError as error:
            raise ValueError(str(error)) from error
