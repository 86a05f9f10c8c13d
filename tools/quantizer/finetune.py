"""Fine-tunes an encoder's weights for 8-bit arithmetic: rounding is simulated while it learns its own float answers.

    weights, batch normalisation folded in → ranges of what goes in and out → steps with rounded weights and activations
    → the same graph as before, with weights that survive rounding

The teacher is the float encoder on training people's pictures; labels are not used. The crop, squeeze-and-excitation
and the heads stay as they are. Source: Jacob et al. 2018, section 3 (simulated
quantisation, straight-through gradients).
"""

import copy
import itertools
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from shared import cli
from shared.arrays import F32
from shared.errors import InvalidInput
from shared.models.onnx_export import export_encoder, load_network
from shared.models.picture_network import EncoderModule, PictureNetwork
from tools.quantizer.source import Model

BATCH = 32
LEARNING_RATE = 2e-4
_N_RANGE = 256  # crops that set the ranges of activations
_LEVELS = 127


class RoundedConv(nn.Module):
    """A convolution whose weights and activations are rounded to 8 bits, gradients passing straight through.

    Args:
        conv: Batch normalisation folded in.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.is_watching = True
        self.register_buffer("ranges", torch.zeros(2, 2))  # of what goes in and out: least, largest

    def forward(self, values: Tensor) -> Tensor:
        """Convolve; while it watches, in float, and the ranges grow."""
        if self.is_watching:
            out = self.conv(values)
            for place, seen in enumerate((values, out)):
                self._ranges[place, 0] = torch.minimum(self._ranges[place, 0], seen.min())
                self._ranges[place, 1] = torch.maximum(self._ranges[place, 1], seen.max())
            return cast(Tensor, out)
        weight = self.conv.weight
        scale = (weight.detach().abs().amax((1, 2, 3)) / _LEVELS).clamp_min(1e-12)
        zeros = torch.zeros_like(scale, dtype=torch.int32)
        rounded = torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -_LEVELS, _LEVELS)
        out = self.conv._conv_forward(self._round(values, 0), rounded, self.conv.bias)
        return self._round(out, 1)

    @property
    def _ranges(self) -> Tensor:
        return cast(Tensor, self.ranges)

    def _round(self, values: Tensor, place: int) -> Tensor:
        low, high = (float(bound) for bound in self._ranges[place])
        scale = max(high - low, 1e-8) / 255
        return torch.fake_quantize_per_tensor_affine(values, scale, round(-low / scale), 0, 255)


def fold_norms(module: nn.Module) -> nn.Module:
    """Return a copy in which each batch normalisation right after a convolution of a Sequential is folded into it."""
    module = copy.deepcopy(module).eval()
    for part in [module, *module.modules()]:
        if not isinstance(part, nn.Sequential):
            continue
        names = list(part._modules)
        for name, following in itertools.pairwise(names):
            conv, norm = part._modules[name], part._modules[following]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part._modules[name] = fuse_conv_bn_eval(conv, norm)
                part._modules[following] = nn.Identity()
    return module


def tune_encoder(model: Model, batches: Iterable[F32], steps: int, seed: int = 0) -> Any:
    """Fine-tune a model's encoder for 8-bit arithmetic and export it in float.

    Args:
        model: The model.
        batches: (n, 3, S, S) in 0 to 1 each, of training people; only their crops are kept.
        steps: Of learning.
        seed: Of their order.

    Returns:
        The encoder's ONNX, ``frame`` to ``features``, to be quantised like any other.
    """
    torch.manual_seed(seed)
    network = load_network(
        model.weights, model.card["network"], model.frame_count, model.image_size_px, model.card.get("encoder")
    )
    if not isinstance(network, PictureNetwork):
        raise InvalidInput(str(model.onnx), found=f"a {model.card['network']}", expected="a network of pictures")
    with torch.no_grad():
        crops = torch.cat([network.crop(torch.from_numpy(batch)) for batch in batches])
    student = fold_norms(network.encoder)
    rounded = _round_convolutions(student)
    watched = crops[torch.randperm(len(crops))[:_N_RANGE]]
    with torch.no_grad():
        for batch in watched.split(BATCH):
            student(network.scale(batch))
    for conv in rounded:
        conv.is_watching = False
    _learn(network, student, crops, steps)
    for parent in student.modules():
        for name, part in parent.named_children():
            if isinstance(part, RoundedConv):
                setattr(parent, name, part.conv)
    network.encoder = cast(nn.Sequential, student.eval())
    return export_encoder(EncoderModule(network).eval(), model.image_size_px)


def _round_convolutions(student: nn.Module) -> list[RoundedConv]:
    """Put rounding around each convolution but those of squeeze-and-excitation."""
    rounded = []
    for parent in list(student.modules()):
        if type(parent).__name__ == "SqueezeExcitation":
            continue
        for name, part in list(parent.named_children()):
            if isinstance(part, nn.Conv2d):
                setattr(parent, name, RoundedConv(part))
                rounded.append(cast(RoundedConv, getattr(parent, name)))
    return rounded


def _learn(network: PictureNetwork, student: nn.Module, crops: Tensor, steps: int) -> None:
    """Bring the rounded encoder's features near the float encoder's, at a rate that falls to 0."""
    teacher = network.encoder
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    learned = list(student.parameters())
    for parameter in learned:
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(learned, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in cli.progress(range(steps), what="fine-tuning for 8 bits"):
        batch = network.scale(crops[torch.randint(len(crops), (BATCH,))])
        with torch.no_grad():
            grids = teacher(batch)
            wanted = network.pool(grids)
        found = student(batch)
        loss = _distance(network.pool(found), wanted) + _distance(found, grids)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            cli.note(f"quantizer: step {step} of {steps}: features differ by {loss.item():.4f} of their variance")


def _distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean square of a difference as a part of the variance."""
    return (found - wanted).square().mean() / wanted.var().clamp_min(1e-8)
