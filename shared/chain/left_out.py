"""What a dataset and this machine allow to compare, and what is left out with its reason. Runs nothing."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared import contracts, paths
from shared.approaches import FLOOR, get_approach
from shared.chain import stages
from shared.errors import InvalidInput
from shared.onnx.contract import CLIPS


def find_channels(dataset: Path) -> Path | None:
    """Return the manifest of a dataset's channels of clips, where the featurizer has read them, of any provider."""
    manifest = paths.artifacts("features") / dataset.name / CLIPS / "features.json"
    return manifest if manifest.is_file() else None


def require_two(dataset: Path, names: Sequence[str], left_out: Mapping[str, str]) -> None:
    """Make sure that something is left to compare with the floor."""
    if not set(names) - {FLOOR} - set(left_out):
        raise InvalidInput(
            str(dataset),
            found=", ".join(f"{name} left out: {reason}" for name, reason in left_out.items()),
            expected="an approach to compare with the floor",
        )


def list_left_out(dataset: Path, names: Sequence[str], *, by_name: bool) -> dict[str, str]:
    """Say which approaches cannot be compared, and why, by one of `shared.approaches.REASONS`.

    Args:
        dataset: Its folder.
        names: The approaches.
        by_name: Whether they were requested by name.

    Raises:
        InvalidInput: One of them was requested by name.
        MissingOutside: Likewise, and it is mediapipe or its model that is missing.
    """
    manifest = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))
    lengths = frame_counts(dataset)
    has_channels = find_channels(dataset) is not None
    reasons: dict[str, str] = {}
    for name in names:
        approach = get_approach(name)
        reads_faces = approach.needs_faces or (approach.is_of_clips and not has_channels)
        if reads_faces and manifest["kind"] == "synthetic":
            reasons[name] = "synthetic"
        elif reads_faces and not stages.has_landmarker():
            reasons[name] = "landmarker"
        elif "frames" in approach.inputs and len(lengths) > 1:
            reasons[name] = "mixed_frames"
        elif "one_frame" in (name, *approach.members) and lengths == {1}:
            reasons[name] = "photos"
    if by_name and reasons:
        name, reason = next(iter(reasons.items()))
        if reason == "landmarker":
            stages.require_landmarker()
        raise InvalidInput(str(dataset), **_EXPLAINED[reason], todo=f"leave {name} out of --approaches")
    return reasons


_EXPLAINED = {
    "synthetic": {"found": "drawn people", "expected": "people: MediaPipe finds no drawn faces"},
    "mixed_frames": {
        "found": "sequences of different numbers of pictures",
        "expected": "one number, for a network of pictures",
    },
    "photos": {"found": "photos", "expected": "sequences: of one picture the dual head sees one anyway"},
}


def holds_photos(dataset: Path) -> bool:
    """Tell whether each sequence of a dataset is a single picture."""
    return frame_counts(dataset) == {1}


def count_sequences(dataset: Path) -> int:
    """Return how many sequences a dataset holds."""
    return int(json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))["counts"]["sequences"])


def frame_counts(dataset: Path) -> set[int]:
    """Return the numbers of pictures that sequences have."""
    path = dataset / "labels.csv"
    rows = contracts.parse_rows(path.read_bytes(), str(path), ("frame_count",), more=True)
    return {int(row["frame_count"]) for row in rows}
