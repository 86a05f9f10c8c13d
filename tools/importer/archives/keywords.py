"""Reads the name of a picture in an archive: its label by a keyword, its person by a pattern.

A keyword counts where it stands as a word: not inside of a longer word of the same letters (no sad in Crusader; Hangul
has no such borders and counts anywhere), nor inside of a longer keyword (no happy in unhappy, if both are keywords).
Names that hold keywords of two classes are conflicts and are left out.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shared import contracts
from shared.errors import InvalidInput

CONFLICT, UNWANTED = "conflict", "unwanted"
_GROUP = "person"


@dataclass(frozen=True)
class Verdict:
    """Label and person of a name.

    Attributes:
        label: One of the classes, or None where the picture is not used.
        reason: Why not: `CONFLICT` or `UNWANTED`; empty where there is a label.
        words: The keywords found, or the name's own first word where there is none; for lists.
    """

    label: str | None
    reason: str
    words: str


@dataclass(frozen=True)
class Keywords:
    """The content of a keywords file; see schemas/keywords.schema.json.

    Attributes:
        classes: In order.
        positive_class: One of them.
        emotions: Of the classes that show one of the seven.
        person: Finds the person in a name; None where names do not identify people.
        whole_path: Whether folders inside of the archive are searched as well.
        owners: The class of each keyword in lower case; None for words to ignore.
    """

    classes: tuple[str, ...]
    positive_class: str
    emotions: dict[str, str]
    person: re.Pattern[str] | None
    whole_path: bool
    owners: tuple[tuple[str, str | None], ...]

    def judge(self, name: str) -> Verdict:
        """Say what label a member's name carries.

        Args:
            name: With its folders, in Unicode NFC.

        Example:
            >>> read = Keywords(("a", "b"), "a", {}, None, False, (("기쁨", "a"), ("happy", "a"), ("중립", "b")))
            >>> read.judge("EMOIMG_기쁨_0001.jpg").label, read.judge("unhappy_0001.jpg").reason
            ('a', 'unwanted')
        """
        text = name if self.whole_path else name.rpartition("/")[2]
        found = self._find(text)
        labels = {owner for _, owner in found}
        words = ", ".join(dict.fromkeys(word for word, _ in found)) or _first_word(text)
        if len(labels) > 1:
            return Verdict(None, CONFLICT, words)
        label = next(iter(labels), None)
        return Verdict(label, "" if label else UNWANTED, words)

    def _find(self, text: str) -> list[tuple[str, str | None]]:
        """Find keywords that are not part of longer ones."""
        low = text.lower()
        if len(low) != len(text):  # a letter whose lower case is two; its place no longer gives the case beside it
            text = low
        hits = [
            (match.start(), match.end(), word, owner)
            for word, owner in self.owners
            if word in low  # of a million names most hold one word or none
            for match in re.finditer(re.escape(word), low)
            if _stands_alone(text, match.start(), match.end())
        ]
        return [
            (word, owner)
            for start, end, word, owner in hits
            if not any(s <= start and end <= e and (s, e) != (start, end) for s, e, _, _ in hits)
        ]

    def find_person(self, name: str) -> str | None:
        """Return what the name calls the person; None where there is no pattern or it does not match."""
        if self.person is None:
            return None
        match = self.person.search(name.rpartition("/")[2].rpartition(".")[0])
        return (match.group(_GROUP) or "").strip() or None if match else None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a hit is a word of its own: no Latin letter continues it, unless a capital begins a new word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    joined_before = _is_latin(before) and _is_latin(text[start]) and not (before.islower() and text[start].isupper())
    joined_after = _is_latin(after) and _is_latin(text[end - 1]) and not (text[end - 1].islower() and after.isupper())
    return not joined_before and not joined_after


@lru_cache(maxsize=4096)
def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")


def _first_word(text: str) -> str:
    """Return the first run of letters of a name: the probable name of a label that was not requested."""
    match = re.search(r"[^\W\d_]+", text.rpartition("/")[2])
    return match.group()[:32] if match else "no word"


def read_keywords(path: Path) -> Keywords:
    """Read a keywords file.

    Raises:
        InvalidInput: Not valid; a word that stands for two classes; an invalid pattern or one without the group person.
    """
    document = contracts.read_document(path, "keywords")
    classes = tuple(document["classes"])
    if document["positive_class"] not in classes:
        raise InvalidInput(
            f"{path}: positive_class", found=document["positive_class"], expected="one of " + ", ".join(classes)
        )
    if strange := sorted(set(document.get("emotions", {})) - set(classes)):
        raise InvalidInput(f"{path}: emotions", found=strange[0], expected="one of " + ", ".join(classes))
    owners: dict[str, str | None] = {}
    lists: list[tuple[str | None, Iterable[str]]] = [*document["classes"].items(), (None, document.get("ignore", []))]
    for owner, words in lists:
        for word in words:
            plain = unicodedata.normalize("NFC", word.strip()).lower()
            if owners.setdefault(plain, owner) != owner:
                raise InvalidInput(
                    str(path),
                    found=f"{word!r} for {owners[plain] or 'ignore'} and for {owner or 'ignore'}",
                    expected="each word once",
                )
    return Keywords(
        classes,
        document["positive_class"],
        document.get("emotions", {}),
        _compile(document.get("person"), path),
        document.get("look_in") == "path",
        tuple(owners.items()),
    )


def _compile(pattern: str | None, path: Path) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(unicodedata.normalize("NFC", pattern))
    except re.error as error:
        raise InvalidInput(f"{path}: person", found=f"{pattern!r} ({error})", expected="a regular expression") from None
    if _GROUP not in compiled.groupindex:
        raise InvalidInput(f"{path}: person", found=repr(pattern), expected=f"a group (?P<{_GROUP}>...) in it")
    return compiled
