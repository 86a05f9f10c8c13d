"""The gate of the phones' page: without a session every request is refused alike, whatever it asks for."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.text.catalogue import read_catalogue
from shared.web.loopback import HEADERS
from shared.web.private import POLICY, say
from tools.studio.record.lan.codes import SESSION_S, Doorkeeper, Session
from tools.studio.record.people import Person
from tools.studio.record.routes import Answer, Visitor

COOKIE = "__Host-smilebench"  # Secure, for this host alone: browsers refuse it otherwise
WORDS = Path(__file__).with_name("words.toml")
_HEADERS = {**HEADERS, "Content-Security-Policy": POLICY, "X-Frame-Options": "DENY", "Cache-Control": "no-store"}


class LanGate:
    """Lets in who came by a code.

    Args:
        doorkeeper: Knows codes and sessions.
        origin: The page's own: ``https://192.168.0.5:23456``.
    """

    def __init__(self, doorkeeper: Doorkeeper, origin: str) -> None:
        self._doorkeeper, self._origin = doorkeeper, origin
        self._no_access = "\n".join(read_catalogue(WORDS)["no_access"])

    def private(self, answer: Answer) -> Answer:
        """Give an answer; `guard` has let the request through."""
        return answer

    def visitor(self, request: Request) -> Visitor:
        """Say who asks: a phone, for somebody new or for the person whom its code was made for."""
        session: Session = request.scope["smilebench.session"]

        def may_speak_for(folder: Path, person: Person) -> bool:
            return not person.is_known or person.subject_id in (session.subject_id, *session.own)

        def agreed(subject_id: str) -> None:
            self._doorkeeper.claim(session, subject_id)

        return Visitor(session.name, session.dataset, may_speak_for, agreed, session.subject_id)

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Refuse everything that does not come from a session of this page, before any of it is looked at."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            request = Request(scope, receive)
            answer = self._refuse(request)
            if answer is None:
                scope["smilebench.session"] = self._doorkeeper.session(request.cookies[COOKIE])
                await app(scope, receive, _with_headers(send))
                return
            await answer(scope, receive, _with_headers(send))

        return guarded

    def _refuse(self, request: Request) -> Response | None:
        """Return the answer to who is not let through; None for who is."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if f"https://{host}" != self._origin or origin not in (None, self._origin):
            return say(self._no_access, 403)
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and request.url.path != "/":
            return say(self._no_access, 403)
        code = request.query_params.get("code")
        if request.method == "GET" and request.url.path == "/" and code is not None:
            return self._enter(code, request)
        session = self._doorkeeper.session(request.cookies.get(COOKIE, ""))
        if session is None:
            return say(self._no_access, 403)
        return None if self._doorkeeper.may_ask(session) else say("too many requests", 429)

    def _enter(self, code: str, request: Request) -> Response:
        secret = self._doorkeeper.enter(code, request.client.host if request.client else "")
        if secret is None:
            if self._doorkeeper.session(request.cookies.get(COOKIE, "")) is not None:
                return RedirectResponse("/", status_code=303)  # the address of a code that this phone has used
            return say(self._no_access, 403)
        response = RedirectResponse("/", status_code=303)
        # Lax: a code that is opened from a message is a visit from elsewhere; what changes something names its origin.
        response.set_cookie(
            COOKIE, secret, max_age=int(SESSION_S), path="/", secure=True, httponly=True, samesite="lax"
        )  # fmt: skip
        return response


def _with_headers(send: Send) -> Send:
    """Give every answer its headers."""

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            more = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in given)]
        await send(message)

    return sent
