"""The client on a webcam: sampling by capture time, hidden tabs, two tabs, and a camera that is not there."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

# Watches until there are so many answers: a machine that others use too gives no promise of time.
WATCH = """async (enough) => {
  await create({ keepCrops: true });
  window.camera = await client.openCamera(document.getElementById('video'));
  window.results = [];
  detector.addEventListener('result', ({ detail }) => results.push(detail));
  detector.watch(document.getElementById('video'));
  window.ready = () => results.filter(({ state }) => state === 'ready').length;
  await until(() => ready() >= enough);
}"""


def test_a_webcam_is_followed_by_its_capture_times(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 30)
    # One that begins in the film's dark part; the first may begin in the middle of the bright one.
    page.evaluate(
        """() => {
          window.rise = () => events.find(([type, { crops }]) => type === 'smilestart' && crops[0].data[0] < 100);
          return until(() => rise() && Math.max(...results.map(({ smileProb }) => smileProb)) > 0.82);
        }"""
    )
    results = page.evaluate("results")
    ready = [result for result in results if result["state"] == "ready"]
    states = [result["state"] for result in results]
    assert set(states[: states.index("ready")]) == {"warming_up"}
    for result in ready:
        times = result["frameTimesMs"]
        places = [result["timestampMs"] - 100 * back for back in range(4, -1, -1)]
        assert max(abs(time - place) for time, place in zip(times, places, strict=True)) <= 50
    # The film is 1.5 s at red 50 and 1.5 s at 220 (through YUV).
    assert min(result["smileProb"] for result in ready) == pytest.approx(50 / 255, abs=0.02)
    assert max(result["smileProb"] for result in ready) == pytest.approx(220 / 255, abs=0.02)
    events = page.evaluate("events.map(([type]) => type)")
    assert all(one != other for one, other in itertools.pairwise(events))  # a start, an end, a start, ...
    crops = page.evaluate("rise()[1].crops.map(({ data }) => data[0])")
    assert crops == sorted(crops)
    assert crops[0] < 100 < 200 < crops[4]  # the moment itself: dark first, bright last
    page.evaluate("detector.unwatch()")
    before = page.evaluate("results.length")
    page.wait_for_timeout(300)
    assert page.evaluate("results.length") == before


def test_a_hidden_page_forgets_what_it_saw(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 3)
    page.evaluate(
        """async () => {
          const hide = (hidden) => {
            Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
          };
          window.seen = results.length;
          hide(true);
          hide(false);
          const readyAgain = () => {
            const after = results.slice(seen).map(({ state }) => state);
            return after.includes('gap') && after.indexOf('ready', after.indexOf('gap')) > 0;
          };
          await until(readyAgain);
        }"""
    )
    after = page.evaluate("results.slice(seen).map(({ state }) => state)")
    first = after.index("gap")
    assert first <= 1  # one frame may have been on its way
    assert set(after[first : after.index("ready", first)]) == {"gap"}
    assert "warming_up" not in after


def test_two_tabs_answer_at_the_same_time(site: Any) -> None:
    pages = [site.open(), site.open()]
    for page in pages:
        page.evaluate(WATCH, 1)
    for page in pages:
        page.evaluate("until(() => ready() > 10)")
        assert page.evaluate("ready()") > 10
        page.evaluate("detector.close().then(() => camera.stop())")


def test_the_page_stays_smooth_while_the_worker_works(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 1)
    longest = page.evaluate(
        """() => new Promise((resolve) => {
          let last = performance.now();
          let longest = 0;
          const end = last + 1500;
          const tick = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
            if (now < end) requestAnimationFrame(tick); else resolve(longest);
          };
          requestAnimationFrame(tick);
        })"""
    )
    assert longest < 1000  # ms without a picture; a machine that others use too stalls by itself


def test_a_browser_without_frame_callbacks_is_followed_too(site: Any) -> None:
    page = site.open()
    page.evaluate(
        """() => { delete HTMLVideoElement.prototype.requestVideoFrameCallback;
                   delete HTMLVideoElement.prototype.cancelVideoFrameCallback; }"""
    )
    page.evaluate(WATCH, 6)
    ready = page.evaluate("results.filter(({ state }) => state === 'ready')")
    assert len(ready) > 5
    times = [result["timestampMs"] for result in ready]
    assert times == sorted(set(times))


def test_a_camera_that_goes_away_says_so_once(site: Any) -> None:
    page = site.open()
    lost = page.evaluate(
        """async () => {
          const video = document.getElementById('video');
          const lost = [];
          const { stream } = await client.openCamera(video, { lang: 'ko', onLost: (error) => lost.push(error) });
          const [track] = stream.getVideoTracks();
          track.dispatchEvent(new Event('ended')); // what a browser does when the plug is pulled
          track.dispatchEvent(new Event('ended'));
          return [lost.map((error) => [error.code, error.message, error.in('en')]), video.srcObject, track.readyState];
        }"""
    )
    ((code, korean, english),), source, state = lost
    assert code == "camera-lost"
    assert "카메라 연결이 끊어졌습니다" in korean
    assert "disconnected" in english
    assert (source, state) == (None, "ended")


def test_stopping_the_camera_is_not_losing_it(site: Any) -> None:
    page = site.open()
    assert (
        page.evaluate(
            """async () => {
              let lost = 0;
              const onLost = () => { lost += 1; };
              const camera = await client.openCamera(document.getElementById('video'), { onLost });
              camera.stop();
              await new Promise((resolve) => setTimeout(resolve, 200));
              return lost;
            }"""
        )
        == 0
    )


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "camera-denied", "Allow it"),
        (
            ("--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream"),
            "camera-missing",
            "No camera",
        ),
    ],
)
def test_a_camera_that_cannot_be_opened_says_why(
    site: Any, launch: Callable[..., Any], flags: tuple[str, ...], code: str, words: str
) -> None:
    page = site.open(launch(*flags))
    found = page.evaluate("fails(() => client.openCamera(document.getElementById('video')))")
    assert found[0] == code
    assert words in found[1]


def test_a_camera_that_another_program_holds_says_so(site: Any) -> None:
    page = site.open()
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = async () => {
              throw new DOMException('Could not start video source', 'NotReadableError'); }; }"""
    )
    found = page.evaluate("fails(() => client.openCamera(document.getElementById('video')))")
    assert found[0] == "camera-busy"


def test_a_request_that_no_camera_fits_names_what_does_not_fit(site: Any) -> None:
    page = site.open()
    found = page.evaluate(
        """fails(() => client.openCamera(document.getElementById('video'),
             { constraints: { deviceId: { exact: 'no-such-camera' } } }))"""
    )
    assert found[0] == "camera-unfit"
    assert "deviceId" in found[1]


def test_a_track_that_the_page_itself_stops_is_told_and_leaves_no_answer(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 3)
    after = page.evaluate(
        """async () => {
          const [track] = camera.stream.getVideoTracks();
          track.stop();
          const stopped = results.length; // answers in work are thrown away, too
          await until(() => events.some(([type]) => type === 'error'));
          return [results.length - stopped, events.filter(([type]) => type === 'error').map(([, error]) => error.code)];
        }"""
    )
    assert after == [0, ["camera-lost"]]


def test_watching_no_video_is_an_error_with_a_code(site: Any) -> None:
    page = site.open()
    page.evaluate("create()")
    for given, name in (("undefined", "undefined"), ("null", "null"), ("document.body", "HTMLBodyElement")):
        found = page.evaluate(f"fails(async () => detector.watch({given}))")
        assert found[0] == "bad-source"
        assert name in found[1]
