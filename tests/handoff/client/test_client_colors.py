"""One rule of colours: Python, a page's canvas and the client read the same bytes of a film, to the last one."""

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.arrays import U8
from shared.preprocess import square_box
from shared.video import Film
from shared.web.server import PageServer

CLIENT = Path("tools/handoff/client")
SOFTWARE_GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
N_FRAMES = 3


@dataclass(frozen=True)
class Kind:
    """A film: size, matrix, range, where the colour samples lie, and a pixel's width in heights."""

    name: str
    size: tuple[int, int]
    matrix: str
    levels: str = "tv"
    siting: str = "left"
    layout: str = "yuv420p"
    pixel: str = "1"


KINDS = [
    Kind("hd.mp4", (320, 240), "bt709"),
    Kind("centred.mp4", (320, 240), "bt709", siting="center"),
    Kind("hd_full.mp4", (320, 240), "bt709", levels="pc"),
    Kind("sd.mp4", (320, 240), "smpte170m", siting="topleft"),
    Kind("sd_full.mp4", (242, 322), "smpte170m", levels="pc"),
    Kind("odd.webm", (321, 241), "bt709"),
    Kind("fine.mp4", (320, 240), "bt709", layout="yuv444p"),
    Kind("wide.mp4", (240, 240), "smpte170m", pixel="4/3"),
    Kind("high.mp4", (320, 240), "bt709", pixel="15/16"),
]

READ = """async ([name, timeS, how]) => {
  const { PixelReader } = await import('/client/smile-detector.colors.mjs');
  const video = document.createElement('video');
  video.muted = true;
  video.src = '/films/' + name;
  await new Promise((done, fail) => { video.onloadeddata = done; video.onerror = () => fail(video.error.message); });
  await new Promise((done) => { video.onseeked = done; video.currentTime = timeS; });
  let picture;
  if (how === 'client') {
    let frame;
    for (let n = 0; !frame; n++) {  // after a seek the picture may still be on its way
      try {
        frame = new VideoFrame(video, { timestamp: 0 });
      } catch (error) {
        if (n === 250 || error.name !== 'InvalidStateError') throw error;
        await new Promise((done) => setTimeout(done, 20));
      }
    }
    picture = await new PixelReader().read(frame);
  } else {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
    context.drawImage(video, 0, 0);
    picture = context.getImageData(0, 0, canvas.width, canvas.height);
  }
  let text = '';
  for (const byte of picture.data) text += String.fromCharCode(byte);
  return [picture.width, picture.height, btoa(text)];
}"""


def draw(width: int, height: int, seed: int) -> U8:
    """Draw blocks of saturated colours, whose edges lie everywhere: what a wrong rule cannot get right."""
    import cv2

    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(30):
        x, y = (int(rng.integers(0, side)) for side in (width, height))
        colour = tuple(int(255 * bit) for bit in rng.integers(0, 2, 3))
        cv2.circle(picture, (x, y), int(rng.integers(3, 30)), colour, -1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, float, U8]]:
    """The films by name: file, a moment within its second frame, and that frame as Python reads it."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    folder, made = tmp_path_factory.mktemp("colours"), {}
    for kind in KINDS:
        width, height = kind.size
        raw = b"".join(draw(width, height, seed).tobytes() for seed in range(N_FRAMES))
        to_range = "full" if kind.levels == "pc" else "limited"
        look = f"scale=in_range=full:out_range={to_range}:out_color_matrix={kind.matrix},format={kind.layout},"
        command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        command += ["-r", "5", "-i", "-", "-vf", look + f"setsar={kind.pixel}", "-colorspace", kind.matrix]
        command += ["-color_primaries", kind.matrix, "-color_trc", kind.matrix, "-color_range", kind.levels]
        command += ["-chroma_sample_location", kind.siting]
        is_webm = kind.name.endswith("webm")
        codec = ["libvpx-vp9", "-deadline", "realtime"] if is_webm else ["libx264", "-preset", "ultrafast", "-qp", "4"]
        path = folder / kind.name
        subprocess.run([*command, "-c:v", *codec, "-g", "1", str(path)], input=raw, check=True, timeout=60)
        frames = list(Film(str(path)))
        made[kind.name] = (path, (frames[1].time_s + frames[2].time_s) / 2, frames[1].rgb_hwc_u8)
    return made


@pytest.fixture(scope="module")
def server(films: dict[str, tuple[Path, float, U8]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """The films, the client, and an empty page."""
    pages = tmp_path_factory.mktemp("pages")
    (pages / "index.html").write_text("<!doctype html><link rel=icon href=data:,>", encoding="utf-8")
    folder = next(iter(films.values()))[0].parent
    with PageServer({"/": pages, "/films/": folder, "/client/": CLIENT}) as running:
        yield running


def read(page: Any, name: str, time_s: float, how: str) -> U8:
    """Return the picture that a page reads, RGB."""
    width, height, data = page.evaluate(READ, [name, time_s, how])
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


def largest_difference(python: U8, browser: U8) -> int:
    """Compare; the client reads the centred square alone where it can."""
    if python.shape != browser.shape:
        x0, y0, x1, y1 = square_box(python.shape[1], python.shape[0])
        python = python[y0:y1, x0:x1]
    assert python.shape == browser.shape
    return int(np.abs(python.astype(int) - browser).max())


@pytest.mark.parametrize("how", ["canvas", "client"])
def test_a_film_has_the_same_pixels_in_python_and_in_chromium(
    launch: Callable[..., Any], server: PageServer, films: dict[str, tuple[Path, float, U8]], how: str
) -> None:
    """FFmpeg's colours were up to 12 levels away from a page's on BT.709 films."""
    page = launch().new_page()
    page.goto(server.url)
    found = {
        name: largest_difference(picture, read(page, name, time_s, how)) for name, (_, time_s, picture) in films.items()
    }
    assert found == dict.fromkeys(films, 0)


def test_a_browser_with_a_graphics_adapter_reads_the_same_pixels_through_the_client(
    launch: Callable[..., Any], server: PageServer, films: dict[str, tuple[Path, float, U8]]
) -> None:
    """Its own conversion mixes neighbouring colour samples: up to 80 levels at colourful edges."""
    page = launch(*SOFTWARE_GPU).new_page()
    page.goto(server.url)
    found = {
        name: largest_difference(picture, read(page, name, time_s, "client"))
        for name, (_, time_s, picture) in films.items()
    }
    assert found == dict.fromkeys(films, 0)
