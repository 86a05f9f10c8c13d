"""Cuts the face out of a picture inside of the network: YuNet finds it, two matrix products cut it out.

    picture (224 px) → shrunk → YuNet → the largest face's box → a square around it → 112 px of face

The crop is part of the graph, so a page, an evaluation and a training run cannot crop in three ways, and the model
contract stays what it is. YuNet's weights are not trained; they travel with the network's. A picture in which no face
is found is taken whole. Only operators that every backend has; no sorting, no gathering by index.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from shared.errors import InvalidInput, MissingOutside
from shared.faces.detector import find_model

# YuNet sees the mean of 2 x 2 pixels: of 632 photos of faces it finds as many as at 224 px, at a quarter of the cost; a
# product with a matrix that shrinks pictures to any other side costs more than YuNet itself.
_SHRINK = 2
_SMALL = 3  # times smaller than the picture: 64 px of 224 px
MARGIN = 1.2  # side of the square for the longer side of the face's box
MIN_SCORE = 0.5
_SAME_FACE = 0.5  # least overlap (Jaccard) of boxes that are taken for one face
_STRIDES = (8, 16, 32)
_HEADS = ("face", "x", "y", "width", "height", "object")
_STEEP = 1e6
_MOST = 6.0  # logarithm of a box's side in strides; far beyond any face, and never infinite


class AreaShrink(nn.Module):
    """Shrinks square pictures by area averaging, as two products with constant matrices that every backend has.

    Args:
        from_px: Side of what comes in.
        to_px: Side of what goes out, at most from_px.

    Source: OpenCV's INTER_AREA: an output pixel is the mean of what it covers.
    """

    def __init__(self, from_px: int, to_px: int) -> None:
        super().__init__()
        edges = torch.linspace(0, from_px, to_px + 1, dtype=torch.float64)
        cells = torch.arange(from_px, dtype=torch.float64)
        covered = torch.minimum(edges[1:, None], cells + 1) - torch.maximum(edges[:-1, None], cells)
        weights = (covered.clamp_min(0) * to_px / from_px).float()
        self.register_buffer("rows", weights, persistent=False)
        self.register_buffer("columns", weights.T.contiguous(), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Turn (N, 3, from_px, from_px) into (N, 3, to_px, to_px)."""
        return cast(Tensor, self.rows) @ pictures @ cast(Tensor, self.columns)


def _separable(inputs: int, outputs: int, *, act: bool = True) -> nn.Sequential:
    """Build a 1 x 1 convolution and a depthwise one of 3 x 3."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 1), nn.Conv2d(outputs, outputs, 3, 1, 1, groups=outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if act else []))


class Spread(nn.Module):
    """Lays a grid's cells out anew, as two products with constant matrices that every backend has.

    Args:
        rows: (to_side, side), a 1 where a cell comes from.
    """

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", rows.T.contiguous(), persistent=False)

    def forward(self, grid: Tensor) -> Tensor:
        """Turn (N, C, side, side) into (N, C, to_side, to_side)."""
        return cast(Tensor, self.rows) @ grid @ cast(Tensor, self.columns)


def _doubling(to_side: int) -> Spread:
    """Repeat each cell, to an even or odd number of them."""
    n_cells = -(-to_side // 2)
    return Spread(torch.eye(n_cells).repeat_interleave(2, 0)[:to_side])


def _halving(side: int) -> nn.Module:
    """Keep the largest of 2 x 2 cells; an odd side gets a row and a column of zeros first: all values are positive."""
    pool = nn.MaxPool2d(2)
    return nn.Sequential(Spread(torch.eye(side + 1, side)), pool) if side % 2 else pool


@dataclass(frozen=True)
class Candidates:
    """What YuNet says at one stride: a candidate a cell, each part (N, 1, h, w).

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
        side_px: Side of the pictures, a multiple of 16.

    Source: Wu, Peng and Yu 2023, YuNet: A Tiny Millisecond-level Face Detector; `load` reads the file of OpenCV's model
    zoo (MIT). Boxes are decoded as OpenCV's FaceDetectorYN does.
    """

    def __init__(self, side_px: int) -> None:
        super().__init__()
        if side_px % 16:
            raise InvalidInput("YuNet's side", found=f"{side_px} px", expected="a multiple of 16")
        self.side_px = side_px
        pool = nn.MaxPool2d(2)
        stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), _separable(16, 16), pool)
        to_stride_4 = (_separable(16, 16), _separable(16, 32), _separable(32, 32), _separable(32, 64), pool)
        self.to_8 = nn.Sequential(stem, *to_stride_4, _separable(64, 64), _separable(64, 64))
        self.to_16 = nn.Sequential(pool, _separable(64, 64), _separable(64, 64))
        self.to_32 = nn.Sequential(_halving(side_px // 16), _separable(64, 64), _separable(64, 64))
        # In the order of the file: the coarsest level first.
        self.merge = nn.ModuleList([_separable(64, 64) for _ in _STRIDES])
        self.double_32, self.double_16 = _doubling(side_px // 16), _doubling(side_px // 8)
        self.heads = nn.ModuleDict(
            {name: nn.ModuleList([_separable(64, 1, act=False) for _ in _STRIDES]) for name in _HEADS}
        )
        for stride in _STRIDES:
            corners = torch.arange(0, side_px, stride, dtype=torch.float32)
            self.register_buffer(f"corners_{stride}", corners, persistent=False)
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Candidates]:
        """Find candidates in (N, 3, side_px, side_px), RGB from 0 to 1, at each stride."""
        fine = self.to_8(pictures)
        middle = self.to_16(fine)
        coarse = self.merge[0](self.to_32(middle))
        middle = self.merge[1](middle + self.double_32(coarse))
        fine = self.merge[2](fine + self.double_16(middle))
        return [self._read(number, grid) for number, grid in enumerate((fine, middle, coarse))]

    def _read(self, number: int, grid: Tensor) -> Candidates:
        stride = _STRIDES[number]
        said = {name: cast(nn.ModuleList, self.heads[name])[number](grid) for name in _HEADS}
        corners = cast(Tensor, getattr(self, f"corners_{stride}"))
        return Candidates(
            torch.sqrt(torch.sigmoid(said["face"]) * torch.sigmoid(said["object"])),
            corners + said["x"] * stride,
            corners.view(-1, 1) + said["y"] * stride,
            torch.exp(said["width"].clamp(-_MOST, _MOST)) * stride,
            torch.exp(said["height"].clamp(-_MOST, _MOST)) * stride,
        )

    def load(self, model: Path) -> None:
        """Take the weights of OpenCV's file, which expects B, G, R from 0 to 255.

        Raises:
            InvalidInput: The file is not this network.
        """
        arrays = list(_read_convolutions(model))
        layers = [each for part in (self.to_8, self.to_16, self.to_32, self.merge) for each in _convolutions(part)]
        try:
            with torch.no_grad():
                for number, layer in enumerate(layers):
                    layer.weight.copy_(_same_shape(arrays[2 * number], layer.weight))
                    cast(Tensor, layer.bias).copy_(_same_shape(arrays[2 * number + 1], cast(Tensor, layer.bias)))
                layers[0].weight.copy_(layers[0].weight.flip(1) * 255)
                self._load_heads(arrays[2 * len(layers) :])
        except (IndexError, ValueError):
            raise InvalidInput(
                str(model),
                found="another network",
                expected="YuNet, face_detection_yunet_2023mar.onnx",
                todo="get it again: ./inv fetch-models",
            ) from None

    def _load_heads(self, arrays: Sequence[Tensor]) -> None:
        """Take the heads' weights: class, box (four channels, here four heads) and object, at each stride."""
        place = 0
        for names in (("face",), ("x", "y", "width", "height"), ("object",)):
            for level in range(len(_STRIDES)):
                for step in range(2):  # the 1 x 1 convolution, the depthwise one
                    weight, bias = arrays[place : place + 2]
                    place += 2
                    for channel, name in enumerate(names):
                        head = cast(nn.ModuleList, self.heads[name])[level]
                        layer = cast(nn.Conv2d, cast(nn.Sequential, head)[step])
                        if len(weight) != len(names):
                            raise ValueError
                        layer.weight.copy_(_same_shape(weight[channel : channel + 1], layer.weight))
                        cast(Tensor, layer.bias).copy_(bias[channel : channel + 1])


def _same_shape(found: Tensor, wanted: Tensor) -> Tensor:
    if found.shape != wanted.shape:
        raise ValueError
    return found


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
def _detector_weights() -> dict[str, Tensor]:
    model = find_model()
    if model is None:
        raise MissingOutside(
            "--crop face",
            found="no face detector",
            expected="face_detection_yunet_2023mar.onnx",
            todo="get it: ./inv fetch-models, or use --crop none",
        )
    detector = YuNet(32)  # the weights are those of any side
    detector.load(model)
    return dict(detector.state_dict())


def _step(values: Tensor) -> Tensor:
    """Return 1 where values are above zero, else 0, in arithmetic that every backend has."""
    return (values * _STEEP).clamp(0.0, 1.0)


def _total(values: Tensor) -> Tensor:
    """Add a grid's cells up: (N, 1, h, w) to (N, 1, 1, 1)."""
    return values.mean((2, 3), keepdim=True) * (values.shape[2] * values.shape[3])


def _larger(a: Tensor, b: Tensor) -> Tensor:
    return a + torch.relu(b - a)


def _overlap(middle_a: Tensor, size_a: Tensor, middle_b: Tensor, size_b: Tensor) -> Tensor:
    """Return how long two intervals overlap; 0 where they do not."""
    shorter = size_a - torch.relu(size_a - size_b)
    shared = torch.relu((size_a + size_b) * 0.5 - (middle_a - middle_b).abs())
    return shorter - torch.relu(shorter - shared)


class FaceCrop(nn.Module):
    """Turns pictures into squares around their largest face; a picture without a face is taken whole.

    The box is the mean of all candidates that overlap the best one, weighted by score and overlap: it trembles less
    from frame to frame than any single one, and does not jump where two of them are equally good. All tensors have four
    axes, so that nothing must be reshaped or indexed, which WebGL cannot.

    Where what goes out is small, it is cut out of the picture that YuNet sees, for a quarter of the multiplications: a
    face that fills half of the picture has as many pixels there.

    Args:
        from_px: Side of what comes in.
        to_px: Side of what goes out.
    """

    def __init__(self, from_px: int, to_px: int) -> None:
        super().__init__()
        self.from_px, self.to_px = from_px, to_px
        self.shrink = nn.AvgPool2d(_SHRINK)
        self.detector = YuNet(from_px // _SHRINK)
        self.unit = _SHRINK if to_px * _SMALL <= from_px else 1  # pixels of the picture for one that is cut from
        n_pixels = from_px // self.unit
        self.register_buffer("pixels", torch.arange(n_pixels, dtype=torch.float32).view(1, 1, 1, -1), persistent=False)
        self.register_buffer("ones", torch.ones(n_pixels, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return cast(Tensor, self.pixels).device

    def load_detector(self) -> None:
        """Give YuNet its weights.

        Raises:
            MissingOutside: Its file is not here.
        """
        self.detector.load_state_dict(_detector_weights())

    def find_squares(self, pictures_nchw_f32: Tensor) -> Tensor:
        """Find the square to cut out of each picture.

        Args:
            pictures_nchw_f32: (N, 3, from_px, from_px), RGB from 0 to 1.

        Returns:
            (N, 3): left, top and side in pixels; may reach beyond the picture.
        """
        return torch.cat([part.flatten(1) for part in self._locate(self.shrink(pictures_nchw_f32))], 1)

    def _locate(self, small: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find left, top and side of each picture's square, (N, 1, 1, 1) each, in pixels before shrinking."""
        levels = self.detector(small)
        sures = [level.score * _step(level.score - MIN_SCORE) for level in levels]
        worths = [sure * sure * level.height for level, sure in zip(levels, sures, strict=True)]
        best = functools.reduce(_larger, (worth.amax((2, 3), keepdim=True) for worth in worths))
        is_found = _step(best)
        # Candidates within a hundredth of the best one: an equal one could be lost to rounding. Where there is no face
        # that is every candidate, and does not count.
        nothing = 1.0 - is_found
        near = best * 0.01 + nothing
        box = _mean_box(levels, [torch.relu(1.0 - (best - worth) / near) for worth in worths], torch.zeros_like(best))
        votes = [sure * sure * _agreement(level, box) for level, sure in zip(levels, sures, strict=True)]
        x, y, width, height = _mean_box(levels, votes, nothing)
        scale = self.from_px / self.detector.side_px
        side = _larger(width, height) * (MARGIN * scale)
        left, top = (x * scale - side * 0.5) * is_found, (y * scale - side * 0.5) * is_found
        return left, top, side * is_found + nothing * self.from_px

    def forward(self, pictures: Tensor, context: float = 1.0) -> Tensor:
        """Cut faces out.

        Args:
            pictures: (N, 3, from_px, from_px), RGB from 0 to 1.
            context: How much more is cut out than the square, at the same scale, for who moves the crop afterwards.

        Returns:
            (N, 3, P, P), P = to_px * context. What lies beyond the picture repeats its border.
        """
        small = self.shrink(pictures)
        left, top, side = self._locate(small)
        return self._cut(pictures if self.unit == 1 else small, left, top, side, context)

    def cut(self, pictures: Tensor, squares: Tensor, context: float = 1.0) -> Tensor:
        """Cut squares, as `find_squares` gives them, out of pictures."""
        left, top, side = (squares[:, place].view(-1, 1, 1, 1) for place in range(3))
        return self._cut(pictures if self.unit == 1 else self.shrink(pictures), left, top, side, context)

    def _cut(self, pictures: Tensor, left: Tensor, top: Tensor, side: Tensor, context: float) -> Tensor:
        left, top, side = (each * (1.0 / self.unit) for each in (left, top, side))
        n_out = round(self.to_px * context)
        places = torch.arange(n_out, dtype=torch.float32, device=self.device) - (n_out - self.to_px) / 2 + 0.5
        pitch = side * (1.0 / self.to_px)
        last = self.from_px // self.unit - 1.0
        pixels, ones = cast(Tensor, self.pixels), cast(Tensor, self.ones)
        # A triangle as wide as an output pixel, at least as an input one; middles beyond the picture lie on its border.
        width = 1.0 + torch.relu(pitch - 1.0)
        down = top + places.view(1, 1, -1, 1) * pitch - 0.5
        down = last - torch.relu(last - torch.relu(down))
        rows = torch.relu(1.0 - (pixels - down).abs() / width)  # (N, 1, P, from_px)
        rows = rows / (rows @ ones)
        across = left + places.view(1, 1, 1, -1) * pitch - 0.5
        across = last - torch.relu(last - torch.relu(across))
        columns = torch.relu(1.0 - (pixels.view(1, 1, -1, 1) - across).abs() / width)  # (N, 1, from_px, P)
        columns = columns / (ones.view(1, -1) @ columns)
        return rows @ pictures @ columns


def _mean_box(
    levels: Sequence[Candidates], weights: Sequence[Tensor], rest: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the weighted mean of all candidates: x, y, width, height, (N, 1, 1, 1) each.

    Args:
        levels: The candidates.
        weights: Of each.
        rest: Added to the sum of weights: 1 where all are zero. (A tiny constant would be lost in the exported graph.)
    """
    whole = _sum([_total(weight) for weight in weights]) + rest
    x, y, width, height = (
        _sum([_total(getattr(level, name) * weight) for level, weight in zip(levels, weights, strict=True)]) / whole
        for name in ("x", "y", "width", "height")
    )
    return x, y, width, height


def _sum(parts: Sequence[Tensor]) -> Tensor:
    return functools.reduce(torch.add, parts)


def _agreement(level: Candidates, box: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """Return how much more than _SAME_FACE each candidate overlaps a box (Jaccard); 0 below."""
    x, y, width, height = box
    inside = _overlap(level.x, level.width, x, width) * _overlap(level.y, level.height, y, height)
    return torch.relu(inside / (level.width * level.height + width * height - inside) - _SAME_FACE)
