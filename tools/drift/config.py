"""Settings of drift. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class DriftConfig:
    """Settings of a comparison of play with training.

    Attributes:
        dataset: What was met in play.
        model: The ONNX file; its card names what it learned from.
        reference: The dataset to compare with; None is the one that the card names.
        side: Part of the reference: ``train``, or ``all`` people.
        face_model: The face detector's file; None looks for it, ``none`` goes without.
        out: Folder to write to; None is artifacts/drift/<dataset>_<UTC>.
        seed: Of the permutations.
        lang: The language that the page opens in.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    model: Path
    reference: Path | None
    side: str
    face_model: str | None
    out: Path | None
    seed: int
    lang: Lang
    allow_no_consent: bool = False


@dataclass(frozen=True)
class SelectionConfig:
    """Settings of choosing what to label first.

    Attributes:
        dataset: Whose moments.
        model: The ONNX file that is unsure of them.
        n: How many.
        face_model: The face detector's file; None looks for it, ``none`` goes without.
        out: The csv; None is artifacts/drift/<dataset>_select_<UTC>.csv.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    model: Path
    n: int
    face_model: str | None
    out: Path | None
    allow_no_consent: bool = False
