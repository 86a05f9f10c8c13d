"""What trainer and exporter ask of any network: its kind of input, its parts, and its ONNX modules."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from shared.errors import InvalidInput


class NetworkOutput(NamedTuple):
    """What a network says of N sequences.

    Attributes:
        smile_logit: (N,), before the sigmoid.
        emotion_logits: (N, 7); None where the network has no such head.
    """

    smile_logit: Tensor
    emotion_logits: Tensor | None = None

    def in_float32(self) -> "NetworkOutput":
        """Return it in float32, in which losses are computed."""
        return NetworkOutput(
            self.smile_logit.float(), None if self.emotion_logits is None else self.emotion_logits.float()
        )


class Network(nn.Module, ABC):
    """A network of sequences.

    Attributes:
        input_kind: What it takes: ``frames``, ``landmarks`` or ``blendshapes``.
    """

    input_kind: str

    @abstractmethod
    def forward(self, values: Tensor) -> NetworkOutput:
        """Answer for sequences of its kind of input, (N, T, ...)."""

    @abstractmethod
    def contract_module(self, temperature: float) -> nn.Module:
        """Return the network as the model contract wants it: one window in, probabilities out.

        Args:
            temperature: Divides the smile logit; 1 leaves it as it is, more makes the probability less sure.
        """

    def stream_modules(self, temperature: float) -> tuple[nn.Module, nn.Module] | None:
        """Return the encoder of one frame and the head over the last frames' features; None where it has no such split.

        Args:
            temperature: As in `contract_module`.
        """
        return None

    def decide_from_grids(self, grids_ntchw_f32: Tensor) -> NetworkOutput:
        """Answer for sequences whose frames its own encoder has turned into grids, (N, T, C, h, w).

        Raises:
            InvalidInput: The network has no encoder.
        """
        raise InvalidInput("the network", found=f"one of {self.input_kind}", expected="one with an encoder of pictures")

    def decide_from_crops(self, crops_ntchw_f32: Tensor) -> NetworkOutput:
        """Answer for sequences whose frames are cropped already, (N, T, 3, P, P).

        Raises:
            InvalidInput: The network crops nothing.
        """
        raise InvalidInput("the network", found=f"one of {self.input_kind}", expected="one that crops pictures")

    def encoder_blocks(self) -> list[nn.Module]:
        """List the parts of the encoder that can be frozen, from the input on; empty where it has none."""
        return []

    def load_imagenet(self) -> None:
        """Start the encoder from ImageNet weights.

        Raises:
            InvalidInput: There are none for this network.
            MissingOutside: They cannot be had here.
        """
        raise InvalidInput(
            "--weights", found="imagenet", expected=f"none or a file, for a network of {self.input_kind}"
        )

    def load_face_detector(self) -> None:
        """Give the face detector of a network that crops its weights; nothing to do for any other.

        Raises:
            MissingOutside: Its file is not here.
        """

    def penalty(self) -> Tensor | float:
        """Return what training adds to the loss of a batch, to draw weights towards 0; nothing for most networks."""
        return 0.0

    def set_standard(self, blocks: Iterable[Tensor]) -> None:
        """Learn what is usual among the training people's inputs, where the network standardises them.

        Args:
            blocks: (n, T, ...) each; together they may be larger than memory.
        """


def mean_and_spread(blocks: Iterable[Tensor], correction: int) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each column of (n, k) blocks, of which one at a time is in memory.

    Args:
        blocks: One or more, together with more than `correction` rows.
        correction: 1 divides by n - 1, 0 by n.

    Source: Chan, Golub & LeVeque 1983, The American Statistician 37:242-247, equations 1.1 and 2.1.

    Example:
        >>> mean, spread = mean_and_spread([torch.tensor([[1.0], [3.0]]), torch.tensor([[8.0]])], 0)
        >>> round(mean.item(), 3), round(spread.item() ** 2, 3)
        (4.0, 8.667)
    """
    n, mean, squares = 0, torch.zeros(()), torch.zeros(())
    for block in blocks:
        own = block.double()
        if not len(own):
            continue
        own_mean = own.mean(0)
        change = own_mean - mean
        squares = squares + (own - own_mean).square().sum(0) + change.square() * n * len(own) / (n + len(own))
        mean = mean + change * len(own) / (n + len(own))
        n += len(own)
    return mean.float(), (squares / (n - correction)).sqrt().float()
