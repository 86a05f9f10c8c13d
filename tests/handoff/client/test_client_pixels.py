"""Crop and resize in JavaScript against OpenCV, byte for byte."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.arrays import U8
from shared.preprocess import crop_and_resize

SIZES = [
    (640, 480),
    (480, 640),
    (1280, 720),
    (448, 448),  # by two: OpenCV rounds halves up there
    (672, 700),  # by three
    (896, 896),
    (224, 224),
    (225, 301),
    (641, 481),
    (500, 333),
    (320, 240),
    (160, 120),  # grows
    (223, 223),
    (112, 112),
    (3, 2),
    (1, 1),
]

RESIZE = """async ({ name, width, height, flips }) => {
  const { AreaResizer } = await import('/model/smile-detector.pixels.mjs');
  const bytes = Uint8Array.from(atob(name), (letter) => letter.charCodeAt(0));
  window.resizer ??= new AreaResizer(224);
  const result = resizer.resize(bytes, width, height, flips);
  let text = '';
  for (const byte of result) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def resize(page: Any, rgba: U8, **flips: bool) -> U8:
    height, width = rgba.shape[:2]
    name = base64.b64encode(rgba.tobytes()).decode()
    answer = page.evaluate(RESIZE, {"name": name, "width": width, "height": height, "flips": flips})
    return np.frombuffer(base64.b64decode(answer), np.uint8).reshape(224, 224, 3)


def draw(width: int, height: int, seed: int) -> U8:
    """Draw noise, the hardest picture there is for a resize, with smooth and hard-edged regions in it."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    picture[: height // 3, :, :3] = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    picture[height // 3 : height // 2, ::2, :3] = 255
    return picture


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_crop_and_resize_give_opencvs_bytes(page: Any, width: int, height: int) -> None:
    rgba = draw(width, height, seed=width)
    found = resize(page, rgba).astype(int)
    difference = np.abs(found - crop_and_resize(np.ascontiguousarray(rgba[..., :3])))
    # Equal to the last byte with OpenCV's own arithmetic; its builds for other processors may round a tie otherwise.
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.001


@pytest.mark.parametrize(("width", "height"), [(640, 480), (301, 225), (101, 300)])
def test_a_mirrored_picture_is_turned_back_before_the_crop(page: Any, width: int, height: int) -> None:
    rgba = draw(width, height, seed=3)
    mirrored = np.ascontiguousarray(rgba[:, ::-1])
    difference = np.abs(resize(page, mirrored, flipBefore=True).astype(int) - resize(page, rgba))
    assert difference.max() <= 1  # the same sums, added from the other side
    turned = resize(page, rgba, flipAfter=True)
    assert (turned == resize(page, rgba)[:, ::-1]).all()


def test_a_picture_without_pixels_is_refused(page: Any) -> None:
    with pytest.raises(Exception, match="no picture of 10 x 10"):
        page.evaluate(RESIZE, {"name": "", "width": 10, "height": 10, "flips": {}})


def test_the_client_resizes_with_no_canvas(site: Any) -> None:
    for file in Path(site.model).glob("*.mjs"):
        text = file.read_text(encoding="utf-8")
        for call in text.split("drawImage(")[1:]:
            assert call.startswith("frame, 0, 0)")  # at its own size
        assert "resizeWidth" not in text


@pytest.mark.parametrize("kind", ["ImageData", "canvas", "OffscreenCanvas", "ImageBitmap", "VideoFrame", "RGBA"])
def test_every_source_gives_the_same_pixels(page: Any, kind: str) -> None:
    found = page.evaluate(
        """async (kind) => {
          await create({ keepCrops: true });
          const image = new ImageData(50, 40);
          for (let at = 0; at < image.data.length; at += 4) image.data.set([at % 251, at % 83, at % 7, 255], at);
          const drawOn = (canvas) => {
            canvas.width = 50; canvas.height = 40;
            canvas.getContext('2d').putImageData(image, 0, 0);
            return canvas;
          };
          const make = {
            ImageData: () => image,
            canvas: () => drawOn(document.createElement('canvas')),
            OffscreenCanvas: () => drawOn(new OffscreenCanvas(1, 1)),
            ImageBitmap: () => createImageBitmap(image),
            VideoFrame: () => new VideoFrame(drawOn(new OffscreenCanvas(1, 1)), { timestamp: 0 }),
            RGBA: () => new VideoFrame(image.data.slice(),
              { format: 'RGBA', codedWidth: 50, codedHeight: 40, timestamp: 0 }),
          }[kind];
          const features = async (source) => {
            let last;
            for (let n = 0; n < 5; n += 1) last = await detector.push(await source(), n * 100);
            await detector.reset();
            return last.emotionLogits.slice(0, 3);
          };
          return [await features(() => image), await features(make)];
        }""",
        kind,
    )
    assert found[1] == pytest.approx(found[0], abs=1e-5)


def test_a_turned_frame_is_read_upright(page: Any) -> None:
    # 60 x 20 stored, turned by 90 degrees: 20 x 60 upright. Its centred square is the stored middle third.
    found = page.evaluate(
        """async () => {
          const { PixelReader } = await import('/model/smile-detector.colors.mjs');
          const image = new ImageData(60, 20);
          for (let at = 0; at < image.data.length; at += 4) image.data.set([((at / 4) % 60) * 4, 0, 0, 255], at);
          const frame = new VideoFrame(image.data, { format: 'RGBA', codedWidth: 60, codedHeight: 20, timestamp: 0,
            rotation: 90 });
          const { data, width, height } = await new PixelReader().read(frame);
          return [width, height, data[0], data[(59 * 20) * 4], frame.format];
        }"""
    )
    assert found[:2] == [20, 60]
    assert found[2:4] == [0, 59 * 4]  # the stored row runs down the upright picture
    assert found[4] is None  # closed
