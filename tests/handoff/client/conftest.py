"""A real Chromium with a drawn film as webcam, the runtime from npm, and a hand-off folder that answers by hand."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.web.server import PageServer

FILM_WIDTH, FILM_HEIGHT, FILM_FPS = 320, 240, 30


@pytest.fixture(scope="session")
def hold_answers() -> Path:
    """A script that lets a test keep the model's answers back."""
    return Path(__file__).with_name("hold_answers.js")


@pytest.fixture(scope="session")
def ort_dist() -> Path:
    """The dist folder of onnxruntime-web."""
    from shared.errors import MissingOutside
    from shared.web.npm import ONNXRUNTIME_WEB

    try:
        return ONNXRUNTIME_WEB.install() / "dist"
    except MissingOutside as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds: dark for one and a half (red 50 of 255), then bright (red 220)."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{FILM_WIDTH}x{FILM_HEIGHT}", "-r", str(FILM_FPS), "-i", "-", "-pix_fmt", "yuv420p", str(path)]
    frames = [np.full((FILM_HEIGHT, FILM_WIDTH, 3), (red, 60, 60), np.uint8).tobytes() for red in (50, 220)]
    subprocess.run(command, input=b"".join(frame * 45 for frame in frames), check=True, timeout=60)
    return path


class Site:
    """A server with an empty page, a hand-off folder under /model/ and the runtime under /ort/.

    Attributes:
        model: The hand-off folder, for tests to change.
        complaints: What stood in the consoles of its pages as warning or error.
    """

    def __init__(self, folder: Path, ort_dist: Path, browser: Any, *, isolated: bool = True) -> None:
        self.model = folder / "model"
        pages = folder / "pages"
        pages.mkdir()
        (pages / "index.html").write_text(
            "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><video id=video muted playsinline></video>",
            encoding="utf-8",
        )
        self.server = PageServer({"/": pages, "/model/": self.model, "/ort/": ort_dist}, isolated=isolated)
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: dict[Any, Any] = {}
        self._pages: list[Any] = []

    def open(self, browser: Any = None) -> Any:
        """Open the empty page, with `client` and `create(options)` in its window."""
        own = browser or self._browser
        if own not in self._contexts:
            self._contexts[own] = own.new_context()  # one a browser: its pages share what was compiled
        page = self._contexts[own].new_page()
        self._pages.append(page)
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda note: note.type in ("error", "warning") and self.complaints.append(note.text))
        page.goto(self.server.url)
        page.evaluate(
            """async () => {
              window.client = await import('/model/smile-detector.mjs');
              window.create = async (options) => {
                const given = { spec: '/model/frontend_spec.json', ortUrl: '/ort/', ...options };
                window.detector = await client.SmileDetector.create(given);
                window.events = [];
                for (const type of ['smilestart', 'smileend', 'warning', 'error'])
                  detector.addEventListener(type, ({ detail }) => events.push([type, detail]));
                return detector;
              };
              window.fails = (work) => work().then(() => 'it works', (error) => [error.code, error.message]);
              window.until = async (check, seconds = 25) => {
                const end = performance.now() + seconds * 1000;
                while (!check() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
              };
              window.grey = (red, width = 64, height = 48) => {
                const image = new ImageData(width, height);
                for (let at = 0; at < image.data.length; at += 4) image.data.set([red, 51, 0, 255], at);
                return image;
              };
              window.play = async (reds, everyMs = 100, fromMs = 0) => {
                const results = [];
                for (const [place, red] of reds.entries())
                  results.push(await detector.push(grey(red), fromMs + place * everyMs));
                return results;
              };
            }"""
        )
        return page

    def leave(self) -> None:
        """Close the pages and forget what they complained of."""
        for page in self._pages:
            page.close()
        self._pages, self.complaints = [], []

    def close(self) -> None:
        """Close pages and server."""
        self.leave()
        for context in self._contexts.values():
            context.close()
        self.server.close()


@pytest.fixture
def make_site(tmp_path: Path, ort_dist: Path, browser: Any) -> Iterator[Callable[..., Site]]:
    """Make a `Site` whose model folder is still empty; ``isolated=False`` sends no COOP and COEP."""
    made: list[Site] = []

    def make(*, isolated: bool = True) -> Site:
        folder = tmp_path / f"site{len(made)}"
        folder.mkdir()
        site = Site(folder, ort_dist, browser, isolated=isolated)
        site.model.mkdir()
        made.append(site)
        site.server.__enter__()
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture(scope="module")
def standing_site(
    tmp_path_factory: pytest.TempPathFactory, ort_dist: Path, browser: Any, write_standin: Callable[..., Any]
) -> Iterator[Site]:
    """The `Site` of all tests that change nothing in it."""
    site = Site(tmp_path_factory.mktemp("standing"), ort_dist, browser)
    write_standin(site.model)
    with site.server:
        yield site
        site.close()


@pytest.fixture
def site(standing_site: Site) -> Iterator[Site]:
    """A `Site` with the stand-in model, to be left as it is; its pages' consoles must have stayed silent."""
    yield standing_site
    complaints = standing_site.complaints
    standing_site.leave()
    assert complaints == []


@pytest.fixture
def own_site(make_site: Callable[..., Site], write_standin: Callable[..., Any]) -> Iterator[Site]:
    """A `Site` with the stand-in model for one test, which may change it; the consoles must have stayed silent."""
    site = make_site()
    write_standin(site.model)
    yield site
    assert site.complaints == []


@pytest.fixture
def page(site: Site) -> Any:
    """The site's page."""
    return site.open()
