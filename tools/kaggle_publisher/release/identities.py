"""Finds in free text what points at a person: pseudonyms, home folders, mail addresses.

Looks for everybody whom the dataset knows or knew: people in it, in trash/, in consent.json, in releases under their
names there, and people who were erased, whom tombstones recognise.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from shared.dataset import consent, tombstones
from shared.dataset.reader import Dataset
from shared.dataset.tombstones import Barred
from shared.errors import CheckFailed
from shared.traces.person import list_subjects
from tools.kaggle_publisher.releases import ReleaseBook

_HOME = re.compile(r"(?:/home/|/Users/|/root/|[A-Za-z]:\\Users\\)[^\s/\\]*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_WORD = re.compile(r"[A-Za-z0-9_-]+")  # of pseudonyms: a Korean particle that follows is none of it


@dataclass(frozen=True)
class Identities:
    """Whom a dataset knows or knew.

    Attributes:
        names: Pseudonyms, also of releases.
        barred: Tombstones, which recognise the pseudonyms of people who were erased.
    """

    names: frozenset[str]
    barred: Barred

    def check(self, what: str, text: str, todo: str) -> None:
        """Refuse a text that points at a person.

        Args:
            what: The file or flag, for errors.
            text: What a person wrote.
            todo: What to do about it.

        Raises:
            CheckFailed: It names a pseudonym, a home folder or a mail address.
        """
        found = list(dict.fromkeys(self._find(text)))
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise CheckFailed(
                what, found=f"{found[0]} in your own text{more}", expected="a text that identifies no person", todo=todo
            )

    def _find(self, text: str) -> Iterator[str]:
        plain = unicodedata.normalize("NFKC", text)  # full-width letters are letters, too
        known = {name.casefold() for name in self.names}
        for match in _WORD.finditer(plain):
            for word in _parts(match.group()):
                if word.casefold() in known or any(map(self.barred.is_marked, {word, word.lower(), word.upper()})):
                    yield f"the pseudonym {word}"
        yield from (f"the folder {match.group()}" for match in _HOME.finditer(text))
        yield from (f"the address {match.group()}" for match in _MAIL.finditer(text))


def _parts(word: str) -> Iterator[str]:
    """Yield a word, and every run of its parts between hyphens and underscores: s02 of ``s02-wore``."""
    cuts = [match.start() for match in re.finditer(r"(?<=[A-Za-z0-9])[_-]|[_-](?=[A-Za-z0-9])", word)]
    starts = [0, *(cut + 1 for cut in cuts)]
    ends = [*cuts, len(word)]
    yield word
    yield from (word[start:end] for start in starts for end in ends if start < end and (start, end) != (0, len(word)))


def read_identities(dataset: Dataset, book: ReleaseBook) -> Identities:
    """Collect everybody whom a dataset knows or knew."""
    agreed = {row.subject_id for row in consent.read_consent(dataset.folder).rows}
    released = {name for release in book.releases for pair in release.subjects.items() for name in pair}
    names = {*dataset.subjects(), *list_subjects(dataset.folder), *agreed, *released}
    return Identities(frozenset(names), tombstones.read_barred(dataset.folder))
