"""Draws the moments of an actor: the painted head is moved into its place, the living parts are drawn on top.

Eyes, brows, glasses and the mouth are drawn afresh for every frame; only the mouth knows of smiles.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from shared.arrays import U8
from tools.recorder.actor.appearance import Appearance
from tools.recorder.actor.portrait import (
    HEAD_AT,
    HEAD_SCALE,
    HEIGHT_PX,
    LAYER_PX,
    WIDTH_PX,
    Stage,
    paint_head,
    paint_room,
)
from tools.recorder.actor.strokes import Points, Rgb, band, dark, fill, mix, oval, stroke

_SEAM_PX = 2  # around the head's layer: interpolation reaches a pixel further than what is painted


@dataclass(frozen=True)
class Pose:
    """Where the head is, and how bright the moment."""

    x_px: float
    y_px: float
    roll_deg: float
    scale: float
    brightness: float


@dataclass(frozen=True)
class Face:
    """What the face does; each from 0 to 1 but gaze, -1 to 1."""

    smile: float
    mouth_open: float
    eyes_closed: float
    squint: float
    brows_up: float
    gaze: float


class Painter:
    """Paints one actor in one take.

    Args:
        appearance: The person.
        stage: Light and camera.
    """

    def __init__(self, appearance: Appearance, stage: Stage) -> None:
        self._appearance = appearance
        self._stage = stage
        self._room = paint_room(appearance, stage)
        self._head_rgba = paint_head(appearance, stage)
        self._head_corners = _corners_of(self._head_rgba)

    def paint(self, pose: Pose, face: Face, grain: int) -> U8:
        """Paint a moment.

        Args:
            pose: Where the head is.
            face: What it does.
            grain: Chooses the camera's noise.

        Returns:
            (480, 640, 3) uint8, RGB.
        """
        image = self._room.copy()
        matrix = self._matrix(pose)
        self._lay_head(image, matrix)

        def place(points: Points) -> Points:
            return points @ matrix[:, :2].T + matrix[:, 2]

        _draw_eyes(image, place, pose.scale, self._appearance, face)
        _draw_mouth(image, place, pose.scale, self._appearance, face)
        if self._appearance.glasses:
            _draw_glasses(image, place, pose.scale, self._appearance)
        cv2.multiply(image, self._stage.light, dst=image, scale=pose.brightness / 160)
        if self._stage.blur_sigma > 0.3:
            cv2.GaussianBlur(image, (3, 3), self._stage.blur_sigma, dst=image)
        x, y = grain % 64, grain // 64 % 64
        noise = self._stage.noise[y : y + HEIGHT_PX, x : x + WIDTH_PX]
        return np.asarray(cv2.addWeighted(image, 1.0, noise, 1.0, -128.0), dtype=np.uint8)

    def mouth_box_xyxy_px(self, pose: Pose) -> tuple[int, int, int, int]:
        """Return the box around all that a mouth can do; x1 and y1 exclusive."""
        half, y = self._appearance.mouth_half_width * 1.45, self._appearance.mouth_y
        matrix = self._matrix(pose)
        corners = np.array([[-half, y - 42], [half, y - 42], [half, y + 50], [-half, y + 50]], np.float64)
        placed = corners @ matrix[:, :2].T + matrix[:, 2]
        low, high = np.floor(placed.min(axis=0)), np.ceil(placed.max(axis=0)) + 1
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    @staticmethod
    def _matrix(pose: Pose) -> Points:
        """Return the (2, 3) matrix from head coordinates to the picture's."""
        angle = math.radians(pose.roll_deg)
        scale = HEAD_SCALE * pose.scale
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        return np.array([[c, -s, HEAD_AT[0] + pose.x_px], [s, c, HEAD_AT[1] + pose.y_px]], np.float64)

    def _lay_head(self, image: U8, matrix: Points) -> None:
        """Put the head's layer over the room."""
        placed = self._head_corners @ matrix[:, :2].T + matrix[:, 2]
        x0, y0 = np.maximum(np.floor(placed.min(axis=0)).astype(int) - _SEAM_PX, 0).tolist()
        x1, y1 = np.minimum(np.ceil(placed.max(axis=0)).astype(int) + _SEAM_PX, (WIDTH_PX, HEIGHT_PX)).tolist()
        to_box = matrix.copy()
        to_box[:, 2] += matrix[:, :2] @ np.array([-LAYER_PX / 2, -LAYER_PX / 2]) - (x0, y0)
        head_rgba = cv2.warpAffine(self._head_rgba, to_box, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
        region = image[y0:y1, x0:x1]
        clear = cv2.bitwise_not(cv2.extractChannel(head_rgba, 3))
        behind = cv2.multiply(region, cv2.merge((clear, clear, clear)), scale=1 / 255)
        cv2.add(behind, cv2.cvtColor(head_rgba, cv2.COLOR_RGBA2RGB), dst=region)


def _corners_of(head_rgba: U8) -> Points:
    """Return the corners (4, 2), in head coordinates, of the box that holds all that is painted of a head's layer."""
    rows, columns = (np.flatnonzero(head_rgba[..., 3].any(axis=axis)) for axis in (1, 0))
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64) - LAYER_PX / 2


def _draw_eyes(image: U8, place: Callable[[Points], Points], scale: float, appearance: Appearance, face: Face) -> None:
    """Draw eyes and brows."""
    opening = max(0.0, 1 - face.eyes_closed) * (1 - 0.5 * face.squint)
    x = np.linspace(-1, 1, 17)
    arch = (1 - x * x) ** 0.75
    for side in (-1.0, 1.0):
        cx, cy, w, h = side * appearance.eye_x, appearance.eye_y, appearance.eye_width, appearance.eye_height
        tilt = -1.5 * side * x
        low = cy + tilt + 0.55 * h * arch * (1 - 0.35 * face.squint)
        top = np.minimum(cy + tilt - h * arch * opening + 0.45 * h * arch * (1 - opening), low)
        xs = cx + w * x
        if opening > 0.08:
            fill(image, place(band(xs, top, low)), (240, 238, 234))
            radius = min(0.95 * h, 0.52 * w)
            centre = cx + 0.22 * w * face.gaze
            for size, color in ((1.0, dark(appearance.iris, 0.35)), (0.84, appearance.iris), (0.42, (14, 12, 12))):
                ring = oval(centre, cy - 0.12 * h, radius * size, radius * size, n=24)
                ring[:, 1] = np.clip(ring[:, 1], np.interp(ring[:, 0], xs, top), np.interp(ring[:, 0], xs, low))
                fill(image, place(ring), color)
            glint = oval(centre - 0.3 * radius, cy - 0.45 * radius, 0.2 * radius, 0.2 * radius, n=10)
            if opening > 0.6:
                fill(image, place(glint), (252, 252, 252))
        stroke(image, place(np.stack([xs, top], axis=1)), dark(appearance.hair, 0.55), 2.6 * scale)
        crease = np.stack([cx + 1.02 * w * x, cy + tilt - h * (0.5 + 0.95 * arch)], axis=1)
        stroke(image, place(crease[2:-2]), dark(appearance.skin, 0.28), 1.2)
        _draw_brow(image, place, appearance, face, side)


def _draw_brow(image: U8, place: Callable[[Points], Points], appearance: Appearance, face: Face, side: float) -> None:
    x = np.linspace(-1, 1, 13)
    xs = side * (appearance.eye_x + 1.0) + appearance.eye_width * 1.28 * x
    middle = appearance.eye_y - appearance.brow_y - 12 * face.brows_up + 4 * face.squint
    ys = middle - 5 * (1 - x * x) - appearance.brow_slant * side * x
    thick = appearance.brow_thickness * (0.55 + 0.45 * np.cos(math.pi * (0.5 * side * x + 0.15) * 0.8))
    fill(image, place(band(xs, ys - thick / 2, ys + thick / 2)), mix(appearance.hair, appearance.skin, 0.12))


def _draw_mouth(image: U8, place: Callable[[Points], Points], scale: float, appearance: Appearance, face: Face) -> None:
    """Draw the mouth: the only part that knows of smiles."""
    x = np.linspace(-1, 1, 25)
    bow = 1 - x * x
    half = appearance.mouth_half_width * (1 + 0.26 * face.smile - 0.12 * face.mouth_open)
    lift = appearance.rest_curve + 19 * face.smile
    middle = appearance.mouth_y - 2 * face.smile + lift * (0.4 - 1.3 * np.abs(x) ** 1.8) * (1 + appearance.skew * x)
    gap = 20 * face.mouth_open + 11 * appearance.shows_teeth * face.smile
    inner_top = middle - 0.3 * gap * bow
    inner_low = middle + 0.7 * gap * bow**0.8
    lip = appearance.lip * (1 - 0.25 * face.smile)
    outer_top = inner_top - 0.8 * lip * bow**0.6 * (1 - 0.3 * np.exp(-((x / 0.16) ** 2)))
    outer_low = inner_low + 1.1 * lip * bow**0.7
    xs = half * x
    red = mix(dark(appearance.skin, 0.12), (186, 74, 80), appearance.lip_red)
    if gap > 1.0:
        fill(image, place(band(xs, inner_top, inner_low)), (62, 22, 26))
        tongue = np.maximum(inner_low - 0.35 * gap * bow**2, inner_top)
        fill(image, place(band(xs[5:-5], tongue[5:-5], inner_low[5:-5])), (176, 84, 88))
        teeth = np.minimum(inner_top + np.minimum(9.0, 0.62 * gap) * bow**0.5, inner_low)
        fill(image, place(band(xs[1:-1], inner_top[1:-1], teeth[1:-1])), (240, 236, 226))
    fill(image, place(band(xs, outer_top, inner_top)), dark(red, 0.1))
    fill(image, place(band(xs, inner_low, outer_low)), red)
    shine = np.stack([xs[9:-9], (0.45 * inner_low + 0.55 * outer_low)[9:-9]], axis=1)
    stroke(image, place(shine), mix(red, (255, 255, 255), 0.22), 1.6 * scale)
    line = dark(red, 0.55)
    stroke(image, place(np.stack([xs, inner_top], axis=1)), line, 1.4 * scale)
    if gap <= 1.0:
        return
    stroke(image, place(np.stack([xs, inner_low], axis=1)), line, 1.2 * scale)


def _draw_glasses(image: U8, place: Callable[[Points], Points], scale: float, appearance: Appearance) -> None:
    color: Rgb = (38, 36, 40)
    half_width, half_height = appearance.eye_x - 8, 25.0
    for side in (-1.0, 1.0):
        rim = oval(
            side * appearance.eye_x, appearance.eye_y + 3, half_width, half_height, appearance.glasses_round, n=32
        )
        stroke(image, place(rim), color, 3.4 * scale, closed=True)
        arm = np.array(
            [
                [side * (appearance.eye_x + half_width), appearance.eye_y],
                [side * appearance.half_width, appearance.eye_y - 6.0],
            ]
        )
        stroke(image, place(arm), color, 3.4 * scale)
    bridge = np.array([[-8.0, appearance.eye_y], [0.0, appearance.eye_y - 4], [8.0, appearance.eye_y]])
    stroke(image, place(bridge), color, 3.4 * scale)
