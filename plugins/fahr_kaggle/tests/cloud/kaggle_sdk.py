"""kagglesdk's own requests, with what every test has to say in them."""

from __future__ import annotations

from kagglesdk import KaggleClient
from kagglesdk.blobs.types.blob_api_service import ApiBlobType, ApiStartBlobUploadRequest
from kagglesdk.datasets.types.dataset_api_service import (
    ApiCreateDatasetRequest,
    ApiDatasetNewFile,
    ApiGetDatasetStatusRequest,
)
from kagglesdk.kernels.types.kernels_api_service import (
    ApiGetKernelSessionStatusRequest,
    ApiListKernelSessionOutputRequest,
    ApiSaveKernelRequest,
)


def client_of(cloud, patch, account=None, *, tls=False):
    """Give a client, after its environment is set."""
    account = account or cloud.me
    for name, value in cloud.environment(account, tls=tls).items():
        patch.setenv(name, value)
    return KaggleClient(username=account.name, password=account.key, user_agent="of-the-test")


def filled(request, **values):
    for name, value in values.items():
        setattr(request, name, value)
    return request


def save_request(text="print('done')", **values):
    usual = {
        "slug": "anna/train-it",
        "new_title": "Train it",
        "language": "python",
        "kernel_type": "script",
        "text": text,
        "is_private": True,
    }
    return filled(ApiSaveKernelRequest(), **(usual | values))


def save(client, text="print('done')", **values):
    return client.kernels.kernels_api_client.save_kernel(save_request(text, **values))


def status(client, slug="train-it", user="anna", **values):
    request = filled(ApiGetKernelSessionStatusRequest(), user_name=user, kernel_slug=slug, **values)
    return client.kernels.kernels_api_client.get_kernel_session_status(request)


def output(client, slug="train-it", user="anna", **values):
    request = ApiListKernelSessionOutputRequest()
    request = filled(request, user_name=user, kernel_slug=slug, **values)
    return client.kernels.kernels_api_client.list_kernel_session_output(request)


def start_upload(client, name, size):
    request = ApiStartBlobUploadRequest()
    request = filled(request, type=ApiBlobType.DATASET, name=name, content_length=size)
    return client.blobs.blob_api_client.start_blob_upload(request)


def create_dataset(client, tokens, slug="my-data", title="My data"):
    files = [filled(ApiDatasetNewFile(), token=token) for token in tokens]
    request = filled(ApiCreateDatasetRequest(), owner_slug="anna", slug=slug, title=title)
    request = filled(request, license_name="CC0-1.0", is_private=True, files=files)
    return client.datasets.dataset_api_client.create_dataset(request)


def dataset_status(client, slug="my-data", owner="anna"):
    request = filled(ApiGetDatasetStatusRequest(), owner_slug=owner, dataset_slug=slug)
    return client.datasets.dataset_api_client.get_dataset_status(request)
