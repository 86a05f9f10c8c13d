"""The page: whom it lets in, byte ranges, marks; in a real Chromium it plays, jumps and marks by keys."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from shared.errors import InvalidInput
from shared.web.loopback import LocalServer
from shared.web.private import listen_as
from tests import axe
from tools.timeline.media import write_part
from tools.timeline.page.proxy import playable, plays
from tools.timeline.page.server import Desk, make_app
from tools.timeline.table.rows import read_timeline
from tools.timeline.truth import labels

TOKEN = "t" * 43


@pytest.fixture(scope="module")
def serve(folder: Path) -> Iterator[Callable[..., int]]:
    """``serve(rater=None)``: a page's port."""
    servers = []

    def start(rater: str | None = None, name: str = "test") -> int:
        timeline = read_timeline(folder)
        listener = listen_as(f"{folder}{rater}{name}", 0)
        port = int(listener.getsockname()[1])
        server = LocalServer(make_app(Desk(timeline, playable(timeline), rater), TOKEN, port, "ko"), listener)
        server.start()
        servers.append(server)
        return port

    yield start
    for server in servers:
        server.close()


def ask(port: int, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    sent = {"Host": f"127.0.0.1:{port}", "Cookie": f"timeline_{port}={TOKEN}"}
    if body is not None:
        sent |= {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body)
    with contextlib.closing(connection):
        connection.request("GET" if body is None else "POST", path, data, sent)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())


def test_nobody_without_the_secret_sees_the_film_or_anything_else(serve: Callable[..., int]) -> None:
    port = serve()
    for path in ("/", "/film", "/api/state", "/thumbnail/0", "/page/page.js", "/api/channel/smile"):
        assert ask(port, path, Cookie="")[0] == 403
        assert ask(port, path, Cookie=f"timeline_{port}=wrong")[0] == 403
        assert ask(port, path, Host="evil.example:80")[0] == 403
        assert ask(port, path)[0] == 200
    status, _, headers = ask(port, f"/?token={TOKEN}", Cookie="")
    assert status == 303
    assert "HttpOnly" in headers["set-cookie"]
    assert ask(port, "/film", Sec_Fetch_Site="cross-site")[0] == 403
    assert "default-src 'none'" in ask(port, "/")[2]["content-security-policy"]


def test_the_film_comes_in_byte_ranges(serve: Callable[..., int], bright_film: Path) -> None:
    whole = bright_film.read_bytes()
    status, part, headers = ask(serve(), "/film", Range="bytes=1000-1999")
    assert status == 206
    assert part == whole[1000:2000]
    assert headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    assert headers["content-type"] == "video/mp4"


def test_the_state_has_curves_to_look_and_none_to_mark(serve: Callable[..., int]) -> None:
    port = serve()
    state = json.loads(ask(port, "/api/state")[1])
    assert len(state["score"]) == 60
    assert state["names"] == ["smile"]
    assert len(json.loads(ask(port, "/api/channel/smile")[1])) == 60
    assert ask(port, "/api/channel/joy")[0] == 404
    assert ask(port, "/thumbnail/0")[1][:2] == b"\xff\xd8"
    assert ask(port, "/thumbnail/9")[0] == 404
    assert ask(port, "/api/events", {"events": []})[0] == 400
    rater = json.loads(ask(serve("r9"), "/api/state")[1])
    assert not {"score", "moments", "tension"} & set(rater)
    assert rater["events"] == []


def test_marks_are_on_the_disk_when_they_are_called_saved_and_bad_ones_change_nothing(
    serve: Callable[..., int], folder: Path
) -> None:
    port = serve("r1")
    good = {"start_s": 3.0, "end_s": 4.5, "rating": 4}
    assert ask(port, "/api/events", {"events": [good]})[0] == 200
    timeline = read_timeline(folder)
    assert labels.read_all(timeline)["r1"] == [labels.Event(3.0, 4.5, 4)]
    for bad, status in (
        ([{**good, "end_s": 90}], 422),
        ([good, {**good, "start_s": 4.0}], 422),
        ([{**good, "rating": 9}], 422),
        ([{"start_s": 1}], 400),
        ("many", 400),
        ([{**good, "start_s": float("inf")}], 422),
    ):
        assert ask(port, "/api/events", {"events": bad})[0] == status
    assert ask(port, "/api/events", {"events": []}, Origin="http://evil.example")[0] == 403
    assert labels.read_all(timeline)["r1"] == [labels.Event(3.0, 4.5, 4)]


def test_a_film_that_moved_is_named(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "timeline.json").read_text())
    manifest["film"]["path"] = str(tmp_path / "gone.mp4")
    (tmp_path / "timeline.json").write_text(json.dumps(manifest))
    (tmp_path / "rows.csv").write_bytes((folder / "rows.csv").read_bytes())
    with pytest.raises(InvalidInput, match="no such file, expected the film of bright"):
        playable(read_timeline(tmp_path))


def test_what_browsers_do_not_play_is_played_from_a_proxy_with_the_same_times(
    bright_film: Path, add_sound: Callable[..., Path], tmp_path: Path
) -> None:
    import numpy as np

    film = add_sound(bright_film, tmp_path / "film.mkv", 0.1 * np.ones(30 * 16_000))
    assert plays(bright_film)
    assert not plays(film)
    write_part(film, tmp_path / "proxy.mp4")
    assert plays(tmp_path / "proxy.mp4")
    with av.open(str(film)) as one, av.open(str(tmp_path / "proxy.mp4")) as other:
        starts = [(c.start_time or 0) / 1e6 for c in (one, other)]
        wanted = [frame.time - starts[0] for frame in one.decode(video=0)]
        found = [frame.time - starts[1] for frame in other.decode(video=0)]
    assert found == pytest.approx(wanted, abs=0.002)


@pytest.fixture(scope="module")
def chrome(playwright: Any, chromium: dict[str, Any]) -> Iterator[Any]:
    opened = playwright.chromium.launch(**chromium)
    yield opened
    opened.close()


def open_page(chrome: Any, port: int, width: int, lang: str) -> tuple[Any, list[str]]:
    page, errors = chrome.new_page(viewport={"width": width, "height": 800}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"http://127.0.0.1:{port}/?token={TOKEN}")
    page.goto(f"http://127.0.0.1:{port}/?lang={lang}")
    page.wait_for_selector("body:not(.loading)")
    wait_for(lambda: page.evaluate("document.getElementById('film').readyState") >= 1)
    return page, errors


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the page's policy forbids Playwright's own way."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def now(page: Any) -> float:
    return float(page.evaluate("document.getElementById('film').currentTime"))


@pytest.mark.parametrize(("lang", "title"), [("ko", "bright: 웃긴 순간"), ("en", "bright: funny moments")])
@pytest.mark.parametrize("width", [1280, 390])
def test_moments_are_jumped_between_by_keys_and_by_clicks(
    serve: Callable[..., int], chrome: Any, width: int, lang: str, title: str
) -> None:
    page, errors = open_page(chrome, serve(name=f"{width}{lang}"), width, lang)
    assert page.title() == title
    assert page.locator("#list li").count() == 2
    page.keyboard.press("n")
    assert now(page) == pytest.approx(7.0)  # a second before the brightness of 8 s
    hangul = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ㅜ', bubbles: true}))"
    page.evaluate(hangul)  # what the same key gives on a Korean keyboard
    assert now(page) == pytest.approx(19.0)
    page.keyboard.press("p")
    assert now(page) == pytest.approx(7.0)
    page.keyboard.press("ArrowRight")
    assert now(page) == pytest.approx(12.0)
    box = page.locator("#score").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    assert now(page) == pytest.approx(15.0, abs=0.2)
    page.locator("#list .go").nth(1).click()
    assert now(page) == pytest.approx(19.0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []
    page.close()


def test_moments_are_marked_by_keys_rated_undone_and_found_again(
    serve: Callable[..., int], chrome: Any, folder: Path
) -> None:
    page, errors = open_page(chrome, serve("r5"), 1280, "en")

    def mark(start: float, end: float) -> None:
        for time_s, key in ((start, "i"), (end, "o")):
            page.evaluate(f"document.getElementById('film').currentTime = {time_s}")
            page.keyboard.press(key)

    mark(2, 4)
    wait_for(lambda: page.locator("#list li").count() == 1)
    page.keyboard.press("5")
    mark(10, 11.5)
    wait_for(lambda: page.locator("#list li").count() == 2)
    mark(11, 12)
    assert page.locator("#notice").text_content().startswith("This overlaps the mark from 00:10.0")
    timeline = read_timeline(folder)
    assert labels.read_all(timeline)["r5"] == [labels.Event(2, 4, 3), labels.Event(10, 11.5, 5)]
    page.keyboard.press("u")
    wait_for(lambda: page.locator("#list li").count() == 1)
    page.reload()
    wait_for(lambda: page.locator("#list li").count() == 1)
    assert labels.read_all(timeline)["r5"] == [labels.Event(2, 4, 3)]
    assert errors == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("rater", [None, "r8"])
def test_the_page_is_for_everybody(serve: Callable[..., int], chrome: Any, rater: str | None) -> None:
    page, errors = open_page(chrome, serve(rater, "axe"), 1280, "ko")
    axe.assert_accessible(page, "tools/timeline/page/page.html")
    assert errors == []
    page.close()
