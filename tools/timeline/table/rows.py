"""The table of a timeline: rows.csv and sound.csv, written in pieces, read as columns.

A row is a face of a looked-at frame; a frame without a face is a row with the track left empty. Numbers are written
with a fixed number of digits, so that the same film gives the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import F32, F64, Int
from shared.errors import InvalidInput
from shared.faces.detector import Face
from tools.timeline.config import MANIFEST, ROWS, SOUND
from tools.timeline.table.sound import Step

FIXED = ("beat", "time_s", "track", "x0_px", "y0_px", "x1_px", "y1_px", "quality", "roll_deg", "turn")
SOUND_COLUMNS = ("time_s", "loudness_db", "laughter")


def format_row(beat: int, time_s: float, track: int | None, face: Face | None, values: F32) -> list[str]:
    """Write a row's cells: the fixed ones, then the channels; nan is an empty cell."""
    cells = [str(beat), f"{time_s:.6f}", "" if track is None else str(track)]
    if face is None:
        cells += [""] * (len(FIXED) - 3)
    else:
        cells += [f"{side:.1f}" for side in face.box_xyxy_px]
        cells += [f"{face.score:.3f}", f"{face.roll_deg:.1f}", f"{face.turn:.3f}"]
    return cells + ["" if np.isnan(value) else f"{value:.5f}" for value in values]


def format_sound(steps: Iterable[Step]) -> bytes:
    """Write sound.csv."""
    rows = [
        {
            "time_s": f"{step.time_s:.6f}",
            "loudness_db": f"{step.loudness_db:.2f}",
            "laughter": None if step.laughter is None else f"{step.laughter:.5f}",
        }
        for step in steps
    ]
    return contracts.format_rows(SOUND_COLUMNS, rows)


@dataclass(frozen=True)
class Timeline:
    """A timeline that was read.

    Attributes:
        folder: Where it lies.
        manifest: The content of timeline.json.
        beat: (n,) which beat a row stands for.
        time_s: (n,) the frame's own time.
        track: (n,) the face's track; 0 for a frame without a face.
        box_xyxy_px: (n, 4); nan without a face.
        channels: (n,) by name; nan where there is nothing.
        sound: (m,) by the columns of sound.csv; empty for a film without sound.
    """

    folder: Path
    manifest: Mapping[str, Any]
    beat: Int
    time_s: F64
    track: Int
    box_xyxy_px: F64
    channels: Mapping[str, F64]
    sound: Mapping[str, F64]

    @property
    def duration_s(self) -> float:
        """How long the film is."""
        return float(self.manifest["film"]["duration_s"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.manifest["name"])

    def film(self) -> Path:
        """Return the film, where it still is and is the same.

        Raises:
            InvalidInput: It is gone, or is another one.
        """
        path = Path(self.manifest["film"]["path"])
        if not path.is_file() or path.stat().st_size != self.manifest["film"]["bytes"]:
            found = "another film" if path.is_file() else "no such file"
            todo = "put it back, or make the timeline again: ./inv timeline --film FILM"
            raise InvalidInput(str(path), found=found, expected=f"the film of {self.name}", todo=todo)
        return path


def read_timeline(folder: Path) -> Timeline:
    """Read a timeline and check that its files are those that its manifest names.

    Raises:
        InvalidInput: There is none, or a file is missing or changed.
    """
    if not (folder / MANIFEST).is_file():
        todo = "make one: ./inv timeline --film FILM"
        raise InvalidInput(str(folder), found="no timeline", expected=MANIFEST, todo=todo)
    manifest = contracts.read_document(folder / MANIFEST, "timeline")
    names = [*FIXED, *manifest["provider"]["channels"]]
    column = _read(folder / ROWS, names, manifest["table"]["sha256"])
    sound = _read(folder / SOUND, SOUND_COLUMNS, manifest["sound"]["sha256"]) if manifest["sound"] else {}
    return Timeline(
        folder,
        manifest,
        column["beat"].astype(np.int64),
        column["time_s"],
        np.nan_to_num(column["track"]).astype(np.int64),
        np.stack([column[name] for name in FIXED[3:7]], axis=1),
        {name: column[name] for name in manifest["provider"]["channels"]},
        sound,
    )


def _read(path: Path, names: Sequence[str], sha256: str) -> dict[str, F64]:
    """Read a table of numbers by column, a row at a time; an empty cell is nan.

    Raises:
        InvalidInput: The file is missing, changed, or has other columns.
    """
    if (found := contracts.sha256_file(path)) != sha256:
        todo = "make the timeline again: ./inv timeline --film FILM"
        raise InvalidInput(f"{path}: sha256", found=found[:12], expected=sha256[:12], todo=todo)
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    if header != ",".join(names):
        raise InvalidInput(f"{path}: row 1", found=header[:200], expected=",".join(names)[:200])
    values = np.empty((len(lines), len(names)), np.float64)
    for number, line in enumerate(lines):
        try:
            values[number] = [float(cell or "nan") for cell in line.split(",")]
        except ValueError:
            where = f"{path}: row {number + 2}"
            raise InvalidInput(where, found=line[:80], expected=f"{len(names)} numbers") from None
    return {name: values[:, place] for place, name in enumerate(names)}
