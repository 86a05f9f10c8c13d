"""The game played in a real Chromium: a drawn face keeps calm for three seconds and laughs for 2.5, again and again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import axe
from tools.spec_checker.browser.chromium import wait_until


class Visit:
    """A page with the game, and what its console and network did.

    Attributes:
        page: The page.
        complaints: Errors and warnings of its console.
        asked: Addresses that it asked for.
    """

    def __init__(
        self, browser: Any, url: str, width: int, height: int, script: Path | None = None, **options: Any
    ) -> None:
        self._context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.page = self._context.new_page()
        self.page.set_default_timeout(30_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda note: note.type in ("error", "warning") and self.complaints.append(note.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        if script is not None:
            self.page.add_init_script(path=script)
        self.page.goto(url)

    def state(self, *names: str) -> None:
        """Wait until the page is in one of these states."""
        self.page.wait_for_selector("body:is(" + ", ".join(f"[data-state={name}]" for name in names) + ")")

    def text(self, selector: str) -> str:
        """What an element says."""
        return str(self.page.inner_text(selector))

    def close(self) -> None:
        """Close the page."""
        self._context.close()


def begin(visit: Callable[..., Visit]) -> Visit:
    """Open the page and begin a round."""
    opened = visit()
    opened.state("ready")
    opened.page.keyboard.press("Space")
    opened.state("countdown")
    return opened


@pytest.fixture
def visit(browser: Any, game: Any) -> Iterator[Callable[..., Visit]]:
    """Open the game: ``visit(lang="ko", width=1280, height=800)``; no console may complain."""
    visits: list[Visit] = []

    def open_page(lang: str = "en", width: int = 1280, height: int = 800, **options: Any) -> Visit:
        visits.append(Visit(browser, f"{game.url}?lang={lang}", width, height, **options))
        return visits[-1]

    yield open_page
    for opened in visits:
        opened.close()
    assert [opened.complaints for opened in visits] == [[] for _ in visits]


@pytest.mark.parametrize(
    ("lang", "width", "height", "words"),
    [
        ("ko", 390, 844, ("웃지마", "시작하기", "초 버텼어요", "웃음이 터진 순간", "전송되지 않습니다")),
        ("en", 1280, 800, ("Don't laugh", "Start", "You lasted", "The moment that you laughed", "is sent nowhere")),
    ],
)
def test_a_round_from_start_to_laugh(
    visit: Callable[..., Visit], game: Any, tmp_path: Path, lang: str, width: int, height: int, words: tuple[str, ...]
) -> None:
    title, start, lasted, moment, private = words
    opened = visit(lang, width, height)
    page = opened.page
    opened.state("ready")
    assert opened.text("h1") == title
    assert start in opened.text("#start")
    assert private in opened.text(".private")
    page.screenshot(path=tmp_path / "ready.png")
    started_ms = page.evaluate("performance.now()")
    page.click("#start")
    opened.state("countdown")
    assert page.evaluate("getComputedStyle(document.getElementById('video')).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    opened.state("playing", "over")
    opened.state("over")
    page.screenshot(path=tmp_path / "over.png", full_page=True)
    assert lasted in opened.text("#headline")
    seconds = float(re.findall(r"[\d.]+", opened.text("#headline"))[0])
    assert 0 <= seconds <= (page.evaluate("performance.now()") - started_ms) / 1000
    assert opened.text("#time").split()[0].startswith(f"{seconds:.1f}")
    assert moment in opened.text(".moment")
    assert page.locator("#strip canvas").count() == 5
    captions = page.locator("#strip figcaption").all_inner_texts()
    times_s = [float(caption.removesuffix(" s").replace("−", "-")) for caption in captions]
    assert times_s == sorted(times_s)
    assert times_s[-1] == 0
    # The strip shows what was decided on: weighted as the stand-in weighs them, these pictures are a smile.
    reds = page.evaluate(
        """[...document.querySelectorAll('#strip canvas')].map((canvas) =>
             canvas.getContext('2d').getImageData(2, 2, 1, 1).data[0])"""
    )
    assert min(reds) > 40  # none is blank
    assert sum(weight * red for weight, red in enumerate(reds, 1)) / 15 / 255 > 0.45
    for figure in ("#prob", "#latency", "#fps"):
        assert re.match(r"\d", opened.text(figure))
    assert opened.text("#runs") == "wasm × 1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(url.startswith((game.url, "blob:", "data:")) for url in opened.asked)


@pytest.mark.slow
def test_the_best_time_is_kept_and_retry_works_by_keyboard(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.page
    opened.state("ready")
    page.keyboard.press("Space")
    opened.state("over")
    assert not page.is_visible("#record")  # the first round beats nobody
    first = float(opened.text("#time").split("s")[0])
    page.keyboard.press("Space")
    opened.state("countdown")
    opened.state("over")
    second = float(opened.text("#time").split("s")[0])
    assert page.is_visible("#record") == (second > first > 0)
    best = float(opened.text("#best").split()[0])
    assert best == pytest.approx(max(first, second))
    page.reload()
    opened.state("ready")
    assert opened.text("#best") == f"{best:.1f} s"


def test_l_changes_the_language_and_escape_switches_the_camera_off(visit: Callable[..., Visit]) -> None:
    opened = visit("ko")
    page = opened.page
    opened.state("ready")
    page.keyboard.press("l")
    assert opened.text("h1") == "Don't laugh"
    assert page.evaluate("[document.documentElement.lang, document.title]") == ["en", "Don't laugh"]
    page.keyboard.press("Space")
    opened.state("countdown")
    page.keyboard.press("Escape")
    opened.state("ready")
    assert page.evaluate("document.getElementById('video').srcObject") is None
    assert "camera is off" in opened.text("#message")
    page.click("#lang")
    assert "카메라를 껐어요" in opened.text("#message")


def test_an_answer_that_arrives_after_escape_is_not_shown(visit: Callable[..., Visit], hold_answers: Path) -> None:
    opened = visit(script=hold_answers)
    page = opened.page
    opened.state("ready")
    page.keyboard.press("Space")
    page.wait_for_selector('#prob:not(:text-is("–"))')
    page.evaluate("hold()")
    wait_until(page, "isHeld()")
    page.keyboard.press("Escape")
    opened.state("ready")
    page.evaluate("release()")
    assert [opened.text(figure) for figure in ("#prob", "#latency", "#fps")] == ["–"] * 3
    assert page.get_attribute("#gauge0", "aria-valuenow") == "0"
    assert page.get_attribute("body", "data-state") == "ready"


def test_jokes_come_in_the_pages_language_with_the_answer_after_the_question(visit: Callable[..., Visit]) -> None:
    opened = visit("ko")
    page = opened.page
    opened.state("ready")
    page.keyboard.press("Space")
    opened.state("playing", "over")
    question = page.evaluate("document.getElementById('question').textContent")
    jokes = page.evaluate("import('/words.mjs').then(({ JOKES }) => JOKES)")
    assert question in [joke[0] for joke in jokes["ko"]]
    assert len(jokes["ko"]) == len(jokes["en"])
    assert not {joke[0] for joke in jokes["ko"]} & {joke[0] for joke in jokes["en"]}


def test_both_languages_say_the_same_things(visit: Callable[..., Visit]) -> None:
    opened = visit()
    keys = opened.page.evaluate(
        """import('/words.mjs').then(({ WORDS }) => [Object.keys(WORDS.ko), Object.keys(WORDS.en)])"""
    )
    assert keys[0] == keys[1]
    used = set(opened.page.evaluate("[...document.querySelectorAll('[data-text]')].map((e) => e.dataset.text)"))
    assert used <= set(keys[0])


def test_a_round_on_a_hidden_page_does_not_count(visit: Callable[..., Visit]) -> None:
    opened = begin(visit)
    opened.page.evaluate(
        """() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });
                   document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    opened.state("ready")
    assert "does not count" in opened.text("#message")


def test_without_motion_nothing_moves(visit: Callable[..., Visit]) -> None:
    opened = visit(reduced_motion="reduce")
    opened.state("ready")
    opened.page.keyboard.press("Space")
    opened.state("over")
    assert opened.page.evaluate("document.getAnimations().length") == 0


def test_the_page_cannot_reach_another_server(visit: Callable[..., Visit]) -> None:
    opened = visit()
    opened.state("ready")
    blocked = opened.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)")
    assert blocked == "TypeError"
    assert any("Content Security Policy" in text for text in opened.complaints)
    opened.complaints.clear()


def test_a_camera_that_is_not_allowed_is_explained_and_can_be_tried_again(
    launch: Callable[..., Any], game: Any
) -> None:
    browser = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    opened = Visit(browser, f"{game.url}?lang=ko", 390, 844)
    opened.state("ready")
    opened.page.click("#start")
    opened.state("failed")
    assert "카메라 사용이 허용되지 않았습니다" in opened.text("#message")
    assert "다시 시도" in opened.text("#start")
    opened.page.keyboard.press("l")
    assert "The camera is not allowed" in opened.text("#message")
    opened.page.click("#start")
    opened.state("failed")
    opened.close()


@pytest.mark.slow
def test_a_round_is_not_begun_and_not_played_on_without_a_judge(
    browser: Any, make_game: Callable[..., Any], write_standin: Callable[..., Any], slow_answers: Path, tmp_path: Path
) -> None:
    write_standin(tmp_path / "standin", threshold=0.999, release_threshold=0.9, min_duration_ms=100)
    own = make_game(tmp_path / "standin")
    opened = Visit(browser, f"{own.url}?lang=en", 1280, 800, script=slow_answers)
    opened.state("ready")
    opened.page.evaluate("slowMs = 300")  # five frames take 1.5 s
    opened.page.keyboard.press("Space")
    opened.state("countdown")
    wait_until(opened.page, "document.body.dataset.state !== 'countdown'")
    assert opened.page.evaluate("document.body.dataset.state") == "ready"
    assert re.search(r"This computer is slow: \d\.\d s pass between two decisions", opened.text("#message"))
    assert opened.page.evaluate("document.getElementById('video').srcObject") is None
    opened.page.screenshot(path=tmp_path / "slow.png")
    opened.page.evaluate("slowMs = 0")
    opened.page.keyboard.press("Space")
    opened.state("playing")
    opened.page.evaluate("slowMs = 700")
    opened.state("ready")
    assert "This computer is slow" in opened.text("#message")
    opened.page.keyboard.press("l")
    assert "컴퓨터가 느려서" in opened.text("#message")
    assert opened.text("#best") == "–"  # a round without a judge is no record
    opened.close()
    assert own.end()[0] == 0


def test_a_camera_that_goes_away_ends_the_round_with_a_word(visit: Callable[..., Visit]) -> None:
    opened = begin(visit)
    opened.page.evaluate(
        "document.getElementById('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    opened.state("failed")
    assert "disconnected" in opened.text("#message")


def test_a_model_file_that_was_changed_is_explained(
    launch: Callable[..., Any], browser: Any, make_game: Callable[..., Any], handoff: Path, tmp_path: Path
) -> None:
    for file in handoff.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data = bytearray((tmp_path / "head.onnx").read_bytes())
    data[-1] ^= 1
    (tmp_path / "head.onnx").write_bytes(data)
    own = make_game(tmp_path)
    opened = Visit(browser, f"{own.url}?lang=ko", 390, 844)
    opened.state("failed")
    assert "head.onnx" in opened.text("#message")
    assert "검증된 것과 다른 모델 파일입니다" in opened.text("#message")
    assert own.end()[0] == 0
    opened.close()


@pytest.mark.slow
def test_the_page_is_for_everybody(visit: Callable[..., Visit]) -> None:
    opened = begin(visit)
    opened.state("playing")
    axe.assert_accessible(opened.page, "tools/game/page/index.html", (390,))
    opened.page.keyboard.press("Escape")
    opened.state("ready")
    axe.assert_accessible(opened.page, "tools/game/page/index.html")
