"""Who may come in from the network: codes that work once and expire, and the sessions that they open.

Codes are kept as hashes in memory: they end with the studio. Sessions are kept as hashes in a file of this user's, so
that a phone that is sending a film when the studio is killed can go on.
"""

import hashlib
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared import contracts

CODE_S, SESSION_S = 600.0, 4 * 3600.0
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # nothing that looks like something else
_LENGTH = 13  # 30 ^ 13: 63 bits
_MOST_CODES, _MOST_SESSIONS = 20, 60
_MOST_FAILURES, _FAILURES_S = 10, 60.0
_REQUESTS_A_SECOND, _BURST = 20.0, 80.0


@dataclass
class Session:
    """A phone that came in.

    Attributes:
        name: Of the session: whose takes are whose.
        dataset: What it records into.
        subject_id: Whom the code was made for; None for somebody new.
        ends_s: When it ends, by the clock of the day.
        own: Pseudonyms that first agreed in this session.
    """

    name: str
    dataset: str
    subject_id: str | None
    ends_s: float
    own: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Code:
    dataset: str
    subject_id: str | None
    ends_s: float


class Doorkeeper:
    """Makes codes, and lets in who has one. All methods may be called from any thread.

    Args:
        file: Where sessions are kept.
        clock: Gives the time of the day in seconds; tests give another one.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock
        self._guard = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._failures: dict[str, deque[float]] = {}
        self._budgets: dict[str, tuple[float, float]] = {}
        self._sessions = self._read()
        self.changed = threading.Event()

    def invite(self, dataset: str, subject_id: str | None) -> str:
        """Make a code that works once; the oldest gives way where there are many."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        with self._guard:
            self._forget_old()
            while len(self._codes) >= _MOST_CODES:
                self._codes.pop(next(iter(self._codes)))
            self._codes[_hash(code)] = _Code(dataset, subject_id, self._clock() + CODE_S)
        return code

    def is_open(self, code: str) -> bool:
        """Tell whether a code can still be used."""
        with self._guard:
            self._forget_old()
            return _hash(code) in self._codes

    def enter(self, code: str, address: str) -> str | None:
        """Use a code; returns the session's secret, or None for a code that is none, or is no more.

        Args:
            code: As it was given.
            address: Whose: who has guessed wrongly ten times within a minute is not listened to for a while.
        """
        now_s = self._clock()
        with self._guard:
            self._forget_old()
            failures = self._failures.setdefault(address, deque(maxlen=_MOST_FAILURES))
            if len(failures) == _MOST_FAILURES and now_s - failures[0] < _FAILURES_S:
                return None
            found = self._codes.pop(_hash(code.strip().upper()), None)
            if found is None:
                failures.append(now_s)
                return None
            secret = secrets.token_urlsafe(32)
            while len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            name = f"phone-{secrets.token_hex(8)}"
            self._sessions[_hash(secret)] = Session(name, found.dataset, found.subject_id, now_s + SESSION_S)
            self._write()
        self.changed.set()
        return secret

    def session(self, secret: str) -> Session | None:
        """Return the session of a secret; None where there is none, or where it has ended."""
        with self._guard:
            found = self._sessions.get(_hash(secret)) if secret else None
            return found if found is not None and found.ends_s > self._clock() else None

    def claim(self, session: Session, subject_id: str) -> None:
        """Remember that somebody first agreed in this session, who may go on in it."""
        with self._guard:
            if subject_id not in session.own:
                session.own.append(subject_id)
                self._write()

    def may_ask(self, session: Session) -> bool:
        """Count a request against the session's budget; False where it asks too often."""
        now_s = self._clock()
        with self._guard:
            left, at_s = self._budgets.get(session.name, (_BURST, now_s))
            left = min(_BURST, left + max(0.0, now_s - at_s) * _REQUESTS_A_SECOND)
            self._budgets[session.name] = (max(0.0, left - 1), now_s)
            return left >= 1

    def _forget_old(self) -> None:
        now_s = self._clock()
        self._codes = {key: code for key, code in self._codes.items() if code.ends_s > now_s}
        self._sessions = {key: one for key, one in self._sessions.items() if one.ends_s > now_s}
        if len(self._failures) > 4096:  # of addresses that guessed; a network has fewer
            self._failures = {who: times for who, times in self._failures.items() if now_s - times[-1] < _FAILURES_S}

    def _read(self) -> dict[str, Session]:
        try:
            found = json.loads(self._file.read_bytes())
            return {key: Session(**one) for key, one in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        sessions = {key: asdict(one) for key, one in self._sessions.items()}
        contracts.write_bytes(self._file, json.dumps(sessions).encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
