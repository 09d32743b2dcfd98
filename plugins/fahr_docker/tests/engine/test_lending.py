from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fahr_core.errors import UsageError
from fahr_docker.engine.lending import lent_by_this_machine

VARIABLES = (
    "SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "UV_DEFAULT_INDEX", "UV_INDEX",
    "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NETRC",
)  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_plain_machine_lends_nothing() -> None:
    assert lent_by_this_machine("--extra-index-url https://host/simple\n").secrets() == {}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_a_companys_authority_is_lent(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    assert lent_by_this_machine().certificates == "-----BEGIN CERTIFICATE-----\n"


def test_an_authority_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(UsageError, match=r"SSL_CERT_FILE names /nowhere/ca\.pem"):
        lent_by_this_machine()


def test_an_index_is_lent_under_uvs_names_and_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:it's $(x)@host/simple")
    text = lent_by_this_machine().index
    assert text is not None
    assert shlex.split(text) == ["export", "UV_DEFAULT_INDEX=https://me:it's $(x)@host/simple"]


def test_only_logins_of_the_indexes_are_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    Path.home().joinpath(".netrc").write_text(
        "machine index.example login me password one\n"
        "machine other.example login me password two\n"
        "machine bank.example login me password three\n"
    )
    monkeypatch.setenv("UV_INDEX", "https://other.example/simple")
    lent = lent_by_this_machine("--index-url https://index.example/simple\nsix==1\n")
    assert lent.netrc == (
        "machine index.example login me password one\nmachine other.example login me password two\n"
    )


def test_a_netrc_that_cannot_be_read_is_named() -> None:
    Path.home().joinpath(".netrc").write_text("machine index.example nonsense\n")
    with pytest.raises(UsageError, match=r"\.netrc cannot be read"):
        lent_by_this_machine("--index-url https://index.example/simple\n")


def test_what_is_lent_is_never_shown() -> None:
    Path.home().joinpath(".netrc").write_text("machine index.example login me password secret\n")
    assert "secret" not in repr(lent_by_this_machine("https://index.example/"))
