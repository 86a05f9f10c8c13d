r"""Output that survives every terminal: what its encoding cannot write is replaced, and nothing ends in a traceback.

A terminal of Korean Windows writes cp949, of western Windows cp1252, a bare container ASCII. Signs become what they
look like (→ is ->, − is -); other letters become their escape (\uc6c3), so that nothing is lost. Everything that the
encoding knows stays as it is. Not for files: those are always UTF-8.
"""

import codecs
import io
import json
import os
import sys
import unicodedata
from typing import Any

SIGNS = {
    "−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-", "↑": "^", "↓": "v",
    "×": "x", "·": "-", "•": "*", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+/-", "‘": "'", "’": "'",
    "“": '"', "”": '"', "°": " deg", "✓": "+", "✔": "+", "✗": "x", "⁄": "/", "│": "|", "─": "-", "┬": "+", "┴": "+",
    "►": ">", "▲": "^", "▼": "v", "◄": "<", "█": "#", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\ufeff": "",
}  # fmt: skip
HANDLER = "smilebench-signs"


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding does not know in ASCII; an error handler as `codecs` has them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(letter: str) -> str:
    """Return what a letter looks like in ASCII, else its escape."""
    if letter in SIGNS:
        return SIGNS[letter]
    parts = [part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)]
    plain = "".join(SIGNS.get(part, part) for part in parts)
    return plain if plain.isascii() else letter.encode("ascii", "backslashreplace").decode("ascii")


def make_safe() -> None:
    """Let stdout and stderr replace what their encoding cannot write, from now on."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def width(text: str) -> int:
    """Count the places that a text takes on a terminal: two for a Hangul syllable."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def pad(text: str, places: int) -> str:
    """Fill a text up with blanks to so many places on a terminal."""
    return text + " " * (places - width(text))


def format_json(document: Any) -> str:
    """Write a document as JSON for stdout: with Hangul as it is, or in escapes where stdout cannot write it."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, indent=2, allow_nan=False)
    return text


def drop_output() -> None:
    """Send what is still to be printed nowhere: who read it, such as ``head``, has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
