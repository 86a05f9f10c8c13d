"""What the recording page asks of the server; who may ask is the gate's business (`Gate`).

/record                 the page         /record/page/{name}      its scripts, styles
/api/record/start       words            /api/record/dataset      protocol, next pseudonym
/api/record/person      consent, takes   /api/record/consent      the person's answer
/api/record/look        a picture        /api/record/takes/{id}…  a film, in parts, and what became of it
"""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.dataset.statement import read_statement
from shared.errors import SmilebenchError
from shared.text.catalogue import LANGS, Lang, by_language, read_catalogue
from shared.text.fault_words import FAULT_WORDS
from shared.text.template import fill
from shared.web.bodies import BodyRefused, read_body, read_json
from shared.web.private import say
from tools.studio.record import looks, people
from tools.studio.record.refusal import STATUS, Code, Refused
from tools.studio.record.takes import PART_BYTES, Begun, TakeBox, most_bytes

PAGE = Path(__file__).parent / "page"
_STUDIO_PAGE = PAGE.parents[1] / "page"  # dom.js is the same in all pages of the studio
_BORROWED = ("dom.js",)
_FILE_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_MOST_JSON_BYTES, _WITHIN_S = 64 << 10, 30.0
_PERMISSIONS = "camera=(self), microphone=(), geolocation=(), display-capture=()"
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        owner: The session; its takes are nobody else's.
        dataset: The only dataset that it may record into; None for any.
        may_speak_for: Tells whether it may record a person into a dataset's folder.
        agreed: Is told of each person who has agreed on the page.
        subject_id: Whom it was let in for; None for anybody.
    """

    owner: str
    dataset: str | None
    may_speak_for: Callable[[Path, people.Person], bool]
    agreed: Callable[[str], None]
    subject_id: str | None = None


class Gate(Protocol):
    """Lets people in."""

    def private(self, answer: Answer) -> Answer:
        """Guard an answer that only who was let in may have; what changes something must come from the page itself."""
        ...

    def visitor(self, request: Request) -> Visitor:
        """Say who asks; only of requests that `private` lets through."""
        ...


class RecordingDesk:
    """What the recording page is given, the same for this computer and for phones.

    Args:
        box: Takes films in.
        looker: Judges what the camera sees.

    Attributes:
        invite: Makes a code for a phone of a dataset and a pseudonym; None where phones are not served.
    """

    def __init__(self, box: TakeBox, looker: looks.Looker) -> None:
        self.box, self.looker = box, looker
        self.invite: Callable[[str, str], dict[str, Any]] | None = None
        self._agreeing = threading.Lock()
        self._words = by_language(read_catalogue(PAGE / "words.toml", FAULT_WORDS))

    def close(self) -> None:
        """Begin no more takes, and let go of the models."""
        self.box.close()
        self.looker.close()

    def start(self, visitor: Visitor) -> dict[str, Any]:
        """Return what the page needs once."""
        statements = {}
        for lang in LANGS:
            statement = read_statement(lang)
            statements[lang] = {key: getattr(statement, key) for key in ("sha256", "title", "points", "questions")}
        return {
            "words": self._words,
            "statements": statements,
            "datasets": people.list_datasets() if visitor.dataset is None else [visitor.dataset],
            "is_fixed": visitor.dataset is not None,
            "subject": visitor.subject_id,
            "has_phones": visitor.dataset is None and self.invite is not None,
            "part_bytes": PART_BYTES,
        }

    def dataset(self, visitor: Visitor, name: object) -> dict[str, Any]:
        """Return a dataset's protocol, and a pseudonym that is free."""
        folder = _folder(visitor, name)
        protocol = people.protocol_of(folder)
        return {
            "dataset": folder.name,
            "next": people.next_pseudonym(folder),
            "protocol": {k: protocol.document[k] for k in ("duration_s", "phases", "windows", "positive_class")},
            "most_bytes": most_bytes(protocol.duration_s),
        }

    def person(self, visitor: Visitor, posted: dict[str, Any]) -> dict[str, Any]:
        """Say what is known of a person, and whether to ask for consent."""
        return _person(visitor, posted)[1].as_json()

    def consent(self, visitor: Visitor, posted: dict[str, Any]) -> dict[str, Any]:
        """Write down a person's answer."""
        with self._agreeing:  # two phones must not both be the first to take a pseudonym
            folder, person = _person(visitor, posted)
            people.record_consent(folder, person.subject_id, posted, _lang(posted))
            visitor.agreed(person.subject_id)
        return people.read_person(folder, person.subject_id).as_json()

    def make_code(self, visitor: Visitor, posted: dict[str, Any]) -> dict[str, Any]:
        """Make a code for a person's phone; this computer's own page alone may do so."""
        if self.invite is None or visitor.dataset is not None:
            raise Refused(Code.NOT_ALLOWED, "phones are served with --lan only, and invited at this computer")
        folder, person = _person(visitor, posted)
        return self.invite(folder.name, person.subject_id)

    def begin(self, visitor: Visitor, take_id: str, posted: dict[str, Any]) -> dict[str, Any]:
        """Make room for a film."""
        folder, person = _person(visitor, posted)
        begun = Begun(person.subject_id, folder.name, visitor.owner, _lang(posted))
        return self.box.begin(take_id, begun)


def _folder(visitor: Visitor, name: object) -> Path:
    if visitor.dataset is not None and name != visitor.dataset:
        raise Refused(Code.NOT_ALLOWED, f"this page records into {visitor.dataset}")
    return people.find_folder(name)


def _person(visitor: Visitor, posted: dict[str, Any]) -> tuple[Path, people.Person]:
    folder = _folder(visitor, posted.get("dataset"))
    person = people.read_person(folder, posted.get("subject_id"))
    if not visitor.may_speak_for(folder, person):
        raise Refused(Code.TAKEN_NAME, f"{person.subject_id} is somebody's already; ask the person in charge")
    return folder, person


def _lang(posted: dict[str, Any]) -> Lang:
    return "ko" if posted.get("lang") == "ko" else "en"


def make_routes(gate: Gate, desk: RecordingDesk, lang: Lang, address: str = "/record") -> list[Route]:
    """Build the routes.

    Args:
        gate: Lets people in.
        desk: Answers.
        lang: The page's first language.
        address: Where the page itself is.
    """
    files = {path.name: path for path in PAGE.iterdir() if path.suffix in _FILE_TYPES}
    files |= {name: _STUDIO_PAGE / name for name in _BORROWED}

    async def page(request: Request) -> Response:
        chosen = request.query_params.get("lang", lang)
        text = (PAGE / "record.html").read_text(encoding="utf-8")
        text = fill(text, {"lang": chosen if chosen in LANGS else lang, "studio": "/" if address != "/" else ""})
        return Response(
            text, media_type="text/html; charset=utf-8", headers={"Permissions-Policy": _PERMISSIONS}
        )  # fmt: skip

    async def page_file(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            return say("not found", 404)
        return Response(path.read_bytes(), media_type=_FILE_TYPES[path.suffix])

    async def start(request: Request) -> Response:
        return await _answer(desk.start, gate.visitor(request))

    async def dataset(request: Request) -> Response:
        return await _answer(desk.dataset, gate.visitor(request), request.query_params.get("dataset"))

    async def person(request: Request) -> Response:
        return await _answer(desk.person, gate.visitor(request), await read_json(request, _MOST_JSON_BYTES, _WITHIN_S))

    async def consent(request: Request) -> Response:
        return await _answer(desk.consent, gate.visitor(request), await read_json(request, _MOST_JSON_BYTES, _WITHIN_S))

    async def invite(request: Request) -> Response:
        return await _answer(
            desk.make_code, gate.visitor(request), await read_json(request, _MOST_JSON_BYTES, _WITHIN_S)
        )

    async def look(request: Request) -> Response:
        folder = _folder(gate.visitor(request), request.query_params.get("dataset"))
        picture = await _read_picture(request)
        found = await run_in_threadpool(lambda: desk.looker.look(picture, people.protocol_of(folder)))
        return JSONResponse(found) if found is not None else Response(status_code=204)

    async def begin(request: Request) -> Response:
        return await _answer(
            desk.begin, gate.visitor(request), _take(request), await read_json(request, _MOST_JSON_BYTES, _WITHIN_S)
        )

    async def put(request: Request) -> Response:
        owner = gate.visitor(request).owner
        await run_in_threadpool(desk.box.state, _take(request), owner)  # before a byte of the part is read
        data = await read_body(request, PART_BYTES, _WITHIN_S)
        await run_in_threadpool(desk.box.put, _take(request), owner, int(request.path_params["number"]), data)
        return Response(status_code=204)

    async def finish(request: Request) -> Response:
        posted = await read_json(request, _MOST_JSON_BYTES, _WITHIN_S)
        return await _answer(desk.box.finish, _take(request), gate.visitor(request).owner, posted)

    async def state(request: Request) -> Response:
        return await _answer(desk.box.state, _take(request), gate.visitor(request).owner)

    async def drop(request: Request) -> Response:
        return await _answer(desk.box.drop, _take(request), gate.visitor(request).owner)

    take = "/api/record/takes/{id}"
    return [
        Route(address, gate.private(page)),
        Route("/record/page/{name}", gate.private(page_file)),
        Route("/api/record/start", gate.private(_with_refusals(start))),
        Route("/api/record/dataset", gate.private(_with_refusals(dataset))),
        Route("/api/record/person", gate.private(_with_refusals(person)), methods=["POST"]),
        Route("/api/record/consent", gate.private(_with_refusals(consent)), methods=["POST"]),
        Route("/api/record/invite", gate.private(_with_refusals(invite)), methods=["POST"]),
        Route("/api/record/look", gate.private(_with_refusals(look)), methods=["POST"]),
        Route(take, gate.private(_with_refusals(begin)), methods=["POST"]),
        Route(take, gate.private(_with_refusals(state))),
        Route(take, gate.private(_with_refusals(drop)), methods=["DELETE"]),
        Route(take + "/parts/{number:int}", gate.private(_with_refusals(put)), methods=["PUT"]),
        Route(take + "/finish", gate.private(_with_refusals(finish)), methods=["POST"]),
    ]


def _take(request: Request) -> str:
    return str(request.path_params["id"])


async def _answer(give: Callable[..., dict[str, Any]], *given: Any) -> Response:
    return JSONResponse(await run_in_threadpool(give, *given))


def _with_refusals(answer: Answer) -> Answer:
    """Say by a code what was refused; what changes something must name its origin, which the gate has checked."""

    async def checked(request: Request) -> Response:
        try:
            if request.method != "GET" and request.headers.get("origin") is None:
                raise Refused(Code.NOT_ALLOWED, "forbidden")
            return await answer(request)
        except Refused as refusal:
            return _say(refusal.code, refusal.text)
        except BodyRefused as refusal:
            code = {413: Code.TOO_LARGE, 408: Code.TOO_SLOW}.get(refusal.status, Code.BAD_REQUEST)
            # The rest of the body is not read: the connection cannot be used again.
            return _say(code, refusal.text, {"Connection": "close"})
        except SmilebenchError as error:
            return _say(Code.BAD_DATASET, str(error))

    return checked


def _say(code: Code, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, STATUS[code], headers)


async def _read_picture(request: Request) -> bytes:
    if request.headers.get("content-type", "") != "image/jpeg":
        raise Refused(Code.BAD_REQUEST, "expected a JPEG")
    return await read_body(request, looks.MOST_BYTES, _WITHIN_S)
