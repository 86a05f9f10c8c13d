"""Settings of timeline. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang

TENSIONS = ("change", "score")
FORMATS = ("csv", "vtt", "srt", "youtube", "edl", "fcpxml", "otio")
MANIFEST, ROWS, SOUND, MOMENTS = "timeline.json", "rows.csv", "sound.csv", "moments.json"


@dataclass(frozen=True)
class TimelineConfig:
    """Which film is read, and how.

    Attributes:
        film: The film.
        out: The timeline's folder.
        rate: Frames a second that are looked at.
        provider: Of `shared.onnx.contract.PROVIDERS`: what gives the channels.
        model: The provider's file, or a model's name; None where the provider has a known one.
        face_model: As --face-model takes it.
        landmark_model: As --landmark-model takes it.
        licence: Under which terms the film is here, as the user says.
    """

    film: Path
    out: Path
    rate: float
    provider: str
    model: str | None
    face_model: str | None
    landmark_model: str | None
    licence: str


@dataclass(frozen=True)
class MomentsConfig:
    """How moments are found in a timeline.

    Attributes:
        channels: Whose largest value is the score; empty for what the provider means by fun, and laughter if heard.
        clip_models: Trained models of clips whose mean probability is the score instead.
        tension: Of `TENSIONS`: what the tension is made of.
        track: The person whose face counts; None for the largest face.
        high: A moment begins where the score is above it; None for the provider's own.
        low: It goes on while the score is above it; None for half of high; of clip_models for high.
        min_gap_s: Moments nearer than this become one.
        min_length_s: Shorter ones are left out.
        look_back_s: How long before the reaction a moment starts: what was laughed at comes before.
        snap_s: How far a start or end may move to a cut or a quiet place.
        window_s: Over which the tension is smoothed.
    """

    channels: tuple[str, ...] = ()
    clip_models: tuple[Path, ...] = ()
    tension: str = TENSIONS[0]
    track: int | None = None
    high: float | None = None
    low: float | None = None
    min_gap_s: float = 1.5
    min_length_s: float = 1.0
    look_back_s: float = 1.0
    snap_s: float = 0.5
    window_s: float = 10.0


@dataclass(frozen=True)
class ScoreConfig:
    """What is measured against which truth.

    Attributes:
        timelines: Folders.
        labels: A csv of events; None for the raters' marks in the timelines' folders.
        rater: Whose marks are the truth; None for what most raters marked.
        out: The document.
        seed: Of the draws.
        trained: Also measure models that are learned from the other films.
    """

    timelines: tuple[Path, ...]
    labels: Path | None
    rater: str | None
    out: Path
    seed: int
    trained: bool = False


@dataclass(frozen=True)
class PageConfig:
    """Which page is served, to whom.

    Attributes:
        timeline: The timeline's folder.
        rater: Who marks moments; None to look at those that were found.
        port: On 127.0.0.1; 0 for the timeline's own.
        lang: The page's first language.
        open_browser: Open it in the user's browser.
    """

    timeline: Path
    rater: str | None
    port: int
    lang: Lang
    open_browser: bool


@dataclass(frozen=True)
class ExportConfig:
    """What is written of a timeline's moments.

    Attributes:
        timeline: The timeline's folder.
        formats: Of `FORMATS`; empty for all, or for none where the moments are cut out.
        cut: Folder for the moments themselves; None for none.
        out: Folder of the other files.
        lang: Language of titles.
    """

    timeline: Path
    formats: tuple[str, ...]
    cut: Path | None
    out: Path
    lang: Lang
