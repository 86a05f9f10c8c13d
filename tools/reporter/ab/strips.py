"""Pictures of sequences for the page: the frames of each side by side in one small jpg. Reads the dataset only."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from shared import paths
from shared.arrays import U8
from shared.dataset import consent, reader
from shared.errors import InvalidInput
from shared.statistics.predictions import sequence_of
from tools.reporter.sources.arms import Arm, Source, place
from tools.reporter.sources.datasets import measured_rows

FRAME_PX = 112
_QUALITY = 82


def draw_strips(folder: Path, baseline: Arm, sequence_ids: Iterable[str]) -> tuple[dict[str, bytes], Source]:
    """Draw sequences of a dataset, after making sure that it is the one that was measured.

    Args:
        folder: The dataset's.
        baseline: Any arm: all were measured on the same sequences.
        sequence_ids: Those to draw.

    Returns:
        jpg bytes by the given id, FRAME_PX high; and the dataset's entry for the provenance.

    Raises:
        InvalidInput: No dataset, or one whose sequences are not those that were measured (both hashes are named).
    """
    dataset = reader.open_dataset(folder)
    rows = measured_rows(dataset, baseline)
    if not rows:
        found = reader.hash_sequences(dataset.select(map(sequence_of, baseline.rows)))
        raise InvalidInput(
            f"--dataset {paths.shown(folder)}",
            found=f"other pictures or labels of these sequences (sha256 {found})",
            expected=f"those that were measured ({baseline.results['sequences_sha256']})",
            todo="measure again, or leave --dataset out",
        )
    wanted: dict[str, list[str]] = {}
    for prediction_id in sequence_ids:
        wanted.setdefault(sequence_of(prediction_id), []).append(prediction_id)
    strips: dict[str, bytes] = {}
    book = consent.read_consent(folder)
    for row in rows:
        may_be_shown = dataset.is_synthetic or book.rule(row.subject_id, "train") in (None, consent.Rule.NO_ROW)
        if row.sequence_id in wanted and may_be_shown:
            strips |= dict.fromkeys(wanted[row.sequence_id], _strip(dataset.load_frames(row)))
    source = Source(
        "dataset",
        dataset.name,
        place(folder / reader.LABELS),
        dataset.labels_sha256,
        dataset.manifest["updated_utc"],
    )
    return strips, source


def _strip(frames_thwc_u8: U8) -> bytes:
    """Shrink frames (T, H, W, 3) RGB and put them side by side as a jpg."""
    import cv2

    small = [cv2.resize(frame, (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA) for frame in frames_thwc_u8]
    strip_bgr = np.ascontiguousarray(np.hstack(small)[:, :, ::-1])
    encoded = cv2.imencode(".jpg", strip_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return bytes(encoded.tobytes())
