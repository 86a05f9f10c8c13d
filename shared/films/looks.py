"""What the numbers of a decoded frame mean on a screen: colours, range, orientation, fields, shape of the pixels.

One function decides it all (`read_look`), so that every room sees the same picture of a film: what the stream says
counts, and what it does not say is taken as browsers take it. What cannot be shown truly is refused by name. Knows
nothing of FFmpeg's filters, which `shared.films.projector` builds from a look.
"""

import struct
from dataclasses import dataclass
from typing import Any

from shared.errors import InvalidInput

# Numbers of ITU-T H.273; FFmpeg's frames carry them as they are.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_OTHER_MATRICES = {8: "YCgCo", 10: "BT.2020 constant luminance", 14: "ICtCp", 15: "Dolby Vision IPT"}
_NOT_SAID = (0, 2, 3)  # 0 is RGB, which pictures of brightness and colour difference cannot be
_BRIGHT_TRANSFERS = {16: "PQ", 18: "HLG"}
_PRIMARIES = {1: "bt709", 11: "p3", 12: "p3"}
_DOLBY_TAGS = ("dvh1", "dvhe", "dva1", "dvav", "dav1")
_FULL_RANGE = 2
_HD_ROWS = 720
_WIDEST_PIXEL = 16


@dataclass(frozen=True)
class Colours:
    """What is known of a film's colours beside its stream, and counts where the stream is silent.

    Attributes:
        matrix: By FFmpeg's name; None where that is not known.
        is_full_range: Whether black is 0; None where that is not known.
    """

    matrix: str | None = None
    is_full_range: bool | None = None


NOT_KNOWN = Colours()


@dataclass(frozen=True)
class Look:
    """How a frame is to be shown.

    Attributes:
        pix_fmt: FFmpeg's name of the frame's layout.
        width_px: Width of the frame as stored.
        height_px: Height of the frame as stored.
        shown_width_px: Width with square pixels.
        shown_height_px: Height with square pixels.
        matrix: From brightness and colour differences to RGB, by FFmpeg's name; None for pictures that are RGB.
        is_full_range: Whether black is 0 and not 16.
        transfer: ``HLG`` or ``PQ`` for bright screens; None for ordinary ones.
        primaries: ``bt709``, ``p3`` or ``bt2020``; only asked where there is a transfer.
        turn: Upright is transposed, then mirrored left to right, then top to bottom, where each is True.
        is_interlaced: Whether the frame holds two fields of different moments.
    """

    pix_fmt: str
    width_px: int
    height_px: int
    shown_width_px: int
    shown_height_px: int
    matrix: str | None
    is_full_range: bool
    transfer: str | None
    primaries: str
    turn: tuple[bool, bool, bool]
    is_interlaced: bool


def read_look(frame: Any, pixel_ratio: float, codec_tag: str, source: str, unsaid: Colours = NOT_KNOWN) -> Look:
    """Decide how a frame is shown.

    Matrix and range are the stream's. Without a matrix, pictures of at least 720 rows are BT.709 and smaller ones
    BT.601; without a range, they are limited. Where colour samples lie does not count: each pixel has its nearest one.
    Pixels that are not square make the picture wider or higher, never smaller.
    Source: Chromium, seen by drawing unmarked films of eight sizes; ITU-T H.273 for the numbers.

    Args:
        frame: PyAV's.
        pixel_ratio: Width of a pixel, in heights.
        codec_tag: The container's name of the codec.
        source: The film, for errors.
        unsaid: What counts where the stream is silent.

    Raises:
        InvalidInput: Colours that FFmpeg does not convert; names them.
    """
    is_rgb = bool(frame.format.is_rgb) or frame.format.name == "pal8"
    number = int(frame.colorspace)
    if not is_rgb and (number in _OTHER_MATRICES or (codec_tag in _DOLBY_TAGS and number in _NOT_SAID)):
        raise InvalidInput(
            source,
            found=f"colours in {_OTHER_MATRICES.get(number, 'Dolby Vision IPT')}, which would come out wrong",
            expected="a film in BT.601, BT.709 or BT.2020 (SDR, HLG or PQ)",
            todo="export it as SDR or HLG, as a phone or editor does for sharing",
        )
    matrix = unsaid.matrix or ("bt709" if frame.height >= _HD_ROWS else "smpte170m")
    is_full_range = int(frame.color_range) == _FULL_RANGE or (
        int(frame.color_range) == 0 and bool(unsaid.is_full_range)
    )
    ratio = pixel_ratio if 1 / _WIDEST_PIXEL <= pixel_ratio <= _WIDEST_PIXEL else 1.0
    return Look(
        pix_fmt=frame.format.name,
        width_px=frame.width,
        height_px=frame.height,
        shown_width_px=max(1, round(frame.width * max(1.0, ratio))),
        shown_height_px=max(1, round(frame.height / min(1.0, ratio))),
        matrix=None if is_rgb else _MATRICES.get(number, matrix),
        is_full_range=is_rgb or is_full_range or frame.format.name.startswith("yuvj"),
        transfer=_BRIGHT_TRANSFERS.get(int(frame.color_trc)),
        primaries=_PRIMARIES.get(int(frame.color_primaries), "bt2020"),
        turn=_read_turn(frame),
        is_interlaced=bool(frame.interlaced_frame),
    )


def _read_turn(frame: Any) -> tuple[bool, bool, bool]:
    """Read the display matrix: nine numbers, of which a, b, c, d say where the picture's axes go.

    A point (x, y) comes to (a x + c y, b x + d y). Source: ISO/IEC 14496-12, 6.2.2; libavutil/display.h.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return False, False, False
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data)[:36])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0
