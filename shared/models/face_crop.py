"""Cuts the face out of a picture inside of the network: YuNet finds it, two matrix products cut it out.

    picture (224 px) → shrunk → YuNet → the largest face's box → a square around it → 112 px of face

The crop is part of the graph, so a page, an evaluation and a training run cannot crop in three ways, and the model
contract stays what it is. YuNet's weights are not trained; they travel with the network's. A picture in which no face
is found is taken whole. Only operators that every backend has; no sorting, no gathering by index.
"""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from shared.errors import InvalidInput, MissingOutside
from shared.faces.detector import find_model

# Side that YuNet sees: on 632 photos of faces it finds as many at 96 as at 128 or 224 px, at a fraction of the cost.
DETECTOR_PX = 96
MARGIN = 1.2  # side of the square for the longer side of the face's box
MIN_SCORE = 0.5
_SAME_FACE = 0.5  # least overlap (Jaccard) of boxes that are taken for one face
_STRIDES = (8, 16, 32)


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


class YuNet(nn.Module):
    """YuNet, a face detector of 76,000 weights: scores and boxes at strides 8, 16 and 32. Looks for no eyes or mouths.

    Args:
        side_px: Side of the pictures, a multiple of 32.

    Source: Wu, Peng and Yu 2023, YuNet: A Tiny Millisecond-level Face Detector; `load` reads the file of OpenCV's model
    zoo (MIT). Boxes are decoded as OpenCV's FaceDetectorYN does.
    """

    def __init__(self, side_px: int) -> None:
        super().__init__()
        if side_px % _STRIDES[-1]:
            raise InvalidInput("YuNet's side", found=f"{side_px} px", expected=f"a multiple of {_STRIDES[-1]}")
        self.side_px = side_px
        pool = nn.MaxPool2d(2)
        stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), _separable(16, 16), pool)
        to_stride_4 = (_separable(16, 16), _separable(16, 32), _separable(32, 32), _separable(32, 64), pool)
        self.to_8 = nn.Sequential(stem, *to_stride_4, _separable(64, 64), _separable(64, 64))
        self.to_16 = nn.Sequential(pool, _separable(64, 64), _separable(64, 64))
        self.to_32 = nn.Sequential(pool, _separable(64, 64), _separable(64, 64))
        # In the order of the file: the coarsest level first.
        self.merge = nn.ModuleList([_separable(64, 64) for _ in _STRIDES])
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleDict(
            {
                name: nn.ModuleList([_separable(64, channels, act=False) for _ in _STRIDES])
                for name, channels in (("classes", 1), ("boxes", 4), ("objects", 1))
            }
        )
        centres = torch.cat([_cell_corners(side_px, stride) for stride in _STRIDES])
        sizes = torch.cat([torch.full(((side_px // stride) ** 2,), float(stride)) for stride in _STRIDES])
        self.register_buffer("cell_x", centres[:, 0], persistent=False)
        self.register_buffer("cell_y", centres[:, 1], persistent=False)
        self.register_buffer("cell_px", sizes, persistent=False)
        self.requires_grad_(False)

    def forward(self, pictures_bgr_255: Tensor) -> tuple[Tensor, Tensor]:
        """Find candidates in (N, 3, S, S), B, G, R from 0 to 255.

        Returns:
            Scores (N, A) from 0 to 1, and boxes (N, A, 4): middle x, middle y, width, height in pixels of S.
        """
        fine = self.to_8(pictures_bgr_255)
        middle = self.to_16(fine)
        coarse = self.merge[0](self.to_32(middle))
        middle = self.merge[1](middle + self.enlarge(coarse))
        fine = self.merge[2](fine + self.enlarge(middle))
        levels = (fine, middle, coarse)
        classes, objects, boxes = (
            torch.cat([head(level).flatten(2) for head, level in zip(self._heads(name), levels, strict=True)], 2)
            for name in ("classes", "objects", "boxes")
        )
        scores = torch.sqrt(torch.sigmoid(classes[:, 0]) * torch.sigmoid(objects[:, 0]))
        cell = cast(Tensor, self.cell_px)
        middle_x = cast(Tensor, self.cell_x) + boxes[:, 0] * cell
        middle_y = cast(Tensor, self.cell_y) + boxes[:, 1] * cell
        width, height = torch.exp(boxes[:, 2]) * cell, torch.exp(boxes[:, 3]) * cell
        return scores, torch.stack([middle_x, middle_y, width, height], 2)

    def _heads(self, name: str) -> Sequence[nn.Module]:
        return list(cast(nn.ModuleList, self.heads[name]))

    def load(self, model: Path) -> None:
        """Take the weights of OpenCV's file.

        Raises:
            InvalidInput: The file is not this network.
        """
        arrays = _read_convolutions(model)
        with torch.no_grad():
            for layer in self._convolutions():
                for wanted in (layer.weight, cast(Tensor, layer.bias)):
                    values = next(arrays, None)
                    if values is None or values.shape != wanted.shape:
                        raise InvalidInput(
                            str(model),
                            found="another network",
                            expected="YuNet, face_detection_yunet_2023mar.onnx",
                            todo="get it again: ./inv fetch-models",
                        )
                    wanted.copy_(values)

    def _convolutions(self) -> Iterator[nn.Conv2d]:
        """Yield the convolutions in the order of the file."""
        parts = [self.to_8, self.to_16, self.to_32, self.merge]
        parts += [self.heads[name] for name in ("classes", "boxes", "objects")]  # the points' heads come last there
        for part in parts:
            yield from (layer for layer in part.modules() if isinstance(layer, nn.Conv2d))


def _cell_corners(side_px: int, stride: int) -> Tensor:
    """List the left upper corners (x, y) of a grid's cells, row by row, in pixels."""
    starts = torch.arange(0, side_px, stride, dtype=torch.float32)
    rows, columns = torch.meshgrid(starts, starts, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], 1)


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
def _detector_weights(side_px: int) -> dict[str, Tensor]:
    model = find_model()
    if model is None:
        raise MissingOutside(
            "--crop face",
            found="no face detector",
            expected="face_detection_yunet_2023mar.onnx",
            todo="get it: ./inv fetch-models, or use --crop none",
        )
    detector = YuNet(side_px)
    detector.load(model)
    return dict(detector.state_dict())


class FaceCrop(nn.Module):
    """Turns pictures into squares around their largest face; a picture without a face is taken whole.

    The box is the mean of all candidates that overlap the best one, weighted by score and overlap: it trembles less
    from frame to frame than any single one, and does not jump where two of them are equally good.

    Args:
        from_px: Side of what comes in.
        to_px: Side of what goes out.
        detector_px: Side that YuNet sees.
    """

    def __init__(self, from_px: int, to_px: int, detector_px: int = DETECTOR_PX) -> None:
        super().__init__()
        self.from_px, self.to_px = from_px, to_px
        self.shrink = AreaShrink(from_px, detector_px)
        self.detector = YuNet(detector_px)
        self.register_buffer("pixels", torch.arange(from_px, dtype=torch.float32), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return cast(Tensor, self.pixels).device

    def load_detector(self) -> None:
        """Give YuNet its weights.

        Raises:
            MissingOutside: Its file is not here.
        """
        self.detector.load_state_dict(_detector_weights(self.detector.side_px))

    def find_squares(self, pictures_nchw_f32: Tensor) -> Tensor:
        """Find the square to cut out of each picture.

        Args:
            pictures_nchw_f32: (N, 3, from_px, from_px), RGB from 0 to 1.

        Returns:
            (N, 3): left, top and side in pixels; may reach beyond the picture.
        """
        small = self.shrink(pictures_nchw_f32) * 255.0
        small = torch.cat([small[:, 2:3], small[:, 1:2], small[:, 0:1]], 1)
        scores, boxes = self.detector(small)
        scale = self.from_px / self.detector.side_px
        x, y, width, height = boxes[:, :, 0], boxes[:, :, 1], boxes[:, :, 2], boxes[:, :, 3]
        sure = scores * (scores > MIN_SCORE).float()
        worth = sure * sure * height
        best = worth.amax(1, keepdim=True)
        is_found = (best > 0).float()
        is_best = (worth >= best).float()  # where there is no face that is every candidate, and it does not count
        is_best = is_best / is_best.sum(1, keepdim=True)
        bx, by, bw, bh = ((values * is_best).sum(1, keepdim=True) for values in (x, y, width, height))
        across = _overlap(x, width, bx, bw) * _overlap(y, height, by, bh)
        jaccard = across / (width * height + bw * bh - across)
        weight = torch.relu(jaccard - _SAME_FACE) * sure * sure
        weight = weight / (weight.sum(1, keepdim=True) + 1e-9)
        bx, by, bw, bh = ((values * weight).sum(1, keepdim=True) for values in (x, y, width, height))
        side = (bw + torch.relu(bh - bw)) * (MARGIN * scale)  # of the longer side
        whole = 1.0 - is_found
        left = (bx * scale - side / 2) * is_found
        top = (by * scale - side / 2) * is_found
        return torch.cat([left, top, side * is_found + self.from_px * whole], 1)

    def forward(self, pictures: Tensor, context: float = 1.0) -> Tensor:
        """Cut faces out.

        Args:
            pictures: (N, 3, from_px, from_px), RGB from 0 to 1.
            context: How much more is cut out than the square, at the same scale, for who moves the crop afterwards.

        Returns:
            (N, 3, P, P), P = to_px * context. What lies beyond the picture repeats its border.
        """
        return self.cut(pictures, self.find_squares(pictures), context)

    def cut(self, pictures: Tensor, squares: Tensor, context: float = 1.0) -> Tensor:
        """Cut squares, as `find_squares` gives them, out of pictures."""
        rows = self._sample(squares[:, 1:2], squares[:, 2:3], context)  # (N, P, from_px)
        columns = self._sample(squares[:, 0:1], squares[:, 2:3], context)
        return rows.unsqueeze(1) @ pictures @ columns.transpose(1, 2).unsqueeze(1)

    def _sample(self, start: Tensor, side: Tensor, context: float) -> Tensor:
        """Make the matrices that resample one axis: a triangle as wide as an output pixel, at least as an input one."""
        n_out = round(self.to_px * context)
        first = (n_out - self.to_px) / 2
        places = torch.arange(n_out, dtype=torch.float32, device=start.device) - first + 0.5
        pitch = side / self.to_px  # (N, 1)
        middles = start + places * pitch - 0.5  # (N, P)
        last = self.from_px - 1.0
        middles = torch.relu(middles)
        middles = last - torch.relu(last - middles)
        width = (1.0 + torch.relu(pitch - 1.0)).unsqueeze(2)
        distance = (cast(Tensor, self.pixels) - middles.unsqueeze(2)).abs()
        weights = torch.relu(1.0 - distance / width)
        return weights / weights.sum(2, keepdim=True)


def _overlap(middle_a: Tensor, size_a: Tensor, middle_b: Tensor, size_b: Tensor) -> Tensor:
    """Return how long two intervals overlap; 0 where they do not."""
    between = size_a - torch.relu(size_a - size_b)  # the shorter one
    shared = (size_a + size_b) / 2 - (middle_a - middle_b).abs()
    shared = torch.relu(shared)
    return between - torch.relu(between - shared)
