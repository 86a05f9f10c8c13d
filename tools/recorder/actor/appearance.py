"""Who an actor is: shapes and colours that follow from a seed. Draws nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.recorder.actor.strokes import Rgb

_SKINS: tuple[Rgb, ...] = (
    (248, 214, 188),
    (236, 190, 158),
    (222, 172, 136),
    (198, 144, 106),
    (160, 108, 76),
    (116, 76, 54),
)
_HAIRS: tuple[Rgb, ...] = (
    (34, 28, 28),
    (58, 40, 30),
    (96, 62, 38),
    (150, 104, 56),
    (196, 158, 96),
    (120, 50, 30),
    (150, 150, 152),
)
_IRISES: tuple[Rgb, ...] = ((74, 48, 30), (98, 66, 38), (70, 104, 130), (86, 118, 80), (44, 34, 30))
_SHIRTS: tuple[Rgb, ...] = (
    (62, 92, 140),
    (168, 74, 66),
    (70, 122, 96),
    (226, 224, 216),
    (52, 54, 62),
    (198, 152, 70),
    (128, 92, 150),
)
_WALLS: tuple[Rgb, ...] = (
    (206, 212, 214),
    (224, 214, 196),
    (170, 190, 196),
    (188, 176, 164),
    (150, 164, 150),
    (212, 200, 208),
)
_STYLES = ("short", "parted", "bob", "long", "curly", "bun", "buzz")


@dataclass(frozen=True)
class Look:
    """What makes a person: shape and colour. Lengths in head pixels, colours RGB 0 to 255."""

    half_width: float
    half_height: float
    jaw: float
    skin: Rgb
    hair: Rgb
    style: str
    iris: Rgb
    shirt: Rgb
    wall: Rgb
    eye_x: float
    eye_y: float
    eye_width: float
    eye_height: float
    brow_y: float
    brow_thickness: float
    brow_slant: float
    nose_length: float
    nose_width: float
    mouth_y: float
    mouth_half_width: float
    lip: float
    lip_red: float
    rest_curve: float
    shows_teeth: float
    skew: float
    glasses: bool
    glasses_round: float
    beard: float
    freckles: bool
    seed: int

    @classmethod
    def from_seed(cls, seed: int, glasses_share: float) -> "Look":
        """Draw a person by lot."""
        rng = np.random.default_rng([seed, 11])

        def some(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        def one(choices: tuple[Any, ...]) -> Any:
            return choices[int(rng.integers(len(choices)))]

        def tinted(color: Rgb, by: float) -> Rgb:
            return tuple(float(np.clip(c + rng.normal(0, by), 0, 255)) for c in color)  # type: ignore[return-value]

        style = one(_STYLES)
        return cls(
            half_width=some(104, 124),
            half_height=some(136, 158),
            jaw=some(0.0, 1.0),
            skin=tinted(one(_SKINS), 5),
            hair=tinted(one(_HAIRS), 5),
            style=style,
            iris=tinted(one(_IRISES), 6),
            shirt=tinted(one(_SHIRTS), 10),
            wall=tinted(one(_WALLS), 8),
            eye_x=some(43, 53),
            eye_y=some(-34, -20),
            eye_width=some(21, 27),
            eye_height=some(9, 14),
            brow_y=some(27, 36),
            brow_thickness=some(5, 10),
            brow_slant=some(-3, 5),
            nose_length=some(44, 58),
            nose_width=some(15, 24),
            mouth_y=some(72, 84),
            mouth_half_width=some(33, 44),
            lip=some(6, 11),
            lip_red=some(0.2, 0.7),
            rest_curve=some(-3.5, 3.0),
            shows_teeth=some(0.0, 1.0),
            skew=some(-0.15, 0.15),
            glasses=bool(rng.random() < glasses_share),
            glasses_round=some(2.0, 5.0),
            beard=some(0.3, 0.7) if style in ("short", "parted", "buzz", "curly") and rng.random() < 0.3 else 0.0,
            freckles=bool(rng.random() < 0.25),
            seed=int(rng.integers(1 << 30)),
        )
