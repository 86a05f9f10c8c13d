"""Varies training photos by torchvision's transforms v2: mirror, place, light, colour, noise.

The functions are torchvision's; what is drawn follows from (seed, epoch, index) alone, so that a run can be repeated
and gone on with. One draw holds for all pictures of a sequence.
"""

from dataclasses import dataclass

import numpy as np
import torch

from shared.arrays import U8
from shared.models import torchvision_ops
from tools.trainer.augment import (
    MAX_BRIGHTNESS,
    MAX_CONTRAST,
    MAX_NOISE,
    MAX_ROTATION_DEG,
    MAX_SATURATION,
    MAX_SHIFT,
    MAX_ZOOM,
)

MAX_HUE = 0.03  # of the circle


@dataclass(frozen=True)
class PhotoVariation:
    """Seeded variation of photos; the same seed, epoch and index always give the same pictures.

    Attributes:
        seed: Decides everything that is drawn.
        side_px: Side of what comes out; pictures may be larger, and are then moved before they are cut.
    """

    seed: int
    side_px: int

    def vary(self, frames_thwc_u8: U8, epoch: int, index: int) -> U8:
        """Vary a sequence: (T, P, P, 3) uint8, RGB, to (T, side_px, side_px, 3)."""
        torchvision_ops.declare_missing_operators()
        from torchvision.transforms.v2 import InterpolationMode, functional

        rng = np.random.default_rng([self.seed, epoch, index])
        pictures = torch.from_numpy(np.array(frames_thwc_u8)).permute(0, 3, 1, 2)
        if rng.random() < 0.5:
            pictures = functional.horizontal_flip(pictures)
        shift = rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * self.side_px
        pictures = functional.affine(
            pictures,
            angle=rng.uniform(-MAX_ROTATION_DEG, MAX_ROTATION_DEG),
            translate=[float(shift[0]), float(shift[1])],
            scale=1 + rng.uniform(-MAX_ZOOM, MAX_ZOOM),
            shear=[0.0, 0.0],
            interpolation=InterpolationMode.BILINEAR,
            fill=[float(value) for value in pictures.float().mean((0, 2, 3))],
        )
        pictures = functional.center_crop(pictures, [self.side_px, self.side_px])
        pictures = functional.adjust_brightness(pictures, 1 + rng.uniform(-MAX_BRIGHTNESS, MAX_BRIGHTNESS))
        pictures = functional.adjust_contrast(pictures, 1 + rng.uniform(-MAX_CONTRAST, MAX_CONTRAST))
        pictures = functional.adjust_saturation(pictures, 1 + rng.uniform(-MAX_SATURATION, MAX_SATURATION))
        pictures = functional.adjust_hue(pictures, rng.uniform(-MAX_HUE, MAX_HUE))
        sigma = rng.uniform(0, MAX_NOISE / 255)
        with torch.random.fork_rng(devices=[]):  # torchvision draws noise from torch's own state
            torch.manual_seed(int(rng.integers(2**63)))
            noisy = functional.gaussian_noise(functional.to_dtype(pictures, torch.float32, scale=True), sigma=sigma)
        return np.asarray(functional.to_dtype(noisy, torch.uint8, scale=True).permute(0, 2, 3, 1).numpy())
