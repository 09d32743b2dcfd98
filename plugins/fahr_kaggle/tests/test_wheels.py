"""Packages for a job without internet."""

from __future__ import annotations

import pytest

from fahr_core import store
from fahr_core.errors import EnvironmentFileError
from fahr_core.models import Environment
from fahr_kaggle.wheels import pack_wheels, wheels_digest
from jobs import experiment, request_of


def quiet(*_, **__):
    pass


def test_only_a_job_without_internet_needs_them(tmp_path, home):
    place = experiment(tmp_path, {"train.py": "", "requirements.txt": "toolz==0.12.1\n"})
    on = request_of(place)
    off = request_of(place, pairs=["enable_internet=false"])
    assert on.body["wheels"] is None
    assert off.body["wheels"] == wheels_digest(off.job.environment.lock)


def test_packages_by_address_cannot_be_brought(tmp_path, home):
    lock = store.put(b"# a lock\n# unhashed: net @ git+https://example.com/net@0\n")
    environment = Environment(kind="requirements", file="requirements.txt", lock=lock)
    with pytest.raises(EnvironmentFileError, match=r"requirements.txt names packages by address"):
        pack_wheels(environment, tmp_path / "wheels", quiet)


def test_a_package_that_is_nowhere_is_told(tmp_path, home):
    wanted = "no-such-package-anywhere==1 --hash=sha256:" + 64 * "0"
    environment = Environment(
        kind="requirements", file="requirements.txt", lock=store.put(wanted.encode()), python="3.11"
    )
    with pytest.raises(EnvironmentFileError, match="without internet") as told:
        pack_wheels(environment, tmp_path / "wheels", quiet)
    assert "enable_internet=true" in str(told.value)
