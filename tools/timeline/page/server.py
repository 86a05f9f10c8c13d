"""Serves a timeline's page on this computer: the film in byte ranges, curves, moments, thumbnails; takes marks.

To look (``show``) the page has curves and moments; to mark (``label``) it has neither, so that nobody is led. Reads the
timeline and the film; writes a rater's marks, and thumbnails and a proxy beside the timeline.
"""

import dataclasses
import errno
import json
import sys
import webbrowser
from pathlib import Path
from typing import Any

import cv2
import filelock
import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from shared.arrays import F64
from shared.errors import InvalidInput, SmilebenchError
from shared.text.catalogue import by_language, read_catalogue
from shared.video import Film
from shared.web.loopback import HOST, LocalServer
from shared.web.private import Guard, listen_as, page_routes, read_token, say
from tools.timeline.config import PageConfig
from tools.timeline.moments import curves
from tools.timeline.moments.write import read_moments
from tools.timeline.page.proxy import playable
from tools.timeline.table.rows import Timeline, read_timeline
from tools.timeline.truth import labels

_HERE = Path(__file__).parent
TEXTS = read_catalogue(_HERE / "words.toml")
_THUMB_PX = 240
_MOST_EVENTS = 5000


@dataclasses.dataclass(frozen=True)
class Served:
    """What was served until it was stopped."""

    name: str
    rater: str | None
    n_events: int
    exit_code: int = 0  # stopping is the normal end

    def as_text(self) -> str:
        """Summarise for people."""
        if self.rater is None:
            return f"{self.name} was shown"
        todo = f"measure: ./inv timeline-score --timeline {self.name}"
        return f"{self.n_events} marks of {self.rater} in {self.name}; {todo}"

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"name": self.name, "rater": self.rater, "n_events": self.n_events}


class Desk:
    """What a page shows and takes.

    Args:
        timeline: The film's.
        film: What the browser plays: the film, or its proxy.
        rater: Who marks; None to look.
    """

    def __init__(self, timeline: Timeline, film: Path, rater: str | None) -> None:
        self.timeline, self.film, self.rater = timeline, film, rater
        self.moments = None if rater else read_moments(timeline.folder)
        self._thumbs: dict[int, bytes] = {}

    def events(self) -> list[labels.Event]:
        """Return the rater's marks so far."""
        if self.rater is None or not (path := labels.labels_file(self.timeline, self.rater)).is_file():
            return []
        return labels.read_labels(path, self.timeline)[1]

    def state(self) -> dict[str, Any]:
        """Return what the page needs to begin."""
        film = self.timeline.manifest["film"]
        facts = {key: film[key] for key in ("file", "duration_s", "fps", "width_px", "height_px", "licence")}
        state = {"name": self.timeline.name, "film": facts, "rater": self.rater, "words": by_language(TEXTS)}
        if self.moments is None:
            return {**state, "events": [vars(event) for event in self.events()]}
        sound = [curves.LOUDNESS] if self.timeline.sound else []
        sound += [curves.LAUGHTER] if curves.heard(self.timeline) else []
        fun = self.timeline.manifest["provider"]["fun"]
        names = list(dict.fromkeys([*fun, *sound, *self.timeline.channels]))
        keys = ("step_s", "score", "tension", "moments", "rules", "channels")
        found = {key: self.moments[key] for key in keys}
        return {**state, **found, "names": names, "cuts_s": self.timeline.manifest["cuts_s"]}

    def channel(self, name: str) -> list[float | None]:
        """Return a channel by beat."""
        track = self.moments["track"] if self.moments else None
        return _numbers(curves.channel(self.timeline, name, track))

    def thumbnail(self, number: int) -> bytes | None:
        """Return a moment's picture at its peak as JPEG; None where there is no such moment."""
        moments = self.moments["moments"] if self.moments else []
        if not 0 <= number < len(moments):
            return None
        if number not in self._thumbs:
            self._thumbs[number] = _draw_thumbnail(self.timeline.film(), moments[number]["peak_s"])
        return self._thumbs[number]

    def take(self, body: bytes) -> list[dict[str, Any]]:
        """Replace the rater's marks by what the page sends; returns what is on the disk.

        Raises:
            InvalidInput: A mark is invalid.
            ValueError: Not a list of marks.
        """
        if self.rater is None:
            raise ValueError("this page takes no marks")
        listed = json.loads(body)["events"]
        if not isinstance(listed, list) or len(listed) > _MOST_EVENTS:
            raise ValueError(f"expected a list of at most {_MOST_EVENTS}")
        events = [labels.Event(float(one["start_s"]), float(one["end_s"]), int(one["rating"])) for one in listed]
        return list(labels.write_labels(self.timeline, self.rater, events)["events"])


def _numbers(values: F64) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def _draw_thumbnail(film: Path, time_s: float) -> bytes:
    """Draw the frame that is on screen at a time."""
    chosen = None
    with Film(str(film)) as opened:
        for frame in opened.decode(from_s=time_s):
            if chosen is not None and frame.time_s > time_s + 1e-6:
                break
            chosen = frame
        if chosen is None:
            raise InvalidInput(str(film), found=f"no frame at {time_s:.2f} s", expected="one")
        picture = chosen.to_rgb()
    height = max(1, round(picture.shape[0] * _THUMB_PX / picture.shape[1]))
    small = cv2.resize(picture, (_THUMB_PX, height), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small[:, :, ::-1])[1].tobytes())


def serve(config: PageConfig) -> Served:
    """Serve the page until Ctrl-C.

    Raises:
        InvalidInput: No timeline, no moments, the film is gone, or this rater's page is already open.
        WrongUsage: The port is taken.
    """
    timeline = read_timeline(config.timeline)
    desk = Desk(timeline, playable(timeline), config.rater)
    desk.events()
    lock = filelock.FileLock(config.timeline / f".page-{config.rater or ''}.lock")
    try:
        with lock.acquire(timeout=0):
            listener = listen_as(f"{config.timeline}|{config.rater}", config.port)
            port = int(listener.getsockname()[1])
            token = read_token(config.timeline / f".token-{config.rater or 'show'}")
            url = f"http://{HOST}:{port}/?token={token}"
            print(f"page of {timeline.name}: {url}\nstop with Ctrl-C", file=sys.stderr, flush=True)
            if config.open_browser:
                webbrowser.open(url)
            LocalServer(make_app(desk, token, port, config.lang), listener).run()
    except filelock.Timeout:
        found = f"a page of {config.rater or timeline.name} that is already open"
        raise InvalidInput(str(config.timeline), found=found, expected="one at a time") from None
    return Served(timeline.name, config.rater, len(desk.events()))


def make_app(desk: Desk, token: str, port: int, lang: str) -> Starlette:
    """Build the web application; separate, so that a test can ask it without a port."""
    guard = Guard(token, port, "timeline")

    async def state(request: Request) -> Response:
        return await _answer(desk.state)

    async def channel(request: Request) -> Response:
        return await _answer(lambda: desk.channel(request.path_params["name"]))

    async def thumbnail(request: Request) -> Response:
        try:
            data = await run_in_threadpool(desk.thumbnail, int(request.path_params["number"]))
        except SmilebenchError as error:
            return say(str(error), 404)
        headers = {"Cache-Control": "private, max-age=60"}
        return say("not found", 404) if data is None else Response(data, media_type="image/jpeg", headers=headers)

    async def film(request: Request) -> Response:
        try:
            return FileResponse(desk.film, media_type="video/webm" if desk.film.suffix == ".webm" else "video/mp4")
        except OSError as error:
            return say(errno.errorcode.get(error.errno or 0, "error"), 404)

    async def take(request: Request) -> Response:
        body = await guard.read_json(request)
        if isinstance(body, Response):
            return body
        try:
            return JSONResponse({"events": await run_in_threadpool(desk.take, body)})
        except InvalidInput as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            return JSONResponse({"error": f"no marks: {error}"}, status_code=400)
        except OSError as error:
            return JSONResponse({"error": str(error)}, status_code=500)

    routes = [
        *page_routes(guard, _HERE, lang, {"mode": "label" if desk.rater else "show"}),
        Route("/api/state", guard.private(state)),
        Route("/api/channel/{name}", guard.private(channel)),
        Route("/api/events", guard.private(take), methods=["POST"]),
        Route("/thumbnail/{number:int}", guard.private(thumbnail)),
        Route("/film", guard.private(film)),
    ]
    return Starlette(routes=routes)


async def _answer(give: Any) -> Response:
    """Answer with JSON, or with the reason why not."""
    try:
        return JSONResponse(await run_in_threadpool(give))
    except SmilebenchError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
