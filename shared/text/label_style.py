"""A colour, a shape and a word for each class, the same wherever people see labels.

The shape alone tells classes apart, so colour-blind readers and grey prints lose nothing; white text on each colour has
a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang, Words, read_catalogue

SHAPES = ("circle", "square", "triangle", "diamond", "cross")
SHAPE_SVG = {
    "circle": '<circle cx="8" cy="8" r="7"/>',
    "square": '<rect x="1.5" y="1.5" width="13" height="13"/>',
    "triangle": '<path d="M8 1 15.5 14.5H.5Z"/>',
    "diamond": '<path d="M8 0 16 8 8 16 0 8Z"/>',
    "cross": '<path d="M5.5 1h5v4.5H15v5h-4.5V15h-5v-4.5H1v-5h4.5Z"/>',
}  # for a viewBox of 0 0 16 16
LABEL_WORDS = read_catalogue(Path(__file__).with_suffix(".toml"))
COLOURS_RGB = ((166, 71, 0), (0, 91, 171), (107, 33, 168), (17, 94, 89), (157, 23, 77), (63, 63, 70), (101, 84, 0))


@dataclass(frozen=True)
class Mark:
    """How a class looks."""

    colour_rgb: tuple[int, int, int]
    shape: str

    @property
    def css(self) -> str:
        """The colour as #rrggbb."""
        return "#" + "".join(f"{value:02x}" for value in self.colour_rgb)


def assign_marks(classes: Sequence[str], positive_class: str) -> dict[str, Mark]:
    """Give each class its mark; the positive class always gets the first one, an orange-brown circle.

    With 5 shapes and 7 colours, which have no common divisor, the first 35 classes all differ.
    """
    ordered = sorted(classes, key=lambda name: name != positive_class)
    return {
        name: Mark(COLOURS_RGB[index % len(COLOURS_RGB)], SHAPES[index % len(SHAPES)])
        for index, name in enumerate(ordered)
    }


def label_word(label: str, lang: Lang) -> str:
    """Return how people read a label; a label of another dataset stands as it is."""
    return Words(LABEL_WORDS, lang)(label) if label in LABEL_WORDS else label
