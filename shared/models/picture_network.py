"""PictureNetwork: what every network of pictures has in common, from pixels to an encoder's features and back to ONNX.

The network takes pictures in 0 to 1; cropping, shrinking, mean and std live inside it, so that nobody can forget them.
A network of its own says what becomes of the features: `dual_head` and `photo`.
"""

from abc import abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput
from shared.models.encoder_specs import CROPS, GRID_FEATURES, POOLINGS, VIEWS, EncoderChoice, spec_of
from shared.models.encoders import build_encoder, load_imagenet
from shared.models.face_crop import AreaShrink, FaceCrop
from shared.models.network import Network, NetworkOutput

GRID_CHANNELS = 32
DROPOUT = 0.3


class GridPooling(nn.Module):
    """Turns a grid of features into one vector that still knows where each was seen: 1 x 1 convolution, then linear.

    Averaging over the picture throws the mouth's place away: on drawn actors, frozen features of the same encoder reach
    AUC 0.65 averaged and 1.00 as a grid (LOG.md).

    Args:
        shape: (C, h, w) of the encoder's features.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.norm = nn.BatchNorm2d(channels)
        self.reduce = nn.Conv2d(channels, GRID_CHANNELS, 1, bias=False)
        self.norm_reduced = nn.BatchNorm2d(GRID_CHANNELS)
        self.dropout = nn.Dropout(DROPOUT)
        self.project = nn.Linear(GRID_CHANNELS * height * width, GRID_FEATURES)

    def forward(self, grid: Tensor) -> Tensor:
        """Turn (N, C, h, w) into (N, GRID_FEATURES)."""
        reduced = nn.functional.hardswish(self.norm_reduced(self.reduce(self.norm(grid)))).flatten(1)
        return cast(Tensor, self.project(self.dropout(reduced)))


class PictureNetwork(Network):
    """A network of pictures: an encoder of single frames, and what decides on their features.

    Args:
        frame_count: Frames of a sequence; the weights do not depend on it.
        choice: Encoder, input size, pooling, crop and views.
        image_px: Side of the pictures that come in.

    Attributes:
        n_features: Features of a frame of one view.

    Raises:
        InvalidInput: No such encoder or pooling, or pictures would be shrunk to less than 32 px.
    """

    input_kind = "frames"

    def __init__(self, frame_count: int, choice: EncoderChoice | None = None, image_px: int = 224) -> None:
        super().__init__()
        self.frame_count = frame_count
        self.choice = choice = choice or EncoderChoice()
        if choice.pooling not in POOLINGS:
            raise InvalidInput("the pooling", found=repr(choice.pooling), expected=" or ".join(POOLINGS))
        if choice.crop not in CROPS:
            raise InvalidInput("the crop", found=repr(choice.crop), expected=" or ".join(CROPS))
        if choice.views not in VIEWS:
            raise InvalidInput("the views", found=repr(choice.views), expected=" or ".join(VIEWS))
        if choice.input_px < 32:
            raise InvalidInput("--input-px", found=str(choice.input_px), expected="32 or more")
        input_px = min(choice.input_px, image_px)
        spec = spec_of(choice.encoder)
        self.register_buffer("mean", torch.tensor(spec.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.std).view(1, 3, 1, 1), persistent=False)
        self.input_px = input_px
        self.crop = _build_crop(choice.crop, image_px, input_px)
        self.register_buffer("mirror", torch.eye(input_px).flip(1), persistent=False)
        self.encoder = build_encoder(choice.encoder)
        self.pool, self.n_features = self.build_pool(spec.feature_shape(input_px))

    def build_pool(self, shape: tuple[int, int, int]) -> tuple[nn.Module, int]:
        """Build what turns the encoder's features, (C, h, w), into one vector, and say how long that is."""
        if self.choice.pooling == "grid":
            return GridPooling(shape), GRID_FEATURES
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1)), shape[0]

    @abstractmethod
    def decide(self, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn the features of sequences, (N, T, n_features), into answers."""

    def encode_grid(self, frames_nchw_f32: Tensor, *, is_cropped: bool = False) -> Tensor:
        """Turn single frames into the encoder's grid of features.

        Args:
            frames_nchw_f32: (N, 3, S, S) in 0 to 1, or (N, 3, input_px, input_px) where they are cropped already.
            is_cropped: Whether they are.

        Returns:
            (N, C, h, w).
        """
        cropped = frames_nchw_f32 if is_cropped else self.crop(frames_nchw_f32)
        return cast(Tensor, self.encoder(self.scale(cropped).contiguous(memory_format=torch.channels_last)))

    def scale(self, cropped_nchw_f32: Tensor) -> Tensor:
        """Subtract the encoder's mean and divide by its std."""
        return (cropped_nchw_f32 - cast(Tensor, self.mean)) / cast(Tensor, self.std)

    def decide_from_grids(self, grids_ntchw_f32: Tensor) -> NetworkOutput:
        """Answer for sequences whose frames are encoded already, (N, T, C, h, w)."""
        n, t = grids_ntchw_f32.shape[:2]
        features: Tensor = self.pool(grids_ntchw_f32.flatten(0, 1))
        return self.decide(features.unflatten(0, (n, t)))

    def decide_from_crops(self, crops_ntchw_f32: Tensor) -> NetworkOutput:
        """Answer for sequences whose frames are cropped already, (N, T, 3, input_px, input_px)."""
        n, t = crops_ntchw_f32.shape[:2]
        crops = crops_ntchw_f32.flatten(0, 1)
        output = self.decide_from_grids(self.encode_grid(crops, is_cropped=True).unflatten(0, (n, t)))
        if self.training or self.choice.views == "one":
            return output
        mirrored = crops @ cast(Tensor, self.mirror)
        other = self.decide_from_grids(self.encode_grid(mirrored, is_cropped=True).unflatten(0, (n, t)))
        return mean_of(output, other)

    def forward(self, values: Tensor) -> NetworkOutput:
        """Answer for sequences of pictures, (N, T, 3, S, S) in 0 to 1."""
        n, t = values.shape[:2]
        return self.decide_from_crops(self.crop(values.flatten(0, 1)).unflatten(0, (n, t)))

    def contract_module(self, temperature: float) -> nn.Module:
        """Return the whole network: frames in, both outputs."""
        return ContractModule(self, temperature)

    def stream_modules(self, temperature: float) -> tuple[nn.Module, nn.Module]:
        """Return the encoder of one frame, and the head over the features of a window."""
        return EncoderModule(self), HeadModule(self, temperature)

    def encoder_blocks(self) -> list[nn.Module]:
        """List the encoder's blocks, from the input on."""
        return list(self.encoder)

    def load_imagenet(self) -> None:
        """Start the encoder from its ImageNet weights.

        Raises:
            MissingOutside: They cannot be had here.
        """
        load_imagenet(self.encoder, self.choice.encoder)

    def load_face_detector(self) -> None:
        """Give the face detector of the crop its weights, where there is one.

        Raises:
            MissingOutside: Its file is not here.
        """
        if isinstance(self.crop, FaceCrop):
            self.crop.load_detector()


def mean_of(first: NetworkOutput, second: NetworkOutput) -> NetworkOutput:
    """Return the mean of two answers, before the sigmoid."""
    smile = (first.smile_logit + second.smile_logit) / 2
    if first.emotion_logits is None or second.emotion_logits is None:
        return NetworkOutput(smile)
    return NetworkOutput(smile, (first.emotion_logits + second.emotion_logits) / 2)


def _build_crop(name: str, image_px: int, input_px: int) -> nn.Module:
    if name == "face":
        return FaceCrop(image_px, input_px)
    return nn.Identity() if input_px == image_px else AreaShrink(image_px, input_px)


def _answer(output: NetworkOutput, temperature: float) -> tuple[Tensor, Tensor]:
    """Return both outputs of the contract; a network without emotions gives zeros, which the card calls untrained."""
    logit = output.smile_logit if temperature == 1 else output.smile_logit / temperature
    prob = torch.sigmoid(logit)
    if output.emotion_logits is None:
        # Not a constant: an output that depends on no input is none that every backend gives.
        return prob, prob[:, None] * torch.zeros(1, len(EMOTIONS))
    return prob, output.emotion_logits


class ContractModule(nn.Module):
    """The network as the model contract wants it: one window in; probability (1,) and ``emotion_logits`` out.

    Args:
        network: The network.
        temperature: Divides the smile logit; 1 leaves it as it is, more makes the probability less sure.
    """

    def __init__(self, network: PictureNetwork, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for one window, (1, T, 3, S, S) in 0 to 1."""
        return _answer(self.network(frames), self.temperature)


class EncoderModule(nn.Module):
    """The half that a page runs once a frame: (1, 3, S, S) in 0 to 1 to features (1, n_features), of two views twice.

    Args:
        network: The network.
    """

    def __init__(self, network: PictureNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> Tensor:
        """Encode one frame, without the memory layout that only torch profits from."""
        network = self.network
        cropped = network.crop(frame)
        features = cast(Tensor, network.pool(network.encoder(network.scale(cropped))))
        if network.choice.views == "one":
            return features
        mirrored = network.scale(cropped @ cast(Tensor, network.mirror))
        return torch.cat([features, network.pool(network.encoder(mirrored))], 1)


class HeadModule(nn.Module):
    """The half that answers: the features of the last frames, (1, T, n_features), oldest first, to both outputs.

    Args:
        network: The network.
        temperature: As in `ContractModule`.
    """

    def __init__(self, network: PictureNetwork, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for one window of features."""
        network = self.network
        if network.choice.views == "one":
            output = network.decide(features)
        else:
            n_features = network.n_features
            output = mean_of(network.decide(features[:, :, :n_features]), network.decide(features[:, :, n_features:]))
        return _answer(output, self.temperature)
