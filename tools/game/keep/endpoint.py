"""The keep endpoint alone: the reference server of the contract, for a page behind a team's own login.

Reads a csv of pseudonyms and hashes of their tokens; writes what people keep, through `tools.game.keep.store`.
  python -m tools.game endpoint --dataset play --people tokens.csv
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from shared import cli, contracts, paths
from shared.dataset import reader
from shared.errors import InvalidInput, MissingOutside
from shared.faces.detector import open_finder
from shared.web.loopback import HOST, LocalServer, listen
from tools.game.config import EndpointConfig
from tools.game.keep.app import by_person, make_app
from tools.game.keep.store import MomentStore

COLUMNS = ("subject_id", "token_sha256")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?")


@dataclass(frozen=True)
class Served:
    """What was served until it was stopped.

    Attributes:
        url: The endpoint's address on this computer.
        dataset: Where moments went.
        n_people: Who may keep.
    """

    url: str
    dataset: str
    n_people: int
    exit_code: int = 0  # stopping is the normal end

    def as_text(self) -> str:
        """Say what was served."""
        return f"{self.dataset} was served at {self.url} for {self.n_people} people"

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"url": self.url, "dataset": self.dataset, "n_people": self.n_people}


def open_store(folder: Path, face_model: str | None) -> MomentStore:
    """Open the dataset that moments go to; one that is not there is made with the first moment.

    Raises:
        InvalidInput: The dataset there is not valid, or one of drawn actors.
    """
    if (folder / reader.MANIFEST).is_file() and reader.open_dataset(folder).is_synthetic:
        raise InvalidInput(
            paths.shown(folder),
            found="a dataset of drawn actors",
            expected="one of people, or none yet",
            todo="choose another name",
        )
    finder = open_finder(face_model)
    if finder is None:
        cli.note("game: without the face detector, faces are not looked for in what is kept (./inv fetch-models)")
    return MomentStore(folder, finder)


def read_people(path: Path) -> dict[str, str]:
    """Read who may keep: from the hash of a token to a pseudonym.

    Raises:
        InvalidInput: No such csv, nobody in it, a pseudonym or hash that is none, or one token for two people.
    """
    if not path.is_file():
        raise InvalidInput(str(path), found="no such file", expected="a csv with " + ",".join(COLUMNS))
    found: dict[str, str] = {}
    for number, row in enumerate(contracts.parse_rows(path.read_bytes(), str(path), COLUMNS), start=2):
        subject_id, sha256 = row["subject_id"], row["token_sha256"]
        where = f"{path}: row {number}"
        if not paths.is_subject(subject_id):
            raise InvalidInput(where, found=f"{subject_id!r}", expected="a pseudonym such as s01")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise InvalidInput(
                where,
                found="no hash",
                expected="the token's sha256, 64 lower-case hex digits",
                todo="printf %s TOKEN | sha256sum; the token itself goes to the person alone",
            )
        if found.setdefault(sha256, subject_id) != subject_id:
            raise InvalidInput(where, found=f"the token of {found[sha256]}", expected="a token for each person")
    if not found:
        raise InvalidInput(str(path), found="nobody", expected="a person in each row")
    return found


def make_endpoint(store: MomentStore, subject_of_hash: dict[str, str], config: EndpointConfig) -> Starlette:
    """Build the application: the contract below /keep/, for the origins that were named.

    Raises:
        InvalidInput: An origin that is none.
    """
    for origin in config.origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(
                "--origin", found=origin, expected="scheme and host alone, such as https://play.example.org"
            )
    app = make_app(store, by_person(subject_of_hash), config.given_by)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(config.origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        max_age=600,
    )
    return Starlette(routes=[Mount("/keep", app)], middleware=[cors] if config.origins else [])


def serve(config: EndpointConfig) -> Served:
    """Serve the endpoint until Control-C.

    Raises:
        InvalidInput: The people, an origin or the dataset are not valid.
        MissingOutside: The port is taken.
    """
    subject_of_hash = read_people(config.people)
    app = make_endpoint(open_store(config.dataset, config.face_model), subject_of_hash, config)
    try:
        listener = listen([config.port])
    except OSError:
        raise MissingOutside(
            f"port {config.port}",
            found="a port that this program cannot have",
            expected="a free one",
            todo="give another (--port 8411) or let the system choose (--port 0)",
        ) from None
    url = f"http://{HOST}:{listener.getsockname()[1]}/keep/"
    cli.note(f"endpoint: {url}  (Control-C ends it)")
    LocalServer(app, listener).run()
    return Served(url, config.dataset.name, len(set(subject_of_hash.values())))
