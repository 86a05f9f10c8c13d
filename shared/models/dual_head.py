"""DualHeadSmileDetector: an encoder sees each frame, an LSTM their order, two heads answer (a Y).

The network takes pictures in 0 to 1; shrinking, mean and std live inside it, so that nobody can forget them.
"""

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
HIDDEN = {"average": 256, "grid": 128}
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


class DualHeadSmileDetector(Network):
    """Smile probability and seven emotions of a short sequence of face pictures.

    Args:
        frame_count: Frames of a sequence; the weights do not depend on it.
        choice: Encoder, input size and pooling.
        image_px: Side of the pictures that come in.

    Raises:
        InvalidInput: No such encoder or pooling, or pictures would be shrunk to less than 32 px.

    Source: the network of the project's first plan (MobileNetV3, Howard et al. 2019, section 5, the Small variant;
    torchvision's implementation). Hidden size and dropout are our own choice: they keep the ONNX at 7.2 MB.
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
        is_grid = choice.pooling == "grid"
        average = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
        self.pool = GridPooling(spec.feature_shape(input_px)) if is_grid else average
        hidden = HIDDEN[choice.pooling]
        self.lstm = nn.LSTM(choice.n_features, hidden, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.smile_head = nn.Linear(hidden, 1)
        self.emotion_head = nn.Linear(hidden, len(EMOTIONS))
        # The newest frame's features reach both answers past the LSTM as well: from scratch a small encoder learns
        # nothing for epochs behind an LSTM alone.
        self.shortcut = nn.Linear(choice.n_features, 1 + len(EMOTIONS)) if is_grid else None

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

    def decide(self, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn the features of sequences, (N, T, n_features), into the answers of both heads."""
        hidden, _ = self.lstm(features_ntf_f32)
        last = self.dropout(hidden[:, -1])
        smile, emotions = self.smile_head(last), self.emotion_head(last)
        if self.shortcut is not None:
            direct = self.shortcut(features_ntf_f32[:, -1])
            smile, emotions = smile + direct[:, :1], emotions + direct[:, 1:]
        return NetworkOutput(smile.squeeze(1), emotions)

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
    assert first.emotion_logits is not None
    assert second.emotion_logits is not None
    smile = (first.smile_logit + second.smile_logit) / 2
    return NetworkOutput(smile, (first.emotion_logits + second.emotion_logits) / 2)


def _build_crop(name: str, image_px: int, input_px: int) -> nn.Module:
    if name == "face":
        return FaceCrop(image_px, input_px)
    return nn.Identity() if input_px == image_px else AreaShrink(image_px, input_px)


class ContractModule(nn.Module):
    """The network as the model contract wants it: one window in; probability (1,) and ``emotion_logits`` out.

    Args:
        network: The network.
        temperature: Divides the smile logit; 1 leaves it as it is, more makes the probability less sure.
    """

    def __init__(self, network: DualHeadSmileDetector, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for one window, (1, T, 3, S, S) in 0 to 1."""
        output = self.network(frames)
        logit = output.smile_logit if self.temperature == 1 else output.smile_logit / self.temperature
        return torch.sigmoid(logit), output.emotion_logits


class EncoderModule(nn.Module):
    """The half that a page runs once a frame: (1, 3, S, S) in 0 to 1 to features (1, n_features), of two views twice.

    Args:
        network: The network.
    """

    def __init__(self, network: DualHeadSmileDetector) -> None:
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

    def __init__(self, network: DualHeadSmileDetector, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for one window of features."""
        network = self.network
        if network.choice.views == "one":
            output = network.decide(features)
        else:
            n_features = network.choice.n_features
            output = mean_of(network.decide(features[:, :, :n_features]), network.decide(features[:, :, n_features:]))
        logit = output.smile_logit if self.temperature == 1 else output.smile_logit / self.temperature
        return torch.sigmoid(logit), cast(Tensor, output.emotion_logits)
