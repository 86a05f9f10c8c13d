"""The one way from a camera's picture to a network's input. Training, evaluation and the front end all follow it.

Crop the largest centred square, shrink it with area averaging, keep RGB, do not mirror, divide by 255. The names of
these choices stand in every dataset, model and front-end spec. Reads and writes nothing.
"""

from typing import Any

import numpy as np

from shared.arrays import F32, U8

CROP = "center_square"
RESIZE = "area"
MIRROR = False
SIZE_PX = 224
LUMA = (0.299, 0.587, 0.114)  # weights of R, G, B in brightness, ITU-R BT.601


def square_box(width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Return the largest centred square of a picture as (x0, y0, x1, y1) in pixels, x1 and y1 exclusive.

    Example:
        >>> square_box(640, 360)
        (140, 0, 500, 360)
    """
    side = min(width_px, height_px)
    x0, y0 = (width_px - side) // 2, (height_px - side) // 2
    return x0, y0, x0 + side, y0 + side


def crop_and_resize(frame_rgb_hwc_u8: U8, size_px: int = SIZE_PX) -> U8:
    """Cut a picture's centred square and resize it.

    Args:
        frame_rgb_hwc_u8: (height, width, 3), RGB, 0 to 255, any size.
        size_px: Side of the result.

    Returns:
        (size_px, size_px, 3), RGB, 0 to 255. Area averaging when it shrinks, bilinear when it grows (OpenCV's
        INTER_AREA).
    """
    import cv2

    height, width = frame_rgb_hwc_u8.shape[:2]
    x0, y0, x1, y1 = square_box(width, height)
    resized: Any = cv2.resize(frame_rgb_hwc_u8[y0:y1, x0:x1], (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def scale(pictures_u8: U8) -> F32:
    """Turn 0 to 255 into float32 from 0 to 1, of any shape."""
    scaled = pictures_u8.astype(np.float32)
    scaled /= np.float32(255)
    return scaled


def to_batch(frames_thwc_u8: U8) -> F32:
    """Turn stored pictures into a network's input.

    Args:
        frames_thwc_u8: (T, H, W, 3) for one sequence or (N, T, H, W, 3) for several; RGB, 0 to 255.

    Returns:
        (N, T, 3, H, W) float32 in 0 to 1; N is 1 for one sequence. Mean and std are the network's own business.
    """
    frames = frames_thwc_u8
    if frames.ndim == 4:
        frames = frames[None]
    return np.ascontiguousarray(scale(frames).transpose(0, 1, 4, 2, 3))
