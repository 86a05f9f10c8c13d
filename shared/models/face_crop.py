"""Cuts the face out of a picture inside of the network: YuNet finds it, a square around it is resized.

    picture (224 px) → shrunk → YuNet → the largest face's box → a square of it → the network's input

The crop is part of the graph, so a page, an evaluation and a training run cannot crop in three ways, and the model
contract stays what it is. YuNet's weights are not trained; they travel with the network's. A picture in which no face
is found is taken whole.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from shared.models.yunet import Candidates, YuNet, detector_weights
from shared.preprocess import LUMA


@dataclass(frozen=True)
class Cut:
    """What is cut out, and how closely faces are looked for.

    Attributes:
        shrink: Pixels of a side whose mean YuNet sees.
        side: Of the square, for the longer side of the face's box.
        down: How far the square's middle lies below the box's, for the box's height.
        is_grey: Whether colour is left out.
    """

    shrink: int
    side: float
    down: float
    is_grey: bool


# Of 3,000 photos of faces YuNet misses 2, and 6 at 224 px for four times the cost.
LARGE = Cut(shrink=2, side=1.2, down=0.0, is_grey=False)
# Small networks see a smile where most pixels are the mouth's: the same network reached an area under its ROC curve of
# 0.956 as LARGE cuts, 0.965 in grey (most collections of faces have no colour), 0.971 with a side of 1.0, 0.977 from
# eyes to chin (LOG.md). One channel is cut out in a third of the time, and YuNet sees a quarter of the pixels (of 2,000
# photos it misses 8).
SMALL = Cut(shrink=4, side=0.75, down=0.07, is_grey=True)
_SMALL_PX = 96  # of a small network's input, at most
_SIDES = 8  # of what YuNet sees, a multiple
MIN_SCORE = 0.3
_SAME_FACE = 0.5  # least overlap (Jaccard) of boxes that are taken for one face
_REACH = 3  # pixels to either side that a resized one is made of, at most


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


class FaceCrop(nn.Module):
    """Turns pictures into squares around their largest face; a picture without a face is taken whole.

    The box is the mean of all candidates that overlap the best one, weighted by score and overlap: it trembles less
    from frame to frame than any single one.

    Args:
        from_px: Side of what comes in.
        to_px: Side of what goes out.
    """

    def __init__(self, from_px: int, to_px: int) -> None:
        super().__init__()
        self.from_px, self.to_px = from_px, to_px
        cut = SMALL if to_px <= _SMALL_PX else LARGE
        self.scale, self.is_grey = cut.shrink, cut.is_grey
        beyond = -(from_px // self.scale) % _SIDES
        self.shrink = nn.Sequential(nn.AvgPool2d(self.scale), nn.ZeroPad2d((0, beyond, 0, beyond)))
        self.detector = YuNet(from_px // self.scale + beyond)
        self.register_buffer("pixels", torch.arange(from_px, dtype=torch.float32), persistent=False)
        # Part of the weights: what has learned from other squares is refused.
        self.register_buffer("side", torch.tensor(cut.side))
        self.register_buffer("down", torch.tensor(cut.down))
        self.register_buffer("luma", torch.tensor(LUMA, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("taps", torch.arange(1.0 - _REACH, _REACH + 1.0), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return cast(Tensor, self.pixels).device

    def load_detector(self) -> None:
        """Give YuNet its weights.

        Raises:
            MissingOutside: Its file is not here.
        """
        self.detector.load_state_dict(detector_weights())

    def find_squares(self, pictures_nchw_f32: Tensor) -> Tensor:
        """Find the square to cut out of each picture.

        Args:
            pictures_nchw_f32: (N, 3, from_px, from_px), RGB from 0 to 1.

        Returns:
            (N, 3): left, top and side in pixels; may reach beyond the picture.
        """
        found = self.detector(self.shrink(pictures_nchw_f32))
        sure = torch.where(found.score >= MIN_SCORE, found.score, 0.0)
        best = (sure * sure * found.height).argmax(1, keepdim=True)
        votes = sure * sure * _agreement(found, best)
        total = votes.sum(1)
        is_found = total > 0
        parts = torch.stack([found.x, found.y, found.width, found.height], 1)  # (N, 4, M)
        x, y, width, height = ((parts * votes[:, None]).sum(2) / torch.where(is_found, total, 1.0)[:, None]).unbind(1)
        side = torch.maximum(width, height) * (cast(Tensor, self.side) * self.scale)
        y = y + height * cast(Tensor, self.down)
        square = torch.stack([x * self.scale - side * 0.5, y * self.scale - side * 0.5, side], 1)
        whole = torch.tensor([0.0, 0.0, float(self.from_px)], device=square.device)
        return torch.where(is_found[:, None], square, whole)

    def forward(self, pictures: Tensor, context: float = 1.0) -> Tensor:
        """Cut faces out.

        Args:
            pictures: (N, 3, from_px, from_px), RGB from 0 to 1.
            context: How much more is cut out than the square, at the same scale, for who moves the crop afterwards.

        Returns:
            (N, 3, P, P), P = to_px * context; for small networks three times the same grey. What lies beyond the
            picture repeats its border.
        """
        squares = self.find_squares(pictures)
        if not self.is_grey:
            return self.cut(pictures, squares, context)
        grey = nn.functional.conv2d(pictures, cast(Tensor, self.luma))
        # Not expanded: LiteRT's converter (0.5) crashes on a picture that is expanded and then normalised.
        return torch.cat([self.cut(grey, squares, context)] * 3, 1)

    def cut(self, pictures: Tensor, squares: Tensor, context: float = 1.0) -> Tensor:
        """Cut squares, as `find_squares` gives them, out of pictures."""
        n_out = round(self.to_px * context)
        places = torch.arange(n_out, dtype=torch.float32, device=self.device) - (n_out - self.to_px) / 2 + 0.5
        left, top, side = squares.split(1, 1)  # (N, 1) each
        pitch = side * (1.0 / self.to_px)
        # A triangle as wide as an output pixel, at least as an input one; middles beyond the picture lie on its border.
        reach = pitch.clamp(1.0, float(_REACH)).unsqueeze(2)
        last = self.from_px - 1.0
        down, across = ((start + places * pitch - 0.5).clamp(0.0, last) for start in (top, left))  # (N, P) each
        if pictures.shape[0] == 1:  # a page's encoder: reads the few pixels that count, instead of two large products
            rows = self._resample(pictures, down, reach)
            return self._resample(rows.transpose(2, 3), across, reach).transpose(2, 3)
        return self._weigh(down, reach)[:, None] @ pictures @ self._weigh(across, reach)[:, None].transpose(2, 3)

    def _weigh(self, middles: Tensor, reach: Tensor) -> Tensor:
        """Return of what rows each output row is made: (N, P, from_px), from middles (N, P) and reach (N, 1, 1)."""
        weights = torch.relu(1.0 - (cast(Tensor, self.pixels) - middles.unsqueeze(2)).abs() / reach)
        return weights / weights.sum(2, keepdim=True)

    def _resample(self, picture: Tensor, middles: Tensor, reach: Tensor) -> Tensor:
        """Do what the product with `_weigh` does to one picture (1, C, H, W): (1, C, P, W)."""
        n_out, n_taps = middles.shape[1], len(cast(Tensor, self.taps))
        rows = (torch.floor(middles).unsqueeze(2) + cast(Tensor, self.taps))[0]  # (P, taps)
        inside = rows.clamp(0.0, float(picture.shape[2] - 1))
        weights = torch.relu(1.0 - (rows - middles[0].unsqueeze(1)).abs() / reach[0])
        weights = torch.where(rows == inside, weights, 0.0)
        weights = weights / weights.sum(1, keepdim=True)
        read = picture.index_select(2, inside.long().flatten())
        mixed: Tensor = weights.view(1, 1, n_out, 1, n_taps) @ read.unflatten(2, (n_out, n_taps))
        return mixed.squeeze(3)


def _overlap(middle_a: Tensor, size_a: Tensor, middle_b: Tensor, size_b: Tensor) -> Tensor:
    """Return how long two intervals overlap; 0 where they do not."""
    ends = torch.minimum(middle_a + size_a * 0.5, middle_b + size_b * 0.5)
    return torch.relu(ends - torch.maximum(middle_a - size_a * 0.5, middle_b - size_b * 0.5))


def _agreement(found: Candidates, best: Tensor) -> Tensor:
    """Return how much more than _SAME_FACE each candidate overlaps the best one (Jaccard), (N, M); 0 below.

    Args:
        found: The candidates.
        best: (N, 1), which is the best.
    """
    x, y, width, height = (part.gather(1, best) for part in (found.x, found.y, found.width, found.height))
    inside = _overlap(found.x, found.width, x, width) * _overlap(found.y, found.height, y, height)
    return torch.relu(inside / (found.width * found.height + width * height - inside) - _SAME_FACE)
