"""Result of a recording session: one object, as text and as JSON."""

from dataclasses import dataclass
from typing import Any

from shared import paths
from tools.recorder.config import RecordingConfig
from tools.recorder.window.words import REASONS


@dataclass(frozen=True)
class SessionResult:
    """Result of a session.

    Attributes:
        settings: The session's settings.
        takes: Records of the takes that this session stored and kept.
        refused: Why takes were refused, in order: reason, for people, and cause, the key of its text.
        set_aside: Takes that are kept apart, in rejected/: take_id and faults.
        n_takes_of_subject: Takes of this person in the dataset now.
        is_complete: Whether the target is reached.
    """

    settings: RecordingConfig
    takes: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]
    n_takes_of_subject: int
    is_complete: bool

    @property
    def exit_code(self) -> int:
        """0 if the target is reached, else 1."""
        return 0 if self.is_complete else 1

    def as_text(self) -> str:
        """Summarise for people."""
        who, n_sequences = self.settings.subject_id, sum(len(take["sequence_ids"]) for take in self.takes)
        goal = "" if self.settings.target is None else f" of {self.settings.target}"
        nothing_happened = not self.takes and not self.refused and not self.set_aside
        if nothing_happened and self.is_complete and self.settings.target is not None:
            return f"{who} has {self.n_takes_of_subject}{goal} takes in {self._where()} already: nothing to record"
        stored = f"stored {_count(len(self.takes), 'take')} of {who} ({_count(n_sequences, 'sequence')})"
        lines = [f"{stored} in {self._where()}; {who} now has {self.n_takes_of_subject}{goal}"]
        if self.refused:
            lines.append(f"refused {_count(len(self.refused), 'take')}; nothing of it was stored")
        for take in self.set_aside:
            lines.append(f"kept apart {take['take_id']}, not in labels.csv: {describe_faults(take['faults'])}")
        if self.set_aside:
            lines.append(
                f"look at it in {self._where()}/rejected/; to use one all the same: "
                f"./inv takes --dataset {paths.dataset_flag(self.settings.dataset)} "
                f"--restore {self.set_aside[-1]['take_id']}"
            )
        if not self.is_complete and self.settings.target is not None:
            lines.append("run the same command to go on")
        return "\n".join(lines)

    def _where(self) -> str:
        return paths.shown(self.settings.dataset)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": str(self.settings.dataset),
            "subject_id": self.settings.subject_id,
            "takes": self.takes,
            "refused": self.refused,
            "set_aside": self.set_aside,
            "n_takes_of_subject": self.n_takes_of_subject,
        }


def describe_faults(faults: list[str]) -> str:
    """Describe faults in words."""
    return "; ".join(REASONS[fault] for fault in faults)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
