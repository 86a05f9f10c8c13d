"""Reads the model that is made smaller, and the people who calibrate, choose and judge. Writes nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import consent, reader, splits
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.models import INPUT_KINDS
from shared.onnx.cards import read_card
from shared.onnx.contract import SMILE_PROB, find_prob

N_CALIBRATION_FRAMES = 100
N_TUNING_FRAMES = 3000
N_VALIDATION = 1500


@dataclass(frozen=True)
class Model:
    """A model of pictures whose weights are here.

    Attributes:
        onnx: Its file.
        card: Its model.json.
        weights: What the file was exported from.
    """

    onnx: Path
    card: dict[str, Any]
    weights: Path

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.card["model_id"])

    @property
    def threshold(self) -> float:
        """Of its decision."""
        return float(self.card["threshold"]["value"])

    @property
    def prob(self) -> str:
        """The output that decides."""
        names = (output["name"] for output in self.card["outputs"])
        return find_prob(names, self.card["positive_class"]) or SMILE_PROB

    @property
    def frame_count(self) -> int:
        """Frames of a window."""
        return int(self.card["input"]["shape"][1])

    @property
    def image_size_px(self) -> int:
        """Side of a frame."""
        return int(self.card["input"]["shape"][4])


@dataclass(frozen=True)
class People:
    """A dataset's sequences by what they are used for; no person is in two of them.

    Attributes:
        dataset: The model's.
        split: Its file.
        calibration: Of training people: they set the ranges of 8-bit numbers.
        tuning: More of them, for fine-tuning.
        validation: They choose.
        test: They judge, once.
    """

    dataset: Dataset
    split: Path
    calibration: list[SequenceRow]
    tuning: list[SequenceRow]
    validation: list[SequenceRow]
    test: list[SequenceRow]


def read_model(onnx: Path) -> Model:
    """Read a model's card and weights.

    Raises:
        InvalidInput: No card, a model of another kind than pictures, or weights that are missing or another model's.
    """
    card = read_card(onnx)
    if card is None:
        raise InvalidInput(
            str(onnx.with_name(paths.MODEL_CARD)),
            found="no card of this file",
            expected="the model's card: it names the threshold, the dataset and the split",
            todo="export the model: ./inv export",
        )
    if card["input"]["name"] != "frames":
        raise InvalidInput(
            str(onnx),
            found=f"a model of {card['input']['name']}",
            expected="a model of pictures (frames): others take less than a millisecond and are small already",
            todo="name another model with --model",
        )
    weights = onnx.with_name(paths.WEIGHTS_FILE)
    if not weights.is_file() or card["network"] not in INPUT_KINDS:
        raise InvalidInput(
            str(weights),
            found="no such file" if not weights.is_file() else f"weights of {card['network']!r}",
            expected="the weights that the ONNX was exported from",
            todo="export the model again; of an ensemble, take one of its members",
        )
    stated = card["run"]["checkpoint_sha256"] if card["run"] else None
    if stated is not None and (found := contracts.sha256_file(weights)) != stated:
        raise InvalidInput(str(weights), found=f"sha256 {found[:12]}", expected=f"{stated[:12]}, as the card says")
    return Model(onnx, card, weights)


def read_people(model: Model, folder: Path | None, *, allow_no_consent: bool) -> People:
    """Read the sequences of the model's own split.

    Raises:
        InvalidInput: Another dataset than the model's, no split, or another one.
    """
    stated, split = model.card["dataset"], model.card["split"]
    place = folder or paths.dataset_dir(stated["name"])
    dataset = consent.permitted(reader.open_dataset(place), allow_no_consent=allow_no_consent)
    if dataset.labels_sha256 != stated["sha256"]:
        raise InvalidInput(
            str(place),
            found=f"labels {dataset.labels_sha256[:12]}",
            expected=f"{stated['sha256'][:12]}, {stated['name']} as the model was trained on it",
        )
    if split is None:
        raise InvalidInput(
            str(model.onnx), found="a model without a split", expected="one that names its validation and test people"
        )
    file = paths.artifacts("splits") / split["file"]
    if contracts.sha256_file(file) != split["sha256"]:
        raise InvalidInput(str(file), found="another split", expected=f"sha256 {split['sha256'][:12]}, the model's")
    frozen = splits.read_split(file, dataset)
    training, validation, test = (splits.rows_of(dataset, frozen, part) for part in splits.PARTS)
    n_frames = model.frame_count
    return People(
        dataset,
        file,
        _spread(training, -(-N_CALIBRATION_FRAMES // n_frames)),
        _spread(training, -(-N_TUNING_FRAMES // n_frames)),
        _spread(validation, N_VALIDATION),
        test,
    )


def _spread(rows: list[SequenceRow], n: int) -> list[SequenceRow]:
    """Take every k-th row, at most n."""
    return rows[:: max(1, -(-len(rows) // n))]
