"""Declares licence and basis of a dataset's imported sequences in dataset.json, in place of consent rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import reader
from shared.dataset.consent import right_of
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput
from tools.consent.config import RightsConfig


@dataclass(frozen=True)
class Declared:
    """What is declared now."""

    folder: Path
    rights: list[dict[str, Any]]
    n_sequences: int
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        last = self.rights[-1]
        return (
            f"{paths.shown(self.folder / reader.MANIFEST)}: {last['licence']} ({last['basis']}) covers training and "
            f"testing with {self.n_sequences} sequences (source {last['source']}) of people without a consent row; "
            "publishing still needs each person's consent"
        )

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"dataset": str(self.folder), "rights": self.rights, "n_sequences": self.n_sequences}


def declare_rights(config: RightsConfig) -> Declared:
    """Declare the rights of all sequences of a source; an earlier declaration for that source is replaced.

    Raises:
        InvalidInput: No such dataset, or no sequence of that source in it.
    """
    dataset = reader.open_dataset(config.dataset)
    covered = [row for row in dataset.rows if config.source in ("any", row.source)]
    if not covered:
        there = ", ".join(sorted({row.source for row in dataset.rows})) or "no sequence"
        raise InvalidInput(
            f"--source {config.source}", found=f"{there} in {dataset.name}", expected="sequences of that source"
        )
    with DatasetWriter(config.dataset, dataset.protocol, dataset.manifest["kind"]) as writer:
        kept = [right for right in writer.manifest.get("rights", []) if right["source"] != config.source]
        writer.declare_rights([*kept, right_of(config.source, config.licence, config.basis)])
        rights = writer.manifest["rights"]
    return Declared(config.dataset, rights, len(covered))
