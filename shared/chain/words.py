"""What the chains say in the terminal, in one language at a time."""

import functools
from pathlib import Path

from shared.text.catalogue import Catalogue, Lang, Words, read_catalogue

_TEXTS = Path(__file__).with_suffix(".toml")


@functools.cache
def _catalogue() -> Catalogue:
    return read_catalogue(_TEXTS)


def words_of(lang: Lang) -> Words:
    """Return the chains' texts in a language."""
    return Words(_catalogue(), lang)


def about(words: Words, seconds: float) -> str:
    """Write how long something takes, no more exactly than it can be known."""
    minutes = max(1, round(seconds / 60))
    return words.counted("about_minutes", minutes) if minutes < 100 else words("about_hours", n=round(minutes / 60))


def left(words: Words, seconds: float) -> str:
    """Write how much time is left."""
    minutes = round(seconds / 60)
    if not minutes:
        return words("left_seconds")
    return words("left_minutes", n=minutes) if minutes < 100 else words("left_hours", n=round(minutes / 60))


def step_name(words: Words, name: str) -> str:
    """Write the name of a step: what is done in words, which model or split by its name.

    Example:
        >>> step_name(words_of("ko"), "people-seed0: measure epochs-10")
        'people-seed0: 측정 epochs-10'
    """
    where, colon, step = name.rpartition(": ")
    verb, blank, what = step.partition(" ")
    key = verb.replace("-", "_")
    try:
        return f"{where}{colon}{words(f'step_{key}')}{blank}{what}"
    except KeyError:
        return name
