"""Runs the recorder as a person would: the same command, in a process of its own, and reads what it says.

Tools know each other by the command line alone.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.text.catalogue import Lang
from tools.studio.jobs import PROJECT

_PATIENCE_S = 600.0
_SPEAKER = "recorder: "


@dataclass(frozen=True)
class Answer:
    """What a command has said.

    Attributes:
        result: Its JSON; None where it gave none.
        error: The last line of its errors; None where it gave a result, or nothing.
        exit_code: Negative where it was killed.
    """

    result: dict[str, Any] | None
    error: str | None
    exit_code: int

    def outcome(self) -> dict[str, Any] | None:
        """Say what became of a film: stored, apart or refused, with the reason; None where the recorder did not say."""
        if self.result is None:
            if self.exit_code in (1, 2) and self.error is not None and "Traceback" not in self.error:
                return {"status": "refused", "cause": "other", "reason": self.error}
            return None
        n_takes = self.result["n_takes_of_subject"]
        if self.result["refused"]:
            return {"status": "refused", "n_takes": n_takes, **self.result["refused"][-1]}
        if self.result["set_aside"]:
            aside = self.result["set_aside"][-1]
            return {"status": "apart", "n_takes": n_takes, "take_id": aside["take_id"], "faults": aside["faults"]}
        if self.result["takes"]:
            take = self.result["takes"][-1]
            facts = {key: take[key] for key in ("take_id", "duration_s", "n_frames", "measured_fps")}
            return {"status": "stored", "n_takes": n_takes, "n_sequences": len(take["sequence_ids"]), **facts}
        return None


def record_film(film: Path, document: Path, subject_id: str, dataset: str, lang: Lang) -> Answer:
    """Let the recorder make a take of a page's film."""
    words = ["--source", str(film), "--capture", str(document), "--no-preview", "--lang", lang]
    return _run([*words, "--subject", subject_id, "--dataset", dataset, "--json"])


def undo_take(take_id: str, subject_id: str, dataset: str) -> Answer:
    """Let the recorder take a take back."""
    words = ["takes", "--undo", "--take", take_id, "--subject", subject_id, "--dataset", dataset, "--json"]
    return _run(words)


def _run(words: Sequence[str]) -> Answer:
    command = [sys.executable, "-P", "-m", "tools.recorder", *words]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8",
            errors="replace", timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(None, f"the recorder was not done after {_PATIENCE_S:g} s", -1)
    lines = done.stderr.strip().splitlines()
    try:
        result = json.loads(done.stdout)
    except ValueError:
        has_crashed = any(line.startswith("Traceback") for line in lines)
        error = lines[-1].removeprefix(_SPEAKER) if lines else None
        return Answer(None, error, -1 if has_crashed else done.returncode)
    return Answer(result, None, done.returncode)
