"""From predictions to documents: the one writer of results documents and of the predictions csv beside them.

The results document is written last and names the others with their hashes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.statistics.measurement import Measurement
from shared.statistics.predictions_csv import format_predictions


@dataclass(frozen=True)
class Written:
    """A document that is on disk: what a measurement comes to.

    Attributes:
        file: Where it is.
        noun: What kind of document it is, such as ``results``.
        document: Its content.
        summary: The same for people, in some lines.
    """

    file: Path
    noun: str
    document: Document
    summary: str
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the document and say where it is."""
        return f"{self.summary}\n→ {paths.shown(self.file)}"

    def as_json(self) -> dict[str, Any]:
        """Give the document and its place."""
        return {"file": str(self.file), self.noun: self.document}


@dataclass(frozen=True)
class Files:
    """Where the files of one measurement go.

    Attributes:
        folder: Of all of them.
        name: How results call what was measured.
        stem: A time stamp that no earlier results of this name use.
        created_utc: The same moment, as documents hold it.
    """

    folder: Path
    name: str
    stem: str
    created_utc: str

    @property
    def results(self) -> Path:
        """The results document."""
        return self.folder / f"{self.name}_results_{self.stem}.json"

    @property
    def predictions(self) -> Path:
        """The csv."""
        return self.folder / f"{self.name}_predictions_{self.stem}.csv"

    def picture(self, kind: str) -> Path:
        """A picture, such as ``roc``."""
        return self.folder / f"{self.name}_{kind}_{self.stem}.png"


def name_files(folder: Path, name: str, stamp: str | None = None) -> Files:
    """Name the files of a measurement; earlier results are never overwritten.

    Args:
        folder: Of the files.
        name: How results call what was measured.
        stamp: The moment that they hold; None is now.
    """
    now = paths.utc_now() if stamp is None else paths.parse_utc(stamp)
    stem, number = paths.utc_stamp(now), 1
    while (files := Files(folder, name, stem, paths.utc_text(now))).results.exists():
        number += 1
        stem = f"{paths.utc_stamp(now)}_{number}"
    return files


def write_results(files: Files, measurement: Measurement, facts: Mapping[str, Any]) -> Document:
    """Write the predictions csv and, last, the results document.

    Args:
        files: Where to.
        measurement: The predictions and their figures.
        facts: The other keys of the document: what was measured, on which sequences, by which code.

    Returns:
        The document.

    Raises:
        InvalidInput: A prediction or the document does not fit its schema.
    """
    contracts.write_bytes(files.predictions, format_predictions(measurement.rows))
    document: Document = {
        "schema_version": 2,
        "created_utc": files.created_utc,
        **facts,
        **measurement.as_document(),
        "predictions": {"file": files.predictions.name, "sha256": contracts.sha256_file(files.predictions)},
    }
    contracts.write_document(files.results, document, "results")
    return document
