"""Finds label errors: out-of-fold probabilities of a small linear model on face features, in folds by person.

Every sequence is scored by models that have seen neither it nor its person; a model that was trained on a wrong label
would confirm it. Reads pictures, or the featurizer's store of blendshapes; writes suspicion.json in artifacts/reviews.

    reviewer suspect --dataset people
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from shared import cli, contracts, paths, provenance
from shared.arrays import F64
from shared.dataset import consent, reader
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput, MissingOutside
from tools.reviewer.face_features import FaceFeatures, read_blendshapes, read_pixels
from tools.reviewer.label_quality import Suspect, as_rows, find_suspects, format_table, read_suspicion, suspicion_path

Kind = Literal["blendshapes", "pixels"]
N_FOLDS = 5
# Repeated folds of the same people are averaged, so that the order depends less on one random split. Pixels are 34
# times as many numbers as blendshapes, and ten thousand sequences should not take an hour.
N_REPEATS = {"blendshapes": 4, "pixels": 1}
# Inverse regularisation strength. Of 600 photos (GENKI-4K) with 60 flipped labels, the first 120 places hold 56.5 of
# them with 0.03, 56.2 with 0.003 and 54.7 with 1 (means of six draws; smiles alone, untrained: 57.0).
STRENGTH = {"blendshapes": 0.03, "pixels": 0.001}
LISTED = 10


@dataclass(frozen=True)
class Suspected:
    """The label quality of a dataset.

    Attributes:
        dataset: The dataset.
        file: Where it was written.
        document: The content.
        suspects: By sequence id.
    """

    dataset: Dataset
    file: Path
    document: dict[str, Any]
    suspects: dict[str, Suspect]

    @property
    def exit_code(self) -> int:
        """0: done."""
        return 0

    def as_text(self) -> str:
        """List the labels of lowest quality."""
        document = self.document
        flagged = sum(found.flagged for found in self.suspects.values())
        head = f"{self.dataset.name}: {flagged} of {len(self.suspects)} labels look wrong"
        flag = paths.dataset_flag(self.dataset.folder)
        faceless = sum(found.face_found is False for found in self.suspects.values())
        return "\n".join(
            [
                f"{head} ({document['kind']}, {document['n_folds']} folds by {document['grouped_by']})",
                *([f"  no face found in {faceless} sequences"] if faceless else []),
                *format_table(self.suspects, self.dataset, LISTED),
                f"→ {paths.shown(self.file)}; look at them: ./inv review --dataset {flag} --reviewer r1",
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """Return the whole list, lowest quality first."""
        labels = {row.sequence_id: row.label for row in self.dataset.rows}
        return {
            "file": str(self.file),
            "dataset": self.document["dataset"],
            "kind": self.document["kind"],
            "grouped_by": self.document["grouped_by"],
            "n_folds": self.document["n_folds"],
            "n_flagged": sum(found.flagged for found in self.suspects.values()),
            "order": list(as_rows(self.suspects, labels)),
        }


def suspect(
    folder: Path,
    kind: Kind | None,
    landmark_model: str | None = None,
    seed: int = 0,
    out: Path | None = None,
    *,
    allow_no_consent: bool = False,
) -> Suspected:
    """Score every label of a dataset out of fold and write the list.

    Args:
        folder: The dataset.
        kind: The features; None uses blendshapes if the landmarker is available, else pixels.
        landmark_model: MediaPipe's .task file; None finds it.
        seed: Random seed of the folds.
        out: The file; None for the one that the page reads.
        allow_no_consent: Use people without a consent row too.

    Raises:
        InvalidInput: Too few sequences or one class only.
        MissingOutside: `kind` is blendshapes and the landmarker is missing.
    """
    dataset = consent.permitted(reader.open_dataset(folder), allow_no_consent=allow_no_consent)
    rows = list(dataset.rows)
    classes = [label for label in dataset.manifest["classes"] if any(row.label == label for row in rows)]
    counts = Counter(row.label for row in rows)
    if len(classes) < 2 or min(counts.values()) < N_FOLDS:
        found = ", ".join(f"{count} {label}" for label, count in sorted(counts.items())) or "no sequence"
        raise InvalidInput(str(folder), found=found, expected=f"two classes or more with {N_FOLDS} sequences each")
    labels = np.array([classes.index(row.label) for row in rows])
    groups, grouped_by, n_folds = _group(rows, labels)
    features = _read_features(dataset, kind, landmark_model)
    probabilities = out_of_fold(features, labels, groups, n_folds, seed)
    document = {
        "schema_version": 1,
        "dataset": dataset.reference(),
        "created_utc": paths.utc_text(),
        "kind": features.kind,
        "landmark_model_sha256": features.landmark_model_sha256,
        "grouped_by": grouped_by,
        "n_folds": n_folds,
        "n_repeats": N_REPEATS[features.kind],
        "seed": seed,
        "classes": classes,
        "rows": [
            {
                "sequence_id": row.sequence_id,
                "sha256": row.sha256,
                "label": row.label,
                "probabilities": [round(float(value), 6) for value in probabilities[index]],
                "face_found": features.face_found[index],
            }
            for index, row in enumerate(rows)
        ],
        "code": provenance.code_info("numpy", "scikit-learn"),
    }
    file = out or suspicion_path(dataset.folder.name)
    contracts.write_document(file, document, "suspicion")
    return Suspected(dataset, file, document, find_suspects(dataset, read_suspicion(file, dataset)))


def _read_features(dataset: Dataset, kind: Kind | None, landmark_model: str | None) -> FaceFeatures:
    """Read the features of the given kind; None takes the best that is available."""
    if kind == "pixels":
        return read_pixels(dataset)
    try:
        return read_blendshapes(dataset, landmark_model)
    except MissingOutside as error:
        if kind == "blendshapes" or landmark_model is not None:
            raise
        cli.note(f"reviewer: {error}; using pixels instead, which finds fewer errors")
        return read_pixels(dataset)


def _group(
    rows: Sequence[SequenceRow], labels: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], Literal["person", "take", "sequence"], int]:
    """Choose the groups of the folds: people if there are enough, else takes, else identical pictures.

    Enough means that each label has at least 2 people: every fold must leave each class in the training part. Photos of
    unknown people often share one pseudonym.
    """
    kinds: tuple[tuple[Literal["person", "take"], list[str]], ...] = (
        ("person", [row.subject_id for row in rows]),
        ("take", [row.take_id for row in rows]),
    )
    for grouped_by, names in kinds:
        n_groups = min(
            len({name for name, label in zip(names, labels, strict=True) if label == wanted})
            for wanted in np.unique(labels)
        )
        if n_groups >= 2:
            return _numbers(names), grouped_by, min(N_FOLDS, n_groups)
    return _numbers([row.sha256 for row in rows]), "sequence", N_FOLDS


def _numbers(names: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)


def out_of_fold(
    features: FaceFeatures, labels: npt.NDArray[np.intp], groups: npt.NDArray[np.intp], n_folds: int, seed: int
) -> F64:
    """Predict each row by models that have not seen its group.

    Args:
        features: Of n sequences.
        labels: (n,) class indices.
        groups: (n,) group numbers; a group is never split between folds.
        n_folds: At least 2.
        seed: Random seed of the folds.

    Returns:
        (n, n_classes) probabilities; the share of each class for sequences without features.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, n_repeats = features.values, N_REPEATS[features.kind]
    n_classes = int(labels.max()) + 1
    readable = np.asarray(~np.isnan(values).any(axis=1))
    total = np.zeros((len(labels), n_classes))
    for repeat in range(n_repeats):
        folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed + repeat)
        for train, test in folds.split(values, labels, groups):
            known = train[readable[train]]
            shares = np.bincount(labels[train], minlength=n_classes) / len(train)
            total[test] += np.where(readable[test, None], 0.0, shares)
            tested = test[readable[test]]
            if not tested.size:
                continue
            present = np.unique(labels[known])
            if present.size < 2:
                total[tested] += shares
                continue
            model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH[features.kind], max_iter=2000))
            model.fit(values[known], labels[known])
            total[np.ix_(tested, present)] += model.predict_proba(values[tested])
    return np.asarray(total / n_repeats)
