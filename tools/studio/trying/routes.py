"""What the page that tries models asks of the server.

/try                       the page          /try/page/{name}        its scripts, styles
/api/try/start             words, models     /api/try/thresholds     what the validation people say
/api/try/runtime           fetches what a browser needs to run a model, once
/try/model/{name}/…        a hand-off        /try/ort/…, /try/tasks/…  onnxruntime-web, MediaPipe for the web

The page runs the hand-off's own client; what the camera sees stays in it.
"""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from shared import paths
from shared.errors import InvalidInput, SmilebenchError
from shared.text.catalogue import LANGS, by_language, read_catalogue
from shared.text.template import fill
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION, NpmPackage
from shared.web.private import Guard, say
from shared.web.server import CONTENT_TYPES
from tools.studio.overview import Overview
from tools.studio.trying.thresholds import said_by_validation
from tools.studio.workspace import Item

PAGE = Path(__file__).parent / "page"
_STUDIO_PAGE = PAGE.parents[1] / "page"  # these are the same in all pages of the studio
_BORROWED = ("dom.js", "words.js", "page.css")
_FILE_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
# Workers and wasm of this server alone, and isolation, which wasm threads need.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; style-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' blob: data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
}
CLIENT = "smile-detector.mjs"


class TryDesk:
    """What the page is given.

    Args:
        overview: Of the workspace.
    """

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        self._words = by_language(read_catalogue(PAGE / "words.toml"))

    def start(self) -> dict[str, Any]:
        """Return the words, the hand-offs that can be tried, and the models that have none yet."""
        found = self._overview.scan()
        handoffs = [each for each in found.of("handoff") if (each.path.parent / CLIENT).is_file()]
        sources = {each.path for item in handoffs for each in found.made_from(item)}
        ready = [
            {
                "name": item.path.parent.name,
                "positive_class": item.facts["positive_class"],
                "is_proven": item.facts["is_proven"],
                "threshold": item.facts["threshold"],
            }
            for item in reversed(handoffs)
        ]
        others = [each for each in found.of("model") if not each.is_of_a_fold and each.path not in sources]
        return {"words": self._words, "models": ready, "without": [each.name for each in reversed(others)]}

    def find(self, name: str) -> Item:
        """Find a hand-off.

        Raises:
            InvalidInput: There is none of that name that can be run.
        """
        for item in self._overview.scan().of("handoff"):
            if item.path.parent.name == name and (item.path.parent / CLIENT).is_file():
                return item
        todo = f"./inv handoff --model {name}" if paths.is_name(name) else ""
        raise InvalidInput(name, found="no hand-off of that name", expected="one with its client", todo=todo)

    def thresholds(self, name: str) -> dict[str, Any]:
        """Return what the validation people say to each threshold of a hand-off's model, and how to ask them."""
        item = self.find(name)
        thresholds = said_by_validation(self._overview.scan(), item)
        return {**thresholds, "starts": self._overview.starts(thresholds["command"]) if thresholds["command"] else None}


def make_routes(guard: Guard, desk: TryDesk, lang: str) -> list[Route]:
    """Build the routes.

    Args:
        guard: Lets people in.
        desk: Answers.
        lang: The page's first language.
    """
    files = {path.name: path for path in PAGE.iterdir() if path.suffix in _FILE_TYPES}
    files |= {name: _STUDIO_PAGE / name for name in _BORROWED}

    async def page(request: Request) -> Response:
        chosen = request.query_params.get("lang", lang)
        text = fill((PAGE / "try.html").read_text(encoding="utf-8"), {"lang": chosen if chosen in LANGS else lang})
        return Response(text, media_type="text/html; charset=utf-8", headers=_HEADERS)

    async def page_file(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            return say("not found", 404)
        return Response(path.read_bytes(), media_type=_FILE_TYPES[path.suffix], headers=_HEADERS)

    async def start(request: Request) -> Response:
        return await _answer(desk.start)

    async def thresholds(request: Request) -> Response:
        return await _answer(lambda: desk.thresholds(request.query_params.get("model", "")))

    async def runtime(request: Request) -> Response:
        body = await guard.read_json(request)
        return body if isinstance(body, Response) else await _answer(_fetch_runtime)

    async def model_file(request: Request) -> Response:
        try:
            item = await run_in_threadpool(desk.find, request.path_params["name"])
        except SmilebenchError as error:
            return say(str(error), 404)
        if not paths.is_within(item.path, paths.artifacts("handoff")):
            return say("not found", 404)
        return _send(item.path.parent, request.path_params["rest"])

    async def ort_file(request: Request) -> Response:
        return await _send_of(ONNXRUNTIME_WEB, "dist", request)

    async def tasks_file(request: Request) -> Response:
        return await _send_of(TASKS_VISION, "", request)

    return [
        Route("/try", guard.private(page)),
        Route("/try/page/{name}", guard.private(page_file)),
        Route("/api/try/start", guard.private(start)),
        Route("/api/try/thresholds", guard.private(thresholds)),
        Route("/api/try/runtime", guard.private(runtime), methods=["POST"]),
        Route("/try/model/{name}/{rest:path}", guard.private(model_file)),
        Route("/try/ort/{rest:path}", guard.private(ort_file)),
        Route("/try/tasks/{rest:path}", guard.private(tasks_file)),
    ]


def _fetch_runtime() -> dict[str, Any]:
    """Fetch onnxruntime-web and MediaPipe for the web by npm, unless they are here."""
    ONNXRUNTIME_WEB.install()
    TASKS_VISION.install()
    return {"ready": True}


async def _send_of(package: NpmPackage, below: str, request: Request) -> Response:
    """Send a file of an npm package."""
    try:
        folder = await run_in_threadpool(package.install)
    except SmilebenchError as error:
        return say(str(error), 503)
    return _send(folder / below, request.path_params["rest"])


def _send(folder: Path, rest: str) -> Response:
    """Send a file of a folder; none that is hidden, of another kind, or behind a way out of the folder."""
    parts = PurePosixPath(rest).parts
    file = folder / rest
    is_odd = "\\" in rest or "\0" in rest or any(part.startswith((".", "/")) for part in parts)
    if is_odd or not parts or file.suffix.lower() not in CONTENT_TYPES:
        return say("not found", 404)
    if not file.is_file() or not paths.is_within(file, folder):
        return say("not found", 404)
    kept = {"Cache-Control": "no-cache"}  # a browser asks whether it has changed, and loads it once
    return FileResponse(file, media_type=CONTENT_TYPES[file.suffix.lower()], headers={**_HEADERS, **kept})


async def _answer(give: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(give))
    except SmilebenchError as error:
        return JSONResponse({"error": str(error)}, status_code=422)
