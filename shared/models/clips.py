"""Networks of clips: some seconds of a provider's named channels, of any length, to one probability.

    clip_lstm    an LSTM; what it holds after the last step decides
    clip_conv1d  convolutions over time; mean and maximum over the steps decide
    clip_stats   logistic regression on mean, standard deviation, maximum and minimum of each channel

A step whose channels are nan is no step: it may stand anywhere, in a batch of clips of several lengths or in a clip of
which a picture shows no face, and changes no score. A legal 0 is a step. The mask is made of the input inside of the
network, so that one input is enough for the ONNX, and no caller can forget it.
"""

import itertools
from abc import abstractmethod
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from shared.models.network import Network, NetworkOutput, mean_and_spread
from shared.onnx.contract import CLIPS

WIDTH = 48
DROPOUT = 0.3
NOISE = 0.1  # of a standard deviation
_LEAST_SPREAD = 1e-3
# Of the squared weights of clip_stats, beside the mean loss: 4 K related inputs, few people. Of five people's clips the
# logistic regression of 208 statistics told two others' apart with AUC 0.73 where C is 1, and 0.85 where it is 0.001.
STRENGTH = 1.0


def gather_steps(values: Tensor) -> tuple[Tensor, Tensor]:
    """Move the steps that are there to the front, in their order, and put 0 where there is none.

    Args:
        values: (N, T, K); a step of which a channel is nan is none.

    Returns:
        (N, T, K), and (N, T) bool: which of them are steps.

    Example:
        >>> steps, there = gather_steps(torch.tensor([[[2.0], [float("nan")], [0.0]]]))
        >>> steps[0, :, 0].tolist(), there[0].tolist()
        ([2.0, 0.0, 0.0], [True, True, False])
    """
    n_steps = values.shape[1]
    there = ~torch.isnan(values).any(2)
    place = torch.arange(n_steps, device=values.device)
    order = torch.where(there, place, place + n_steps).argsort(1)
    clean = torch.where(there[..., None], values, torch.zeros_like(values))
    clean = clean.gather(1, order[..., None].expand_as(clean))
    return clean, place < there.sum(1, keepdim=True)


def pool_steps(values: Tensor, there: Tensor) -> Tensor:
    """Return mean, standard deviation, maximum and minimum over the steps that are there, (N, 4 K); 0 without any.

    Example:
        >>> pool_steps(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])).tolist()
        [[2.0, 1.0, 3.0, 1.0]]
    """
    known = there[..., None]
    n = known.sum(1).clamp_min(1)
    mean = torch.where(known, values, torch.zeros_like(values)).sum(1) / n
    far = torch.where(known, values - mean[:, None], torch.zeros_like(values))
    std = ((far**2).sum(1) / n).sqrt()
    lowest, highest = torch.full_like(values, -1e9), torch.full_like(values, 1e9)
    most = torch.where(known, values, lowest).amax(1)
    least = torch.where(known, values, highest).amin(1)
    nothing = ~there.any(1, keepdim=True)
    return torch.cat([mean, std, most.masked_fill(nothing, 0.0), least.masked_fill(nothing, 0.0)], 1)


class ClipNetwork(Network):
    """What all networks of clips share: the mask, the standard and the ONNX.

    Args:
        n_channels: K.
        n_inputs: How many numbers are standardised.
    """

    input_kind = CLIPS

    def __init__(self, n_channels: int, n_inputs: int) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(n_inputs))
        self.register_buffer("scale", torch.ones(n_inputs))

    def contract_module(self, temperature: float) -> nn.Module:
        """Return the whole network: a clip's channels in, the probability out."""
        return ClipContract(self, temperature)

    def set_standard(self, blocks: Iterable[Tensor]) -> None:
        """Learn mean and spread of each input from the training people's clips, (n, T, K) each, padded with nan."""
        with torch.no_grad():
            inputs = (self._inputs(*gather_steps(values)) for values in blocks)
            mean, spread = mean_and_spread(inputs, correction=0)
            self.mean.copy_(mean)
            self.scale.copy_(1 / spread.clamp_min(_LEAST_SPREAD))

    def forward(self, values: Tensor) -> NetworkOutput:
        """Answer for clips, (N, T, K) float32; a step of nan is none."""
        return NetworkOutput(self._judge(*gather_steps(values)))

    def _standard(self, inputs: Tensor) -> Tensor:
        """Standardise; in training with noise."""
        inputs = (inputs - self.mean) * self.scale
        return inputs + NOISE * torch.randn_like(inputs) if self.training else inputs

    def _inputs(self, steps: Tensor, there: Tensor) -> Tensor:
        """Return what is standardised, (m, n_inputs): each step that is there."""
        return steps[there]

    @abstractmethod
    def _judge(self, steps: Tensor, there: Tensor) -> Tensor:
        """Return the logits, (N,)."""


class ClipLstm(ClipNetwork):
    """An LSTM over the steps; its state after the last one decides."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, n_channels)
        self.lstm = nn.LSTM(n_channels, WIDTH, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(WIDTH, 1)

    def _judge(self, steps: Tensor, there: Tensor) -> Tensor:
        states, _ = self.lstm(self._standard(steps))
        last = (there.sum(1) - 1).clamp_min(0)
        state = states.gather(1, last[:, None, None].expand(-1, 1, states.shape[2]))[:, 0]
        return cast(Tensor, self.head(self.dropout(state)).squeeze(1))


class ClipConv1d(ClipNetwork):
    """Three convolutions over time; mean and maximum over the steps decide.

    What lies behind the last step is put to 0 before each convolution, as is what lies outside of the array.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, n_channels)
        widths = [n_channels, WIDTH, WIDTH, WIDTH]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, 3, padding=1) for before, after in itertools.pairwise(widths)
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(2 * WIDTH, 1)

    def _judge(self, steps: Tensor, there: Tensor) -> Tensor:
        known = there[:, None]
        hidden = self._standard(steps).transpose(1, 2)  # (N, K, T)
        for layer in self.layers:
            hidden = torch.relu(layer(torch.where(known, hidden, torch.zeros_like(hidden))))
        hidden = torch.where(known, hidden, torch.zeros_like(hidden))  # not below 0: the maximum stays what it is
        pooled = torch.cat([hidden.sum(2) / known.sum(2).clamp_min(1), hidden.amax(2)], 1)
        return cast(Tensor, self.head(self.dropout(pooled)).squeeze(1))


class ClipStats(ClipNetwork):
    """Logistic regression on the standardised statistics of each channel."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, 4 * n_channels)
        self.head = nn.Linear(4 * n_channels, 1)
        nn.init.zeros_(self.head.weight)

    def penalty(self) -> Tensor:
        """Return the squared weights, as ridge regression has them."""
        return STRENGTH * (self.head.weight**2).sum()

    def _inputs(self, steps: Tensor, there: Tensor) -> Tensor:
        return pool_steps(steps, there)

    def _judge(self, steps: Tensor, there: Tensor) -> Tensor:
        return cast(Tensor, self.head(self._standard(pool_steps(steps, there))).squeeze(1))


class ClipContract(nn.Module):
    """A network of clips as its ONNX: a clip (1, T, K) in, the probability (1,) out."""

    def __init__(self, network: ClipNetwork, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, channels: Tensor) -> Tensor:
        """Answer for one clip."""
        return torch.sigmoid(self.network(channels).smile_logit / self.temperature)
