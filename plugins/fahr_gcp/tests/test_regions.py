from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clouds.faults import Fault
from tests.clouds.gcp.cloud import REGION

from fahr_gcp.client import DEFAULT_REGION, Client
from fahr_gcp.regions import REGIONS, check_form, meant_by, region_findings


def test_those_that_are_named_elsewhere_are_known():
    assert {REGION, DEFAULT_REGION} <= REGIONS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("us-central-1", "us-central1"),
        ("us-central1-a", "us-central1"),
        ("Europe-West4", "europe-west4"),
        ("europe-west99", "europe-west9"),
        ("uscentral1", "us-central1"),
        ("us_east_4", "us-east4"),
        ("eu-west-1", "europe-west1"),
        ("ap-northeast-1", "asia-northeast1"),
        ("nowhere", None),
        ("", None),
    ],
)
def test_the_region_that_a_word_stands_for(said, meant):
    assert meant_by(said) == meant


@given(st.sampled_from(sorted(REGIONS)))
def test_every_region_has_the_form_of_one_and_stands_for_itself(region):
    check_form(region)
    assert meant_by(region) == region


def test_a_region_that_is_known_is_not_asked_for(gcp):
    assert region_findings(Client("fahr-tests", REGION)) == []
    assert gcp.called() == []


def test_a_region_that_google_has_added_is_taken(gcp, monkeypatch):
    monkeypatch.setattr(gcp, "regions", (*gcp.regions, "europe-west99"))
    assert region_findings(Client("fahr-tests", "europe-west99")) == []


def test_a_region_that_the_service_does_not_have_is_an_error(gcp):
    (found,) = region_findings(Client("fahr-tests", "atlantis-deep1"))
    assert (found.level, found.subject) == ("error", "region")
    assert found.message == "Vertex AI has no region atlantis-deep1"
    assert found.hints == ("fahr fit -c region=us-central1",)


def test_a_region_whose_host_nobody_knows_is_an_error(gcp, monkeypatch):
    there = Client("fahr-tests", "europe-west99")
    there.token()
    # What a region's host is where there is no such region: a name that leads nowhere.
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM", "http://127.0.0.1:9/")
    (found,) = region_findings(there)
    assert found.level == "error"
    assert "did you mean europe-west9?" in found.message


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET])
def test_a_region_of_which_nothing_is_told_is_a_warning(gcp, fault):
    gcp.faults.add("aiplatform:customJobs.list", fault, times=math.inf)
    (found,) = region_findings(Client("fahr-tests", "europe-west99"))
    assert found.level == "warning"
    assert found.message == "fahr knows no region europe-west99; did you mean europe-west9?"


def test_a_region_whose_jobs_may_not_be_listed_is_a_warning(gcp):
    gcp.deny("aiplatform.customJobs.list")
    (found,) = region_findings(Client("fahr-tests", "europe-west99"))
    assert found.level == "warning"
