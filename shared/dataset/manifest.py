"""The one writer of dataset.json: counts and checksum are made here, of the rows that labels.csv holds already."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared import contracts
from shared.contracts import Document
from shared.dataset import reader


def write_manifest(folder: Path, manifest: Mapping[str, Any], rows: Sequence[reader.SequenceRow]) -> Document:
    """Write a dataset's manifest, which is the last file of a commit.

    Args:
        folder: The dataset's; its labels.csv is written.
        manifest: The manifest's other keys.
        rows: The content of labels.csv.

    Returns:
        The manifest as it was written.

    Raises:
        InvalidInput: It does not fit its schema.
    """
    complete = {
        **manifest,
        "counts": {
            "subjects": len({row.subject_id for row in rows}),
            "takes": len({row.take_id for row in rows}),
            "sequences": len(rows),
            "by_label": reader.count_labels(rows),
        },
        "checksums": {reader.LABELS: contracts.sha256_file(folder / reader.LABELS)},
    }
    contracts.write_document(folder / reader.MANIFEST, complete, "dataset")
    return complete
