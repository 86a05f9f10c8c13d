"""What a report is made of, independent of how it is shown (by `html` and `markdown` beside this module).

All text is plain: whoever shows it escapes it.
"""

from dataclasses import dataclass, replace
from typing import Literal

Tone = Literal["better", "worse", "equal", "unsure", "chosen"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, with a title where it must be seen: a caution or the banner over synthetic data."""

    text: str
    tone: Literal["plain", "faint", "caution", "synthetic"] = "plain"
    title: str = ""


@dataclass(frozen=True)
class VerdictBox:
    """The verdict: a word that is seen first, by colour and shape, and the sentence that says what it means.

    Riders are read with it; what else must be known is small print, which a click opens.
    """

    tone: Tone
    word: str
    about: str
    sentence: str
    riders: tuple[str, ...] = ()
    more_title: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slider:
    """A threshold to try on one arm's scores; whoever can't run scripts sees the table beside it.

    Attributes:
        name: The arm's.
        threshold: Where it begins: the one in use.
        positives: Scores of the positive sequences.
        negatives: Scores of the negative sequences.
        negative_minutes: How long the negatives last; None where nobody knows.
        label: Of the slider.
        caught: Text with {k}, {n} and {percent}.
        alarms: Text with {k}, {n} and {percent}, and {rate} a minute where the duration is known.
    """

    name: str
    threshold: float
    positives: tuple[float, ...]
    negatives: tuple[float, ...]
    negative_minutes: float | None
    label: str
    caught: str
    alarms: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A table's cell: its text and smaller lines below."""

    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows; "plain wide" is one of many columns, in smaller letters.

    The hint says on a narrow screen that there is more to the side.
    """

    kind: Literal["metrics", "provenance", "plain", "plain wide"]
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    hint: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: its bytes for the page, its file name for those who link to it."""

    file: str
    png: bytes
    alt: str
    caption: str


@dataclass(frozen=True)
class Card:
    """A sequence whose answer changed; strip is a jpg of its pictures side by side, or None."""

    title: str
    lines: tuple[str, ...]
    strip: bytes | None
    alt: str


@dataclass(frozen=True)
class Cards:
    """Sequences that changed in one direction."""

    title: str
    tone: Literal["right", "wrong"]
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Commands:
    """Lines to type."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


Block = Paragraph | VerdictBox | Slider | Bullets | Table | Picture | Cards | Heading | Commands


@dataclass(frozen=True)
class Section:
    """A part of the report; key is its anchor. One that is folded is small print, which a click opens."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    is_folded: bool = False

    def folded(self) -> "Section":
        """Return it as small print."""
        return replace(self, is_folded=True)


@dataclass(frozen=True)
class Page:
    """The whole report: what to use in its first line, the verdict in its first section.

    Attributes:
        lang: Its language.
        title: What is compared.
        subtitle: Of what, and when.
        banners: What must be seen before a figure is believed.
        sections: From what matters most to what is to be done next.
        footer: Which code made it.
        lead: What to use, and why; empty for none.
    """

    lang: Literal["en", "ko"]
    title: str
    subtitle: str
    banners: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    footer: str
    lead: str = ""

    def pictures(self) -> list[Picture]:
        """List the figures in the order of their appearance."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Picture)]
