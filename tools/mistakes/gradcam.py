"""Where a network of pictures looked: what its last grid of features says for or against the class, cell by cell.

Gradient times activation in each cell (HiResCAM), which is Grad-CAM where the grid is averaged before one linear layer,
and stays true to the network where it is not. Works on frozen layers: only the grid itself needs a gradient.

Source: Selvaraju et al. 2017, ICCV (Grad-CAM); Draelos & Carin 2020, arXiv:2011.08891 (HiResCAM).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from shared import contracts, paths
from shared.arrays import F32, U8
from shared.models import NETWORKS, build_network
from shared.models.network import Network
from shared.preprocess import to_batch


@dataclass(frozen=True)
class Look:
    """Where a network looked in a frame.

    Attributes:
        seen_rgb_hwc_u8: (P, P, 3): what it saw, cut and shrunk.
        heat: (P, P) from 0 to 1: how much each place spoke for the decision.
        frame: Which frame of the sequence this is: the one with the most of it.
    """

    seen_rgb_hwc_u8: U8
    heat: F32
    frame: int


def open_network(card: Path) -> Network | None:
    """Build the network of a model's card from the weights beside it; None where there is no such network.

    None stands for no weights, those of another checkpoint, a network of no pictures, or one whose grid is not known.
    """
    import safetensors.torch

    document = contracts.read_document(card, "model")
    weights = card.with_name(paths.WEIGHTS_FILE)
    run = document["run"]
    if document["network"] not in NETWORKS or document["input"]["name"] != "frames" or not weights.is_file():
        return None
    if run is not None and contracts.sha256_file(weights) != run["checkpoint_sha256"]:
        return None
    _, frame_count, _, size_px, _ = document["input"]["shape"]
    network = build_network(document["network"], frame_count, document.get("encoder"), size_px)
    network.load_state_dict(safetensors.torch.load_file(weights))
    network.eval().requires_grad_(False)
    return network if network.encoder_blocks() else None


def look(network: Network, frames_thwc_u8: U8, *, for_positive: bool) -> Look:
    """Find where a network looked when it decided.

    Args:
        network: In `eval`; its layers may be frozen.
        frames_thwc_u8: (T, S, S, 3), RGB.
        for_positive: Whether it decided for the positive class.
    """
    frames = torch.from_numpy(to_batch(frames_thwc_u8))  # (1, T, 3, S, S)
    grids: list[Tensor] = []

    def keep(_: nn.Module, given: Any, grid: Tensor) -> Tensor:
        grids.append(grid.detach().requires_grad_())
        return grids[-1]

    hook = network.encoder_blocks()[-1].register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logit = network(frames).smile_logit.sum()
            # Of two views the first is the picture as it is; the second one is its mirror image.
            (slope,) = torch.autograd.grad(logit if for_positive else -logit, grids[0])
    finally:
        hook.remove()
    with torch.no_grad():
        crop = getattr(network, "crop", None)
        seen = frames[0] if crop is None else crop(frames[0])  # (T, 3, P, P)
        heat = torch.relu((slope * grids[0]).sum(1, keepdim=True))  # (T, 1, h, w)
        frame = int(heat.flatten(1).sum(1).argmax())
        large = nn.functional.interpolate(heat[frame][None], seen.shape[-2:], mode="bilinear", align_corners=False)
    shown = large[0, 0].numpy()
    top = float(shown.max())
    picture = (seen[frame].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return Look(np.ascontiguousarray(picture), (shown / top if top > 0 else shown).astype(np.float32), frame)
