"""The calls of Kaggle's API that are needed: each method is one, its answer a plain value."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError
from fahr_kaggle import addresses
from fahr_kaggle.answers import Listed, OutputPage, Pushed, Quota, RemoteFile, Status, Version
from fahr_kaggle.connection import Connection, NotThere, sdk
from fahr_kaggle.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    import requests

__all__ = ["Kaggle"]

#: Files of a page of output; the service gives no more.
PAGE_SIZE = 200
#: Kernels of a page of the list.
LIST_SIZE = 100
_ENUMS = "kernels_enums"


class Kaggle:
    """A session with Kaggle; to be closed, or used with ``with``."""

    def __init__(self) -> None:
        self._connection = Connection()
        self._username = self._connection.credentials.username

    def __enter__(self) -> Kaggle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._connection.close()

    @property
    def username(self) -> str:
        """Give the account's name, asking the service where the credentials do not say it.

        Raises:
            AccessError: the credentials are not valid.
        """
        if self._username is None:
            self._username = self._introspected()
        return self._username

    def _introspected(self) -> str:
        types = sdk("security.types.oauth_service")

        credentials = self._connection.credentials
        request = types.IntrospectTokenRequest()
        request.token = credentials.token or self._connection.http.headers["Authorization"][7:]
        method = self._connection.api.security.oauth_client.introspect_token
        answer = self._call("ask whose token it is", method, request)
        if not answer.active or not answer.username:
            raise AccessError(
                f"the Kaggle token from {credentials.source} is not valid any more",
                credentials.renewal,
            )
        return str(answer.username)

    # -- kernels ------------------------------------------------------------------------

    def push(self, body: Mapping[str, Any]) -> Pushed:
        """Save a version of a kernel and run it; never repeated once it may have arrived.

        Raises:
            ServiceError: no answer: nobody can tell whether it arrived.
        """
        types = sdk("kernels.types.kernels_api_service")

        request = types.ApiSaveKernelRequest.from_dict(dict(body))
        answer = self._call(
            f"push {body['slug']}", self._kernels.save_kernel, request, repeat=False
        )
        kinds = ("dataset", "competition", "kernel", "model")
        invalid = [f for kind in kinds for f in getattr(answer, f"invalid_{kind}_sources") or ()]
        return Pushed(
            version=answer.version_number or 0,
            url=answer.url or None,
            error=answer.error or None,
            invalid_sources=tuple(invalid),
        )

    def version(self, kernel: Kernel, number: int | None = None) -> Version | None:
        """Give a version of a kernel, the latest without a number; None when there is none."""
        types = sdk("kernels.types.kernels_api_service")

        request = self._labelled(types.ApiGetKernelRequest(), kernel, number)
        try:
            answer = self._call(f"read {kernel}", self._kernels.get_kernel, request)
        except NotThere:
            return None
        metadata = answer.metadata
        return Version(
            number=number or metadata.current_version_number or 0,
            source=answer.blob.source or "",
            shape=metadata.machine_shape or None,
            private=bool(metadata.is_private),
        )

    def kernels(self) -> Iterator[Listed]:
        """Give the account's kernels, whose last run is newest first; a page when it is read."""
        types, enums = (sdk(f"kernels.types.{name}") for name in ("kernels_api_service", _ENUMS))

        request = types.ApiListKernelsRequest()
        request.group = enums.KernelsListViewType.PROFILE
        request.sort_by = enums.KernelsListSortType.DATE_RUN
        request.page_size = LIST_SIZE
        while True:
            answer = self._call("list the kernels", self._kernels.list_kernels, request)
            yield from map(_listed, answer.kernels or ())
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    def status(self, kernel: Kernel, number: int) -> Status | None:
        """Give where a version's session is; None when Kaggle knows of none (yet)."""
        types = sdk("kernels.types.kernels_api_service")

        request = self._labelled(types.ApiGetKernelSessionStatusRequest(), kernel, number)
        what = f"ask for the state of {kernel} version {number}"
        try:
            answer = self._call(what, self._kernels.get_kernel_session_status, request)
        except NotThere:
            return None
        return Status(answer.status.name, answer.failure_message or None)

    def cancel(self, session: int) -> str | None:
        """Ask for the end of a session by its number; give what is wrong, if anything is."""
        types = sdk("kernels.types.kernels_api_service")

        request = types.ApiCancelKernelSessionRequest()
        request.kernel_session_id = session
        answer = self._call("stop the session", self._kernels.cancel_kernel_session, request)
        return answer.error_message or None

    def output_page(self, kernel: Kernel, number: int, token: str | None = None) -> OutputPage:
        """Give a page of a version's output, and its log.

        Raises:
            NotThere: there is no such version, or it has no output.
        """
        types = sdk("kernels.types.kernels_api_service")

        request = self._labelled(types.ApiListKernelSessionOutputRequest(), kernel, number)
        request.page_size = PAGE_SIZE
        if token:
            request.page_token = token
        what = f"list the output of {kernel} version {number}"
        answer = self._call(what, self._kernels.list_kernel_session_output, request)
        files = [RemoteFile(one.file_name, one.url) for one in answer.files or ()]
        return OutputPage(files, answer.log or "", answer.next_page_token or None)

    def open_log(self, kernel: Kernel, number: int, quiet: float | None) -> requests.Response:
        """Open the stream of a version's log: events while it runs, else the whole log.

        Reading it fails after ``quiet`` seconds without a word; None is for a session that has
        ended, whose log has to come.

        Raises:
            NotThere: there is none (yet), or it has said nothing for ``quiet`` seconds: Kaggle
                keeps who asks waiting until the session has a machine.
        """
        what = f"read the log of {kernel}"
        return addresses.open_stream(self._connection, what, str(kernel), f"v{number}", quiet)

    def read(self, url: str) -> bytes:
        """Give the content of a small file of an output."""
        return addresses.read_address(self._connection, url)

    def download(self, url: str, offset: int = 0) -> requests.Response:
        """Open a file of an output, from ``offset`` bytes on where the server can do that."""
        return addresses.open_address(self._connection, url, offset)

    # -- datasets, competitions, quota --------------------------------------------------

    def dataset_status(self, owner: str, slug: str) -> str | None:
        """Give a dataset's state in Kaggle's word; None when there is none for this account."""
        types = sdk("datasets.types.dataset_api_service")

        request = types.ApiGetDatasetStatusRequest()
        request.owner_slug, request.dataset_slug = owner, slug
        method = self._connection.api.datasets.dataset_api_client.get_dataset_status
        try:
            answer = self._call(f"ask for the dataset {owner}/{slug}", method, request)
        except NotThere:
            return None
        return str(answer.status.name)

    def upload(self, file: Path, name: str) -> str:
        """Upload a file and give the token that stands for it."""
        types = sdk("blobs.types.blob_api_service")

        request = types.ApiStartBlobUploadRequest()
        request.type = types.ApiBlobType.DATASET
        request.name = name
        request.content_type = "application/octet-stream"
        request.content_length = file.stat().st_size
        method = self._connection.api.blobs.blob_api_client.start_blob_upload
        answer = self._call(f"begin the upload of {name}", method, request)
        addresses.put_file(self._connection, f"upload {name}", answer.create_url, file)
        return str(answer.token)

    def create_dataset(self, owner: str, slug: str, title: str, token: str) -> str | None:
        """Make a private dataset of one uploaded file; give what is wrong, if anything is."""
        types = sdk("datasets.types.dataset_api_service")

        file = types.ApiDatasetNewFile()
        file.token = token
        request = types.ApiCreateDatasetRequest()
        request.owner_slug, request.slug, request.title = owner, slug, title
        request.license_name, request.is_private, request.files = "unknown", True, [file]
        method = self._connection.api.datasets.dataset_api_client.create_dataset
        what = f"make the dataset {owner}/{slug}"
        answer = self._call(what, method, request, repeat=False)
        return answer.error or None

    def has_entered(self, competition: str) -> bool | None:
        """Tell whether the account takes part in a competition; None when there is none."""
        types = sdk("competitions.types.competition_api_service")

        request = types.ApiGetCompetitionRequest()
        request.competition_name = competition
        method = self._connection.api.competitions.competition_api_client.get_competition
        try:
            answer = self._call(f"ask for the competition {competition}", method, request)
        except NotThere:
            return None
        return bool(answer.user_has_entered)

    def quota(self, kind: str) -> Quota | None:
        """Give the account's week of ``gpu`` or ``tpu`` time; None where Kaggle does not say.

        Asked once: it is good to know, and nothing depends on it.
        """
        types = sdk("kernels.types.kernels_api_service")

        request = types.ApiGetAcceleratorQuotaStatisticsRequest()
        method = self._kernels.get_accelerator_quota_statistics
        try:
            answer = self._call("ask for the quota", method, request, patience=0)
        except NotThere:
            return None
        told = answer.gpu_quota if kind == "gpu" else answer.tpu_quota
        if told is None or told.total_time_allowed is None:
            return None
        used = [one.total_seconds() for one in (told.time_used, told.time_reserved) if one]
        return Quota(sum(used), told.total_time_allowed.total_seconds())

    # -- the wire -----------------------------------------------------------------------

    @property
    def _kernels(self) -> Any:
        return self._connection.api.kernels.kernels_api_client

    def _call(self, what: str, method: Any, request: Any, **how: Any) -> Any:
        return self._connection.call(what, method, request, **how)

    def _labelled(self, request: Any, kernel: Kernel, number: int | None) -> Any:
        request.user_name, request.kernel_slug = kernel.owner, kernel.slug
        if number is not None:
            request.version_label = f"v{number}"
        return request


def _listed(told: Any) -> Listed:
    owner, _, slug = str(told.ref).strip("/").partition("/")
    ran = told.last_run_time
    if ran is not None and ran.tzinfo is None:
        ran = ran.replace(tzinfo=UTC)
    return Listed(
        id=told.id,
        kernel=Kernel(owner, slug),
        number=told.current_version_number or None,
        shape=told.machine_shape or None,
        ran=ran.timestamp() if ran else None,
    )
