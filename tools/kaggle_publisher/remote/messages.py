"""The client's requests that make and list versions, and a checked reading of the server's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.kaggle_publisher.release.rules import Listing
from tools.kaggle_publisher.remote.client import Unreadable
from tools.kaggle_publisher.remote.credentials import conceal

UNKNOWN = "unknown"
_SETTLED = ("ready", "failed", "deleted", UNKNOWN)


@dataclass(frozen=True)
class RemoteDataset:
    """A dataset as Kaggle has it.

    Attributes:
        status: ready, failed, deleted, a step on the way, or unknown where Kaggle does not report it.
        version: Its newest version's number; None where Kaggle does not report it.
        is_private: None where Kaggle does not report it.
    """

    status: str
    version: int | None
    is_private: bool | None

    @property
    def is_at_work(self) -> bool:
        """Whether Kaggle is unpacking a version."""
        return self.status not in _SETTLED


def new_dataset(listing: Listing, description: str, tokens: Sequence[str], *, public: bool) -> Any:
    """Ask for a dataset of files that have arrived."""
    from kagglesdk.datasets.types.dataset_api_service import ApiCreateDatasetRequest

    request: Any = ApiCreateDatasetRequest()
    request.title, request.slug, request.owner_slug = listing.title, listing.slug, listing.owner
    request.license_name, request.subtitle, request.description = listing.license_name, listing.subtitle, description
    request.files = [_new_file(token) for token in tokens]
    request.is_private = not public
    return request


def new_version(listing: Listing, description: str, tokens: Sequence[str], notes: str) -> Any:
    """Ask for the next version of a dataset."""
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
    return request


def list_files(dataset_id: str, version: int | None, page_size: int, page_token: str) -> Any:
    """Ask for a page of a version's list of files; None is the newest version."""
    from kagglesdk.datasets.types.dataset_api_service import ApiListDatasetFilesRequest

    request: Any = ApiListDatasetFilesRequest()
    request.owner_slug, request.dataset_slug = dataset_id.split("/")
    request.page_size, request.page_token = page_size, page_token
    if version is not None:
        request.dataset_version_number = version
    return request


def read_page(answer: Any) -> dict[str, int]:
    """Read a page of files: name → bytes.

    Raises:
        Unreadable: A name or a size is something else.
    """
    found = {}
    for file in answer.dataset_files or []:
        name, size = file.name, file.total_bytes or 0
        if isinstance(size, str) and size.isascii() and size.isdigit():
            size = int(size)  # as JSON may write large numbers
        if not isinstance(name, str) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Unreadable("list its files", f"a file {conceal(repr(name))[:60]} of {conceal(repr(size))[:60]} bytes")
        found[name] = size
    return found


def read_details(status: str, answer: dict[str, Any], what: str) -> RemoteDataset:
    """Read version and visibility from an answer as it came: the client takes what is missing for false.

    Raises:
        Unreadable: A version that is no number.
    """
    version, is_private = answer.get("currentVersionNumber"), answer.get("isPrivate")
    if not (version is None or (isinstance(version, int) and version is not True and version > 0)):
        raise Unreadable(what, f"currentVersionNumber is {conceal(repr(version))[:80]}")
    return RemoteDataset(status, version, is_private if isinstance(is_private, bool) else None)


def _new_file(token: str) -> Any:
    from kagglesdk.datasets.types.dataset_api_service import ApiDatasetNewFile

    file: Any = ApiDatasetNewFile()
    file.token = token
    return file
