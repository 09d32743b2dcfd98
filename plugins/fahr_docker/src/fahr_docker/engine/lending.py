"""What a build is lent: this machine's certificate authorities, and logins of package indexes.

A company whose network re-signs traffic names its authority in ``SSL_CERT_FILE`` (or
``PIP_CERT``, ``REQUESTS_CA_BUNDLE``); a private index is named in uv's or pip's variables, and
its login lies there or in ``~/.netrc``.  The build needs the same, and the image must not keep
it: so they are mounted while packages are installed, and are in no layer and no history.
"""

from __future__ import annotations

import netrc
import os
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from fahr_core.errors import UsageError
from fahr_docker.engine.order import Lent

__all__ = ["lent_by_this_machine"]

_CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
#: Source: uv's documentation, "Environment variables".
_INDEX = re.compile(r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_\w+|INSECURE_HOST)")
_ADDRESS = re.compile(r"https?://[^\s'\"]+")


def lent_by_this_machine(lock: str = "") -> Lent:
    """Give what a build on behalf of this machine needs.

    Args:
        lock: The lock's text: logins are lent for the hosts that it or the variables name.

    Raises:
        UsageError: a variable names a certificate file that cannot be read.
    """
    index = _index_variables()
    named = "\n".join([lock, *index.values()])
    hosts = {urlsplit(address).hostname or "" for address in _ADDRESS.findall(named)}
    return Lent(certificates=_certificates(), netrc=_logins(hosts), index=_shell(index))


def _certificates() -> str | None:
    for variable in _CERTIFICATES:
        if named := os.environ.get(variable):
            try:
                return Path(named).read_text("ascii", "replace")
            except OSError as error:
                raise UsageError(
                    f"{variable} names {named}, which cannot be read: {error.strerror}",
                    f"unset {variable}",
                ) from error
    return None


def _index_variables() -> dict[str, str]:
    from fahr_core.environment.uv import index_variables

    own = {name: value for name, value in os.environ.items() if _INDEX.fullmatch(name)}
    return {name: value for name, value in (own | index_variables()).items() if value}


def _shell(variables: dict[str, str]) -> str | None:
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    return "".join(lines) or None


def _logins(hosts: set[str]) -> str | None:
    """Give the logins for these hosts alone: a build runs the code of packages."""
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    if not path.is_file():
        return None
    try:
        found = netrc.netrc(path).hosts
    except (netrc.NetrcParseError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    lines = [
        f"machine {host} login {login} password {password}\n"
        for host, (login, _, password) in sorted(found.items())
        if host in hosts
    ]
    return "".join(lines) or None
