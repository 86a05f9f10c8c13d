"""The review page's server: this computer only, one reviewer, a secret in the address.

A page elsewhere that knows the port still has neither the secret nor our Host and Origin, so it can neither read a
picture nor send decisions. The port and the secret stay the same from one start to the next (for a day), so that a
page that was open when the server died can reconnect and send what was not confirmed.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from shared import paths
from shared.errors import InvalidInput, SmilebenchError, WrongUsage
from shared.text.catalogue import LANGS, by_language
from shared.web.loopback import HEADERS, HOST, OWN_NAMES, LocalServer, listen
from tools.reviewer.config import ReviewConfig
from tools.reviewer.state import ReviewState, Wish
from tools.reviewer.words import TEXTS

FIRST_PORT, N_PORTS = 20000, 12000  # below the range of ephemeral ports
TOKEN_DAYS = 1.0
MAX_BODY_BYTES = 1 << 20
MAX_WISHES = 500
_HERE = Path(__file__).parent
_SCRIPTS = ("page.js", "cards.js", "controls.js", "grid.js", "model.js", "outbox.js", "stage.js")
_PAGE_FILES = {"page.css": "text/css; charset=utf-8", **dict.fromkeys(_SCRIPTS, "text/javascript; charset=utf-8")}
_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


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
            f"progress: reviewer status --dataset {flag}; apply it: reviewer apply --dataset {flag}"
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
        listener = _listen(config)
        port = int(listener.getsockname()[1])
        token = _token(review_state.dataset.name, config.reviewer)
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


def _listen(config: ReviewConfig) -> socket.socket:
    """Listen on the port that was chosen, or on the dataset's and reviewer's own or one near it."""
    name = f"{config.dataset}|{config.reviewer}".encode()
    own = FIRST_PORT + int.from_bytes(hashlib.sha256(name).digest()[:4], "big") % N_PORTS
    candidates = [config.port] if config.port else [own, own + 1, own + 2, 0]
    try:
        return listen(candidates)
    except OSError as error:
        found = f"{candidates[0]} ({error.strerror})"
    raise WrongUsage("--port", found=found, expected="a free port; omit --port to choose one")


def _token(dataset: str, reviewer: str) -> str:
    """Return the secret of a dataset's and reviewer's page; a new one each day, readable by this user only."""
    path = paths.artifacts("reviews") / dataset / f".token-{reviewer}"
    with contextlib.suppress(OSError):
        age_s = time.time() - path.stat().st_mtime
        known = path.read_text(encoding="ascii").strip()
        if 0 <= age_s < TOKEN_DAYS * 86400 and len(known) >= 32 and not path.stat().st_mode & 0o077:
            return known
    token = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(token)
    return token


def make_app(review_state: ReviewState, token: str, port: int, lang: str) -> Starlette:
    """Build the web application; separate, so that a test can ask it without a port."""
    hosts = {f"{name}:{port}" for name in OWN_NAMES}
    cookie = f"review_{port}"  # cookies know no ports

    def is_ours(request: Request) -> bool:
        given = request.cookies.get(cookie, "")
        return hmac.compare_digest(given.encode(), token.encode())

    def guarded(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            host, origin = request.headers.get("host", ""), request.headers.get("origin")
            if host not in hosts or (origin is not None and origin != f"http://{host}"):
                return _say("forbidden", 403)
            is_foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
            if is_foreign and request.url.path != "/":  # other sites may link to the page, but not read it
                return _say("forbidden", 403)
            response = await answer(request)
            for name, value in _HEADERS.items():
                response.headers[name] = value
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return checked

    async def index(request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(), token.encode()):
            response: Response = RedirectResponse("/", status_code=303)
            response.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
            return response
        if not is_ours(request):
            return _say("No access: open the address shown in the terminal.\n터미널에 나온 주소로 여세요.", 403)
        text = (_HERE / "page.html").read_text(encoding="utf-8")
        chosen = request.query_params.get("lang", lang)
        return Response(
            text.replace("{{lang}}", chosen if chosen in LANGS else lang), media_type="text/html; charset=utf-8"
        )

    async def page_file(request: Request) -> Response:
        name = request.path_params["name"]
        if not is_ours(request) or name not in _PAGE_FILES:
            return _say("not found", 404)
        return Response((_HERE / name).read_bytes(), media_type=_PAGE_FILES[name])

    async def state(request: Request) -> Response:
        if not is_ours(request):
            return _say("forbidden", 403)
        try:
            return JSONResponse({**await run_in_threadpool(review_state.state), "words": by_language(TEXTS)})
        except SmilebenchError as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    async def picture(request: Request) -> Response:
        if not is_ours(request):
            return _say("forbidden", 403)
        row = review_state.row(request.path_params["sequence_id"])
        number = int(request.path_params["frame"])
        if row is None or number >= row.frame_count:
            return _say("not found", 404)
        path = review_state.dataset.folder / row.frame_names()[number]
        if not path.is_file():
            return _say("not found", 404)
        # The address contains the pictures' hash, so its content never changes.
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    async def decide(request: Request) -> Response:
        if not is_ours(request) or request.headers.get("origin") is None:
            return _say("forbidden", 403)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _say("expected JSON", 415)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return _say("too much", 413)
        try:
            wishes = read_wishes(body)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            return JSONResponse({"error": f"no decisions: {error}"}, status_code=400)
        try:
            return JSONResponse((await run_in_threadpool(review_state.take, wishes)).as_json())
        except (SmilebenchError, OSError) as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    routes = [
        Route("/", guarded(index)),
        Route("/page/{name}", guarded(page_file)),
        Route("/api/state", guarded(state)),
        Route("/picture/{sequence_id}/{frame:int}", guarded(picture)),
        Route("/api/decisions", guarded(decide), methods=["POST"]),
    ]
    return Starlette(routes=routes)


def _say(text: str, status: int) -> Response:
    return Response(text + "\n", status_code=status, media_type="text/plain; charset=utf-8")


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
