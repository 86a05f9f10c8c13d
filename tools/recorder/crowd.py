"""Several drawn actors in one go: a session each, in one process, which spares starting one for each of them.

Writes through `tools.recorder.record`, as a session of a person does; actors who have their takes already are left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared import cli, paths
from tools.recorder.config import RecordingConfig
from tools.recorder.record import record
from tools.recorder.summary import SessionResult


@dataclass(frozen=True)
class CrowdResult:
    """Result of the sessions of several actors, in their order."""

    sessions: Sequence[SessionResult]

    @property
    def exit_code(self) -> int:
        """0 if all targets are reached, else 1."""
        return max(session.exit_code for session in self.sessions)

    def as_text(self) -> str:
        """Sum up, and say what went wrong, actor by actor."""
        n_takes = sum(len(session.takes) for session in self.sessions)
        first, last = self.sessions[0].settings, self.sessions[-1].settings
        who = f"{first.subject_id} to {last.subject_id}"
        lines = [f"stored {n_takes} takes of {len(self.sessions)} drawn actors, {who}, in {paths.shown(first.dataset)}"]
        return "\n".join([*lines, *(session.as_text() for session in self.sessions if session.exit_code)])

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": str(self.sessions[0].settings.dataset),
            "actors": [session.as_json() for session in self.sessions],
        }


def record_crowd(settings: RecordingConfig, n_actors: int) -> CrowdResult:
    """Record actors whose pseudonyms are the subject's and a number: a01, a02, and so on.

    Args:
        settings: Of each; the subject is where the pseudonyms begin.
        n_actors: How many.

    Raises:
        InvalidInput: A dataset that is not valid, or of another kind or protocol.
    """
    width = max(2, len(str(n_actors)))
    names = [f"{settings.subject_id}{number:0{width}d}" for number in range(1, n_actors + 1)]
    return CrowdResult(
        [record(replace(settings, subject_id=name)) for name in cli.progress(names, what="drawn actors")]
    )
