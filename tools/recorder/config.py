"""Settings of a recording session. Holds values only; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class RecordingConfig:
    """A recording session's settings.

    Attributes:
        source: A camera's number or device path, a film's path, a stream's URL, or ``synthetic``.
        subject_id: The person's pseudonym.
        dataset: The dataset's folder.
        protocol: A protocol file; None for the dataset's usual one.
        target: How many takes of this person there shall be in total; None for one take, or with a window for as many
            as the person at the keyboard wants.
        preview: Whether to open a window.
        realtime: Whether films and actors play at their own speed instead of as fast as possible.
        lang: Language of the prompts: ``ko`` or ``en``.
        seed: Varies the drawn actors.
        difficulty: Of the drawn actors: ``easy`` or ``normal``.
        fps: Rate requested; a camera may deliver another one, and what is measured counts.
        width_px: Width requested from a camera.
        height_px: Height requested from a camera.
        consent: What the person has agreed to elsewhere, of `shared.dataset.consent.SCOPES`; empty to ask.
        given_by: Who has agreed: ``self`` or ``guardian``.
        face_model: The face detector's file, ``none``, or None to look for it.
        landmark_model: The Face Landmarker's file, ``none``, or None to look for it.
        sound: Whether tones mark the start of each phase.
        review: Whether each take is looked back at in the window.
        mixed: Whether takes of a person may differ in size and rate.
        confirm: Whether the subject is right although it looks like a slip of the hand.
        capture: What a page noted of the film that it has recorded; None for any other source.
    """

    source: str
    subject_id: str
    dataset: Path
    protocol: Path | None = None
    target: int | None = None
    preview: bool = True
    realtime: bool = False
    lang: Lang = "ko"
    seed: int = 0
    difficulty: str = "normal"
    fps: float = 30.0
    width_px: int = 1280
    height_px: int = 720
    consent: tuple[str, ...] = ()
    given_by: str = "self"
    face_model: str | None = None
    landmark_model: str | None = None
    sound: bool = True
    review: bool = True
    mixed: bool = False
    confirm: bool = False
    capture: Path | None = None
