"""Keeps Kaggle's credentials, and whatever a server would do to a terminal, out of what is printed or written.

The real client prints what servers answer and puts requests into exceptions. All of that passes through `conceal`
before it is shown. Reads the places where Kaggle itself keeps credentials; writes nothing.
"""

import base64
import io
import json
import os
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from shared.system import portable

HIDDEN = "[credential]"
_VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_KEY", "KAGGLE_IAP_TOKEN")
_FILES = ("access_token", "access_token.txt", "kaggle.json", "credentials.json")
_SHORTEST = 4  # shorter ones would turn every text into stars
_KEPT = 20_000  # characters of the client's prints


def known_secrets() -> list[str]:
    """Collect every credential that the client could be using, also as headers and addresses write it."""
    found = [os.environ.get(name, "") for name in _VARIABLES]
    users = [os.environ.get("KAGGLE_USERNAME", "")]
    for path in _files():
        text = _read(path)
        if path.suffix == ".json":
            document = _parse(text)
            found += [value for key, value in document.items() if isinstance(value, str) and key in _SECRET_KEYS]
            users.append(str(document.get("username", "")))
        else:
            found.append(text)
    path_given = os.environ.get("KAGGLE_API_TOKEN", "")
    if path_given and len(path_given) < 1024 and "\n" not in path_given and Path(path_given).is_file():
        found.append(_read(Path(path_given)))
    secrets = {text.strip() for text in found if len(text.strip()) >= _SHORTEST}
    pairs = [f"{user}:{secret}".encode() for user in users for secret in secrets]
    secrets |= {base64.b64encode(pair).decode() for pair in pairs}
    secrets |= {urllib.parse.quote(secret, safe="") for secret in secrets}
    return sorted(secrets, key=len, reverse=True)


def conceal(text: str) -> str:
    """Replace every credential in a server's text, and escape what would steer the terminal."""
    for secret in known_secrets():
        text = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def find_open_files() -> Iterator[str]:
    """Name the command that mends each file of credentials that other users of this computer can read."""
    if portable.IS_WINDOWS:
        return
    for path in _files():
        if path.is_file() and path.stat().st_mode & 0o077:
            yield portable.join_words(["chmod", "600", str(path)])


class ConcealedOutput(io.TextIOBase):
    """Where the client's own prints go: kept, concealed, the newest lines only."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> int:
        """Take a piece of text."""
        self._text = (self._text + text)[-_KEPT:]
        return len(text)

    def last_line(self) -> str:
        """Return the end of the last line that is not empty, concealed."""
        lines = [line.strip() for line in self._text.splitlines() if line.strip()]
        return conceal(lines[-1])[-300:] if lines else ""


def _files() -> Iterator[Path]:
    chosen = os.environ.get("KAGGLE_CONFIG_DIR")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    for folder in dict.fromkeys([*([Path(chosen)] if chosen else []), Path.home() / ".kaggle", config]):
        yield from (folder / name for name in _FILES)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _parse(text: str) -> dict[str, object]:
    """Return the JSON object of a file of credentials; empty where it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


_SECRET_KEYS = {"key", "token", "access_token", "refresh_token", "api_token", "client_secret"}
