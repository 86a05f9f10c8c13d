"""What the detector said at play, as scores by which the review page puts first where it disagrees with the player.

Reads the records of kept moments (takes with source ``game``). The detector had not seen these moments when it was
asked, though it may have learned from the same person; out-of-fold predictions (`reviewer suspect`) are better.
"""

import bisect

from shared import contracts
from shared.dataset.reader import Dataset
from shared.statistics.thresholds import align
from tools.reviewer.label_quality import OutOfFoldScores


def read_play_scores(dataset: Dataset) -> OutOfFoldScores | None:
    """Read the scores of a dataset's kept moments; None where it has none.

    A sequence's score is that of the decision at its last frame, mapped so that the threshold at play is one half.
    """
    positive = dataset.positive_class
    others = [label for label in dataset.manifest["classes"] if label != positive]
    rows = [row for row in dataset.rows if row.source == "game"]
    if not rows or len(others) != 1:
        return None
    probabilities: dict[str, tuple[float, ...]] = {}
    for take_id in sorted({row.take_id for row in rows}):
        path = dataset.folder / "takes" / f"{take_id}.json"
        if not path.is_file():  # a published copy has none
            continue
        play = contracts.read_document(path, "take").get("play")
        if play is None or play["model"]["positive_class"] != positive:
            continue
        for row in rows:
            if row.take_id == take_id:
                index = min(bisect.bisect_left(play["times_ms"], row.frame_times_ms[-1] - 0.1), len(play["scores"]) - 1)
                if (score := play["scores"][index]) is not None:
                    aligned = align(score, play["model"]["threshold"])
                    probabilities[row.sequence_id] = (1 - aligned, aligned)
    if not probabilities:
        return None
    return OutOfFoldScores(
        classes=(others[0], positive),
        probabilities=probabilities,
        labels={row.sequence_id: row.label for row in rows},
        sha256={row.sequence_id: row.sha256 for row in rows},
        face_found={},
        source="the detector at play",
    )
