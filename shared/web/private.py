"""Pages on this computer that hold something private: a secret in the address, this computer only, one origin.

A page elsewhere that knows the port has neither the secret nor our Host and Origin, so it can neither read a picture
nor send anything. Port and secret stay the same from one start to the next (for a day), so that a page that was open
when the server died can reconnect. Knows nothing of what is served.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shared.errors import WrongUsage
from shared.text.catalogue import LANGS
from shared.text.template import fill
from shared.web.loopback import HEADERS, OWN_NAMES, listen

FIRST_PORT, N_PORTS = 20000, 12000  # below the range of ephemeral ports
TOKEN_DAYS = 1.0
MAX_BODY_BYTES = 1 << 20
_FILE_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {**HEADERS, "Content-Security-Policy": POLICY, "X-Frame-Options": "DENY"}
Answer = Callable[[Request], Awaitable[Response]]


def listen_as(name: str, port: int) -> socket.socket:
    """Listen on the port that was chosen, or on the name's own or one near it.

    Args:
        name: Of what is served, and for whom: the same name gives the same port.
        port: 0 for the name's own.

    Raises:
        WrongUsage: The port is taken.
    """
    own = FIRST_PORT + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % N_PORTS
    candidates = [port] if port else [own, own + 1, own + 2, 0]
    try:
        return listen(candidates)
    except OSError as error:
        found = f"{candidates[0]} ({error.strerror})"
    raise WrongUsage("--port", found=found, expected="a free port; omit --port to choose one")


def read_token(path: Path) -> str:
    """Return the secret that a file holds; a new one each day, readable by this user only."""
    with contextlib.suppress(OSError):
        age_s = time.time() - path.stat().st_mtime
        known = path.read_text(encoding="ascii").strip()
        is_own = not path.is_symlink() and not path.stat().st_mode & 0o077
        if 0 <= age_s < TOKEN_DAYS * 86400 and len(known) >= 32 and is_own:
            return known
    token = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(token)
    return token


class Guard:
    """Lets in who came by the address with the secret, and nobody else.

    Args:
        token: The secret.
        port: That the server listens on.
        name: Of the cookie; cookies know no ports, so the port is added.
    """

    def __init__(self, token: str, port: int, name: str) -> None:
        self._token, self._cookie = token, f"{name}_{port}"
        self._hosts = {f"{host}:{port}" for host in OWN_NAMES}

    def is_ours(self, request: Request) -> bool:
        """Tell whether a request carries the secret."""
        given = request.cookies.get(self._cookie, "")
        return hmac.compare_digest(given.encode(), self._token.encode())

    def guarded(self, answer: Answer) -> Answer:
        """Refuse what does not come from the page itself, and give every answer its headers."""

        async def checked(request: Request) -> Response:
            host, origin = request.headers.get("host", ""), request.headers.get("origin")
            if host not in self._hosts or (origin is not None and origin != f"http://{host}"):
                return say("forbidden", 403)
            is_foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
            if is_foreign and request.url.path != "/":  # other sites may link to the page, but not read it
                return say("forbidden", 403)
            response = await answer(request)
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)  # an answer may bring a policy of its own
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return checked

    def private(self, answer: Answer) -> Answer:
        """Guard an answer that only who carries the secret may have."""

        async def checked(request: Request) -> Response:
            return await answer(request) if self.is_ours(request) else say("forbidden", 403)

        return self.guarded(checked)

    def enter(self, request: Request) -> Response | None:
        """Take the secret of the address into a cookie, or refuse; None for who is in already."""
        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(), self._token.encode()):
            response: Response = RedirectResponse("/", status_code=303)
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
            return response
        if not self.is_ours(request):
            return say("No access: open the address shown in the terminal.\n터미널에 나온 주소로 여세요.", 403)
        return None

    async def read_json(self, request: Request) -> bytes | Response:
        """Return what the page sends as JSON, or the answer that refuses it."""
        if request.headers.get("origin") is None:
            return say("forbidden", 403)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return say("expected JSON", 415)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return say("too much", 413)
        return body


def page_routes(guard: Guard, folder: Path, lang: str, values: Mapping[str, str] | None = None) -> list[Route]:
    """Serve a page's own files: page.html at the root, its scripts and styles under /page/.

    Args:
        guard: Lets people in.
        folder: Where the page's files lie.
        lang: Its language, unless its address names another.
        values: What else ``{{name}}`` stands for in page.html.
    """
    files = {file.name: _FILE_TYPES[file.suffix] for file in folder.iterdir() if file.suffix in _FILE_TYPES}

    async def index(request: Request) -> Response:
        if (response := guard.enter(request)) is not None:
            return response
        text = (folder / "page.html").read_text(encoding="utf-8")
        chosen = request.query_params.get("lang", lang)
        text = fill(text, {**(values or {}), "lang": chosen if chosen in LANGS else lang})
        return Response(text, media_type="text/html; charset=utf-8")

    async def page_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return say("not found", 404)
        return Response((folder / name).read_bytes(), media_type=files[name])

    return [Route("/", guard.guarded(index)), Route("/page/{name}", guard.private(page_file))]


def say(text: str, status: int) -> Response:
    """Answer with a line of text."""
    return Response(text + "\n", status_code=status, media_type="text/plain; charset=utf-8")
