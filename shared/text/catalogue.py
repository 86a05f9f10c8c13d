"""Texts in English and Korean, side by side under an identifier: the one way in which the project keeps words.

A module of words is a table ``{"identifier": Text(en, ko)}``. A text is looked up by its identifier, never by another
text, and no text is made by replacing words in another one. Reads and writes nothing.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = ("en", "ko")


class Text(NamedTuple):
    """A text in each language; ``{name}`` marks a place that is filled in, the same places in both."""

    en: str
    ko: str


Catalogue = Mapping[str, Text]


class Words:
    """A catalogue's texts in one language.

    Example:
        >>> Words({"greeting": Text("Hello {name}", "{name}님, 안녕하세요")}, "en")("greeting", name="Mina")
        'Hello Mina'
    """

    def __init__(self, catalogue: Catalogue, lang: Lang) -> None:
        self.lang = lang
        self._catalogue = catalogue

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled."""
        return self.raw(key).format(**values)

    def raw(self, key: str) -> str:
        """Return a text with its places open, for whoever fills them later."""
        text: str = getattr(self._catalogue[key], self.lang)
        return text

    def counted(self, key: str, n: int, **values: object) -> str:
        """Return a text that counts something: that of ``{key}_one`` for 1.

        Example:
            >>> clips = {"clips": Text("{n} clips", "클립 {n}개"), "clips_one": Text("{n} clip", "클립 {n}개")}
            >>> Words(clips, "en").counted("clips", 1)
            '1 clip'
        """
        return self(f"{key}_one" if n == 1 else key, n=n, **values)


def by_language(catalogue: Catalogue) -> dict[Lang, dict[str, str]]:
    """Return a catalogue's texts by language, for a page whose script changes the language."""
    return {lang: {key: getattr(text, lang) for key, text in catalogue.items()} for lang in LANGS}
