"""Datasets: uploads that resume, archives unpacked, a while until they can be used."""

from __future__ import annotations

import io
import zipfile

import pytest
import requests
from kaggle_sdk import (
    client_of,
    create_dataset,
    dataset_status,
    filled,
    save,
    start_upload,
)
from kagglesdk.datasets.types.dataset_api_service import (
    ApiCreateDatasetVersionRequest,
    ApiCreateDatasetVersionRequestBody,
    ApiDatasetNewFile,
    ApiListDatasetFilesRequest,
)
from requests.exceptions import HTTPError
from tests.clouds.kaggle import Pace


def uploaded(client, name, content):
    """Upload a file and give its token."""
    begun = start_upload(client, name, len(content))
    assert requests.put(begun.create_url, data=content).status_code == 200
    return begun.token


def ready(client):
    return dataset_status(client).status.name == "READY"


def test_a_dataset_is_ready_after_a_while_and_then_can_be_used(client, cloud):
    cloud.pace = Pace(dataset_seconds=3600)
    created = create_dataset(client, [uploaded(client, "rows.csv", b"1,2\n")])
    assert (created.status, created.error) == ("Ok", "")
    assert dataset_status(client).status.name == "BLOBS_RECEIVED"
    too_soon = save(client, dataset_data_sources=["anna/my-data"])
    assert too_soon.invalid_dataset_sources == ["anna/my-data"]
    cloud.datasets["anna/my-data"].version().ready_at = 0
    assert ready(client)
    text = "print(open('/kaggle/input/my-data/rows.csv').read())"
    assert save(client, text, dataset_data_sources=["anna/my-data"]).invalid_dataset_sources == []
    assert cloud.wait("anna/train-it").log.text == "1,2\n\n"


def test_a_name_is_used_once_and_long_enough(client):
    token = uploaded(client, "x", b"x")
    create_dataset(client, [token])
    again = create_dataset(client, [token])
    assert (again.status, again.error[:19]) == ("Error", "The requested title")
    assert create_dataset(client, [token], slug="short", title="short").status == "Error"
    assert create_dataset(client, [], slug="without-files").status == "Error"


def test_an_archive_becomes_a_folder(client, cloud):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/er.txt", "x")
    create_dataset(client, [uploaded(client, "tree.zip", packed.getvalue())])
    request = filled(ApiListDatasetFilesRequest(), owner_slug="anna", dataset_slug="my-data")
    listed = client.datasets.dataset_api_client.list_dataset_files(request)
    assert [file.name for file in listed.dataset_files] == ["tree/deep/er.txt"]


def test_an_upload_resumes_where_it_ended(client):
    begun = start_upload(client, "x.bin", 10)
    question = {"Content-Range": "bytes */10"}
    assert requests.put(begun.create_url, headers=question).status_code == 308
    first = {"Content-Range": "bytes 0-3/10"}
    answer = requests.put(begun.create_url, data=b"0123", headers=first)
    assert (answer.status_code, answer.headers["Range"]) == (308, "bytes=0-3")
    with pytest.raises(HTTPError, match="could not be found"):
        create_dataset(client, [begun.token])
    rest = {"Content-Range": "bytes 4-9/10"}
    assert requests.put(begun.create_url, data=b"456789", headers=rest).status_code == 200
    assert create_dataset(client, [begun.token]).status == "Ok"


def test_a_version_takes_the_place_of_the_one_before(clouds, outside):
    cloud = clouds(pace=Pace(dataset_seconds=0))
    with client_of(cloud, outside) as client:
        create_dataset(client, [uploaded(client, "old.txt", b"old")])
        new = filled(ApiDatasetNewFile(), token=uploaded(client, "new.txt", b"new"))
        body = filled(ApiCreateDatasetVersionRequestBody(), version_notes="second", files=[new])
        request = filled(ApiCreateDatasetVersionRequest(), owner_slug="anna", body=body)
        request.dataset_slug = "my-data"
        client.datasets.dataset_api_client.create_dataset_version(request)
        text = "import os; print(os.listdir('/kaggle/input/my-data'))"
        save(client, text, dataset_data_sources=["anna/my-data"])
        assert cloud.wait("anna/train-it").log.text == "['new.txt']\n"


def test_a_dataset_may_turn_out_broken(client, cloud):
    cloud.datasets.failing = 1
    create_dataset(client, [uploaded(client, "x", b"x")])
    assert dataset_status(client).status.name == "FAILED"


def test_what_is_not_there_is_denied(client):
    with pytest.raises(HTTPError, match=r"'datasets\.get' was denied"):
        dataset_status(client)
