"""Settings of a training run. Light to import; the command line fills it, run.json records it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import contracts

ALL_EPOCHS = 1_000_000  # --freeze-epochs all: a number that no run reaches, so that longer runs are the same run
PLACES = ("dataset", "split", "out", "weights", "allow_no_consent")  # recorded by what lies there
# Settings that came later, and what was done before.
BEFORE: dict[str, Any] = {
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "normalisation": "upright",
    "with_z": False,
    "encoder": "mobilenet_v3_small",
    "input_px": 224,
    "pooling": "average",
    "crop": "none",
    "views": "one",
    "device": "cpu",
    "precision": "auto",
    "patience": 0,
    "plateau_patience": 0,
    "factor": 0.1,
    "min_lr": 0.0,
    "min_delta": 0.0,
    "class_weights": "",
    "augment_to": 0,
}


BALANCED = "balanced"
PRECISIONS = ("auto", "float32", "bfloat16", "float16")


def parse_weights(text: str) -> dict[str, float]:
    """Parse a=1,b=2.

    Raises:
        ValueError: It is not of this form, or a weight is not above 0.

    Example:
        >>> parse_weights("calm=1,teasing=2")
        {'calm': 1.0, 'teasing': 2.0}
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        weight = float(number) if equals else -1.0
        if not name.strip() or name.strip() in found or not 0 < weight < float("inf"):
            raise ValueError(text)
        found[name.strip()] = weight
    return found


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a run.

    Attributes:
        dataset: The dataset's folder.
        split: The frozen split; None freezes one by split_seed.
        out: The run's folder; None names it after dataset and settings.
        network: One of shared.models.NETWORKS.
        encoder: Of a network of pictures, one of `shared.models.encoder_specs.ENCODERS`.
        input_px: Side to which the network shrinks pictures.
        pooling: What becomes of the encoder's features: ``average`` or ``grid``.
        crop: ``none``, or ``face``: the network finds the face in each picture and looks at that alone.
        views: ``one``, or ``mirrored``: what is measured and exported answers with the mean of both.
        weights: Where the weights start: ``imagenet``, ``none`` or a safetensors file.
        epochs: Passes over the training people in all, also when resumed.
        keep_epochs: Epochs whose weights are kept beside best and last.
        batch: Sequences a step.
        lr: Learning rate of AdamW.
        weight_decay: Of AdamW.
        schedule: ``constant``; ``cosine`` down to zero at the last epoch; or ``plateau``, lower whenever the validation
            loss stands still.
        patience: Epochs without a lower validation loss after which a stage ends; 0 ends none.
        plateau_patience: Such epochs that are borne before ``plateau`` lowers the rate.
        factor: By which it lowers it.
        min_lr: The rate under which it does not go.
        min_delta: By how much a loss must be lower to count.
        class_weights: Factors of the classes in the loss: ``balanced``, ``a=1,b=2``, or nothing.
        augment_to: To how many sequences each class of the training part is brought by varied copies; 0 for none.
        label_smoothing: Takes so much certainty from the labels, half to each class; for training only.
        mixup: How evenly sequences of features are mixed with others; 0 mixes none.
        normalisation: How landmarks are normalised, one of `shared.faces.normalise.SCHEMES`.
        with_z: Whether the landmarks' z counts.
        emotion_weight: Factor of the emotion loss; it counts only sequences that have an emotion label.
        augment: Whether training pictures are varied.
        freeze_epochs: First epochs, or ALL_EPOCHS, in which the encoder is left as it is; pictures are then encoded
            once, and varied by mirroring only.
        unfreeze_blocks: How many of the encoder's last blocks learn after that; 0 means all.
        unfreeze_lr_factor: Factor of the learning rate of the encoder after freeze_epochs.
        seed: Decides initial weights, order, augmentation and dropout.
        split_seed: Random seed of the split, where split is None.
        train_people: How many of the training people are used; None for all. Fewer people are always part of more.
        threads: Torch's threads; part of the result, since sums depend on it.
        device: Where torch computes, one of `shared.cli.DEVICES`; a run may go on elsewhere.
        allow_no_consent: Use people without a consent row too.
        precision: In which numbers training computes, one of `PRECISIONS`; auto is float32 on a processor.
    """

    dataset: Path
    split: Path | None
    out: Path | None
    network: str
    encoder: str
    input_px: int
    pooling: str
    crop: str
    views: str
    weights: str
    epochs: int
    keep_epochs: tuple[int, ...]
    batch: int
    lr: float
    weight_decay: float
    schedule: str
    patience: int
    plateau_patience: int
    factor: float
    min_lr: float
    min_delta: float
    class_weights: str
    augment_to: int
    label_smoothing: float
    mixup: float
    normalisation: str
    with_z: bool
    emotion_weight: float
    augment: bool
    freeze_epochs: int
    unfreeze_blocks: int
    unfreeze_lr_factor: float
    seed: int
    split_seed: int
    train_people: int | None
    threads: int
    device: str
    allow_no_consent: bool = False
    precision: str = "auto"

    def identity(self) -> dict[str, Any]:
        """Return what decides the numbers of each epoch: all but places and, where it sets no rate, the length."""
        apart = {*PLACES, "keep_epochs", "split_seed", "device"}
        if self.schedule != "cosine":
            apart.add("epochs")
        # Runs from before there was a choice keep their name.
        apart |= {name for name, before in BEFORE.items() if getattr(self, name) == before}
        return {key: value for key, value in asdict(self).items() if key not in apart}

    def short_hash(self, *more: object) -> str:
        """Return eight hex digits that differ when anything differs that decides the numbers."""
        return contracts.sha256_json([self.identity(), *more])[:8]
