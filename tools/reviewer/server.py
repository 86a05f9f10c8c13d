"""The review page's server: this computer only, one reviewer, a secret in the address (`shared.web.private`)."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from shared import paths
from shared.errors import InvalidInput, SmilebenchError
from shared.text.catalogue import by_language
from shared.web.loopback import HOST, LocalServer
from shared.web.private import Guard, listen_as, page_routes, read_token, say
from tools.reviewer.config import ReviewConfig
from tools.reviewer.state import ReviewState, Wish
from tools.reviewer.words import TEXTS

MAX_WISHES = 500
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Served:
    """What a server received until it was stopped."""

    name: str
    reviewer: str
    review_file: Path
    n_saved: int
    n_decided: int
    n_sequences: int
    exit_code: int = 0  # stopping is the normal end

    def as_text(self) -> str:
        """Summarise for people."""
        flag = paths.dataset_flag(self.review_file.parent)
        return (
            f"{self.n_saved} decisions by {self.reviewer}, who has decided on {self.n_decided} of {self.n_sequences} "
            f"sequences of {self.name} → {paths.shown(self.review_file)}\n"
            f"progress: ./inv review-status --dataset {flag}; apply it: ./inv review-apply --dataset {flag}"
        )

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": self.name,
            "reviewer": self.reviewer,
            "review": str(self.review_file),
            "n_saved": self.n_saved,
            "n_decided": self.n_decided,
            "n_sequences": self.n_sequences,
        }


def serve(config: ReviewConfig) -> Served:
    """Serve the page until Ctrl-C.

    Raises:
        InvalidInput: The dataset, its review or the scores are not valid, or this reviewer's page is already open.
        WrongUsage: The port is taken.
    """
    review_state = ReviewState(config.dataset, config.reviewer, config.score_files)
    lock = filelock.FileLock(config.dataset / f".review-{config.reviewer}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InvalidInput(
            str(config.dataset),
            found=f"a review page of {config.reviewer} that is already open",
            expected="one at a time",
            todo="use that one, stop it with Ctrl-C, or choose another --reviewer",
        ) from None
    with lock:
        listener = listen_as(f"{config.dataset}|{config.reviewer}", config.port)
        port = int(listener.getsockname()[1])
        token = read_token(paths.artifacts("reviews") / review_state.dataset.name / f".token-{config.reviewer}")
        url = f"http://{HOST}:{port}/?token={token}"
        print(f"review page of {config.reviewer}: {url}\nstop with Ctrl-C", file=sys.stderr, flush=True)
        if config.open_browser:
            import webbrowser

            webbrowser.open(url)
        LocalServer(make_app(review_state, token, port, config.lang), listener).run()
    state = review_state.state()
    return Served(
        review_state.dataset.name,
        config.reviewer,
        review_state.review.path,
        review_state.n_saved,
        len(state["mine"]),
        len(state["rows"]),
    )


def make_app(review_state: ReviewState, token: str, port: int, lang: str) -> Starlette:
    """Build the web application; separate, so that a test can ask it without a port."""
    guard = Guard(token, port, "review")

    async def state(request: Request) -> Response:
        try:
            return JSONResponse({**await run_in_threadpool(review_state.state), "words": by_language(TEXTS)})
        except SmilebenchError as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    async def picture(request: Request) -> Response:
        row = review_state.row(request.path_params["sequence_id"])
        number = int(request.path_params["frame"])
        if row is None or number >= row.frame_count:
            return say("not found", 404)
        path = review_state.dataset.folder / row.frame_names()[number]
        if not path.is_file() or not paths.is_within(path, review_state.dataset.folder):
            return say("not found", 404)
        # The address contains the pictures' hash, so its content never changes.
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    async def decide(request: Request) -> Response:
        body = await guard.read_json(request)
        if isinstance(body, Response):
            return body
        try:
            wishes = read_wishes(body)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            return JSONResponse({"error": f"no decisions: {error}"}, status_code=400)
        try:
            return JSONResponse((await run_in_threadpool(review_state.take, wishes)).as_json())
        except (SmilebenchError, OSError) as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    routes = [
        *page_routes(guard, _HERE, lang),
        Route("/api/state", guard.private(state)),
        Route("/picture/{sequence_id}/{frame:int}", guard.private(picture)),
        Route("/api/decisions", guard.private(decide), methods=["POST"]),
    ]
    return Starlette(routes=routes)


def read_wishes(body: bytes) -> Sequence[Wish]:
    """Parse what the page sends; types are checked here, contents by the schema of review.json.

    Raises:
        ValueError: Not a list of decisions, or too many.
    """
    document = json.loads(body)
    listed = document["decisions"]
    if not isinstance(listed, list) or len(listed) > MAX_WISHES:
        raise ValueError(f"expected a list of at most {MAX_WISHES}")
    wishes = [Wish(**entry) for entry in listed]
    for wish in wishes:
        texts = (wish.id, wish.sequence_id, wish.sha256, wish.decision)
        if not all(isinstance(text, str) and len(text) <= 200 for text in texts) or type(wish.saw_others) is not bool:
            raise ValueError("a decision of other types")
        if wish.undoes is not None and not isinstance(wish.undoes, str):
            raise ValueError("undoes is no id")
    return wishes
