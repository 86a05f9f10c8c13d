"""DualHeadSmileDetector: MobileNetV3-Small sees each frame, an LSTM their order, two heads answer (a Y).

The network eats pictures in 0 to 1; mean and std live inside it, so that nobody can forget them.
"""

from functools import partial
from typing import cast

from torch import Tensor, nn

from shared.dataset.protocol import EMOTIONS
from shared.models import torchvision_ops
from shared.models.network import Network, NetworkOutput

torchvision_ops.declare_missing_operators()

import torch  # noqa: E402
from torchvision.models import MobileNet_V3_Small_Weights, mobilenet_v3_small  # noqa: E402

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
FEATURES = 576
HIDDEN = 256
DROPOUT = 0.3
# torchvision's 0.01 is meant for a million steps; from scratch on a few hundred clips the running statistics would
# still be those of the initialisation when training ends.
BATCH_NORM_MOMENTUM = 0.1


class DualHeadSmileDetector(Network):
    """Smile probability and seven emotions of a short sequence of face pictures.

    Args:
        frame_count: Frames of a sequence; the weights do not depend on it.

    Source: the network of the project's first plan (MobileNetV3, Howard et al. 2019, section 5, the Small variant;
    torchvision's implementation). Hidden size and dropout are our own choice: they keep the ONNX at 7.2 MB.
    """

    input_kind = "frames"

    def __init__(self, frame_count: int) -> None:
        super().__init__()
        self.frame_count = frame_count
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=BATCH_NORM_MOMENTUM)
        self.encoder = mobilenet_v3_small(norm_layer=norm).features
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.lstm = nn.LSTM(FEATURES, HIDDEN, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.smile_head = nn.Linear(HIDDEN, 1)
        self.emotion_head = nn.Linear(HIDDEN, len(EMOTIONS))

    def encode(self, frames_nchw_f32: Tensor) -> Tensor:
        """Turn single frames, (N, 3, S, S) in 0 to 1, into features, (N, 576)."""
        scaled = (frames_nchw_f32 - cast(Tensor, self.mean)) / cast(Tensor, self.std)
        scaled = scaled.contiguous(memory_format=torch.channels_last)
        return cast(Tensor, self.pool(self.encoder(scaled)).flatten(1))

    def decide(self, features_ntf_f32: Tensor) -> NetworkOutput:
        """Turn the features of sequences, (N, T, 576), into the answers of both heads."""
        hidden, _ = self.lstm(features_ntf_f32)
        last = self.dropout(hidden[:, -1])
        return NetworkOutput(self.smile_head(last).squeeze(1), self.emotion_head(last))

    def forward(self, values: Tensor) -> NetworkOutput:
        """Answer for sequences of pictures, (N, T, 3, S, S) in 0 to 1."""
        n, t = values.shape[:2]
        features = self.encode(values.flatten(0, 1))
        return self.decide(features.unflatten(0, (n, t)))

    def contract_module(self, temperature: float) -> nn.Module:
        """Return the whole network: frames in, both outputs."""
        return ContractModule(self, temperature)

    def stream_modules(self, temperature: float) -> tuple[nn.Module, nn.Module]:
        """Return the encoder of one frame, and the head over the features of a window."""
        return EncoderModule(self), HeadModule(self, temperature)

    def encoder_blocks(self) -> list[nn.Module]:
        """List MobileNetV3's blocks, from the input on."""
        return list(self.encoder)

    def load_imagenet(self) -> None:
        """Start the encoder from torchvision's ImageNet weights.

        Raises:
            OSError: They are not in torch's cache and cannot be downloaded.
        """
        state = MobileNet_V3_Small_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
        prefix = "features."
        self.encoder.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})


class ContractModule(nn.Module):
    """The network as the model contract wants it: one window in, ``smile_prob`` (1,) and ``emotion_logits`` out.

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
    """The half that a page runs once a frame: (1, 3, S, S) in 0 to 1 to features (1, 576).

    Args:
        network: The network.
    """

    def __init__(self, network: DualHeadSmileDetector) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> Tensor:
        """Encode one frame, without the memory layout that only torch profits from."""
        scaled = (frame - cast(Tensor, self.network.mean)) / cast(Tensor, self.network.std)
        return cast(Tensor, self.network.pool(self.network.encoder(scaled)).flatten(1))


class HeadModule(nn.Module):
    """The half that answers: the features of the last frames, (1, T, 576), oldest first, to both outputs.

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
        output = self.network.decide(features)
        logit = output.smile_logit if self.temperature == 1 else output.smile_logit / self.temperature
        return torch.sigmoid(logit), cast(Tensor, output.emotion_logits)
