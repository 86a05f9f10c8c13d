"""The keep endpoint as an ASGI application: consent, kept moments, their films, and their deletion.

The same contract for the game on this computer and for a team's own page; who may speak for whom is the caller's
business (`Allow`). Nothing of a request's body is read before token and consent are checked, and none of it touches the
disk on the way: what arrives is held in memory until `tools.game.keep.store` writes it.
"""

import hashlib
import hmac
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from shared import paths
from shared.dataset.statement import read_statement
from shared.text.catalogue import LANGS
from shared.web.bodies import BodyRefused, pieces_of, read_json
from tools.game.keep.moment import MOST_SECONDS, STATUS, Code, Refused, read_moment
from tools.game.keep.store import MomentStore

MOST_BYTES = 48 << 20  # 60 s of 224 px pictures at 30 a second have about 25 MB as JPEG
MOST_JSON_BYTES = 256 << 10
VERSION = 1
Allow = Callable[[Request, str], bool]
Answer = Callable[[Request], Awaitable[Response]]
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class _InMemory(MultiPartParser):
    """Parts stay in memory: a moment must not lie in a temporary file before it is kept."""

    spool_max_size = MOST_BYTES

    def close(self) -> None:
        """Let go of the parts, those of a form that broke off too."""
        for file in self._files_to_close_on_error:
            file.close()


def bearer(request: Request) -> str:
    """Return the token of a request's Authorization header; empty where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def by_one_token(token: str) -> Allow:
    """Let whoever has the token speak for anybody: players who sit before one computer."""
    return lambda request, subject_id: hmac.compare_digest(bearer(request).encode(), token.encode())


def by_person(subject_of_hash: Mapping[str, str]) -> Allow:
    """Let each token speak for its own person only.

    Args:
        subject_of_hash: From a token's sha256, in hex, to the person's pseudonym.
    """

    def allow(request: Request, subject_id: str) -> bool:
        token = bearer(request)
        return bool(token) and subject_of_hash.get(hashlib.sha256(token.encode()).hexdigest()) == subject_id

    return allow


def make_app(store: MomentStore, allow: Allow, given_by: str = "self") -> Starlette:
    """Build the application; mount it where the page's `keep` address points.

    Args:
        store: Where moments go.
        allow: Whether a request may speak for a person.
        given_by: Who consents on the page: ``self`` or ``guardian``.
    """

    def whose(request: Request) -> str:
        subject_id = request.query_params.get("subject", "")
        if not paths.is_subject(subject_id):
            raise Refused(Code.BAD_REQUEST, "subject: expected a pseudonym such as s01")
        if not allow(request, subject_id):
            raise Refused(Code.NOT_ALLOWED, "the token does not fit")
        return subject_id

    async def info(request: Request) -> Response:
        whose(request)
        lang = request.query_params.get("lang", "en")
        statement = read_statement("ko" if lang == "ko" else "en")
        return JSONResponse(
            {
                "version": VERSION,
                "dataset": store.folder.name,
                "most_bytes": MOST_BYTES,
                "most_seconds": MOST_SECONDS,
                "statement": {
                    "lang": statement.lang,
                    "version": statement.version,
                    "sha256": statement.sha256,
                    "title": statement.title,
                    "points": statement.points,
                    "questions": statement.questions,
                },
            }
        )

    async def consent_of(request: Request) -> Response:
        scopes = await run_in_threadpool(store.agreed, whose(request))
        return JSONResponse({"has_consent": scopes is not None, "scopes": scopes or ()})

    async def agree(request: Request) -> Response:
        subject_id = whose(request)
        answer = await _read_json(request)
        scopes, lang, sha256 = answer.get("scopes"), answer.get("lang"), answer.get("statement_sha256")
        if not isinstance(scopes, list) or not set(map(str, scopes)) <= {"train", "publish"} or lang not in LANGS:
            raise Refused(Code.BAD_REQUEST, "expected scopes (train, publish), lang (ko, en) and statement_sha256")
        await run_in_threadpool(store.agree, subject_id, sorted(set(scopes), reverse=True), lang, str(sha256), given_by)
        return await consent_of(request)

    async def keep(request: Request) -> Response:
        subject_id = whose(request)
        if (reason := await run_in_threadpool(store.why_not, subject_id)) is not None:
            raise Refused(Code.NO_CONSENT, f"{subject_id}: {reason}")
        document, pictures = await _read_parts(request)
        moment = await run_in_threadpool(read_moment, document, pictures)
        if moment.subject_id != subject_id:
            raise Refused(Code.BAD_REQUEST, f"a moment of {moment.subject_id}, sent for {subject_id}")
        kept = await run_in_threadpool(store.keep, moment)
        return JSONResponse(kept.as_json(), 200 if kept.was_known else 201)

    async def moments(request: Request) -> Response:
        found = await run_in_threadpool(store.list_moments, whose(request))
        return JSONResponse({"moments": [kept.as_json() for kept in found]})

    async def film(request: Request) -> Response:
        path = await run_in_threadpool(store.film_of, whose(request), request.path_params["moment_id"])
        return FileResponse(path, media_type="video/mp4")

    async def delete(request: Request) -> Response:
        await run_in_threadpool(store.delete, whose(request), request.path_params["moment_id"])
        return Response(status_code=204)

    def answered(answer: Answer) -> Answer:
        """Say by a code what was refused, and let no browser keep anything."""

        async def checked(request: Request) -> Response:
            try:
                response = await answer(request)
            except Refused as refusal:
                response = _say(refusal.code, refusal.text)
            for name, value in _HEADERS.items():
                response.headers[name] = value
            return response

        return checked

    def found_nothing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": {"code": Code.BAD_REQUEST, "text": error.detail}}, error.status_code)

    return Starlette(
        routes=[
            Route("/info", answered(info)),
            Route("/consent", answered(consent_of)),
            Route("/consent", answered(agree), methods=["POST"]),
            Route("/moments", answered(moments)),
            Route("/moments", answered(keep), methods=["POST"]),
            Route("/moments/{moment_id}/film", answered(film)),
            Route("/moments/{moment_id}", answered(delete), methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: found_nothing},
    )


def _say(code: Code, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, STATUS[code])


async def _read_json(request: Request) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Refused: It is none, too large, too slow, or the page has gone.
    """
    try:
        return await read_json(request, MOST_JSON_BYTES)
    except BodyRefused as refusal:
        raise _refused(refusal) from None


def _refused(refusal: BodyRefused) -> Refused:
    return Refused(Code.TOO_LARGE if refusal.status == 413 else Code.BAD_REQUEST, refusal.text)


async def _counted(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """Give a body's pieces until there are too many.

    Raises:
        Refused: Too large, too slow, or the page has gone.
    """
    try:
        async for piece in pieces_of(request, most_bytes):
            yield piece
    except BodyRefused as refusal:
        raise _refused(refusal) from None


async def _again(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


async def _read_parts(request: Request) -> tuple[bytes, bytes]:
    """Read the two parts of a moment: its document and its pictures.

    Raises:
        Refused: No multipart/form-data, too large, cut off, or other parts.
    """
    if request.headers.get("content-type", "").split(";")[0] != "multipart/form-data":
        raise Refused(Code.BAD_REQUEST, "expected multipart/form-data with the parts moment and pictures")
    pieces = [piece async for piece in _counted(request, MOST_BYTES)]
    parts: dict[str, bytes] = {}
    parser = _InMemory(request.headers, _again(pieces), max_files=2, max_fields=2, max_part_size=MOST_JSON_BYTES)
    try:
        for name, part in (await parser.parse()).multi_items():
            if name in parts:
                raise Refused(Code.BAD_REQUEST, f"the part {name} twice")
            parts[name] = await part.read() if isinstance(part, UploadFile) else part.encode("utf-8")
    except (MultiPartException, KeyError) as error:
        raise Refused(Code.BAD_REQUEST, f"no multipart/form-data ({error})") from None
    finally:
        parser.close()
    if set(parts) != {"moment", "pictures"}:
        raise Refused(Code.BAD_REQUEST, f"the parts {', '.join(sorted(parts)) or 'none'}; expected moment and pictures")
    if len(parts["moment"]) > MOST_JSON_BYTES:
        raise Refused(Code.TOO_LARGE, f"moment: more than {MOST_JSON_BYTES} bytes")
    return parts["moment"], parts["pictures"]
