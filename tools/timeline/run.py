"""Makes a film's timeline and finds its moments; says what is in it."""

from dataclasses import dataclass
from typing import Any

from shared import paths
from tools.timeline.config import ROWS, MomentsConfig, TimelineConfig
from tools.timeline.moments.write import Found, clock, write_moments
from tools.timeline.table.build import Built, build


@dataclass(frozen=True)
class Ran:
    """What a run made.

    Attributes:
        built: The table.
        found: The moments.
    """

    built: Built
    found: Found

    @property
    def exit_code(self) -> int:
        """0; 1 where a part of the film is missing."""
        return 1 if self.built.manifest["breaks_s"] else 0

    def as_text(self) -> str:
        """Summarise for people."""
        built = self.built
        film, counts = built.manifest["film"], built.manifest["counts"]
        speed = "unchanged" if built.was_there else f"{built.speed:.1f} times as fast as it plays"
        faces = f"{counts['frames_with_face']} with a face, {counts['tracks']} tracks"
        if built.manifest["face_model_sha256"] is None:
            faces = "the whole picture is the face"
        seen = (
            f"{film['file']}: {film['duration_s']:.1f} s, {counts['frames']} frames looked at, {faces}, "
            f"{len(built.manifest['cuts_s'])} cuts ({speed})"
        )
        notes = [f"note: {note}" for note in film["notes"]]
        if not counts["frames_with_face"] and built.manifest["face_model_sha256"]:
            notes.append("note: no face was found; of drawn actors the whole picture is the face: --face-model none")
        sound = built.manifest["sound"]
        notes += (
            [f"note: laughter was not listened for ({sound['no_laughter']})"] if sound and sound["no_laughter"] else []
        )
        breaks = built.manifest["breaks_s"]
        notes += [f"warning: it cannot be decoded after {clock(at_s)}, for a while or to its end" for at_s in breaks]
        return "\n".join([seen, *notes, self.found.as_text(), f"table     {paths.shown(built.folder / ROWS)}"])

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "folder": str(self.built.folder),
            "timeline": self.built.manifest,
            "moments": self.found.document["moments"],
            "was_there": self.built.was_there,
            "seconds": self.built.seconds,
            "speed": self.built.speed,
        }


def run(config: TimelineConfig) -> Ran:
    """Make or finish a film's timeline.

    Raises:
        InvalidInput: The film cannot be read, or a model does not fit.
        MissingOutside: A model is not here.
    """
    built = build(config)
    return Ran(built, write_moments(built.folder, MomentsConfig()))
