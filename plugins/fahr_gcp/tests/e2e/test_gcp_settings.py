"""Settings that are wrong: one error that names all of them, before anybody is asked."""

from __future__ import annotations

import json

import pytest

from fahr_gcp.settings import GcpSettings

DRIVER = "--train-driver=gcp"
#: A wrong value of each setting, and what is said of it.
WRONG = {
    "project": ("My Project", "is no id of a project"),
    "output_path": ("s3://x/y", "gs://bucket/prefix"),
    "region": ("us-central-1", "did you mean us-central1?"),
    "machine_type": ("N1 standard", "write it like n1-standard-8"),
    "accelerator_type": ("t4", "write it like NVIDIA_TESLA_T4"),
    "accelerator_count": ("0", "greater than or equal to 1"),
    "replica_count": ("0", "greater than or equal to 1"),
    "boot_disk_type": ("SSD", "write it like pd-ssd"),
    "boot_disk_size": ("5", "greater than or equal to 100"),
    "timeout": ("1s", "greater than or equal to 60"),
    "strategy": ("cheap", "'standard', 'spot' or 'flex-start'"),
    "max_wait": ("soon", "is not a duration"),
    "restart_job": ("maybe", "boolean"),
    "disable_retries": ("perhaps", "boolean"),
    "service_account": ("trainer", "write it like NAME@PROJECT.iam.gserviceaccount.com"),
    "network": ("default", "write it like projects/NUMBER/global/networks/NAME"),
    "labels": (json.dumps({"Team": "x"}), "label 'Team'"),
    "environment": (json.dumps({"A-B": "1"}), "is no name of a variable"),
    "persistent_resource": ("My Resource", "write it like my-resource"),
    "web_access": ("sure", "boolean"),
    "encryption": ("key", "write it like projects/P/locations/R/keyRings/K/cryptoKeys/N"),
    "image_repository": ("https://x/y", "write it like europe-west4-docker.pkg.dev/"),
    "quota_project": ("My Project", "write it like my-project-123"),
    "inputs": ("link", "'copy' or 'mount'"),
    "request": ("{", "dictionary"),
}


def given(*names):
    """Give the words that set these to what is wrong."""
    return [word for name in names for word in ("-c", f"{name}={WRONG[name][0]}")]


def test_every_setting_is_tried():
    assert set(WRONG) == set(GcpSettings.model_fields)


def test_all_that_is_wrong_is_in_one_error(reader, gcp):
    reader.write("train.py", "print('hello')\n")
    said = reader.error("fit", "train.py", DRIVER, *given(*WRONG))
    lines = [line.removeprefix("error: ").lstrip() for line in said.splitlines()]
    for name, (_, words) in WRONG.items():
        (line,) = [line for line in lines if line.startswith(f"{name}: ")]
        assert words in line
    assert gcp.called() == []
    assert reader.jobs() == {}


@pytest.mark.parametrize("name", ["region", "network", "labels", "request"])
def test_one_that_is_wrong_is_told_with_where_it_was_said(reader, gcp, name):
    reader.write("train.py", "print('hello')\n")
    said = reader.error("fit", "train.py", DRIVER, *given(name))
    assert said.startswith(f"error: {name}: ")
    assert "(command line)" in said
    assert gcp.called() == []
