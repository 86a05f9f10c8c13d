"""Who an actor is: shapes and colours that follow from a seed. Draws nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.recorder.actor.strokes import Rgb


def _colours(hexes: str) -> tuple[Rgb, ...]:
    """Read colours as they are written on the web, such as f8d6bc, separated by blanks."""
    return tuple((int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)) for text in hexes.split())


_SKINS = _colours("f8d6bc ecbe9e deac88 c6906a a06c4c 744c36")
_HAIRS = _colours("221c1c 3a281e 603e26 966838 c49e60 78321e 969698")
_IRISES = _colours("4a301e 624226 466882 567650 2c221e")
_SHIRTS = _colours("3e5c8c a84a42 467a60 e2e0d8 34363e c69846 805c96")
_WALLS = _colours("ced4d6 e0d6c4 aabec4 bcb0a4 96a496 d4c8d0")
_STYLES = ("short", "parted", "bob", "long", "curly", "bun", "buzz")


@dataclass(frozen=True)
class Appearance:
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
    def from_seed(cls, seed: int, glasses_share: float) -> "Appearance":
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
