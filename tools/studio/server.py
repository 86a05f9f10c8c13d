"""The studio's server: this computer only, a secret in the address (`shared.web.private`).

    scan → /api/state        forms → /api/jobs → JobQueue        reports, grids → /open/<kind>/<name>/…

The page starts tasks by the queue alone; it can neither read a path of its choice nor run anything else.
"""

import contextlib
import hashlib
import json
import subprocess
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from shared import paths
from shared.errors import InvalidInput, SmilebenchError, WrongUsage
from shared.text.catalogue import Lang, by_language, read_catalogue
from shared.web.loopback import HOST, LocalServer
from shared.web.private import Guard, listen_as, page_routes, read_token, say
from tools.studio import jobs
from tools.studio.config import ServeConfig
from tools.studio.overview import PAGES, Overview
from tools.studio.record.desk_gate import DeskGate
from tools.studio.record.lan.lan_server import LanServer, find_address
from tools.studio.record.looks import Looker
from tools.studio.record.routes import RecordingDesk, make_routes
from tools.studio.record.takes import TakeBox
from tools.studio.rooms import TASKS, Rooms
from tools.studio.status import WORDS
from tools.studio.trying.routes import TryDesk
from tools.studio.trying.routes import make_routes as make_try_routes

_PAGE = Path(__file__).parent / "page"
PAGE_WORDS = _PAGE / "words.toml"
# Pages of other tools bring a policy of their own; a sandbox keeps them from asking this server for anything.
_SANDBOX = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Served:
    """What happened until the studio was stopped."""

    url: str
    n_started: int
    exit_code: int = field(default=0, repr=False)  # stopping is the normal end

    def as_text(self) -> str:
        """Summarise for people."""
        return f"studio closed; {self.n_started} jobs were started from it"

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        return {"n_started": self.n_started}


class Desk:
    """What the page shows and starts.

    Args:
        queue: Of jobs.
        described: All tasks and their flags, as `./inv --describe` prints them.
    """

    def __init__(self, queue: jobs.JobQueue, described: Sequence[dict[str, Any]]) -> None:
        self.queue = queue
        self.tasks = {each["task"]: jobs.Task(each["task"], each) for each in described}
        self.n_started = 0
        self.rooms = Rooms()
        self.overview = Overview(self.tasks)
        catalogue = read_catalogue(WORDS)
        self._page_words = by_language({**catalogue, **read_catalogue(PAGE_WORDS)})

    def state(self) -> bytes:
        """Return everything that the page shows at once but for logs, as JSON."""
        return json.dumps({**self.overview.state(), "jobs": self.queue.jobs()}, ensure_ascii=False).encode()

    def start(self) -> dict[str, Any]:
        """Return what the page needs once: its words, and the forms."""
        forms = [self.tasks[name].described for name in (*jobs.STARTABLE, *TASKS) if name in self.tasks]
        return {"words": self._page_words, "forms": forms}

    def add(self, body: bytes) -> dict[str, Any]:
        """Queue what a form was filled with, or open the page that it asks for; returns the job, or its ``url``.

        Raises:
            ValueError: No JSON, or not of that form.
            WrongUsage: The task cannot be started from here, or a value is not what its flag takes.
            CheckFailed: There is no page.
        """
        posted = json.loads(body)
        name, values = posted["task"], posted["values"]
        known = (*jobs.STARTABLE, *TASKS)
        if name not in known or name not in self.tasks:
            raise WrongUsage("studio", found=f"the task {name!r}", expected=f"one of {', '.join(known)}")
        if not isinstance(values, dict):
            raise ValueError("values must be an object")
        if name in TASKS:
            return {"url": self.rooms.open(self.tasks[name].words(values))}
        job = self.queue.add(self.tasks[name].words(values))
        self.n_started += 1
        return job


def describe_tasks() -> list[dict[str, Any]]:
    """Ask the project for its tasks and their flags; tools know each other by the command line alone."""
    words = [sys.executable, "-P", "-m", "shared.chain.program", "--describe"]
    done = subprocess.run(words, cwd=jobs.PROJECT, capture_output=True, text=True, encoding="utf-8", check=True)
    described: list[dict[str, Any]] = json.loads(done.stdout)
    return described


def serve(config: ServeConfig) -> Served:
    """Serve the page until Ctrl-C.

    Raises:
        InvalidInput: A studio of this workspace is open already.
        WrongUsage: The port is taken.
    """
    jobs.folder().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(jobs.folder() / ".open.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InvalidInput(
            paths.shown(paths.home()), found="a studio that is open already", expected="one at a time",
            todo="use that one, or stop it with Ctrl-C",
        ) from None  # fmt: skip
    with lock, contextlib.ExitStack() as held:
        queue = jobs.JobQueue()
        held.callback(queue.close)
        recording = RecordingDesk(TakeBox(), Looker())
        held.callback(recording.close)
        lan = _open_lan(config, recording) if config.lan else contextlib.nullcontext()
        desk = Desk(queue, describe_tasks())
        held.callback(desk.rooms.close)
        listener = listen_as(f"studio|{paths.home()}", config.port)
        port = int(listener.getsockname()[1])
        token = read_token(jobs.folder() / ".token")
        url = f"http://{HOST}:{port}/?token={token}"
        print(f"studio: {url}\nstop with Ctrl-C", file=sys.stderr, flush=True)
        if config.open_browser:
            webbrowser.open(url)
        with lan:
            LocalServer(make_app(desk, token, port, config.lang, recording), listener).run()
    return Served(url, desk.n_started)


def _open_lan(config: ServeConfig, recording: RecordingDesk) -> LanServer:
    """Open the phones' page, and let the desk make codes for it.

    Raises:
        MissingOutside: There is no network, or the address is not this computer's.
    """
    lan = LanServer(recording, find_address(config.lan_address), config.dataset, config.lang)
    recording.invite = lambda dataset, subject_id: lan.invite(dataset, subject_id).as_json()
    return lan


def make_app(desk: Desk, token: str, port: int, lang: Lang, recording: RecordingDesk | None = None) -> Starlette:
    """Build the web application; separate, so that a test can ask it without a port."""
    guard = Guard(token, port, "studio")
    record_routes = make_routes(DeskGate(guard), recording, lang) if recording is not None else []

    async def start(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(desk.start))

    async def state(request: Request) -> Response:
        body = await run_in_threadpool(desk.state)
        revision = hashlib.sha256(body).hexdigest()[:16]
        if request.query_params.get("have") == revision:
            return Response(status_code=204)
        return Response(body, media_type="application/json", headers={"X-Revision": revision})

    async def item(request: Request) -> Response:
        kind, name = (request.query_params.get(each, "") for each in ("kind", "name"))
        return await _of_one(lambda: desk.overview.item(kind, name))

    async def add(request: Request) -> Response:
        body = await guard.read_json(request)
        if isinstance(body, Response):
            return body
        try:
            return JSONResponse(await run_in_threadpool(desk.add, body))
        except SmilebenchError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            return JSONResponse({"error": f"no job: {error}"}, status_code=400)
        except OSError as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    async def cancel(request: Request) -> Response:
        body = await guard.read_json(request)
        if isinstance(body, Response):
            return body
        return await _of_one(lambda: desk.queue.cancel(request.path_params["job"]))

    async def log(request: Request) -> Response:
        given = request.query_params.get("from", "0")
        first = int(given) if given.isdecimal() and len(given) < 16 else 0
        return await _of_one(lambda: desk.queue.log(request.path_params["job"], first))

    async def show(request: Request) -> Response:
        kind, name = request.path_params["kind"], request.path_params["name"]
        file = paths.artifacts(kind) / name / PAGES[kind] if kind in PAGES and paths.is_name(name) else None
        if file is None or not file.is_file() or not paths.is_within(file, paths.artifacts(kind)):
            return say("not found", 404)
        return FileResponse(
            file, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _SANDBOX}
        )  # fmt: skip

    return Starlette(
        routes=[
            *page_routes(guard, _PAGE, lang),
            *record_routes,
            Route("/api/start", guard.private(start)),
            Route("/api/state", guard.private(state)),
            Route("/api/item", guard.private(item)),
            Route("/api/jobs", guard.private(add), methods=["POST"]),
            Route("/api/jobs/{job}/cancel", guard.private(cancel), methods=["POST"]),
            Route("/api/jobs/{job}/log", guard.private(log)),
            Route("/open/{kind}/{name}", guard.private(show)),
            *make_try_routes(guard, TryDesk(desk.overview), lang),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=2000)],
    )


async def _of_one(give: Any) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(give))
    except SmilebenchError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
