"""What stays the same through a take: who the actor is, the room, its light, the camera, and the painted head.

Head coordinates are pixels at scale 1 from the middle of the face, x to the right, y down.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from shared.arrays import U8
from tools.recorder.actor.appearance import Appearance
from tools.recorder.actor.strokes import Points, Rgb, band, dark, fill, mix, oval, stroke

WIDTH_PX, HEIGHT_PX = 640, 480
HEAD_AT = (320.0, 254.0)
HEAD_SCALE = 1.1
LAYER_PX = 440  # side of the head's layer, at scale 1
_FINE = 2  # the layer is painted this much larger and shrunk, which smooths its edges


@dataclass(frozen=True)
class Stage:
    """The room's light and the camera. Pictures are (H, W, 3)."""

    light: U8
    light_from: tuple[float, float]
    noise: U8
    blur_sigma: float
    clutter_seed: int

    @classmethod
    def from_rng(
        cls,
        rng: np.random.Generator,
        appearance: Appearance,
        unevenness: float,
        noise: tuple[float, float],
        blur: float,
    ) -> "Stage":
        """Set the light and choose the camera by lot."""
        angle = float(rng.uniform(0, 2 * math.pi))
        warmth = unevenness * float(rng.uniform(-1, 1))
        level = 1 + 0.22 * unevenness * float(rng.uniform(-1, 1))
        y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
        x, y = (x - WIDTH_PX / 2) / WIDTH_PX, (y - HEIGHT_PX / 2) / HEIGHT_PX
        slope = 0.55 * unevenness * float(rng.uniform(0.2, 1))
        light = level * (1 + slope * (x * math.cos(angle) + y * math.sin(angle)) - 0.35 * (x * x + y * y))
        tint = np.array([1 + 0.10 * warmth, 1.0, 1 - 0.12 * warmth], np.float32)
        sigma = float(rng.uniform(*noise))
        drawn = rng.normal(0, sigma, (HEIGHT_PX + 64, WIDTH_PX + 64, 3)).astype(np.float32)
        grain = 0.75 * drawn + 0.6 * np.asarray(cv2.GaussianBlur(drawn, (0, 0), 1.0))
        return cls(
            light=np.clip(light[..., None] * tint * 160, 0, 255).astype(np.uint8),
            light_from=(math.cos(angle) * 0.6 * unevenness, -0.35 + 0.25 * math.sin(angle) * unevenness),
            noise=np.clip(grain + 128, 0, 255).astype(np.uint8),
            blur_sigma=float(rng.uniform(0, blur)),
            clutter_seed=appearance.seed,
        )


def paint_room(appearance: Appearance, stage: Stage) -> U8:
    """Paint what stands still: the wall with some clutter out of focus, shirt and neck; (480, 640, 3) RGB."""
    rng = np.random.default_rng([stage.clutter_seed, 12])
    image = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    image[:] = np.round(appearance.wall)
    for _ in range(int(rng.integers(3, 7))):
        x, y = float(rng.uniform(0, WIDTH_PX)), float(rng.uniform(0, HEIGHT_PX))
        size, tall = float(rng.uniform(30, 110)), float(rng.uniform(0.5, 2.2))
        color = mix(appearance.wall, tuple(rng.uniform(40, 240, 3)), float(rng.uniform(0.15, 0.5)))
        fill(image, oval(x, y, size, size * tall, float(rng.choice([2.0, 12.0]))), color)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 7.0), dtype=np.uint8)
    x0, chin = HEAD_AT[0], HEAD_AT[1] + HEAD_SCALE * appearance.half_height
    top, neck = chin + 26, 0.58 * appearance.half_width
    _paint_shirt(image, appearance, x0, top, neck)
    return image


def _paint_shirt(image: U8, appearance: Appearance, x0: float, top: float, neck: float) -> None:
    """Paint shoulders, neck and collar."""
    bottom = float(HEIGHT_PX + 4)
    shoulders = np.array([-270, -235, -175, -neck - 16, neck + 16, 175, 235, 270], np.float64)
    heights = np.array([bottom, top + 44, top + 16, top - 12, top - 12, top + 16, top + 44, bottom])
    fill(image, np.stack([x0 + shoulders, heights], axis=1), appearance.shirt)
    shade = image.astype(np.float32)
    neck_x = np.array([-neck, -neck * 0.94, -neck - 6, 0, neck + 6, neck * 0.94, neck])
    neck_y = np.array([top - 150, top - 30, top - 8, top + 22, top - 8, top - 30, top - 150])
    fill(image, np.stack([x0 + neck_x, neck_y], axis=1), dark(appearance.skin, 0.1))
    under_chin = np.zeros(image.shape[:2], np.uint8)
    fill(under_chin, oval(x0, top - 40, neck * 1.3, 44), (255.0, 0, 0))
    weight = np.asarray(cv2.GaussianBlur(under_chin, (0, 0), 9.0), dtype=np.float32)[..., None] / 255 * 0.42
    is_skin = (image.astype(np.float32) != shade).any(axis=2, keepdims=True)
    image[:] = (image * (1 - weight * is_skin)).astype(np.uint8)
    collar = np.array([[-neck - 12, top - 14], [-neck * 0.7, top + 12], [0, top + 30], [neck * 0.7, top + 12]])
    collar = np.concatenate([collar, [[neck + 12, top - 14]]]) + np.array([x0, 0.0])
    stroke(image, collar, dark(appearance.shirt, 0.28), 5)


def paint_head(appearance: Appearance, stage: Stage) -> U8:
    """Paint all of the head that does not move by itself.

    Returns:
        (LAYER_PX, LAYER_PX, 4) uint8: RGB, multiplied by the coverage already, and the coverage, 0 to 255.
    """
    side = LAYER_PX * _FINE
    canvas = _Canvas(np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.uint8))
    rng = np.random.default_rng([appearance.seed, 13])
    _paint_back_hair(canvas, appearance, rng)
    for sign in (-1.0, 1.0):
        canvas.fill(
            oval(sign * (appearance.half_width - 1), appearance.eye_y + 22, 15, 27), dark(appearance.skin, 0.06)
        )
        canvas.fill(oval(sign * (appearance.half_width + 2), appearance.eye_y + 22, 7, 16), dark(appearance.skin, 0.24))
    outline = _face_outline(appearance)
    canvas.fill(outline, appearance.skin)
    skin = np.zeros((side, side), np.uint8)
    fill(skin, canvas.at(outline), (255.0, 0, 0))
    _shade_skin(canvas, appearance, stage, skin, rng)
    _paint_nose(canvas, appearance, stage)
    _paint_front_hair(canvas, appearance, rng)
    small = (LAYER_PX, LAYER_PX)
    canvas.image[canvas.cover == 0] = 0  # strands that reach beyond the hair
    # The canvas starts black, so its shrunken edges are multiplied by the coverage already.
    color = cv2.resize(canvas.image, small, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(canvas.cover, small, interpolation=cv2.INTER_AREA)
    return np.asarray(np.dstack([color, cover]), dtype=np.uint8)


@dataclass(frozen=True)
class _Canvas:
    """The head's layer while it is painted, in head coordinates."""

    image: U8
    cover: U8

    @staticmethod
    def at(points: Points) -> Points:
        """Turn head coordinates into pixels of the layer."""
        placed: Points = (np.asarray(points, np.float64) + LAYER_PX / 2) * _FINE
        return placed

    def fill(self, points: Points, color: Rgb) -> None:
        """Fill an area of the head."""
        fill(self.image, self.at(points), color)
        fill(self.cover, self.at(points), (255.0, 0, 0))

    def stroke(self, points: Points, color: Rgb, thickness: float) -> None:
        """Draw a line on what is painted already."""
        stroke(self.image, self.at(points), color, thickness * _FINE)

    def glow(self, points: Points, color: Rgb, part: float, sigma: float) -> None:
        """Tint an area softly; what is not painted stays so."""
        # The mask is made at scale 1: blurring it in the fine layer would cost eight times as much, for the same look.
        placed = self.at(points) / _FINE
        x0, y0 = np.maximum(placed.min(axis=0) - 3 * sigma, 0).astype(int)
        x1, y1 = np.minimum(placed.max(axis=0) + 3 * sigma + 1, LAYER_PX).astype(int)
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fill(mask, placed - (x0, y0), (255.0, 0, 0))
        blurred = cv2.GaussianBlur(mask, (0, 0), sigma)
        soft = cv2.resize(blurred, (0, 0), fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR)
        box = np.s_[y0 * _FINE : y1 * _FINE, x0 * _FINE : x1 * _FINE]
        region = self.image[box]
        weight = (soft * (self.cover[box] * np.float32(part / 255**2)))[..., None]
        region[:] = (region * (1 - weight) + np.asarray(color, np.float32) * weight).astype(np.uint8)


def _face_outline(appearance: Appearance, grow: float = 0.0) -> Points:
    """Return the outline of the face: round above, towards the chin more or less square."""
    points = oval(0, 0, 1, 1, 2.0, 96)
    x, y = points[:, 0].copy(), points[:, 1].copy()
    low = y > 0
    power = 2.0 + 0.9 * appearance.jaw
    angle = np.arctan2(y[low], x[low])
    x[low] = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power)
    x[low] *= 1 - (0.26 - 0.12 * appearance.jaw) * y[low] ** 2
    return np.stack([x * (appearance.half_width + grow), y * (appearance.half_height + grow)], axis=1)


def _shade_skin(canvas: _Canvas, appearance: Appearance, stage: Stage, skin: U8, rng: np.random.Generator) -> None:
    """Make the face round: light from one side, warm cheeks, soft eye sockets, freckles and beard."""
    side = canvas.cover.shape[0]
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) / _FINE - LAYER_PX / 2) / np.float32(1)
    nx, ny = x / (appearance.half_width * 1.12), y / (appearance.half_height * 1.12)
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0, 1))
    lx, ly = stage.light_from
    facing = np.clip((nx * lx + ny * ly + nz) / math.sqrt(lx * lx + ly * ly + 1), 0, 1)
    shade = (0.72 + 0.33 * facing)[..., None]
    weight = (skin / np.float32(255))[..., None]
    lit = np.clip(canvas.image * shade, 0, 255)
    canvas.image[:] = (canvas.image * (1 - weight) + lit * weight).astype(np.uint8)
    blush = mix(appearance.skin, (224, 96, 92), 0.5)
    for sign in (-1.0, 1.0):
        canvas.glow(oval(sign * 0.56 * appearance.half_width, 34, 24, 17), blush, 0.34, 11)
        canvas.glow(oval(sign * appearance.eye_x, appearance.eye_y - 2, 30, 19), dark(appearance.skin, 0.35), 0.3, 8)
    canvas.glow(oval(0, appearance.mouth_y + 36, 26, 5), dark(appearance.skin, 0.4), 0.3, 5)
    if appearance.freckles:
        for _ in range(34):
            sign = 1 if rng.random() < 0.5 else -1
            spot = oval(sign * float(rng.normal(42, 18)), float(rng.normal(24, 11)), 1.3, 1.3, n=10)
            fill(canvas.image, canvas.at(spot), dark(appearance.skin, 0.2))
    if appearance.beard:
        outline = _face_outline(appearance, -1.5)
        jaw = outline[outline[:, 1] > 12]
        inner = np.stack([jaw[:, 0] * 0.72, jaw[:, 1] * 0.5 + 22 + 0.1 * appearance.mouth_y], axis=1)[::-1]
        canvas.glow(np.concatenate([jaw, inner]), mix(appearance.hair, appearance.skin, 0.2), appearance.beard, 3.5)


def _paint_nose(canvas: _Canvas, appearance: Appearance, stage: Stage) -> None:
    """Paint the nose: a shadow on the side away from the light, wings, nostrils and a shine."""
    away = -1.0 if stage.light_from[0] > 0 else 1.0
    top, tip, half = appearance.eye_y + 12, appearance.eye_y + 12 + appearance.nose_length, appearance.nose_width
    bridge = np.array(
        [[away * 5, top], [away * half * 0.95, tip - 4], [away * half * 0.2, tip + 3], [away * 1, top + 14]]
    )
    canvas.glow(bridge, dark(appearance.skin, 0.45), 0.4, 3.5)
    canvas.glow(oval(0, tip + 4, half * 0.9, 5), dark(appearance.skin, 0.5), 0.4, 3.0)
    canvas.glow(oval(-away * 2.5, tip - 7, 5, 7), mix(appearance.skin, (255, 255, 255), 0.6), 0.6, 3.0)
    x = np.linspace(-1, 1, 15)
    wing = np.stack([half * x, tip + 3 - 5 * np.abs(x) ** 3 + 2.5 * np.cos(2.2 * math.pi * x)], axis=1)
    canvas.stroke(wing, dark(appearance.skin, 0.42), 2.0)
    for sign in (-1.0, 1.0):
        canvas.fill(oval(sign * half * 0.42, tip + 1.5, 3.6, 1.9, n=14), dark(appearance.skin, 0.62))


def _paint_back_hair(canvas: _Canvas, appearance: Appearance, rng: np.random.Generator) -> None:
    """Paint the hair behind the face."""
    w, h, shade = appearance.half_width, appearance.half_height, dark(appearance.hair, 0.3)
    if appearance.style == "bob":
        canvas.fill(oval(0, -14, w + 30, h + 4, 2.8), shade)
    elif appearance.style == "long":
        canvas.fill(oval(0, -12, w + 22, h + 10)[24:], shade)
        for sign in (-1.0, 1.0):
            curtain = oval(sign * (0.84 * w + 8), 66, 0.24 * w + 14, 118, 3.5)
            canvas.fill(curtain, shade)
            for _ in range(14):
                x, lean = (
                    sign * (0.84 * w + 8) + float(rng.uniform(-0.9, 0.9)) * (0.2 * w + 12),
                    float(rng.normal(0, 4)),
                )
                tone = mix(shade, appearance.hair, 0.7) if rng.random() < 0.6 else dark(shade, 0.2)
                canvas.stroke(np.array([[x, -20.0], [x + lean, 70], [x + 1.5 * lean, 172]]), tone, 1.6)
    elif appearance.style == "bun":
        canvas.fill(oval(0, -h - 22, 44, 34), shade)
        canvas.fill(oval(-4, -h - 27, 30, 20), appearance.hair)
    elif appearance.style == "curly":
        for turn in np.linspace(-0.15, math.pi + 0.15, 26):
            x, y = (w + 10) * math.cos(turn), -(h + 4) * math.sin(turn) - 6
            canvas.fill(
                oval(x, y, rng.uniform(17, 26), rng.uniform(17, 26), n=20),
                mix(shade, appearance.hair, float(rng.random())),
            )


def _paint_front_hair(canvas: _Canvas, appearance: Appearance, rng: np.random.Generator) -> None:
    """Paint the hair over the forehead, with strands and a shine."""
    w, h = appearance.half_width, appearance.half_height
    lush = {"short": 13.0, "parted": 16.0, "bob": 18.0, "long": 16.0, "curly": 12.0, "bun": 8.0, "buzz": 4.0}[
        appearance.style
    ]
    depth = {"short": 0.60, "parted": 0.54, "bob": 0.46, "long": 0.56, "curly": 0.58, "bun": 0.66, "buzz": 0.66}[
        appearance.style
    ]
    x = np.linspace(-1, 1, 41)
    temple = appearance.eye_y + (14 if appearance.style in ("bob", "long") else -16)
    line = -h * depth - 14 * (1 - x * x)
    if appearance.style == "parted":
        line = line - 16 * np.cos((x - 0.45) * 3.2) + 8
    elif appearance.style == "short":
        line = line + 5 * np.abs(np.sin(x * 9 + appearance.skew * 30))
    elif appearance.style == "long":
        line = line - 26 * np.exp(-((x / 0.4) ** 2)) + 10
    elif appearance.style == "bob":
        line = -h * depth + 7 * np.sin(x * 2 + 2) + 3 * np.sin(x * 25)
    line = line + (temple - line) * (np.clip(np.abs(x) - 0.8, 0, 0.2) / 0.2) ** 1.5
    hairline_x = 0.985 * w * x * np.sqrt(np.clip(1 - (line / h) ** 2, 0, 1))
    start = math.asin(min(1.0, max(0.0, -temple / (h + lush))))
    turn = np.linspace(start, math.pi - start, x.size)
    crown_x, crown = -(w + 0.55 * lush) * np.cos(turn), -(h + lush) * np.sin(turn)
    outline = np.concatenate([np.stack([crown_x, crown], axis=1), np.stack([hairline_x, line], axis=1)[::-1]])
    hair = appearance.hair if appearance.style != "buzz" else mix(appearance.hair, appearance.skin, 0.3)
    canvas.glow(outline + np.array([0.0, 6.0]), dark(appearance.skin, 0.5), 0.5, 5)
    canvas.fill(outline, hair)
    shine = np.stack([crown_x, 0.62 * crown + 0.38 * line], axis=1)[8:-8]
    inside = np.zeros(canvas.cover.shape, np.uint8)
    fill(inside, canvas.at(outline), (255.0, 0, 0))
    before = canvas.image.copy()
    for _ in range(70 if appearance.style not in ("buzz", "curly") else 0):
        part = float(rng.uniform(0.02, 0.98))
        index = int(part * 40)
        root = np.array([crown_x[index], crown[index]]) * 0.97
        tip = np.array([hairline_x[index] + float(rng.normal(0, 9)), line[index]])
        bend = (root + tip) / 2 + rng.normal(0, 5, 2)
        tone = mix(hair, (255, 240, 220), 0.14) if rng.random() < 0.5 else dark(hair, 0.28)
        canvas.stroke(np.stack([root, bend, tip]), tone, 1.1)
    canvas.glow(band(shine[:, 0], shine[:, 1] - 5, shine[:, 1] + 5), mix(hair, (255, 250, 240), 0.45), 0.5, 7)
    canvas.image[:] = np.where(inside[..., None] > 0, canvas.image, before)
    if appearance.style == "curly":
        for _ in range(60):
            at = int(rng.integers(3, 38))
            place = float(rng.random())
            middle = crown[at] + place * (line[at] - crown[at])
            across = crown_x[at] + place * (hairline_x[at] - crown_x[at])
            spot = oval(across, middle, rng.uniform(7, 14), rng.uniform(7, 14), n=18)
            canvas.fill(spot, mix(dark(hair, 0.3), mix(hair, (255, 240, 220), 0.1), float(rng.random())))
