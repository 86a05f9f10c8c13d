"""Settings of a pretraining. Light to import; the command line fills it, the card records it."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.errors import WrongUsage

_SOURCE = re.compile(r"(?P<name>[^:@]+)(:(?P<people>all|train))?(@(?P<weight>[0-9.]+))?")


@dataclass(frozen=True)
class Source:
    """A dataset to learn from.

    Attributes:
        dataset: Name under datasets/, or a path.
        takes_all: Whether all of its people are learned from, or its training people only.
        weight: Of its labels in the loss.
    """

    dataset: str
    takes_all: bool = False
    weight: float = 1.0


def parse_source(text: str) -> Source:
    """Parse NAME, NAME:all, NAME@WEIGHT or NAME:all@WEIGHT.

    Raises:
        WrongUsage: It is none of these.

    Example:
        >>> parse_source("photos:all@0.5")
        Source(dataset='photos', takes_all=True, weight=0.5)
    """
    match = _SOURCE.fullmatch(text.strip())
    try:
        weight = float(match["weight"] or 1) if match else 0.0
    except ValueError:
        weight = 0.0
    if match is None or weight <= 0:
        raise WrongUsage("--datasets", found=repr(text), expected="NAME, NAME:all, NAME@WEIGHT or NAME:all@WEIGHT")
    return Source(match["name"], match["people"] == "all", weight)


def parse_people_part(text: str) -> tuple[int, int] | None:
    """Parse I/N, the I-th of N parts of the people; None for an empty text.

    Raises:
        WrongUsage: It is none, or there is no such part.

    Example:
        >>> parse_people_part("2/3")
        (2, 3)
    """
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
    number, n_parts = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= n_parts:
        raise WrongUsage("--people-part", found=repr(text), expected="I/N with I from 1 to N, such as 1/2")
    return number, n_parts


def is_in_part(subject_id: str, part: tuple[int, int] | None) -> bool:
    """Tell whether a person belongs to a part; decided by the id's hash, so that new people move nobody."""
    if part is None:
        return True
    number, n_parts = part
    return int(contracts.sha256_json([subject_id])[:12], 16) % n_parts == number - 1


@dataclass(frozen=True)
class PretrainConfig:
    """Settings of a pretraining.

    Attributes:
        sources: The datasets.
        out: Folder of the result; None names it after the settings.
        encoder: One of `shared.models.encoder_specs.ENCODERS`.
        input_px: Side to which the network shrinks pictures.
        pooling: ``average`` or ``grid``.
        crop: ``none`` or ``face``.
        weights: Where the encoder starts: ``imagenet`` or ``none``.
        epochs: Passes over the pictures; the learning rate follows from it.
        batch: Pictures a step.
        lr: Highest learning rate of the encoder.
        head_lr_factor: Factor of the rest's.
        weight_decay: Of AdamW.
        ema: Decay a step of the mean weights that are kept (exponential moving average); 0 keeps the last ones.
        mixup: How evenly pictures are mixed with others; 0 mixes none.
        variation: How much pictures are moved, turned, tinted and blurred, from 0 to 1.
        emotion_weight: Factor of the emotion loss.
        blendshape_weight: Factor of the loss against MediaPipe's blendshapes; 0 does without them.
        teachers: Folders of pretrainings, or safetensors of runs, whose mean prediction is learned as well.
        teacher_share: How much of a label is replaced by that prediction.
        emotion_teacher: A classifier of the emotions of one grey face, whose predictions are learned too; None: none.
        emotion_teacher_weight: Factor of the loss against these predictions.
        seed: Decides initial weights, order and variation.
        threads: Torch's threads.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        splits: Frozen splits of datasets among the sources, in place of their first ones.
        people_part: ``1/2`` learns from the first half of the people alone, ``2/2`` from the others; empty: from all.
        allow_no_consent: Use people without a consent row too.
    """

    sources: tuple[Source, ...]
    out: Path | None
    encoder: str
    input_px: int
    pooling: str
    crop: str
    weights: str
    epochs: int
    batch: int
    lr: float
    head_lr_factor: float
    weight_decay: float
    ema: float
    mixup: float
    variation: float
    emotion_weight: float
    blendshape_weight: float
    teachers: tuple[Path, ...]
    teacher_share: float
    emotion_teacher: Path | None
    emotion_teacher_weight: float
    seed: int
    threads: int
    device: str
    splits: tuple[Path, ...] = ()
    people_part: str = ""
    allow_no_consent: bool = False

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, for the card: all but places, teachers' among them."""
        apart = {"sources", "out", "teachers", "emotion_teacher", "device", "splits", "allow_no_consent"}
        named = {"splits": sorted(map(contracts.sha256_file, self.splits))} if self.splits else {}
        return {key: value for key, value in asdict(self).items() if key not in apart} | named

    def short_hash(self, *more: object) -> str:
        """Return eight hex digits that differ when anything differs that decides the numbers."""
        return contracts.sha256_json([self.settings(), [asdict(each) for each in self.sources], *more])[:8]
