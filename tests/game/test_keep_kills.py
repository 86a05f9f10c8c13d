"""Page and server die while moments are kept, again and again: what was acknowledged is there, whole."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.check import check_dataset
from shared.video import Film
from tools.spec_checker.browser.chromium import wait_until

# Sends one moment after the other, and tells which were acknowledged.
_SEND = """async ([token]) => {
  const { SmileDetector, openCamera } = await import('/model/smile-detector.mjs');
  const { Highlights, KeepEndpoint } = await import('/model/smile-detector.keep.mjs');
  const options = { spec: '/model/frontend_spec.json', ortUrl: '/ort/', keepCrops: 'each', allowUntested: true };
  const detector = await SmileDetector.create(options);
  const highlights = new Highlights(detector, { seconds: 2.5 });
  await openCamera(document.getElementById('video'));
  detector.watch(document.getElementById('video'));
  const endpoint = new KeepEndpoint('/keep/', token);
  window.nSending = 0;
  setInterval(async () => {
    const moment = window.nSending < 3 ? highlights.take('key') : null;
    if (!moment) return;
    moment.playerLabel = 'smile';
    window.nSending += 1;
    try {
      const kept = await endpoint.send(moment, 's01');
      window.acknowledge(moment.id, kept.take_id, moment.frames.length);
    } catch (error) {
      window.complain(`${error.code}: ${error.message}`);
    } finally {
      window.nSending -= 1;
    }
  }, 120);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [pytest.param(20, id="20 times"), pytest.param(200, id="200 times")])
def test_killed_at_any_moment_what_was_acknowledged_is_there_whole(
    launch: Callable[..., Any], film: Path, make_game: Callable[..., Any], handoff: Path, home: Path, kills: int
) -> None:
    flags = ("--keep", "play", "--face-model", "none")
    game = make_game(handoff, *flags)
    port, token = game.url.rstrip("/").rpartition(":")[2], game.address.partition("#keep=")[2]
    folder = home / "datasets" / "play"
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*camera, f"--use-file-for-fake-video-capture={film}")
    acknowledged: dict[str, tuple[str, int]] = {}
    complaints: list[str] = []
    rng = random.Random(kills)

    def open_page() -> Any:
        page = browser.new_context().new_page()
        page.set_default_timeout(60_000)
        page.expose_function("acknowledge", lambda name, take, count: acknowledged.update({name: (take, count)}))
        page.expose_function("complain", lambda text: complaints.append(text))
        page.goto(game.url)
        page.wait_for_selector("body[data-state=ready]")
        page.evaluate(_SEND, [token])
        return page

    page = open_page()
    page.evaluate(
        """async (token) => {
             const { KeepEndpoint } = await import('/model/smile-detector.keep.mjs');
             const endpoint = new KeepEndpoint('/keep/', token);
             const { statement } = await endpoint.info('s01', 'en');
             await endpoint.agree('s01', statement, ['train']);
           }""",
        token,
    )
    n_checked = 0
    for number in range(kills):
        wait_until(page, "window.nSending > 0")
        page.wait_for_timeout(rng.uniform(0, 900))
        if number % 2:
            game.kill()
            game = make_game(handoff, *flags, "--port", port)
        else:
            page.context.close()
            page = open_page()
        if number % 20 == 19:  # all that is there is whole, whenever one looks
            n_checked += 1
            assert [str(one) for one in check_dataset(folder) if one.is_error] == []
            print(f"{number + 1} kills, {len(acknowledged)} acknowledged", flush=True)
    goal = len(acknowledged) + 2
    ends_s = time.monotonic() + 120
    while len(acknowledged) < goal and time.monotonic() < ends_s:
        page.wait_for_timeout(100)
    page.context.close()
    assert game.end()[0] == 0
    assert n_checked == kills // 20
    assert [str(one) for one in check_dataset(folder) if one.is_error] == []
    # bad-moment: on a busy machine a page may have had no five frames at the right pace; it was told so.
    assert [text for text in complaints if not text.startswith(("offline", "busy", "bad-moment"))] == []
    assert len(acknowledged) >= goal
    rows = reader.open_dataset(folder).rows
    records = [contracts.read_document(path, "take") for path in sorted((folder / "takes").glob("*.json"))]
    by_id = {record["play"]["moment_id"]: record for record in records}
    assert len(by_id) == len(records)  # no moment twice
    for name, (take_id, count) in acknowledged.items():
        record = by_id[name]
        assert (record["take_id"], record["n_frames"]) == (take_id, count)
        assert {row.sequence_id for row in rows if row.take_id == take_id} == set(record["sequence_ids"])
        with Film(str(folder / record["film"]["file"])) as kept:
            assert sum(1 for _ in kept) == count
    print(json.dumps({"kills": kills, "acknowledged": len(acknowledged), "stored": len(records)}))
    assert paths.artifacts("games").is_dir()
