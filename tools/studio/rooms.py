"""Pages of other tools, opened from the studio: each is the ordinary command in a process of its own.

    review, timeline-show, timeline-label, game → ./inv TASK … --no-open → its address, with its own secret

They end with the studio. A second request for the same command gets the same page.
"""

import re
import subprocess
import threading
from collections.abc import Sequence

from shared.errors import CheckFailed
from shared.system import portable
from tools.studio import jobs

TASKS = ("review", "timeline-show", "timeline-label", "game")
# On a port of the system's choice; the other pages have one of their own each.
_MORE = {"game": ("--port=0",)}
MOST = 4  # at once; the one that was opened first is closed
_PATIENCE_S = 90.0
_URL = re.compile(r"http://127\.0\.0\.1:\d+/\S*")


class Rooms:
    """Opens pages and closes them again.

    Args:
        command: What runs a task's words; None: `jobs.door`.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or jobs.door())
        self._open: dict[tuple[str, ...], tuple[subprocess.Popen[bytes], str]] = {}
        self._lock = threading.Lock()

    def open(self, words: Sequence[str]) -> str:
        """Return the address of a task's page, which is started unless it is open already.

        Raises:
            CheckFailed: The command ended without a page; holds what it said.
        """
        key = tuple(words)
        with self._lock:
            known = self._open.pop(key, None)
            if known is None or known[0].poll() is not None:
                known = self._start(key)
            self._open[key] = known
            while len(self._open) > MOST:
                portable.end_group(self._open.pop(next(iter(self._open)))[0])
        return known[1]

    def close(self) -> None:
        """End all pages."""
        with self._lock:
            for process, _ in self._open.values():
                portable.end_group(process)
            self._open.clear()

    def _start(self, words: tuple[str, ...]) -> tuple["subprocess.Popen[bytes]", str]:
        process = subprocess.Popen(
            [*self._command, *words, "--no-open", *_MORE.get(words[0], ())],
            cwd=jobs.PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **portable.own_group(),
        )  # fmt: skip
        url, lines = threading.Event(), [""]
        threading.Thread(target=_listen, args=(process, url, lines), daemon=True).start()
        url.wait(_PATIENCE_S)
        found = _URL.search(lines[-1])
        if found is None:
            portable.end_group(process)
            last = next((line for line in reversed(lines) if line.strip()), "nothing")
            raise CheckFailed(" ".join(words), found=last.strip(), expected="the address of its page")
        return process, found[0]


def _listen(process: "subprocess.Popen[bytes]", url: threading.Event, lines: list[str]) -> None:
    """Read what a command says until its address comes; after that only so that it does not wait for a reader."""
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            if not url.is_set():
                lines.append(line.decode("utf-8", "replace"))
                if _URL.search(lines[-1]):
                    url.set()
    url.set()
