"""Films for bright screens (HLG, PQ) as an ordinary screen shows them: a table of colours, by published formulas.

The signal becomes light (BT.2100), light above what an ordinary screen of 100 cd/m2 shows is rolled off (BT.2390's
EETF, from a peak of 1,000), and the light becomes the screen's signal (BT.1886). Knows nothing of films and frames.
"""

import numpy as np

from shared.arrays import F64

_PEAK_NITS, _SCREEN_NITS = 1000.0, 100.0
_LUMA_BT2020 = np.array([0.2627, 0.6780, 0.0593])
# Linear light to BT.709's primaries. Source: ITU-R BT.2087-0, and the same derivation for Display P3 (SMPTE EG 432-1).
_TO_BT709 = {
    "bt709": np.eye(3),
    "bt2020": np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]),
    "p3": np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0196, -0.0786, 1.0979]]),
}
_NODES = 33


def to_nits(signal: F64, transfer: str) -> F64:
    """Turn a signal into light.

    Args:
        signal: (..., 3), RGB from 0 to 1.
        transfer: ``HLG`` (a screen of 1,000 cd/m2 in a dim room) or ``PQ``.

    Returns:
        (..., 3) in cd/m2. Source: ITU-R BT.2100-2, tables 4 and 5.

    Example:
        >>> to_nits(np.full(3, 0.75), "HLG").round().tolist()  # the white of a page; BT.2408 says 203
        [203.0, 203.0, 203.0]
    """
    if transfer == "PQ":
        return _pq_to_nits(signal)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luma = scene @ _LUMA_BT2020
    return np.asarray(_PEAK_NITS * np.maximum(luma, 1e-9)[..., None] ** 0.2 * scene, dtype=np.float64)


_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128


def _pq_to_nits(signal: F64) -> F64:
    power = np.maximum(signal, 0) ** (1 / _M2)
    return np.asarray(10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1), dtype=np.float64)


def _nits_to_pq(nits: F64) -> F64:
    power = (np.maximum(nits, 0) / 10_000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2, dtype=np.float64)


def roll_off(nits: F64) -> F64:
    """Bring light of up to 1,000 cd/m2 to at most 100, dark and middle tones as they are.

    Source: Report ITU-R BT.2390-8, 5.4.1 (EETF), each colour by itself, black at 0.
    """
    peak, screen = float(_nits_to_pq(np.array(_PEAK_NITS))), float(_nits_to_pq(np.array(_SCREEN_NITS)))
    given = np.minimum(_nits_to_pq(nits) / peak, 1.0)
    most = screen / peak
    knee = 1.5 * most - 0.5
    t = np.maximum(given - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _pq_to_nits(np.where(given < knee, given, curve) * peak)


def table_of(transfer: str, primaries: str) -> str:
    """Write the table of colours as FFmpeg's filter lut3d reads it: a .cube of 33 steps a colour, red fastest."""
    steps = np.linspace(0, 1, _NODES)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    light = to_nits(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer) @ _TO_BT709[primaries].T
    shown = np.clip(roll_off(np.maximum(light, 0)) / _SCREEN_NITS, 0, 1) ** (1 / 2.4)
    rows = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in shown)
    return f"LUT_3D_SIZE {_NODES}\n{rows}\n"
