"""The consent statement: the text that a person agrees to, a file a language.

Its version and hash go into the row of consent.json, so that it can be said later what was read.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class Statement:
    """The text that a person agrees to.

    Attributes:
        lang: ``ko`` or ``en``.
        version: Of the text.
        sha256: Of the file's bytes.
        title: Its heading.
        points: What it says, one thing each.
        questions: One a scope.
    """

    lang: Lang
    version: str
    sha256: str
    title: str
    points: tuple[str, ...]
    questions: dict[str, str]


def read_statement(lang: Lang) -> Statement:
    """Read the statement in a language."""
    data = Path(__file__).with_name(f"consent_{lang}.md").read_bytes()
    text = data.decode("utf-8")
    version = re.search(r"version (\S+) -->", text)
    assert version is not None, "a statement has a version"
    return Statement(
        lang=lang,
        version=version[1],
        sha256=hashlib.sha256(data).hexdigest(),
        title=re.findall(r"^# (.+)$", text, re.MULTILINE)[0],
        points=tuple(re.findall(r"^- (.+)$", text, re.MULTILINE)),
        questions=dict(re.findall(r"^\? (\w+): (.+)$", text, re.MULTILINE)),
    )
