"""A web server for pages on this computer: static files of listed folders, as the front end must serve them.

Sends the headers that wasm threads ask for (COOP, COEP) and a policy that keeps every request on this computer. Listens
on the loopback address only; lists no folder, follows no way out of a folder, writes nothing.
"""

import http
import http.server
import posixpath
import threading
import urllib.parse
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
    ".bin": "application/octet-stream",
    ".task": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon",
    ".mp4": "video/mp4",
}
# Threads in wasm need SharedArrayBuffer, which browsers give only to isolated pages.
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
# Pages and workers load from this server alone; wasm must be compiled, blob: is for onnxruntime's own workers.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CHUNK_BYTES = 1 << 20


class PageServer:
    """Serves folders on http://127.0.0.1:<port>/ while it is open. Use it as a context manager.

    Args:
        folders: Address prefix to folder: ``{"/": pages, "/model/": handoff, "/ort/": package / "dist"}``. The longest
            prefix that fits decides; a file missing there is not looked for elsewhere.
        port: 0 takes a free one.
        isolated: Send COOP and COEP. Off shows what a page does on a server that has neither.

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

    def __init__(self, folders: Mapping[str, Path], port: int = 0, *, isolated: bool = True) -> None:
        self.requests: list[tuple[str, int]] = []
        self._folders = {
            "/" + prefix.strip("/") + ("/" if prefix.strip("/") else ""): folder.resolve()
            for prefix, folder in folders.items()
        }
        self._isolated = isolated
        handler = type("Handler", (_Handler,), {"pages": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "PageServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Answer in this thread until it is interrupted (Control-C); for a page that a person looks at."""
        try:
            self._server.serve_forever(0.2)
        finally:
            self._server.server_close()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every answer carries."""
        return {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-cache",
            **(ISOLATION if self._isolated else {}),
        }

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


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD for one PageServer."""

    pages: PageServer
    protocol_version = "HTTP/1.1"
    timeout = 60.0  # a browser keeps connections open; one that is gone must not hold its thread for ever
    server_version = "smilebench"
    sys_version = ""

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send a file's headers."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        # A page elsewhere could reach this server under a name of its own that leads to 127.0.0.1.
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        file = self.pages.find(self.path) if host in ("127.0.0.1", "localhost") else None
        try:
            if file is None:
                self._send(http.HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"not found\n", with_body)
                return
            with file.open("rb") as stream:
                self._send_head(http.HTTPStatus.OK, CONTENT_TYPES[file.suffix.lower()], file.stat().st_size)
                while with_body and (piece := stream.read(_CHUNK_BYTES)):
                    self.wfile.write(piece)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page was closed while it loaded

    def _send(self, status: http.HTTPStatus, content_type: str, body: bytes, with_body: bool) -> None:
        self._send_head(status, content_type, len(body))
        if with_body:
            self.wfile.write(body)

    def _send_head(self, status: http.HTTPStatus, content_type: str, n_bytes: int) -> None:
        self.pages.requests.append((self.path, int(status)))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(n_bytes))
        for name, value in self.pages.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what a page loads is in `requests`."""
