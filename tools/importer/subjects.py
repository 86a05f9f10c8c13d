"""Whose picture it is: pseudonyms out of what a table or a folder calls a person.

What can stand as a pseudonym is kept, unless --pseudonyms is given; all else (Hangul, spaces, mail addresses)
becomes one: a keyed hash, the same for the same text in the same dataset. The key lies in the dataset's folder, is
never published, and without it names cannot be guessed.
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from shared import contracts, paths

KEY_FILE = ".pseudonym_key"


class Pseudonyms:
    """Turns what a person is called into a pseudonym.

    Args:
        dataset: The dataset's folder; the key is made there when it is first needed.
        always: Also where the text could stand as a pseudonym.
    """

    def __init__(self, dataset: Path, always: bool) -> None:
        self._path = dataset / KEY_FILE
        self._always = always
        self._key: bytes | None = None
        self.n_kept = 0

    def of(self, text: str) -> str:
        """Return a person's pseudonym."""
        text = unicodedata.normalize("NFC", text.strip())
        if not self._always and paths.is_subject(text):
            self.n_kept += 1
            return text
        return "p" + hmac.new(self._read_key(), text.encode("utf-8"), hashlib.sha256).hexdigest()[:12]

    def _read_key(self) -> bytes:
        if self._key is None:
            if not self._path.exists():
                contracts.write_bytes(self._path, secrets.token_hex(32).encode())
                self._path.chmod(0o600)
            self._key = self._path.read_bytes()
        return self._key


def find_slips(persons: Iterable[tuple[str, str]], known: Iterable[str]) -> list[str]:
    """Say where one person may stand as two: one film under two subjects, or two that differ in capitals only.

    Args:
        persons: Films, by their hash or name, with what the person in each is called.
        known: Subjects of the dataset.
    """
    found: list[str] = []
    of_film: dict[str, str] = {}
    names: dict[str, str] = {name.casefold(): name for name in known}
    for film, person in persons:
        spelling = names.setdefault(person.casefold(), person)
        if spelling != person:
            found.append(f"subject {person} beside {spelling}, which differ in capitals only")
        other = of_film.setdefault(film, person)
        if other.casefold() != person.casefold():
            found.append(f"subject {person} in a film of {other}")
    return list(dict.fromkeys(found))


def of_photo(sha256: str) -> str:
    """Return the pseudonym of a photo of an unknown person: each such photo is a person of its own."""
    return f"photo-{sha256[:12]}"
