"""Talks to Kaggle through its own client, and reports failures in one line.

What the client does not do by itself is done here: it leaves files out when their upload failed and goes on, it waits
for ever when a server is silent, it takes answers of any shape, and it prints what it likes. Every file must have
arrived before a version is made, and what makes a version is sent once: a lost answer is told, not repeated.

The kaggle package is imported inside: it logs in as soon as it is imported.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from shared import cli
from shared.errors import CheckFailed, MissingOutside, SmilebenchError
from tools.kaggle_publisher.release.rules import Listing
from tools.kaggle_publisher.remote import messages
from tools.kaggle_publisher.remote.client import (
    AGAIN,
    LOGIN_HELP,
    Lost,
    Refused,
    Unreadable,
    host_of,
    is_local,
    must_be_loopback,
    new_client,
)
from tools.kaggle_publisher.remote.credentials import ConcealedOutput, conceal, find_open_files
from tools.kaggle_publisher.remote.messages import UNKNOWN, RemoteDataset
from tools.kaggle_publisher.remote.silence import say_if_silent

T = TypeVar("T")
CONNECT_S, ANSWER_S = 10.0, 120.0
TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
UPLOAD_TRIES = 3
POLL_S = 2.0
PAGE = 200


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
        self._is_local = is_local()
        if self._is_local:
            cli.note("kaggle: KAGGLE_API_ENVIRONMENT is set: a server on this computer stands in for Kaggle")
        for command in find_open_files():
            cli.note(f"warning: other users of this computer can read your Kaggle credentials; {command}")
        try:
            with self._quietly():
                api = self._repeat("log in", new_client)
                self._repeat("log in", api.authenticate)
        except SystemExit:
            raise MissingOutside(
                "kaggle", found="no credentials that Kaggle accepts", expected="an API token", todo=LOGIN_HELP
            ) from None
        except Refused as refused:
            raise refused.as_error("kaggle") from None
        self._api: Any = api
        self.user = str(api.config_values.get(api.CONFIG_NAME_USER) or "")

    def find(self, dataset_id: str) -> RemoteDataset | None:
        """Look up one of the user's datasets; None where there is none.

        Raises:
            SmilebenchError: Kaggle does not answer, or refuses.
        """
        try:
            with self._quietly():
                status = str(self._repeat("ask for its state", lambda: self._api.dataset_status(dataset_id))).lower()
        except Refused as refused:
            # Kaggle says 403 as well as 404 of a dataset that is not there; another owner is refused on creation.
            if refused.status not in (403, 404):
                raise refused.as_error(dataset_id) from None
            try:
                return self._details(dataset_id, UNKNOWN, tries=1)
            except SmilebenchError:
                return None
        return self._details(dataset_id, status) or RemoteDataset(status, None, None)

    def _details(self, dataset_id: str, status: str, tries: int | None = None) -> RemoteDataset | None:
        """Ask for version and visibility; None where the server does not report them."""
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request: Any = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = dataset_id.split("/")
        what = "ask for its version"
        try:
            self._call(what, lambda client: client.get_dataset(request), tries=tries)
        except Refused as refused:
            if refused.status in (403, 404, 405, 501):
                return None
            raise refused.as_error(dataset_id) from None
        return messages.read_details(status, self._api.last_answer or {}, what)

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
            Lost: Nobody knows what came of it.
            SmilebenchError: Kaggle refuses it.
        """
        request = messages.new_dataset(listing, description, tokens, public=public)
        return self._submit(listing, lambda client: client.create_dataset(request))

    def add_version(self, listing: Listing, description: str, tokens: Sequence[str], notes: str) -> str:
        """Make the next version of a dataset of files that have arrived; returns its address.

        Raises:
            Lost: Nobody knows what came of it.
            SmilebenchError: Kaggle refuses it.
        """
        request = messages.new_version(listing, description, tokens, notes)
        return self._submit(listing, lambda client: client.create_dataset_version(request))

    def _submit(self, listing: Listing, call: Callable[[Any], Any]) -> str:
        """Send what makes a version: once, whatever happens."""
        what = "make the version"
        try:
            answer = self._call(what, call, once=True)
        except Refused as refused:
            error = refused.as_error(listing.id)
            if refused.is_certain:
                raise error from None
            raise Lost(error.what, found=error.found, expected=error.expected, todo=error.todo) from None
        except MissingOutside as error:
            raise Lost(error.what, found=error.found, expected=error.expected, todo=error.todo) from None
        reason = str(getattr(answer, "error", None) or "")
        if reason or str(answer.status).lower() == "error":
            raise CheckFailed(
                listing.id,
                found=f"Kaggle's refusal: {conceal(reason)[:200] or 'no reason given'}",
                expected="a new version",
            )
        address = f"https://www.kaggle.com/datasets/{listing.id}"
        url = str(answer.url or "")
        return url if url.startswith(address) and url == conceal(url) else address

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
        state = "nothing"
        with say_if_silent(lambda: f"Kaggle to unpack the version (now: {state})", sys.stderr):
            while True:
                found = self.find(dataset_id)
                state = "nothing" if found is None else found.status
                is_new = found is not None and (at_least is None or found.version is None or found.version >= at_least)
                if found is not None and is_new and found.status in ("failed", "deleted"):
                    raise CheckFailed(
                        dataset_id,
                        found=f"a version that is {found.status} at Kaggle",
                        expected="one that is ready",
                        todo=f"look at https://www.kaggle.com/datasets/{dataset_id}; --abandon gives this release up, "
                        "and the next run makes a new version",
                    )
                if found is not None and is_new and not found.is_at_work:
                    return found
                if time.monotonic() > end:
                    raise MissingOutside(
                        dataset_id,
                        found=f"{state} after {timeout_s:g} s",
                        expected="ready",
                        todo="Kaggle is still at work; run the same command again later to have it checked",
                    )
                time.sleep(POLL_S if timeout_s > POLL_S else timeout_s / 4)

    def list_files(self, dataset_id: str, version: int | None = None, at_most: int = 1_000_000) -> dict[str, int]:
        """Read the file list of a version (None: the newest) back: name → bytes, all pages.

        Raises:
            CheckFailed: The list has more files than `at_most`, or no end.
            SmilebenchError: Kaggle refuses, or answers something else.
        """
        found: dict[str, int] = {}
        page_token = ""
        while True:
            request = messages.list_files(dataset_id, version, PAGE, page_token)
            try:
                answer = self._call("list its files", partial(_list_page, request))
            except Refused as refused:
                raise refused.as_error(dataset_id) from None
            page = messages.read_page(answer)
            page_token = str(answer.next_page_token or "")
            if page_token and (len(found) > at_most or not page.keys() - found.keys()):
                raise CheckFailed(
                    dataset_id,
                    found=f"a list of files that does not end ({len(found)} so far)",
                    expected="one that does",
                    todo="nothing is called done",
                )
            found.update(page)
            if not page_token:
                return found

    def download(self, dataset_id: str, folder: Path, name: str | None = None) -> Path:
        """Fetch one file of a dataset (owner/slug, or owner/slug/version), or all as one ZIP; returns where it lies.

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

    def _call(self, what: str, call: Callable[[Any], T], *, once: bool = False, tries: int | None = None) -> T:
        """Make a request to the dataset service."""

        def work() -> T:
            with self._api.build_kaggle_client() as client:
                return call(client.datasets.dataset_api_client)

        with self._quietly():
            return self._repeat(what, work, once=once, tries=tries)

    def _repeat(self, what: str, work: Callable[[], T], *, once: bool = False, tries: int | None = None) -> T:
        """Do a request again where its failure may pass.

        Args:
            what: Says what is tried, after "on trying to".
            work: Does it.
            once: It must not be done twice: only a refusal that says so (too many requests) is repeated.
            tries: How often at most; None for the usual number.

        Raises:
            Refused: The server refused.
            Unreadable: It answered something else than Kaggle does.
            MissingOutside: It could not be reached, or did not answer in time.
        """
        import requests
        import urllib3

        n_tries, pause_s = tries or self._tries, self._first_pause_s
        with say_if_silent(lambda: f"an answer on trying to {what}", self._stderr):
            for attempt in range(1, n_tries + 1):
                try:
                    return work()
                except requests.exceptions.HTTPError as error:
                    status = 0 if error.response is None else error.response.status_code
                    may_pass = status == 429 or (status >= 500 and not once)
                    if attempt == n_tries or not may_pass:
                        raise Refused(status, conceal(str(error)), what) from None
                    pause_s = max(pause_s, _retry_after_s(error))
                except requests.exceptions.InvalidJSONError:
                    raise Unreadable(what, "no JSON") from None
                except (
                    requests.exceptions.RequestException,
                    urllib3.exceptions.HTTPError,
                    ConnectionError,
                    TimeoutError,
                ) as error:
                    if attempt == n_tries or once:
                        raise MissingOutside(
                            "kaggle",
                            found=f"no answer on trying to {what} ({type(error).__name__})",
                            expected="a connection to Kaggle",
                            todo=AGAIN,
                        ) from None
                except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                    raise Unreadable(what, conceal(f"{type(error).__name__}: {error}")[:120]) from None
                time.sleep(min(pause_s, LONGEST_PAUSE_S))
                pause_s *= 2
        raise AssertionError

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Catch the client's prints, give every request a time limit, and keep a stand-in's requests at home."""
        import requests.adapters

        adapter: Any = requests.adapters.HTTPAdapter
        send = adapter.send
        is_local = self._is_local

        def send_in_time(self: Any, request: Any, stream: bool = False, timeout: Any = None, **rest: Any) -> Any:
            if is_local:
                must_be_loopback(host_of(request.url))
                rest["proxies"] = {}
            return send(self, request, stream=stream, timeout=timeout or (CONNECT_S, ANSWER_S), **rest)

        adapter.send, self._stderr = send_in_time, sys.stderr
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


def _list_page(request: Any, client: Any) -> Any:
    return client.list_dataset_files(request)
