"""LandmarkMlp: a residual network of a face's geometry, or of its blendshapes; one small matrix product a layer.

The landmarks come as MediaPipe gives them; the normalisation lies in the network, so that nobody can forget it. Of
several pictures the mean of their inner states is judged. A mirrored picture gets the same answer: the network answers
for the face and for its mirror image, and gives the mean.
"""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from shared.errors import InvalidInput
from shared.faces.normalise import DEFAULT_SCHEME
from shared.models.landmark_input import BlendshapeInput, LandmarkInput
from shared.models.network import Network, NetworkOutput, mean_and_spread
from shared.onnx.contract import FEATURE_SHAPES

WIDTH = 256
BLOCKS = 3
DROPOUT = 0.4
NOISE = 0.1  # of a standard deviation


class ResidualBlock(nn.Module):
    """x + MLP(norm(x)), with GELU and dropout."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (..., width) to (..., width)."""
        return hidden + cast(Tensor, self.layers(hidden))


class LandmarkMlp(Network):
    """Smile probability of a short sequence of faces, from their landmarks or blendshapes.

    Args:
        kind: ``landmarks``, (N, T, 478, 3), or ``blendshapes``, (N, T, 52).
        scheme: How landmarks are normalised, one of `shared.faces.normalise.SCHEMES`.
        with_z: Whether z counts.

    Source: the landmark network of the project's third plan (residual, GELU, trained with noise on the coordinates);
    width, depth and dropout are our own choice (LOG.md).
    """

    def __init__(self, kind: str, scheme: str = DEFAULT_SCHEME, *, with_z: bool = False) -> None:
        super().__init__()
        if kind not in FEATURE_SHAPES:
            raise InvalidInput("the kind of features", found=repr(kind), expected=" or ".join(FEATURE_SHAPES))
        self.input_kind = kind
        self.input = LandmarkInput(scheme, with_z=with_z) if kind == "landmarks" else BlendshapeInput()
        self.n_inputs = self.input.width
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(self.n_inputs))
        self.register_buffer("scale", torch.ones(self.n_inputs))
        self.stem = nn.Linear(self.n_inputs, WIDTH)
        self.blocks = nn.Sequential(*[ResidualBlock(WIDTH, DROPOUT) for _ in range(BLOCKS)])
        self.norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(DROPOUT)
        self.smile_head = nn.Linear(WIDTH, 1)

    def contract_module(self, temperature: float) -> nn.Module:
        """Return the whole network: features in, the probability out."""
        return LandmarkContract(self, temperature)

    def set_standard(self, blocks: Iterable[Tensor]) -> None:
        """Learn mean and spread of each input from the training people and their mirror images.

        Args:
            blocks: (n, T, ...) each, as `forward` takes them.
        """
        with torch.no_grad():
            mean, spread = mean_and_spread(map(self._with_mirrored, blocks), correction=1)
            self.mean.copy_(mean)
            self.scale.copy_(1 / spread.clamp_min(1e-4))

    def _with_mirrored(self, values: Tensor) -> Tensor:
        """Return the inputs of faces and of their mirror images, (2 n T, n_inputs)."""
        inputs = self.input(values)
        return torch.cat([inputs, self.input.mirror(inputs)]).flatten(0, 1)

    def forward(self, values: Tensor) -> NetworkOutput:
        """Answer for sequences, (N, T, 478, 3) or (N, T, 52) float32 without nan.

        In training, every second sequence or so is mirrored, and noise is added to each standardised input.
        """
        inputs = self.input(values)
        mirrored = self.input.mirror(inputs)
        if not self.training:
            return NetworkOutput((self._judge(inputs) + self._judge(mirrored)) / 2)
        is_turned = torch.rand(len(inputs), 1, 1) < 0.5
        return NetworkOutput(self._judge(torch.where(is_turned, mirrored, inputs)))

    def _judge(self, values: Tensor) -> Tensor:
        """Return the logits (N,) of (N, T, n_inputs)."""
        values = (values - self.mean) * self.scale
        if self.training:
            values = values + NOISE * torch.randn_like(values)
        hidden = self.norm(self.blocks(self.stem(values))).mean(1)
        return cast(Tensor, self.smile_head(self.dropout(hidden)).squeeze(1))


class LandmarkContract(nn.Module):
    """The network as its ONNX: one window of features in, the probability (1,) out.

    Args:
        network: The network.
        temperature: Divides the smile logit.
    """

    def __init__(self, network: LandmarkMlp, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        """Answer for one window, (1, T, 478, 3) or (1, T, 52)."""
        return torch.sigmoid(self.network(features).smile_logit / self.temperature)
