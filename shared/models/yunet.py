"""YuNet, a small face detector, in torch: so that it can be a part of an exported network."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from shared.errors import InvalidInput, MissingOutside
from shared.faces.detector import find_model

_STRIDES = (8, 16, 32)
_OUTPUTS = (1, 1, 4)  # channels of what the file's three heads say: face, object, box
_MOST = 6.0  # logarithm of a box's side in strides; far beyond any face, and never infinite


def _separable(inputs: int, outputs: int, *, act: bool = True) -> nn.Sequential:
    """Build a 1 x 1 convolution and a depthwise one of 3 x 3."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 1), nn.Conv2d(outputs, outputs, 3, 1, 1, groups=outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if act else []))


@dataclass(frozen=True)
class Candidates:
    """What YuNet says of a picture: M candidates, each part (N, M).

    Attributes:
        score: From 0 to 1.
        x: Of the box's middle, in pixels of what YuNet saw.
        y: Likewise.
        width: Of the box.
        height: Of the box.
    """

    score: Tensor
    x: Tensor
    y: Tensor
    width: Tensor
    height: Tensor


class YuNet(nn.Module):
    """YuNet, a face detector of 76,000 weights: scores and boxes at strides 8, 16 and 32. Looks for no eyes or mouths.

    Args:
        side_px: Side of the pictures, a multiple of 8.

    Source: Wu, Peng and Yu 2023, YuNet: A Tiny Millisecond-level Face Detector; `load` reads the file of OpenCV's model
    zoo (MIT). Boxes are decoded as OpenCV's FaceDetectorYN does.
    """

    def __init__(self, side_px: int) -> None:
        super().__init__()
        if side_px % _STRIDES[0]:
            raise InvalidInput("YuNet's side", found=f"{side_px} px", expected=f"a multiple of {_STRIDES[0]}")
        self.side_px = side_px
        pool = nn.MaxPool2d(2)
        stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), _separable(16, 16), pool)
        to_stride_4 = (_separable(16, 16), _separable(16, 32), _separable(32, 32), _separable(32, 64), pool)
        self.to_8 = nn.Sequential(stem, *to_stride_4, _separable(64, 64), _separable(64, 64))
        self.sides = [-(-side_px // stride) for stride in _STRIDES]
        self.to_16 = nn.Sequential(_halve(self.sides[0]), _separable(64, 64), _separable(64, 64))
        self.to_32 = nn.Sequential(_halve(self.sides[1]), _separable(64, 64), _separable(64, 64))
        # In the order of the file: the coarsest level first.
        self.merge = nn.ModuleList([_separable(64, 64) for _ in _STRIDES])
        self.heads = nn.ModuleList([_separable(64, sum(_OUTPUTS), act=False) for _ in _STRIDES])
        corners = [_corners(side_px, stride) for stride in _STRIDES]
        self.register_buffer("corners_x", torch.cat([x for x, _ in corners]), persistent=False)
        self.register_buffer("corners_y", torch.cat([y for _, y in corners]), persistent=False)
        strides = [torch.full_like(x, stride) for stride, (x, _) in zip(_STRIDES, corners, strict=True)]
        self.register_buffer("strides", torch.cat(strides), persistent=False)
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> Candidates:
        """Find candidates in (N, 3, side_px, side_px), RGB from 0 to 1."""
        fine = self.to_8(pictures)
        middle = self.to_16(fine)
        coarse = self.merge[0](self.to_32(middle))
        middle = self.merge[1](middle + _doubled(coarse, self.sides[1]))
        fine = self.merge[2](fine + _doubled(middle, self.sides[0]))
        grids = (fine, middle, coarse)
        outputs = torch.cat([head(grid).flatten(2) for head, grid in zip(self.heads, grids, strict=True)], 2)
        strides = cast(Tensor, self.strides)
        return Candidates(
            torch.sqrt(torch.sigmoid(outputs[:, 0]) * torch.sigmoid(outputs[:, 1])),
            cast(Tensor, self.corners_x) + outputs[:, 2] * strides,
            cast(Tensor, self.corners_y) + outputs[:, 3] * strides,
            torch.exp(outputs[:, 4].clamp(-_MOST, _MOST)) * strides,
            torch.exp(outputs[:, 5].clamp(-_MOST, _MOST)) * strides,
        )

    def load(self, model: Path) -> None:
        """Take the weights of OpenCV's file, which expects B, G, R from 0 to 255.

        Raises:
            InvalidInput: The file is not this network.
        """
        arrays = list(_read_convolutions(model))
        layers = [each for part in (self.to_8, self.to_16, self.to_32, self.merge) for each in _convolutions(part)]
        n_body = 2 * len(layers)
        try:
            # The heads of the file: of each kind (face, box, object, then points), of each level, two convolutions.
            kinds = [
                [arrays[n_body + 4 * (kind * len(_STRIDES) + level) :][:4] for kind in (0, 2, 1)]
                for level in range(len(_STRIDES))
            ]
            with torch.no_grad():
                for number, layer in enumerate(layers):
                    _fill(layer, arrays[2 * number], arrays[2 * number + 1])
                layers[0].weight.copy_(layers[0].weight.flip(1) * 255)
                for head, of_kinds in zip(self.heads, kinds, strict=True):
                    for step, layer in enumerate(_convolutions(head)):
                        weight, bias = (torch.cat([each[2 * step + part] for each in of_kinds]) for part in (0, 1))
                        _fill(layer, weight, bias)
        except (IndexError, ValueError, RuntimeError):
            raise InvalidInput(
                str(model),
                found="another network",
                expected="YuNet, face_detection_yunet_2023mar.onnx",
                todo="get it again: ./inv fetch-models",
            ) from None


def _corners(side_px: int, stride: int) -> tuple[Tensor, Tensor]:
    """Return x and y of each cell's corner, row by row."""
    places = torch.arange(0, side_px, stride, dtype=torch.float32)
    y, x = torch.meshgrid(places, places, indexing="ij")
    return x.flatten(), y.flatten()


def _halve(side: int) -> nn.Module:
    """Build what takes the most of each two by two cells; of an odd side the last ones alone.

    No cell is below 0, so zeros beyond the last one change nothing. (WebGPU has no pooling that rounds up.)
    """
    pool = nn.MaxPool2d(2)
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), pool) if side % 2 else pool


def _doubled(grid: Tensor, side: int) -> Tensor:
    """Repeat each cell of a grid, and keep so many of them each way."""
    return nn.functional.interpolate(grid, scale_factor=2.0, mode="nearest")[:, :, :side, :side]


def _fill(layer: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    if weight.shape != layer.weight.shape:
        raise ValueError
    layer.weight.copy_(weight)
    cast(Tensor, layer.bias).copy_(bias)


def _convolutions(part: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in part.modules() if isinstance(layer, nn.Conv2d)]


def _read_convolutions(model: Path) -> Iterator[Tensor]:
    """Yield weight and bias of each convolution of an ONNX file, in the order in which it runs them."""
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(model).graph
    except Exception:  # protobuf's error has no public name
        raise InvalidInput(str(model), found="no ONNX file", expected="YuNet", todo="./inv fetch-models") from None
    known = {each.name: each for each in graph.initializer}
    names = [name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]]
    yield from (torch.from_numpy(numpy_helper.to_array(known[name]).copy()) for name in names if name in known)


@functools.cache
def detector_weights() -> dict[str, Tensor]:
    """Return YuNet's weights, for any side.

    Raises:
        MissingOutside: Its file is not here.
    """
    model = find_model()
    if model is None:
        raise MissingOutside(
            "--crop face",
            found="no face detector",
            expected="face_detection_yunet_2023mar.onnx",
            todo="get it: ./inv fetch-models, or use --crop none",
        )
    detector = YuNet(32)
    detector.load(model)
    return dict(detector.state_dict())
