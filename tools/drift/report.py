"""From two datasets and a model to a verdict, a page and a document.

play, training people → measures of each sequence → people compared → drift.json, drift.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths, provenance
from shared.contracts import Document
from shared.dataset import consent, reader
from shared.errors import InvalidInput
from shared.faces.detector import require_finder
from shared.onnx.cards import name_of, own_threshold, read_card
from shared.onnx.model import OnnxModel
from shared.statistics.metrics import DEFAULT_THRESHOLD
from shared.text.catalogue import Lang
from tools.drift.causes import ALPHA_CLASSIFIER, ALPHA_NAMES, Drift, Outcome, compare
from tools.drift.config import DriftConfig
from tools.drift.mirroring import ALPHA as ALPHA_MIRRORED
from tools.drift.page import PAGE, describe, write_page
from tools.drift.population import COLOURS, MEASURES, Population, measure_population

DOCUMENT = "drift.json"
N_STRONGEST = 3


@dataclass(frozen=True)
class Reported:
    """A verdict that is on disk.

    Attributes:
        folder: Where the page and the document lie.
        document: The document.
        lang: The language of its text.
    """

    folder: Path
    document: Document
    lang: Lang

    @property
    def exit_code(self) -> int:
        """1 unless no drift is shown."""
        return int(self.document["outcome"] != Outcome.NONE_SHOWN)

    def as_text(self) -> str:
        """Say what differs and where to look."""
        return f"{describe(self.document, self.lang)}\n→ {paths.shown(self.folder / PAGE)}"

    def as_json(self) -> dict[str, Any]:
        """Give the document and its place."""
        return {"file": str(self.folder / DOCUMENT), "page": str(self.folder / PAGE), "drift": self.document}


def report_drift(config: DriftConfig) -> Reported:
    """Compare play with training and write what comes of it.

    Raises:
        InvalidInput: A model, a dataset or the model's split is not valid, or they do not fit each other.
        MissingOutside: There is no face detector here.
    """
    model = OnnxModel(config.model)
    model.refuse_clips()
    card = read_card(config.model)
    stated = own_threshold(model, card)
    threshold = DEFAULT_THRESHOLD if stated is None else float(stated["value"])
    finder = require_finder(config.face_model)
    play = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    reference, rows = _find_reference(config, card)
    for dataset in (play, reference):
        if not dataset.rows:
            raise InvalidInput(str(dataset.folder), found="no sequences", expected="some")
    if play.folder == reference.folder:
        raise InvalidInput("--dataset", found="the reference itself", expected="what was met in play")
    learned = measure_population(reference, rows, model, threshold, finder)
    met = measure_population(play, play.rows, model, threshold, finder)
    found = compare(learned, met, config.seed)
    groups = judge_groups(learned, met, config.seed)
    now = paths.utc_now()
    document: Document = {
        "schema_version": 1,
        "created_utc": paths.utc_text(now),
        "model": {"name": name_of(config.model, card), "sha256": contracts.sha256_file(config.model)},
        "reference": {**_count(learned), "dataset": reference.reference(), "side": config.side},
        "play": {**_count(met), "dataset": play.reference()},
        **describe_drift(found),
        "groups": groups,
        "levels": {"names": ALPHA_NAMES, "classifier": ALPHA_CLASSIFIER, "mirrored": ALPHA_MIRRORED},
        "code": provenance.code_info("numpy", "onnxruntime", "opencv-contrib-python"),
    }
    folder = config.out or paths.artifacts("drift") / f"{play.name}_{paths.utc_stamp(now)}"
    folder.mkdir(parents=True, exist_ok=True)
    contracts.validate(document, "drift", DOCUMENT)
    write_page(folder, document, config.lang)
    contracts.write_document(folder / DOCUMENT, document, "drift")
    return Reported(folder, document, config.lang)


def _find_reference(
    config: DriftConfig, card: Mapping[str, Any] | None
) -> tuple[reader.Dataset, Sequence[reader.SequenceRow]]:
    """Open what the model learned from, and choose the people whom it was trained on."""
    if config.reference is None and card is None:
        raise InvalidInput(
            str(config.model),
            found="no card that says what it learned from",
            expected="a model of this project, or --reference DATASET",
        )
    folder = config.reference or paths.dataset_dir(str(card and card["dataset"]["name"]))
    dataset = consent.permitted(reader.open_dataset(folder), allow_no_consent=config.allow_no_consent)
    if config.side == "all" or card is None or card["dataset"]["name"] != dataset.name:
        return dataset, dataset.rows
    file = card["split"] and paths.artifacts("splits") / card["split"]["file"]
    if not file or not file.is_file():
        cli.note("note: the split of the model's training is not here: all people of the dataset are compared with")
        return dataset, dataset.rows
    # A split stays true for the people that it names, also where sequences were added since.
    subjects = set(contracts.read_document(file, "split")["sides"]["train"]["subjects"])
    rows = [row for row in dataset.rows if row.subject_id in subjects]
    if not rows:
        raise InvalidInput(str(file), found=f"no training people in {dataset.name}", expected="some", todo="--side all")
    return dataset, rows


def _count(measured: Population) -> dict[str, int]:
    return {"n_people": len(set(measured.subjects)), "n_sequences": measured.n}


def describe_drift(found: Drift) -> dict[str, Any]:
    """Return a comparison as the document holds it."""
    told = None
    if found.told is not None:
        sizes = dict(zip((*MEASURES, *COLOURS), np.abs(found.told.weights).tolist(), strict=True))
        strongest = sorted(sizes, key=lambda name: -sizes[name])[:N_STRONGEST]
        told = {"auc": found.told.auc, "p": found.told.p, "n_deals": found.told.n_deals, "strongest": strongest}
    return {
        "outcome": str(found.outcome),
        "reason": found.reason and str(found.reason),
        "called": list(found.called),
        "people": {
            "both": len(found.people.both),
            "reference_only": len(found.people.reference_only),
            "play_only": len(found.people.play_only),
            "least_p": found.least_p,
        },
        "measures": [asdict(one) for one in found.measured],
        "classifier": told,
        "mirrored": {**asdict(found.mirrored), "unknown": found.mirrored.unknown and str(found.mirrored.unknown)},
    }


def judge_groups(reference: Population, play: Population, seed: int) -> list[dict[str, Any]]:
    """Judge each device and browser for itself, at its part of the usual levels; none where no take tells of any."""
    names = sorted({name for name in play.groups if name is not None})
    found = []
    for name in names:
        part = play.only([place for place, group in enumerate(play.groups) if group == name])
        compared = compare(reference, part, seed, share=1 / len(names))
        found.append({"name": name, **_count(part), "outcome": str(compared.outcome), "called": list(compared.called)})
    return found
