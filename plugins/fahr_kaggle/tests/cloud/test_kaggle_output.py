"""Output in pages behind signed addresses, and the log while and after a session runs."""

from __future__ import annotations

import json

import pytest
import requests
from kaggle_sdk import filled, output, save, status
from kagglesdk.kernels.types.kernels_api_service import (
    ApiCancelKernelSessionRequest,
    ApiDeleteKernelRequest,
    ApiDownloadKernelOutputRequest,
)
from requests.exceptions import HTTPError
from tests.conftest import wait_until

MANY = """
import pathlib
for number in range(45):
    folder = pathlib.Path(f"epoch-{number % 3}")
    folder.mkdir(exist_ok=True)
    (folder / f"part {number}?#%41.bin").write_bytes(b"x" * number)
"""
TALKS = """
import pathlib, time
print("first", flush=True)
while not pathlib.Path("/kaggle/input/gate/open").exists(): time.sleep(0.05)
print("last")
"""


@pytest.fixture
def talking(client, cloud):
    """Give a session that has said something and waits for the file ``open``."""
    folder = cloud.datasets.put("anna", "gate", {"x": ""}).version().folder
    save(client, TALKS, dataset_data_sources=["anna/gate"])
    return cloud.kernels["anna/train-it"].versions[0].session, folder / "open"


def stream(cloud, **options):
    url = "http://localhost/api/v1/kernels/logs/stream/anna/train-it?versionLabel=v1"
    return requests.get(url, auth=(cloud.me.name, cloud.me.key), stream=True, **options)


def begun(session):
    wait_until(lambda: "first" in session.log.text, 60)


def test_output_comes_in_pages_from_nested_folders(client, cloud):
    save(client, MANY)
    cloud.wait("anna/train-it")
    names, sizes, token = [], [], None
    for size in (20, 20, 5):
        page = output(client, page_token=token, version_label="v1")
        assert len(page.files) == size
        names += [file.file_name for file in page.files]
        sizes += [len(requests.get(file.url).content) for file in page.files]
        token = page.next_page_token
    assert token == ""
    assert len(set(names)) == 45
    assert sorted(sizes) == list(range(45))
    assert "epoch-1/part 1?#%41.bin" in names


def test_a_page_has_200_files_at_most(client, cloud):
    save(client)
    cloud.wait("anna/train-it")
    assert output(client, page_size=200).files == []
    with pytest.raises(HTTPError):
        output(client, page_size=201)


def test_a_download_resumes_where_it_ended_and_takes_no_credentials(client, cloud):
    save(client, "open('model', 'w').write('0123456789')")
    cloud.wait("anna/train-it")
    (file,) = output(client).files
    whole = requests.get(file.url)
    assert (whole.text, whole.headers["Accept-Ranges"]) == ("0123456789", "bytes")
    rest = requests.get(file.url, headers={"Range": "bytes=4-"})
    assert (rest.status_code, rest.text) == (206, "456789")
    changed = {"Range": "bytes=4-", "If-Range": '"another"'}
    assert requests.get(file.url, headers=changed).text == "0123456789"
    assert requests.get(file.url, headers={"Range": "bytes=10-"}).status_code == 416
    assert requests.get(file.url, auth=("anna", "key")).status_code == 400
    assert requests.get(file.url.replace("Signature=", "Signature=0")).status_code == 403


def test_while_it_runs_there_is_no_output_and_the_log_is_live(client, cloud, talking):
    session, gate = talking
    begun(session)
    assert (output(client).files, output(client).log) == ([], "")
    with stream(cloud) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.url.endswith(str(session.id))
        lines = (line for line in response.iter_lines(decode_unicode=True) if line)
        assert json.loads(next(lines).removeprefix("data: "))["data"] == "first\n"
        gate.touch()
        assert json.loads(next(lines).removeprefix("data: "))["data"] == "last\n"
        assert next(lines) == "data: END_OF_LOG"
    session.wait()
    with stream(cloud) as response:
        assert response.headers["Content-Type"] == "application/json"
        assert [line["data"] for line in response.json()] == ["first\n", "last\n"]


def test_a_session_is_cancelled_by_the_number_in_a_redirect(client, cloud, talking):
    session, _ = talking
    begun(session)
    request = ApiDownloadKernelOutputRequest()
    request = filled(request, owner_slug="anna", kernel_slug="train-it", version_number=1)
    response = client.kernels.kernels_api_client.download_kernel_output(request)
    number = int(response.url.rpartition("/")[2])
    request = filled(ApiCancelKernelSessionRequest(), kernel_session_id=number)
    assert client.kernels.kernels_api_client.cancel_kernel_session(request).error_message == ""
    assert session.wait() == "CANCEL_ACKNOWLEDGED"
    again = client.kernels.kernels_api_client.cancel_kernel_session(request)
    assert again.error_message != ""


def test_deleting_a_kernel_ends_its_session_and_forgets_it(client, cloud, talking):
    session, _ = talking
    request = filled(ApiDeleteKernelRequest(), user_name="anna", kernel_slug="train-it")
    client.kernels.kernels_api_client.delete_kernel(request)
    assert not session.active
    with pytest.raises(HTTPError):
        status(client)
