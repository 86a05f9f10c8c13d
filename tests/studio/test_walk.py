"""The whole way without a terminal: from an empty workspace to a game, by clicks and keys in the studio's own pages.

Each person is a film of the assets before a browser's camera; for the next one the browser is started again, the studio
is not. SMILEBENCH_SHOTS names a folder for pictures of every page, in both languages, on a screen and on a phone.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.dataset import consent, reader
from shared.dataset.check import check_dataset
from shared.errors import MissingOutside
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from tests.studio.record.program import (
    PRESS_AT,
    ROOT,
    StudioProgram,
    camera_flags,
    pictures_of,
    write_numbered,
)
from tools.spec_checker.browser.chromium import wait_until

sync_api = pytest.importorskip("playwright.sync_api")
ASSETS = paths.assets()
FILMS = [ASSETS / "videos" / "protocol" / f"s0{n}_take1.mp4" for n in (3, 4, 5, 6, 2)] if ASSETS else []
OVER = "#takes li:first-child:is(.stored, .apart, .refused, .failed)"
SCREEN, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(film.is_file() for film in FILMS) or not FILMS, reason="no films of people here"),
]


class Visitor:
    """Somebody before a browser, who knows the studio's address and nothing else.

    Args:
        browser: Its camera plays a film, or nothing.
        url: As the terminal shows it.
        home: The workspace, whose jobs are waited for.
        lang: The button that is pressed first.
    """

    def __init__(self, browser: Any, url: str, home: Path, lang: str) -> None:
        self._home = home
        self.page = browser.new_context(viewport=SCREEN).new_page()
        self.page.set_default_timeout(300_000)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._note_request)
        self.page.goto(url)
        self.at_home()
        self.page.click(f"[data-lang={lang}]")

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "blob:", "data:")):
            self.problems.append(f"asked elsewhere: {request.url}")

    def at_home(self) -> None:
        """Wait until the first page is drawn."""
        self.page.wait_for_selector("body:not(.loading) #next > li")

    def look(self, name: str, *, dark: bool = False) -> None:
        """Take pictures of the page as it is now: each language, screen and phone, light and dark."""
        place = os.environ.get("SMILEBENCH_SHOTS")
        if place is None:
            return
        own = self.page.evaluate("document.documentElement.lang")
        # Behind a dialog as well; the game has one button for both languages.
        change = """(lang) => {
          const other = document.documentElement.lang === lang ? null : document.getElementById('lang');
          (document.querySelector(`[data-lang=${lang}]`) ?? other)?.click();
        }"""
        for lang in ("ko", "en"):
            self.page.evaluate(change, lang)
            for size in (SCREEN, PHONE):
                self.page.set_viewport_size(size)
                for scheme in ("light", "dark") if dark else ("light",):
                    self.page.emulate_media(color_scheme=scheme)
                    self.page.wait_for_timeout(300)
                    self.page.screenshot(
                        path=Path(place) / f"{name}-{lang}-{size['width']}-{scheme}.png", full_page=True
                    )
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(SCREEN)
        self.page.evaluate(change, own)

    def suggested(self) -> list[str]:
        """Return the commands that are suggested, in their order."""
        return [code.inner_text() for code in self.page.query_selector_all("#next > li code")]

    def follow(self, command: str) -> None:
        """Press the first button of a suggestion."""
        wait_until(self.page, f"document.getElementById('next').textContent.includes({json.dumps(command)})")
        self.page.locator("#next > li", has_text=command).locator(".first").first.click()

    def _jobs(self) -> dict[str, str]:
        documents = [
            contracts.read_document(path, "job") for path in self._home.glob("artifacts/studio/job_*/job.json")
        ]
        return {document["job_id"]: document["status"] for document in documents}

    def open_card(self, kind: str, name: str = "") -> None:
        """Choose a card of the map, the newest of its kind unless it is named."""
        self.page.wait_for_selector(f"#map [data-key^='{kind}/{name}']")
        self.page.click(f"#map [data-key^='{kind}/{name}']")
        self.page.wait_for_selector("#details[open]")

    def do_with(self, kind: str, task: str, name: str = "") -> None:
        """Open the form of what can be done with a card."""
        self.open_card(kind, name)
        self.page.click(f"#details [data-task='{task}']")
        self.page.wait_for_selector("#start[open]")

    def start(self) -> str:
        """Start what the form is filled with, and wait for its end; returns what it has printed."""
        known = set(self._jobs())
        self.page.click("#form button[type=submit]")
        self.page.wait_for_selector("#start:not([open])", state="attached")
        (name,) = set(self._jobs()) - known
        while (status := self._jobs()[name]) in ("waiting", "running"):
            self.page.wait_for_timeout(500)
        card = f"document.querySelector('pre[data-job={name}]')?.closest('li')"
        wait_until(self.page, f"{card}?.querySelector('.status.{status}')")
        printed = str(self.page.inner_text(f"pre[data-job={name}]"))
        assert status == "done", printed
        return printed

    def close(self) -> None:
        """Close the browser's window."""
        self.page.context.close()
        assert self.problems == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace; only the packages of npm are those of the checkout."""
    monkeypatch.delenv("SMILEBENCH_HOME", raising=False)
    try:
        kept = ONNXRUNTIME_WEB.install().parents[2]
        TASKS_VISION.install()
    except MissingOutside as error:
        pytest.skip(str(error))
    home = tmp_path / "작업 공간"
    (home / "artifacts").mkdir(parents=True)
    (home / "artifacts" / "npm").symlink_to(kept, target_is_directory=True)
    return home


@pytest.fixture
def studio(home: Path) -> Iterator[StudioProgram]:
    started = StudioProgram(home)
    yield started
    started.process.terminate()
    started.process.communicate(timeout=60)


def record_person(visitor: Visitor, n_pictures: int, is_first: bool) -> str:
    """Record whom the studio suggests: consent, camera, one take; returns the pseudonym."""
    page = visitor.page
    visitor.follow("./inv collect --dataset people --subject")
    page.wait_for_selector("#who:not([hidden])")
    wait_until(page, "document.getElementById('subject').value !== ''")
    subject = str(page.input_value("#subject"))
    if is_first:
        visitor.look("02-who")
    page.click("#who-form button[type=submit]")
    page.wait_for_selector("#consent:not([hidden])")
    if is_first:
        visitor.look("03-consent", dark=True)
    page.check("#scope-train")
    page.click("#consent-yes")
    page.wait_for_selector("body[data-state=ready]")
    page.wait_for_selector("#meter:not([hidden])")
    if is_first:
        visitor.look("04-camera", dark=True)
    page.evaluate(PRESS_AT, [n_pictures - 4, n_pictures - 2])  # presses the button when the film begins
    page.wait_for_selector(OVER)
    assert page.query_selector("#takes li:first-child.stored"), page.inner_text("#takes")
    if is_first:
        visitor.look("05-taken")
    page.click("#done")
    visitor.at_home()
    return subject


def review(visitor: Visitor) -> None:
    """Decide on all labels by keys: each is right, but for the last sequence, which is taken out."""
    page = visitor.page
    visitor.follow("./inv review --dataset people")
    page.wait_for_selector("#start[open]")
    visitor.look("07-form-of-a-page")
    page.click("#form button[type=submit]")
    page.wait_for_selector(".card.at")
    visitor.look("08-review", dark=True)
    for _ in range(19):
        page.keyboard.press("Enter")
    page.keyboard.press("x")
    page.wait_for_selector("#finished[open]")
    visitor.look("09-reviewed")
    page.wait_for_selector("#saved.ready")
    page.go_back()
    visitor.at_home()


def play(visitor: Visitor) -> bool:
    """Play a round; returns whether the model has seen the film's smile."""
    page = visitor.page
    visitor.do_with("handoff", "game")
    page.click("#form button[type=submit]")
    page.wait_for_selector("body[data-state=ready]")
    visitor.look("16-game")
    page.keyboard.press("Space")
    page.wait_for_selector("body:is([data-state=playing], [data-state=over])")
    wait_until(page, "/^\\d/.test(document.getElementById('prob').textContent)")  # it decides
    try:
        page.wait_for_selector("body[data-state=over]", timeout=60_000)
    except sync_api.TimeoutError:  # a model of two people that calls nothing a smile: the round ends by hand
        page.keyboard.press("Escape")
        page.wait_for_selector("body[data-state=ready]")
        return False
    visitor.look("17-over")
    return True


def inv(home: Path, *words: str) -> str:
    """Run a task in the terminal; returns what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "shared.chain.program", *words], cwd=ROOT, text=True, check=False,
        env={**environment, "SMILEBENCH_HOME": str(home), "SMILEBENCH_LANG": "en"}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_an_empty_workspace_to_a_game_without_a_terminal(
    studio: StudioProgram, home: Path, launch: Callable[..., Any], tmp_path: Path
) -> None:
    cameras = [tmp_path / f"{film.stem}.y4m" for film in FILMS]
    subjects = []
    for number, (film, camera) in enumerate(zip(FILMS, cameras, strict=True)):
        n_pictures = write_numbered(pictures_of(film), camera)
        browser = launch(*camera_flags(camera))
        visitor = Visitor(browser, studio.url, home, "ko")
        if number == 0:
            visitor.look("01-empty", dark=True)
            assert visitor.suggested()[0] == "./inv collect --dataset people --subject s01"
        subjects.append(record_person(visitor, n_pictures, number == 0))
        if number < len(FILMS) - 1:
            visitor.close()
            browser.close()
            if number:
                camera.unlink()  # 100 MB each; the first one plays later
    assert subjects == ["s01", "s02", "s03", "s04", "s05"]
    folder = home / "datasets" / "people"
    assert len(reader.open_dataset(folder).rows) == 20
    assert [row.scopes for row in consent.read_consent(folder).rows] == [("train",)] * 5

    visitor.look("06-five", dark=True)
    visitor.follow("./inv suspect --dataset people")
    assert "of 20 labels look wrong" in visitor.start()
    review(visitor)
    visitor.follow("./inv review-apply --dataset people")
    assert "19 confirmed, 1 sequences taken out" in visitor.start().replace("1 sequence taken", "1 sequences taken")
    assert [row.reviewed for row in reader.open_dataset(folder).rows] == [True] * 19

    visitor.page.click("[data-lang=en]")
    visitor.do_with("dataset", "grid")
    visitor.start()
    visitor.open_card("dataset")
    visitor.look("10-dataset")
    visitor.page.click("#details a[href='/open/grids/people']")
    visitor.page.wait_for_load_state()
    visitor.look("11-grid")
    visitor.page.go_back()
    visitor.at_home()
    visitor.do_with("dataset", "split")
    assert "train: " in visitor.start()
    visitor.do_with("split", "train")
    visitor.page.click("#recipes button:last-child")  # small and quick
    visitor.look("12-form", dark=True)
    assert "12 epochs" in visitor.start()
    visitor.follow("./inv export --run people-")
    assert "smile_detector.onnx" in visitor.start()
    visitor.follow("./inv evaluate --model people-")
    assert "test set evaluated 1 time" in visitor.start()

    visitor.follow("./inv ab --dataset people")
    visitor.page.click("#recipes button:last-child")
    assert "report.html" in visitor.start()
    visitor.look("13-compared", dark=True)
    visitor.open_card("comparison")
    visitor.look("14-comparison")
    visitor.page.click("#details a[href^='/open/reports/']")
    visitor.page.wait_for_load_state()
    visitor.look("15-report")
    visitor.page.go_back()
    visitor.at_home()
    visitor.do_with("model", "handoff", "people-")
    assert "not proven in a browser yet" in visitor.start()
    visitor.follow("./inv validate-spec --browser --model people-")
    visitor.start()
    assert any(command.startswith("./inv game --model people-") for command in visitor.suggested())
    visitor.close()

    visitor = Visitor(launch(*camera_flags(cameras[0])), studio.url, home, "en")
    print("the model has seen the smile:", play(visitor))
    visitor.page.go_back()
    visitor.at_home()
    visitor.page.click("#try-open")
    visitor.page.wait_for_selector("#camera:not([disabled])")
    visitor.look("18-try")
    visitor.close()

    state = json.loads(inv(home, "status", "--json"))
    kinds = {each["kind"] for each in state["documents"] if not each["problem"]}
    assert {"dataset", "split", "run", "model", "results", "comparison", "handoff"} <= kinds
    assert [each["problem"] for each in state["documents"] if each["problem"]] == []
    assert "valid" in inv(home, "verify", "--dataset", "people")
    assert [str(one) for one in check_dataset(folder) if one.is_error] == []
    model = next(path.parent.name for path in home.glob("artifacts/models/people-*/model.json"))
    assert "on people, test: " in inv(home, "evaluate", "--model", model, "--dataset", "people")
    jobs = [contracts.read_document(path, "job") for path in home.glob("artifacts/studio/job_*/job.json")]
    assert {job["status"] for job in jobs} == {"done"}
