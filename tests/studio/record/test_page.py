"""Recording in a real Chromium: a person from the pseudonym to takes, what goes wrong with cameras, and kills."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.dataset import consent, reader
from shared.dataset.check import check_dataset
from shared.dataset.protocol import Protocol, parse_protocol, read_protocol
from shared.dataset.writer import DatasetWriter
from shared.video import Film
from tests import axe
from tests.studio.record.program import StudioProgram, camera_flags, enter, sit_down, write_numbered
from tools.spec_checker.browser.chromium import wait_until

OVER = "#takes li:first-child:is(.stored, .apart, .refused, .failed)"


def short_protocol() -> Protocol:
    """2.4 s: 0.2 to 0.8 s is neutral, 1.1 to 1.7 s a smile; whatever the light."""
    document = json.loads(json.dumps(read_protocol().document))
    prompts = [phase["prompt"] for phase in document["phases"]]
    document |= {
        "name": "short",
        "duration_s": 2.4,
        "phases": [{"start_s": at * 0.8, "end_s": round(at * 0.8 + 0.8, 1), "prompt": prompts[at]} for at in range(3)],
        "windows": [
            {"start_s": 0.2, "end_s": 0.8, "label": "non_smile", "emotion": "neutral"},
            {"start_s": 1.1, "end_s": 1.7, "label": "smile", "emotion": "happy"},
        ],
        "sequences_per_window": 1,
        "frame_count": 2,
        "frame_interval_ms": 200,
        "image_size_px": 64,
        "min_fps": 2,
        "max_gap_ms": 900,
        "quality": {"max_jitter_ms": 400, "min_sharpness": 0, "min_brightness": 0, "max_brightness": 1},
    }
    document["phases"] = [{**phase, "start_s": round(phase["start_s"], 1)} for phase in document["phases"]]
    return parse_protocol(document, "short")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise that moves, with numbers: 90 pictures, as a camera plays them."""
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("camera") / "noise.y4m"
    ground = rng.integers(40, 210, (15, 20, 3), dtype=np.uint8)
    pictures = (np.roll(np.kron(ground, np.ones((16, 16, 1), np.uint8)), number, axis=1) for number in range(90))
    write_numbered(pictures, path)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose dataset has the short protocol, and no models: faces are not looked for."""
    home = tmp_path / "얼굴 '작업' <b>"
    monkeypatch.setenv("SMILEBENCH_HOME", str(home))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "none"))
    (home / "datasets").mkdir(parents=True)
    with DatasetWriter(home / "datasets" / "people", short_protocol(), "real"):
        pass
    return home


@pytest.fixture
def studio(home: Path) -> Iterator[StudioProgram]:
    started = StudioProgram(home)
    yield started
    started.kill()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en")
    page = context.new_page()
    page.set_default_timeout(180_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def files_of(folder: Path) -> set[str]:
    kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in kept if not name.endswith(".lock")}


def test_who_says_no_leaves_nothing_and_names_are_refused_in_words(
    studio: StudioProgram, page: Any, home: Path
) -> None:
    before = files_of(home)
    sent: list[str] = []
    page.on("request", lambda request: request.method != "GET" and sent.append(request.url))
    page.goto(studio.url)
    page.goto(f"{studio.base}record")
    wait_until(page, "document.getElementById('subject').value === 's01'")
    for name in ("민아", "Kim Mina", "<script>alert(1)</script>", "s'01\"", "../s01"):
        page.fill("#subject", name)
        page.click("#who-form button[type=submit]")
        wait_until(page, "document.getElementById('who-problem').textContent.includes('such as s01')")
    page.fill("#subject", "s01")
    page.click("#who-form button[type=submit]")
    page.wait_for_selector("#consent:not([hidden])")
    assert not page.is_checked("#scope-train")
    assert not page.is_checked("#scope-publish")
    assert page.is_disabled("#consent-yes")  # nothing is agreed to beforehand
    page.click("#consent-no")
    page.wait_for_selector("#who:not([hidden])")
    assert "nothing stored" in page.inner_text("#problem")
    assert [url for url in sent if "consent" in url or "takes" in url] == []
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ("NotAllowedError", "does not let this page"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "another program"),
    ],
)
def test_a_camera_that_cannot_be_had_is_explained(studio: StudioProgram, page: Any, failure: str, said: str) -> None:
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{failure}'))"
    )
    page.goto(studio.url)
    page.goto(f"{studio.base}record")
    wait_until(page, "document.getElementById('subject').value === 's01'")
    page.click("#who-form button[type=submit]")
    page.check("#scope-train")
    page.click("#consent-yes")
    page.wait_for_selector("#problem:not([hidden])")
    assert said in page.inner_text("#problem")
    assert page.is_disabled("#take")


@pytest.mark.slow
def test_a_person_records_takes_back_records_again_and_the_next_one_comes(
    studio: StudioProgram, page: Any, home: Path
) -> None:
    folder = home / "datasets" / "people"
    enter(page, studio, "s01")
    page.keyboard.press("Space")
    page.wait_for_selector("body[data-state=taking]")
    assert page.inner_text("#prompt") == "Get ready"
    wait_until(page, "document.getElementById('prompt').textContent === 'Smile!'")
    page.wait_for_selector(OVER)
    assert "Saved: 2 sequences" in page.inner_text("#takes li:first-child")
    dataset = reader.open_dataset(folder)
    assert [(row.label, row.source) for row in dataset.rows] == [("non_smile", "browser"), ("smile", "browser")]
    agreed = consent.read_consent(folder).of("s01")
    assert agreed is not None
    assert (agreed.scopes, agreed.method) == (("train",), "screen")
    page.keyboard.press("r")  # again: the first one is taken back
    page.wait_for_selector("body[data-state=taking]")
    page.wait_for_selector("body[data-state=ready]")
    wait_until(page, "document.querySelectorAll('#takes li.stored').length === 1")
    assert [row.take_id for row in reader.open_dataset(folder).rows] == ["take_0002"] * 2
    page.click("#take")  # and one that is stopped: nothing of it is sent
    page.wait_for_selector("body[data-state=taking]")
    page.keyboard.press("Escape")
    page.wait_for_selector("body[data-state=ready]")
    assert page.locator("#takes li").count() == 2
    page.click("#next-person")
    sit_down(page, "s02")
    page.click("#take")
    page.wait_for_selector(OVER)
    rows = reader.open_dataset(folder).rows
    assert {row.subject_id: row.take_id for row in rows} == {"s01": "take_0002", "s02": "take_0003"}
    take = contracts.read_document(folder / "takes" / "take_0003.json", "take")
    assert (take["capture"]["device"], take["capture"]["clock"], take["clock"]) == ("computer", "capture", "monotonic")
    assert [str(one) for one in check_dataset(folder) if one.is_error] == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_state_of_the_page_is_for_everybody(browser: Any, home: Path, lang: str) -> None:
    source = "tools/studio/record/page/record.html"
    studio = StudioProgram(home, "--lan", "--lan-address", "127.0.0.1", ready=r"studio: (http://127\S+)")
    page = browser.new_context().new_page()
    page.set_default_timeout(180_000)
    page.goto(studio.url)
    page.goto(f"{studio.base}record?lang={lang}")
    wait_until(page, "document.getElementById('subject').value === 's01'")
    axe.assert_accessible(page, source)
    page.click("#phone-open")
    page.wait_for_selector("#phone[open]")
    axe.assert_accessible(page, source)
    page.click("#phone-close")
    page.fill("#subject", "no name")
    page.click("#who-form button[type=submit]")
    wait_until(page, "document.getElementById('who-problem').textContent !== ''")
    axe.assert_accessible(page, source, (390,))
    page.fill("#subject", "s01")
    page.click("#who-form button[type=submit]")
    page.wait_for_selector("#consent:not([hidden])")
    axe.assert_accessible(page, source)
    page.check("#scope-train")
    page.click("#consent-yes")
    page.wait_for_selector("body[data-state=ready]")
    page.wait_for_selector("#meter:not([hidden])")
    axe.assert_accessible(page, source)
    page.click("#take")
    page.wait_for_selector("body[data-state=taking]")
    faults = axe.look_at(page)
    page.wait_for_selector(OVER)
    assert faults == []
    axe.assert_accessible(page, source)
    page.context.close()
    studio.kill()


@pytest.mark.slow
def test_unplugged_hidden_and_offline(studio: StudioProgram, page: Any, home: Path) -> None:
    enter(page, studio, "s01")
    sent: list[str] = []
    page.on("request", lambda request: "/takes/" in request.url and sent.append(request.url))
    page.click("#take")
    page.wait_for_selector("body[data-state=taking]")
    page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait_for_selector("body[data-state=opening]")
    assert "Nothing of this take was stored" in page.inner_text("#problem")
    page.click("#next-person")
    sit_down(page, "s01")
    page.click("#take")
    page.wait_for_selector("body[data-state=taking]")
    page.evaluate(
        """() => {
             Object.defineProperty(document, 'hidden', { value: true, configurable: true });
             document.dispatchEvent(new Event('visibilitychange'));
             delete document.hidden;
           }"""
    )
    page.wait_for_selector("body[data-state=ready]")
    assert "in the background" in page.inner_text("#problem")
    assert sent == []
    page.context.set_offline(True)
    page.click("#take")
    wait_until(page, "document.getElementById('takes').textContent.includes('does not answer')")
    page.context.set_offline(False)
    page.wait_for_selector(OVER)
    assert len(reader.open_dataset(home / "datasets" / "people").rows) == 2


@pytest.mark.slow
def test_a_phone_records_over_https_by_a_code(browser: Any, home: Path) -> None:
    flags = ("--lan", "--lan-address", "127.0.0.1")
    studio = StudioProgram(home, *flags, ready=r"(https://127\.0\.0\.1:\d+/\?code=\w+)")
    context = browser.new_context(viewport={"width": 390, "height": 844}, ignore_https_errors=True, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(studio.url)
    assert page.evaluate("[location.search, isSecureContext]") == ["", True]
    assert page.is_hidden("#dataset-field")  # the code says where to
    sit_down(page, "s01")
    page.click("#take")
    page.wait_for_selector(OVER)
    assert "Saved: 2 sequences" in page.inner_text("#takes li:first-child")
    context.close()
    desk = browser.new_context().new_page()
    desk.set_default_timeout(180_000)
    local = studio.said.partition("studio: ")[2].split()[0]
    desk.goto(local)
    desk.goto(f"{local.partition('?')[0]}record")
    wait_until(desk, "document.getElementById('subject').value === 's02'")
    desk.click("#phone-open")
    desk.wait_for_selector("#phone[open]")
    assert desk.evaluate("document.getElementById('phone-code').naturalWidth") > 100
    assert "/?code=" in desk.inner_text("#phone-url")
    desk.context.close()
    studio.kill()
    assert len(reader.open_dataset(home / "datasets" / "people").rows) == 2


@pytest.mark.slow
def test_without_webcodecs_each_frame_is_a_jpeg(studio: StudioProgram, page: Any, home: Path) -> None:
    page.add_init_script("delete window.VideoEncoder; delete window.MediaStreamTrackProcessor;")
    enter(page, studio, "s01")
    page.click("#take")
    page.wait_for_selector(OVER)
    take = contracts.read_document(home / "datasets" / "people" / "takes" / "take_0001.json", "take")
    assert (take["capture"]["codec"], take["capture"]["matrix"]) == ("jpeg", "bt470bg")


# Records one take after the other, and tells which films the server has called received.
_RECORD_ON = """() => {
  const { fetch } = window;
  window.fetch = async (path, how) => {
    const answer = await fetch(path, how);
    const found = /takes\\/([0-9a-f-]+)\\/finish$/.exec(path);
    if (found && answer.ok) window.acknowledge(found[1]);
    return answer;
  };
  setInterval(() => {
    const isFree = document.body.dataset.state === 'ready' && document.querySelectorAll('#takes li').length < 3;
    if (isFree) document.getElementById('take').click();
  }, 150);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [pytest.param(6, id="6 times"), pytest.param(40, id="40 times")])
def test_killed_at_any_moment_nothing_is_half_and_nothing_received_is_lost(
    launch: Callable[..., Any], film: Path, home: Path, kills: int
) -> None:
    folder = home / "datasets" / "people"
    studio = StudioProgram(home)
    port = studio.base.rstrip("/").rpartition(":")[2]
    browser = launch(*camera_flags(film))
    acknowledged: list[str] = []
    rng = random.Random(kills)

    def open_page() -> Any:
        page = browser.new_context().new_page()
        page.set_default_timeout(300_000)
        page.expose_function("acknowledge", lambda name: acknowledged.append(name))
        enter(page, studio, "s01")
        page.evaluate(_RECORD_ON)
        return page

    page = open_page()
    for number in range(kills):
        page.wait_for_timeout(rng.uniform(200, 5000))
        if number % 2:
            studio.kill()
            studio = StudioProgram(home, "--port", port)
        else:
            page.context.close()
            page = open_page()
        if number % 10 == 9:
            print(f"{number + 1} kills, {len(acknowledged)} acknowledged", flush=True)
    goal, ends_s = len(acknowledged) + 1, time.monotonic() + 300
    while len(acknowledged) < goal and time.monotonic() < ends_s:
        page.wait_for_timeout(200)
    page.context.close()
    place = home / "artifacts" / "studio" / "takes"
    while list(place.glob("*/browser_film.json")):
        assert time.monotonic() < ends_s + 600, "the films that had arrived were not recorded"
        time.sleep(0.5)
    studio.kill()
    assert [str(one) for one in check_dataset(folder) if one.is_error] == []
    records = [
        contracts.read_document(path, "take")
        for path in [*folder.glob("takes/*.json"), *folder.glob("rejected/*/takes/*.json")]
    ]
    by_id = {record["capture"]["capture_id"]: record for record in records}
    assert len(by_id) == len(records)  # no film twice
    outcomes = {path.parent.name: json.loads(path.read_bytes()) for path in place.glob("*/outcome.json")}
    refused = {name for name, outcome in outcomes.items() if outcome["status"] == "refused"}
    of_a_busy_machine = {"gap", "slow", "sequence", "short"}
    assert {outcomes[name]["cause"] for name in refused} <= of_a_busy_machine
    assert len(acknowledged) >= goal
    assert set(acknowledged) - set(by_id) <= refused
    rows = reader.open_dataset(folder).rows
    for record in records:
        film_path = next(iter(folder.rglob(f"{record['take_id']}.mp4")))
        with Film(str(film_path)) as kept:
            assert sum(1 for _ in kept) == record["n_frames"]
    assert {row.take_id for row in rows} == {path.stem for path in folder.glob("takes/*.json")}
    left = [
        path
        for path in place.rglob("*")
        if path.suffix in (".ivf", ".part") and (path.parent / "outcome.json").is_file()
    ]
    assert left == []
    n_stored = len({row.take_id for row in rows})
    shown = {"kills": kills, "acknowledged": len(acknowledged), "stored": n_stored, "refused": len(refused)}
    print(json.dumps(shown), flush=True)
    if report := os.environ.get("SMILEBENCH_REPORT"):
        with Path(report).open("a", encoding="utf-8") as out:
            out.write(json.dumps(shown) + "\n")
