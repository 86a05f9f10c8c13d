"""A web server for pages on this computer: static files of listed folders, as the front end must serve them.

Sends the headers that wasm threads ask for (COOP, COEP) and a policy that keeps every request on this computer. Listens
on the loopback address only; lists no folder, follows no way out of a folder, writes nothing. It answers byte ranges:
without them a browser cannot seek in a film.
"""

import posixpath
import urllib.parse
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.loopback import HEADERS, HOST, OWN_NAMES, LocalServer, listen

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".mts": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
    ".bin": "application/octet-stream",
    ".task": "application/octet-stream",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
# Threads in wasm need SharedArrayBuffer, which browsers give only to isolated pages.
ISOLATION = ("Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy")
# Pages and workers load from this server alone; wasm must be compiled, blob: is for onnxruntime's own workers.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PageServer:
    """Serves folders on http://127.0.0.1:<port>/ while it is open. Use it as a context manager.

    Args:
        folders: Address prefix to folder: ``{"/": pages, "/model/": handoff, "/ort/": package / "dist"}``. The longest
            prefix that fits decides; a file missing there is not looked for elsewhere.
        port: 0 takes a free one.
        isolated: Send COOP and COEP. Off shows what a page does on a server that has neither.
        apps: Address prefix to an application that answers all below it, by any method: ``{"/keep": app}``.

    Raises:
        OSError: The port is taken.

    Attributes:
        url: The address of "/", with a slash at its end.
        requests: Paths asked for so far with the status answered; a test can see what a page loads.

    Example:
        >>> with PageServer({"/": Path("pages")}) as server:  # doctest: +SKIP
        ...     print(server.url)
        http://127.0.0.1:40213/
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        port: int = 0,
        *,
        isolated: bool = True,
        apps: Mapping[str, ASGIApp] | None = None,
    ) -> None:
        self.requests: list[tuple[str, int]] = []
        self._folders = {
            "/" + prefix.strip("/") + ("/" if prefix.strip("/") else ""): folder.resolve()
            for prefix, folder in folders.items()
        }
        self._isolated = isolated
        self._apps = {"/" + prefix.strip("/"): app for prefix, app in (apps or {}).items()}
        listener = listen([port])
        self.url = f"http://{HOST}:{listener.getsockname()[1]}/"
        self._server = LocalServer(self._answer, listener)

    def __enter__(self) -> "PageServer":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self._server.close()

    def serve_forever(self) -> None:
        """Answer in this thread until Control-C; for a page that a person looks at."""
        self._server.run()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every answer carries."""
        headers = {
            **HEADERS,
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cache-Control": "no-cache",
        }
        return headers if self._isolated else {name: headers[name] for name in headers.keys() - ISOLATION}

    def find(self, target: str) -> Path | None:
        """Find the file that an address means; None if there is none that may be served.

        Args:
            target: As a browser sends it: ``/model/a%20b.onnx?x=1``.
        """
        path = urllib.parse.unquote(target.split("?")[0].split("#")[0])
        parts = PurePosixPath(path).parts
        if not path.startswith("/") or "\\" in path or "\0" in path or ".." in parts:
            return None
        path = posixpath.normpath(path) + ("/" if path.endswith("/") and path != "/" else "")
        path = "/" + path.lstrip("/")
        prefixes = [prefix for prefix in self._folders if path.startswith(prefix)]
        if not prefixes:
            return None
        prefix = max(prefixes, key=len)
        folder = self._folders[prefix]
        rest = path[len(prefix) :]
        if any(part.startswith(".") for part in PurePosixPath(rest).parts):
            return None
        file = folder / (rest + "index.html" if rest == "" or rest.endswith("/") else rest)
        if file.suffix.lower() not in CONTENT_TYPES or not file.resolve().is_relative_to(folder):
            return None
        return file if file.is_file() else None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an ASGI application."""
        target = scope["raw_path"].decode("ascii", "replace")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("ascii", "replace")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.requests.append((target, message["status"]))
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if (found := self._app_for(Request(scope))) is not None:
            await found[1]({**scope, "root_path": found[0]}, receive, send_with_headers)
            return
        await self._respond(Request(scope), target)(scope, receive, send_with_headers)

    def _app_for(self, request: Request) -> tuple[str, ASGIApp] | None:
        """Find the application that answers a request of our own page."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host.rsplit(":", 1)[0] not in OWN_NAMES or origin not in (None, f"http://{host}"):
            return None
        return next(((p, app) for p, app in self._apps.items() if request.url.path.startswith(f"{p}/")), None)

    def _respond(self, request: Request, target: str) -> Response:
        """Choose the file, or refuse."""
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("only GET and HEAD\n", 501)
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        file = self.find(target) if host in OWN_NAMES else None
        if file is None:
            return PlainTextResponse("not found\n", 404)
        return FileResponse(file, media_type=CONTENT_TYPES[file.suffix.lower()])
