"""Follows faces from one looked-at frame to the next: which face is the same person's.

By overlap or nearness of boxes of a like size; a cut ends every track. Knows no identities: a person who comes back
after a cut is a new track.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.faces.detector import Face

MAX_GAP_S = 2.0  # a face may be unseen so long and be the same track
_NEAR = 0.7  # of the box's side, between two middles
_ALIKE = 1.6  # the larger box's side over the smaller one's
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Track:
    """Where a person was seen last."""

    number: int
    time_s: float
    box_xyxy_px: Box


class Tracker:
    """Gives faces the numbers of their tracks.

    Args:
        tracks: Those that may go on.
        next_number: Of the next new track.
    """

    def __init__(self, tracks: Sequence[Track] = (), next_number: int = 1) -> None:
        self.tracks = list(tracks)
        self.next_number = next_number

    def cut(self) -> None:
        """End all tracks."""
        self.tracks = []

    def follow(self, faces: Sequence[Face], time_s: float) -> list[int]:
        """Return each face's track, in order; the nearest pairs first, each track and face once."""
        alive = [track for track in self.tracks if time_s - track.time_s <= MAX_GAP_S]
        pairs = sorted(
            (distance, track.number, index)
            for track in alive
            for index, face in enumerate(faces)
            if (distance := _distance(track.box_xyxy_px, face.box_xyxy_px)) is not None
        )
        found: dict[int, int] = {}
        for _, number, index in pairs:
            if index not in found and number not in found.values():
                found[index] = number
        for index in range(len(faces)):
            if index not in found:
                found[index] = self.next_number
                self.next_number += 1
        seen = {number: faces[index].box_xyxy_px for index, number in found.items()}
        kept = [track for track in alive if track.number not in seen]
        self.tracks = kept + [Track(number, time_s, box) for number, box in sorted(seen.items())]
        return [found[index] for index in range(len(faces))]


def _distance(one: Box, other: Box) -> float | None:
    """Return how far two boxes' middles are apart, in sides; None where they cannot be one face."""
    sides = [max(box[2] - box[0], box[3] - box[1], 1.0) for box in (one, other)]
    if max(sides) / min(sides) > _ALIKE:
        return None
    away = math.hypot((one[0] + one[2] - other[0] - other[2]) / 2, (one[1] + one[3] - other[1] - other[3]) / 2)
    return away / max(sides) if away <= _NEAR * max(sides) else None
