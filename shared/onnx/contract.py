"""The model contract's names, shapes and limits, once. Numbers and words only; runs nothing, imports nothing heavy.

What checks a graph against them: `shared.onnx.model` before it runs one, the exporter before it writes one, handoff
before it hands one off, and spec_checker for everybody.
"""

from typing import Any

MAX_BYTES = 7_700_000  # what a page downloads before it can decide anything
DTYPE = "float32"
METADATA_PREFIX = "smilebench."  # of the notes that an ONNX of ours carries
PROB = "smile_prob"
EMOTION_LOGITS = "emotion_logits"
# What each kind of input is called, and its axes behind batch and time; of frames they depend on the picture's size.
FEATURE_SHAPES: dict[str, list[Any]] = {"landmarks": [478, 3], "blendshapes": [52]}
FEATURE_KINDS = tuple(FEATURE_SHAPES)
LAYOUTS = {"frames": "NTCHW", "landmarks": "NTPC", "blendshapes": "NTF"}
# What a graph of each kind of input gives.
OUTPUTS = {"frames": (PROB, EMOTION_LOGITS), **dict.fromkeys(FEATURE_SHAPES, (PROB,))}
