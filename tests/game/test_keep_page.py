"""Keeping in a real Chromium: the player is asked once, sees what is kept, deletes it; a no leaves nothing behind."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent, reader
from shared.dataset.check import check_dataset
from tests import axe
from tools.spec_checker.browser.chromium import wait_until

WAIT_MS = 60_000
_SAID = "document.getElementById('keep-main').textContent"


@pytest.fixture
def playing(browser: Any, make_game: Callable[..., Any], handoff: Path, home: Path) -> Iterator[Any]:
    """A page of a game that keeps, after a round that ended with a laugh."""
    game = make_game(handoff, "--keep", "play", "--face-model", "none", "--lang", "en")
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(game.address)
    laugh(page)
    yield page
    page.context.close()
    assert game.end()[0] == 0


def laugh(page: Any) -> None:
    """Play a round until its end, and wait for the moment that can be kept."""
    page.wait_for_selector("body:is([data-state=ready], [data-state=over])")
    page.click("body[data-state=ready] #start, body[data-state=over] #again")
    page.wait_for_selector("body[data-state=countdown]")
    page.wait_for_selector("body[data-state=over]")
    page.wait_for_selector("#keep-question:not([hidden])")


def agree(page: Any, subject_id: str) -> None:
    """Give a pseudonym, and say yes to the first question."""
    page.fill("#who", subject_id)
    page.click("#consent-yes")
    page.wait_for_selector("#step-statement:not([hidden])")
    assert page.is_disabled("#consent-yes")  # nothing is agreed to beforehand
    assert not page.is_checked("#scope-train")
    assert not page.is_checked("#scope-publish")
    page.check("#scope-train")
    page.click("#consent-yes")


def keep(page: Any, answer: str, count: int, asked: Callable[[], None] = lambda: None) -> None:
    """Answer until so many moments are kept: on a busy machine a page may be too slow for one, and says so."""
    for attempt in range(6):
        page.click(answer)
        if attempt == 0:
            asked()
        settled = f"document.querySelectorAll('#kept li').length === {count} || /slow/.test({_SAID})"
        wait_until(page, settled)
        if page.locator("#kept li").count() == count:
            return
        laugh(page)
    pytest.fail("the page was too slow, again and again")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_player_who_says_no_leaves_nothing_on_disk(playing: Any, home: Path) -> None:
    assert "#" not in playing.url  # the token is not copied with the address
    before = files_of(home)
    asked: list[str] = []
    playing.on("request", lambda request: request.method != "GET" and asked.append(request.url))
    playing.click("#right")
    playing.click("#consent-no")  # at the question for a pseudonym
    playing.click("#right")
    playing.fill("#who", "s01")
    playing.click("#consent-yes")
    playing.wait_for_selector("#step-statement:not([hidden])")
    playing.click("#consent-no")  # at the questions
    playing.click("#wrong")
    playing.fill("#who", "s01")
    playing.click("#consent-yes")
    playing.wait_for_selector("#step-statement:not([hidden])")
    playing.keyboard.press("Escape")
    playing.wait_for_selector("#consent:not([open])", state="attached")
    assert asked == []
    assert files_of(home) == before
    assert not (home / "datasets").exists()


@pytest.mark.slow
def test_a_moment_is_kept_after_one_question_shown_and_deleted(playing: Any, home: Path) -> None:
    folder = home / "datasets" / "play"
    keep(playing, "#right", 1, lambda: agree(playing, "s01"))
    dataset = reader.open_dataset(folder)
    assert [str(problem) for problem in check_dataset(folder) if problem.is_error] == []
    assert {(row.subject_id, row.source) for row in dataset.rows} == {("s01", "game")}
    assert {row.label for row in dataset.rows} >= {"smile"}
    newest = consent.read_consent(folder).of("s01")
    assert newest is not None
    assert (newest.scopes, newest.method, newest.lang) == (("train",), "screen", "en")
    kept = playing.evaluate("document.querySelectorAll('#kept li').length")
    assert kept == 1
    playing.click("#kept li button >> nth=0")  # the film as it is stored
    wait_until(playing, "document.querySelector('#kept video')?.videoWidth === 32")
    laugh(playing)
    keep(playing, "#wrong", 2)  # the person is known: no second question
    takes = {row.take_id: row for row in reader.open_dataset(folder).rows if row.label == "non_smile"}
    assert "take_0002" in takes
    pictures = [path.read_bytes() for path in (folder / "images").iterdir()]
    films = [path.read_bytes() for path in (folder / "takes").glob("*.mp4")]
    assert len(films) == 2
    for left in (1, 0):
        playing.click("#kept li button >> nth=1")
        wait_until(playing, f"document.querySelectorAll('#kept li').length === {left}")
    on_disk = {hashlib.sha256((home / name).read_bytes()).digest() for name in files_of(home)}
    assert not [data for data in (*pictures, *films) if hashlib.sha256(data).digest() in on_disk]
    assert [str(problem) for problem in check_dataset(folder) if problem.is_error] == []


def test_a_game_without_keep_has_no_button_for_it_and_no_endpoint(browser: Any, game: Any) -> None:
    page = browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(game.url)
    page.wait_for_selector("body[data-state=ready]")
    assert page.evaluate("fetch('/keep/info?subject=s01').then((answer) => answer.status)") == 404
    page.keyboard.press("Space")
    page.wait_for_selector("body[data-state=over]")
    page.wait_for_selector("#curve svg")  # the replay is there all the same
    assert page.is_hidden("#keep")
    assert page.is_hidden("#remember")
    page.context.close()


def test_the_rules_of_a_match(browser: Any, game: Any) -> None:
    page = browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{game.url}words.mjs")  # any page of this server may import the rules
    found = page.evaluate(
        """async () => {
             const { Match, addBest } = await import('/match.mjs');
             const { halves } = await import('/halves.mjs');
             const turns = new Match('turns', 2);
             const seen = [];
             for (const [who, seconds] of [[0, 3], [1, 5], [0, 9], [1, 4]]) {
               seen.push([turns.round, turns.player]);
               turns.end(who, seconds);
             }
             const split = new Match('split', 1);
             split.end(1, 12);
             const draw = new Match('split', 1);
             draw.end(null, 60);
             let refused = '';
             try { draw.end(0, 1); } catch (error) { refused = error.message; }
             const bests = [3, 9, 5, 7, 1, 5].reduce((list, seconds, at) => addBest(list, { seconds, at }), []);
             return {
               seen, wins: turns.wins, over: turns.isOver, champion: turns.champion, times: turns.times,
               refused, split: [split.isOver, split.winner, split.champion],
               draw: [draw.isOver, draw.winner, draw.champion],
               bests: bests.map(({ seconds, at }) => [seconds, at]), halves: halves(641, 480),
             };
           }"""
    )
    assert found["seen"] == [[1, 0], [1, 1], [2, 0], [2, 1]]
    assert (found["wins"], found["over"], found["times"]) == ([1, 1], True, [[3, 9], [5, 4]])
    assert found["champion"] == 0  # a round each: 12 s in all beat 9
    assert found["split"] == [True, 0, 0]  # who laughs first loses
    assert found["draw"] == [True, None, None]
    assert found["refused"] == "the match is over"
    assert found["bests"] == [[9, 1], [7, 3], [5, 2], [5, 5], [3, 0]]
    left, right = found["halves"]
    assert (left["x"], left["width"], right["x"], right["width"]) == (
        321,
        320,
        0,
        320,
    )  # the mirror shows the right half left
    page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["turns", "split"])
def test_two_players_play_a_match_to_its_end(browser: Any, game: Any, mode: str) -> None:
    page = browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{game.url}?lang=en")
    page.wait_for_selector("body[data-state=ready]")
    page.click(f"input[name=mode][value={mode}]", force=True)
    page.click("input[name=rounds][value='1']", force=True)
    page.keyboard.press("Space")  # starts, although a choice has the focus
    page.wait_for_selector("body[data-state=over]")
    assert page.is_visible("#gauge1") == (mode == "split")
    if mode == "turns":
        assert "Change seats" in page.inner_text("#comment")
        page.keyboard.press("Space")
        page.wait_for_selector("body[data-state=countdown]")
        page.wait_for_selector("body[data-state=over]")
    assert page.inner_text("#board").startswith("Round 1 of 1")
    assert page.inner_text("#comment") in ("Player 1 wins!", "Player 2 wins!", "A draw to the end!")
    assert "Once more" in page.inner_text("#again")
    page.context.close()


@pytest.mark.slow
def test_the_questions_and_what_is_kept_are_for_everybody(playing: Any) -> None:
    axe.assert_accessible(playing, "tools/game/page/index.html", (390, 1280))
    playing.click("#right")
    axe.assert_accessible(playing, "tools/game/page/index.html", (390,))
    playing.fill("#who", "s01")
    playing.click("#consent-yes")
    playing.wait_for_selector("#step-statement:not([hidden])")
    axe.assert_accessible(playing, "tools/game/page/index.html", (390,))
