"""Talks to Kaggle through its own client, and reports failures in one line.

What the client does not do by itself is done here: it leaves files out when their upload failed and goes on, it waits
for ever when a server is silent, and it prints what it likes. Every file must have arrived before a version is made.

The kaggle package is imported inside: it logs in as soon as it is imported.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from shared import cli
from shared.errors import CheckFailed, MissingOutside
from tools.kaggle_publisher.release.rules import Listing
from tools.kaggle_publisher.remote.client import AGAIN, LOGIN_HELP, Refused, new_client
from tools.kaggle_publisher.remote.credentials import ConcealedOutput, conceal

T = TypeVar("T")
CONNECT_S, ANSWER_S = 10.0, 120.0
TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
UPLOAD_TRIES = 3
POLL_S = 2.0
PAGE = 200


@dataclass(frozen=True)
class RemoteDataset:
    """A dataset as Kaggle has it.

    Attributes:
        status: ready, failed, or a step on the way.
        version: Its newest version's number; None where Kaggle does not report it.
        is_private: None where Kaggle does not report it.
    """

    status: str
    version: int | None
    is_private: bool | None


class Remote:
    """A logged-in connection.

    Args:
        tries: How often a request is made that failed for a reason that may pass.
        first_pause_s: Pause before the second try; doubles each time.

    Raises:
        MissingOutside: No credentials, or Kaggle refuses them, or it cannot be reached.
    """

    def __init__(self, tries: int = TRIES, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._tries = tries
        self._first_pause_s = first_pause_s
        self._output = ConcealedOutput()
        with self._quietly():
            api = self._login()
        self._api: Any = api
        self.user = str(api.config_values.get(api.CONFIG_NAME_USER) or "")

    def _login(self) -> Any:
        try:
            api = new_client()
            self._repeat("log in", api.authenticate)
        except SystemExit:
            raise MissingOutside(
                "kaggle", found="no credentials that Kaggle accepts", expected="an API token", todo=LOGIN_HELP
            ) from None
        return api

    def find(self, dataset_id: str) -> RemoteDataset | None:
        """Look up one of the user's datasets; None where there is none.

        Raises:
            SmilebenchError: Kaggle does not answer, or refuses.
        """
        try:
            with self._quietly():
                status = str(self._repeat("ask for its state", lambda: self._api.dataset_status(dataset_id)))
        except Refused as refused:
            # Kaggle says 403 as well as 404 of a dataset that is not there; another owner is refused on creation.
            if refused.status in (403, 404):
                return None
            raise refused.as_error(dataset_id) from None
        details = self._details(dataset_id)
        return RemoteDataset(
            status=status.lower(),
            version=None if details is None else details.current_version_number,
            is_private=None if details is None else (self._api.last_answer or {}).get("isPrivate"),
        )

    def _details(self, dataset_id: str) -> Any:
        """Ask for version and visibility; None where the server does not report them."""
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request: Any = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = dataset_id.split("/")
        try:
            return self._call("ask for its version", lambda client: client.get_dataset(request))
        except Refused as refused:
            if refused.status in (403, 404, 405, 501):
                return None
            raise refused.as_error(dataset_id) from None

    def upload(self, files: Sequence[Path]) -> list[str]:
        """Send files to Kaggle's store; returns a token each, in order.

        What has arrived is remembered, also over an interruption: a second run sends only the rest.

        Raises:
            SmilebenchError: A file did not arrive; nothing is published then.
        """
        from kaggle.api.kaggle_api_extended import ApiBlobType, ResumableUploadContext

        with ResumableUploadContext() as context:
            tokens = []
            for file in cli.progress(files, what="upload"):
                token = None
                for attempt in range(1, UPLOAD_TRIES + 1):
                    if attempt == UPLOAD_TRIES:  # an upload that has expired cannot go on: begin it anew
                        Path(context.get_upload_info_file_path(str(file))).unlink(missing_ok=True)
                    token = self._upload_once(file, ApiBlobType.DATASET, context)
                    if token is not None:
                        break
                    time.sleep(min(self._first_pause_s * 2**attempt, LONGEST_PAUSE_S))
                if token is None:
                    raise MissingOutside(
                        f"kaggle: {file.name}",
                        found=f"an upload that does not arrive ({self._output.last_line() or 'no reason given'})",
                        expected="the complete file at Kaggle",
                        todo=f"nothing was published; {AGAIN}",
                    )
                tokens.append(token)
            return tokens

    def _upload_once(self, file: Path, kind: Any, context: Any) -> str | None:
        def send() -> str | None:
            found = self._api._upload_blob(str(file), True, kind, context)
            return None if found is None else str(found)

        try:
            with self._quietly():
                return self._repeat(f"send {file.name}", send)
        except Refused as refused:
            raise refused.as_error(file.name) from None

    def create(self, listing: Listing, description: str, tokens: Sequence[str], *, public: bool) -> str:
        """Make a dataset of files that have arrived; returns its address.

        Raises:
            SmilebenchError: Kaggle refuses it.
        """
        from kagglesdk.datasets.types.dataset_api_service import ApiCreateDatasetRequest

        request: Any = ApiCreateDatasetRequest()
        request.title, request.slug, request.owner_slug = listing.title, listing.slug, listing.owner
        request.license_name, request.subtitle, request.description = (
            listing.license_name,
            listing.subtitle,
            description,
        )
        request.files = [_new_file(token) for token in tokens]
        request.is_private = not public
        return self._submit(listing, lambda client: client.create_dataset(request))

    def add_version(self, listing: Listing, description: str, tokens: Sequence[str], notes: str) -> str:
        """Make the next version of a dataset of files that have arrived; returns its address.

        Raises:
            SmilebenchError: Kaggle refuses it.
        """
        from kagglesdk.datasets.types.dataset_api_service import (
            ApiCreateDatasetVersionRequest,
            ApiCreateDatasetVersionRequestBody,
        )

        body: Any = ApiCreateDatasetVersionRequestBody()
        body.version_notes, body.subtitle, body.description = notes, listing.subtitle, description
        body.files = [_new_file(token) for token in tokens]
        body.delete_old_versions = False
        request: Any = ApiCreateDatasetVersionRequest()
        request.owner_slug, request.dataset_slug, request.body = listing.owner, listing.slug, body
        return self._submit(listing, lambda client: client.create_dataset_version(request))

    def _submit(self, listing: Listing, call: Callable[[Any], Any]) -> str:
        try:
            answer = self._call("make the version", call, repeat_server_errors=False)
        except Refused as refused:
            raise refused.as_error(listing.id) from None
        error = str(getattr(answer, "error", None) or "")
        if error or str(answer.status).lower() == "error":
            raise CheckFailed(
                listing.id, found=f"Kaggle's refusal: {conceal(error) or 'no reason given'}", expected="a new version"
            )
        return str(answer.url or f"https://www.kaggle.com/datasets/{listing.id}")

    def wait_until_ready(self, dataset_id: str, timeout_s: float, at_least: int | None) -> RemoteDataset:
        """Wait until Kaggle has unpacked a version.

        Args:
            dataset_id: owner/slug.
            timeout_s: How long to wait.
            at_least: The version that must be there; None where versions are not reported.

        Raises:
            CheckFailed: Kaggle failed to process it.
            MissingOutside: It takes longer.
        """
        end = time.monotonic() + timeout_s
        while True:
            found = self.find(dataset_id)
            if found is not None and found.status == "failed":
                raise CheckFailed(
                    dataset_id,
                    found="a version that Kaggle could not process",
                    expected="one that is ready",
                    todo=f"look at https://www.kaggle.com/datasets/{dataset_id}, then {AGAIN}",
                )
            is_new = found is not None and (at_least is None or found.version is None or found.version >= at_least)
            if found is not None and found.status == "ready" and is_new:
                return found
            if time.monotonic() > end:
                state = "nothing" if found is None else found.status
                raise MissingOutside(
                    dataset_id,
                    found=f"{state} after {timeout_s:g} s",
                    expected="ready",
                    todo="Kaggle is still at work; run the same command again later to have it checked",
                )
            time.sleep(POLL_S if timeout_s > POLL_S else timeout_s / 4)

    def list_files(self, dataset_id: str) -> dict[str, int]:
        """Read a dataset's file list back: name → bytes, all pages."""
        from kagglesdk.datasets.types.dataset_api_service import ApiListDatasetFilesRequest

        found: dict[str, int] = {}
        page_token = ""
        while True:
            request: Any = ApiListDatasetFilesRequest()
            request.owner_slug, request.dataset_slug = dataset_id.split("/")
            request.page_size, request.page_token = PAGE, page_token
            try:
                answer = self._call("list its files", partial(_list_page, request))
            except Refused as refused:
                raise refused.as_error(dataset_id) from None
            found.update({file.name: int(file.total_bytes or 0) for file in answer.dataset_files or []})
            page_token = str(answer.next_page_token or "")
            if not page_token:
                return found

    def download(self, dataset_id: str, folder: Path, name: str | None = None) -> Path:
        """Fetch one file of a dataset, or all of them as one ZIP; returns where it lies.

        Raises:
            SmilebenchError: Kaggle refuses, or the connection breaks.
        """

        def fetch() -> None:
            if name is None:
                self._api.dataset_download_files(dataset_id, path=str(folder), force=True, quiet=True, unzip=False)
            else:
                self._api.dataset_download_file(dataset_id, name, path=str(folder), force=True, quiet=True)

        folder.mkdir(parents=True, exist_ok=True)
        try:
            with self._quietly():
                self._repeat("download", fetch)
        except Refused as refused:
            raise refused.as_error(dataset_id) from None
        files = [path for path in folder.rglob("*") if path.is_file()]
        if len(files) != 1:
            raise CheckFailed(dataset_id, found=f"{len(files)} downloaded files", expected="1")
        return files[0]

    def _call(self, what: str, call: Callable[[Any], T], *, repeat_server_errors: bool = True) -> T:
        """Make a request to the dataset service."""

        def work() -> T:
            with self._api.build_kaggle_client() as client:
                return call(client.datasets.dataset_api_client)

        with self._quietly():
            return self._repeat(what, work, repeat_server_errors=repeat_server_errors)

    def _repeat(self, what: str, work: Callable[[], T], *, repeat_server_errors: bool = True) -> T:
        """Do a request again where its failure may pass.

        Raises:
            Refused: The server refused.
            MissingOutside: It could not be reached, or did not answer in time.
        """
        import requests

        pause_s = self._first_pause_s
        for attempt in range(1, self._tries + 1):
            try:
                return work()
            except requests.exceptions.HTTPError as error:
                status = 0 if error.response is None else error.response.status_code
                may_pass = status == 429 or (status >= 500 and repeat_server_errors)
                if attempt == self._tries or not may_pass:
                    raise Refused(status, conceal(str(error)), what) from None
                pause_s = max(pause_s, _retry_after_s(error))
            except (requests.exceptions.RequestException, ConnectionError, TimeoutError) as error:
                if attempt == self._tries:
                    raise MissingOutside(
                        "kaggle",
                        found=f"no answer on trying to {what} ({type(error).__name__})",
                        expected="a connection to Kaggle",
                        todo=AGAIN,
                    ) from None
            time.sleep(min(pause_s, LONGEST_PAUSE_S))
            pause_s *= 2
        raise AssertionError

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Catch the client's prints, and give every request a time limit."""
        import requests.adapters

        adapter: Any = requests.adapters.HTTPAdapter
        send = adapter.send

        def send_in_time(self: Any, request: Any, **rest: Any) -> Any:
            rest["timeout"] = rest.get("timeout") or (CONNECT_S, ANSWER_S)
            return send(self, request, **rest)

        def send_with_limit(self: Any, request: Any, stream: bool = False, timeout: Any = None, **rest: Any) -> Any:
            return send_in_time(self, request, stream=stream, timeout=timeout, **rest)

        adapter.send = send_with_limit
        try:
            with contextlib.redirect_stdout(self._output), contextlib.redirect_stderr(self._output):
                yield
        finally:
            adapter.send = send


def _retry_after_s(error: Any) -> float:
    """Read how long a server asks to wait."""
    try:
        return float(error.response.headers.get("Retry-After", 0))
    except (AttributeError, TypeError, ValueError):
        return 0.0


def _new_file(token: str) -> Any:
    from kagglesdk.datasets.types.dataset_api_service import ApiDatasetNewFile

    file: Any = ApiDatasetNewFile()
    file.token = token
    return file


def _list_page(request: Any, client: Any) -> Any:
    return client.list_dataset_files(request)
