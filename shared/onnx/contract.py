"""The model contract's names, shapes and limits, once. Numbers and words only; runs nothing, imports nothing heavy.

The output that decides is named after the positive class of the dataset that the model learned from: ``smile_prob``,
``anxious_prob``. All readers take its name from the model's card, from the spec's ``decision.output`` or from the
graph. Models from before that call it ``smile_prob``, whatever their class, and are read as they are.

What checks a graph against them: `shared.onnx.model` before it runs one, the exporter before it writes one, handoff
before it hands one off, and spec_checker for everybody.
"""

import re
from collections.abc import Iterable
from typing import Any

from shared.errors import InvalidInput
from shared.paths import CLASS_PATTERN

MAX_BYTES = 7_700_000  # what a page downloads before it can decide anything
DTYPE = "float32"
METADATA_PREFIX = "smilebench."  # of the notes that an ONNX of ours carries
SMILE_PROB = "smile_prob"
EMOTION_LOGITS = "emotion_logits"
# What each kind of input is called, and its axes behind batch and time; of frames they depend on the picture's size.
FEATURE_SHAPES: dict[str, list[Any]] = {"landmarks": [478, 3], "blendshapes": [52]}
# Clips: (1, T, K), the K named channels of a provider; which ones, the graph's notes say. A step of nan is no step.
CLIPS = "emotions"
FEATURE_KINDS = (*FEATURE_SHAPES, CLIPS)
PROVIDERS = ("blendshapes", "emotions", "enet", "model")  # of channels: `shared.faces.providers`
LAYOUTS = {"frames": "NTCHW", "landmarks": "NTPC", "blendshapes": "NTF", CLIPS: "NTF"}
_PROB_PATTERN = re.compile(f"{CLASS_PATTERN.pattern}_prob", re.ASCII)


def prob_name(positive_class: str) -> str:
    """Name the output that decides.

    Raises:
        InvalidInput: The class has no name that an output, a field or an event could be named after.

    Example:
        >>> prob_name("not_teasing")
        'not_teasing_prob'
    """
    if not CLASS_PATTERN.fullmatch(positive_class) or positive_class.endswith("_prob"):
        raise InvalidInput(
            "positive_class",
            found=repr(positive_class),
            expected="lower_snake_case of at most 32 letters, such as smile, that does not end in _prob",
            todo="rename the class in labels.csv and dataset.json",
        )
    return f"{positive_class}_prob"


def class_of(prob: str) -> str:
    """Return the class that an output that decides is named after.

    Example:
        >>> class_of("not_teasing_prob")
        'not_teasing'
    """
    return prob.removesuffix("_prob")


def find_prob(outputs: Iterable[str], positive_class: str | None = None) -> str | None:
    """Find the output that decides among a graph's outputs.

    Args:
        outputs: Their names.
        positive_class: As the graph's notes or its card say; None where nothing says it.

    Returns:
        The positive class's, else ``smile_prob``, else the only ``<class>_prob``; None where there is none, or several.
    """
    names = list(outputs)
    for wanted in (f"{positive_class}_prob", SMILE_PROB):
        if wanted in names:
            return wanted
    found = [name for name in names if _PROB_PATTERN.fullmatch(name)]
    return found[0] if len(found) == 1 and positive_class is None else None


def outputs_of(kind: str, prob: str = SMILE_PROB) -> tuple[str, ...]:
    """Name what a graph of a kind of input gives."""
    return (prob,) if kind in FEATURE_KINDS else (prob, EMOTION_LOGITS)
