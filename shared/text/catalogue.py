"""Texts in English and Korean, side by side under an identifier: the one way in which the project keeps words.

Texts stand in TOML files beside the module that uses them, so that a translator edits data and no code. A text is
looked up by its identifier, never by another text, and no text is made by replacing words in another one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from shared.errors import InvalidInput

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = ("en", "ko")


class Text(NamedTuple):
    """A text in each language; ``{name}`` marks a place that is filled in, the same places in both."""

    en: str
    ko: str


Catalogue = Mapping[str, Text]


def read_catalogue(*paths: Path) -> Catalogue:
    """Read files of texts as one catalogue.

    In a file each text is a table under its identifier, with a line per language::

        [short]
        en = "The picture ended too early"
        ko = "영상이 너무 일찍 끝났습니다"

    Raises:
        InvalidInput: A file is not TOML; a text lacks a language, has a key that is none, or has other places in one
            language than in the other; an identifier stands in two of the files.
    """
    import tomllib  # not at the start of every command

    texts: dict[str, Text] = {}
    for path in paths:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(str(path), found=str(error), expected="TOML") from None
        for key, found in content.items():
            if key in texts:
                raise InvalidInput(f"{path}, [{key}]", found="it in another file too", expected="each identifier once")
            texts[key] = _read_text(f"{path}, [{key}]", found)
    return texts


def _read_text(what: str, found: Any) -> Text:
    """Check what a file holds under an identifier."""
    if (
        not isinstance(found, dict)
        or sorted(found) != sorted(LANGS)
        or not all(isinstance(t, str) for t in found.values())
    ):
        keys = ", ".join(found) if isinstance(found, dict) else repr(found)
        raise InvalidInput(what, found=keys or "nothing", expected=f"a text for each of {', '.join(LANGS)}")
    text = Text(**found)
    en, ko = (_places(what, one) for one in text)
    if en != ko:
        raise InvalidInput(what, found=f"{_listed(en)} in en, {_listed(ko)} in ko", expected="the same places in both")
    return text


def _places(what: str, text: str) -> set[str]:
    """Name the places that a text leaves open."""
    from string import Formatter  # not at the start of every command

    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise InvalidInput(what, found=f"{text!r} ({error})", expected="{name}, or {{ and }} for braces") from None


def _listed(places: set[str]) -> str:
    return " ".join(f"{{{name}}}" for name in sorted(places)) or "no places"


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
