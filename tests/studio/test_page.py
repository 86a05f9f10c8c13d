"""The studio's page in a real Chromium: from a suggestion to a finished job, by mouse and by keyboard."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset.reader import Dataset
from tests import axe
from tests.studio.conftest import TOKEN, Studio

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = "/usr/bin/chromium"
POSITIVE = Path(__file__).resolve().parents[1] / "schemas" / "positive"
pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium here")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, studio: Studio, people: Dataset) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{studio.url}/?token={TOKEN}")
    page.wait_for_selector("body:not(.loading)")
    yield page
    assert not problems
    context.close()


def test_a_task_goes_from_the_form_to_its_log(page) -> None:
    page.click("#start-open")
    page.select_option("#task", "verify")
    page.fill("#fields [name='--dataset']", "people")
    assert page.inner_text("#command") == "./inv verify --dataset people"
    page.click("#form button[type=submit]")
    page.wait_for_selector("#jobs .status.done", timeout=300_000)
    assert "valid (16 sequences" in page.inner_text("#jobs pre")


def test_what_came_from_what_and_both_languages_by_keyboard(page) -> None:
    page.focus("[data-lang=ko]")
    page.keyboard.press("Enter")
    assert page.inner_text("#next-title") == "다음에 할 일"
    page.focus("[data-key='dataset/people']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#details[open]")
    assert page.inner_text("#details-title") == "people"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.key") == "dataset/people"
    page.reload()
    page.wait_for_selector("body:not(.loading)")
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_refused_value_says_why_in_the_form(page) -> None:
    page.click("#start-open")
    page.select_option("#task", "ab")
    page.fill("#fields [name='--dataset']", "")
    page.evaluate("document.querySelector('#form').noValidate = true")
    page.click("#form button[type=submit]")
    page.wait_for_selector("#form-error:not(:empty)")
    assert "--dataset" in page.inner_text("#form-error")


def test_a_card_offers_what_can_be_done_with_it_filled_in_and_in_the_pages_language(page) -> None:
    page.click("[data-lang=ko]")
    page.click("[data-key='dataset/people']")
    page.wait_for_selector("#details[open]")
    assert page.get_attribute("#details a.button", "href") == "/record?dataset=people"
    page.click("#details [data-task=ab]")
    assert page.inner_text("#command") == "./inv ab --dataset people --lang ko"
    page.click("#recipes button:last-child")
    assert "--freeze-epochs all" in page.inner_text("#command")
    page.click("#recipes button:first-of-type")
    assert page.inner_text("#command") == "./inv ab --dataset people --lang ko"
    assert page.inner_text("#task option:checked") == "전후 비교 · ab"


def test_a_flag_that_may_be_given_several_times_is_given_several_times(page) -> None:
    page.click("#start-open")
    page.select_option("#task", "report")
    page.fill("#fields [name='--candidate']", "a.json")
    page.click("#fields .field:has([name='--candidate']) .add")
    page.keyboard.type("b c.json")
    assert "--candidate a.json --candidate 'b c.json'" in page.inner_text("#command")


def test_what_there_is_only_one_of_is_filled_in_and_the_rest_can_be_chosen(page) -> None:
    page.click("#start-open")
    page.select_option("#task", "split")
    assert page.input_value("#fields [name='--dataset']") == "people"
    options = "[...document.querySelector(\"#fields [name='--dataset']\").list.options].map((one) => one.value)"
    assert page.evaluate(options) == ["people"]


def test_commands_break_between_words_only_and_are_copied_as_they_are_typed(page) -> None:
    code = page.locator("#next > li code").first
    words = code.inner_text().split()
    assert words[:2] == ["./inv", "suspect"]
    lines = "(words) => words.map((word) => word.getClientRects().length)"
    assert set(page.locator("#next > li code .unbroken").evaluate_all(lines)) == {1}
    page.evaluate("(code) => getSelection().selectAllChildren(code)", code.element_handle())
    assert page.evaluate("String(getSelection())") == "./inv suspect --dataset people"


def test_another_page_of_the_studio_can_open_a_form(page, studio: Studio) -> None:
    page.goto(f"{studio.url}/#task=evaluate&--model=ours&--stream=true")
    page.wait_for_selector("#start[open]")
    assert page.inner_text("#command") == "./inv evaluate --model ours --dataset people --stream"
    assert page.evaluate("location.hash") == ""


def test_a_training_shows_its_curve_which_grows_while_it_trains(page, studio: Studio, home: Path) -> None:
    place = home / "artifacts/runs/people-1a2b3c4d"
    place.mkdir(parents=True)
    example = json.loads((POSITIVE / "run/done.json").read_text(encoding="utf-8"))
    run = {**example, "run_id": place.name, "status": "running", "dataset": {**example["dataset"], "name": "people"}}
    contracts.write_document(place / "run.json", run, "run")
    page.wait_for_selector("[data-key='run/people-1a2b3c4d']")
    page.click("[data-key='run/people-1a2b3c4d']")
    page.wait_for_selector("#details[open]")
    assert page.locator("#details svg").count() == 0
    (place / "history.csv").write_text("epoch,train_loss,validation_loss\n1,1.5,1.25\n2,0.5,0.75\n")
    page.wait_for_selector("#details svg polyline.validation_loss")
    assert page.inner_text("#details .legend") == "training 0.500\nvalidation 0.750"
    assert page.get_attribute("#details svg", "aria-label") == "Loss by epoch, training 0.500, validation 0.750"


def test_the_first_page_is_for_everybody_on_a_phone(page) -> None:
    axe.assert_accessible(page, "tools/studio/page/page.html", (390,))


@pytest.mark.slow
def test_every_page_of_the_studio_is_for_everybody(page, studio: Studio) -> None:
    source = "tools/studio/page/page.html"
    axe.assert_accessible(page, source)
    page.click("#start-open")
    page.evaluate("document.getElementById('more').open = true")
    axe.assert_accessible(page, source)
    page.keyboard.press("Escape")
    page.click(".card")
    page.wait_for_selector("#details[open]")
    axe.assert_accessible(page, source)
    for lang in ("en", "ko"):
        assert page.goto(f"{studio.url}/try?lang={lang}").ok
        page.wait_for_selector("body:not(.loading)")
        axe.assert_accessible(page, "tools/studio/trying/page/try.html")
