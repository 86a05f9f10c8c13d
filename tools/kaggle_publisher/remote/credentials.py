"""Keeps Kaggle's credentials out of everything that is printed or written.

The real client prints what servers answer and puts requests into exceptions. All of that passes through `conceal`
before it is shown. Reads the places where Kaggle itself keeps credentials; writes nothing.
"""

import io
import json
import os
from pathlib import Path

HIDDEN = "[credential]"
_VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_KEY", "KAGGLE_IAP_TOKEN")
_SHORTEST = 4  # shorter ones would turn every text into stars


def known_secrets() -> list[str]:
    """Collect every credential that the client could be using; longest first."""
    found = [os.environ.get(name, "") for name in _VARIABLES]
    for folder in _folders():
        found += [_read(folder / name) for name in ("access_token", "access_token.txt")]
        for name in ("kaggle.json", "credentials.json"):
            found += _texts_in(_read(folder / name))
    path = os.environ.get("KAGGLE_API_TOKEN", "")
    if path and len(path) < 1024 and "\n" not in path and Path(path).is_file():
        found.append(_read(Path(path)))
    return sorted({text.strip() for text in found if len(text.strip()) >= _SHORTEST}, key=len, reverse=True)


def conceal(text: str) -> str:
    """Replace every credential in a text."""
    for secret in known_secrets():
        text = text.replace(secret, HIDDEN)
    return text


class ConcealedOutput(io.TextIOBase):
    """Where the client's own prints go: kept, concealed, the newest lines only."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> int:
        """Take a piece of text."""
        self._text = (self._text + text)[-4000:]
        return len(text)

    def last_line(self) -> str:
        """Return the last line that is not empty, concealed."""
        lines = [line.strip() for line in self._text.splitlines() if line.strip()]
        return conceal(lines[-1]) if lines else ""


def _folders() -> list[Path]:
    chosen = os.environ.get("KAGGLE_CONFIG_DIR")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    return [*([Path(chosen)] if chosen else []), Path.home() / ".kaggle", config]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _texts_in(text: str) -> list[str]:
    """Return the texts of a JSON object that may be secret: all but the user's name."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    if not isinstance(document, dict):
        return []
    return [value for key, value in document.items() if isinstance(value, str) and key in _SECRET_KEYS]


_SECRET_KEYS = {"key", "token", "access_token", "refresh_token", "api_token", "client_secret"}
