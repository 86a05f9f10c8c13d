"""Predictions, from files to lines.

photo → decode, cut, jpg, as an import stores it ┐
film  → frames at even distances                 ┴→ judge: score → label, confidence, sure or not → text, json, csv
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths, preprocess
from shared.arrays import U8
from shared.dataset.ahead import map_ahead
from shared.dataset.reader import decode_picture
from shared.errors import InvalidInput
from shared.faces.detector import NO_MODEL, find_model
from shared.pictures.cutter import Cutter, encode, read_file
from shared.pictures.unusable import Unusable
from shared.text.catalogue import Lang, Words, read_catalogue
from shared.text.label_style import label_word
from shared.video import Film
from tools.predictor.config import BLENDSHAPES, PredictConfig
from tools.predictor.films import cut_film
from tools.predictor.judges import About, Judge, Verdict, open_judge
from tools.predictor.sources import Source, find_sources

COLUMNS = ("file", "start_s", "end_s", "label", "sure", "confidence", "calibrated", "score", "problem")
MIN_PX, MAX_MEGAPIXELS = 16, 200.0
_TEXTS = read_catalogue(Path(__file__).with_name("words.toml"))


@dataclass(frozen=True)
class Prediction:
    """What was said of a photo, or of a stretch of a film.

    Attributes:
        file: The file's name.
        start_s: Where the first frame lies in a film; None for a photo.
        end_s: Where the last one does.
        label: The class, as evaluate decides it: the positive one where the score is above the threshold.
        sure: Whether it is.
        confidence: From 0 to 1; see `About.confidence`.
        score: The model's own, of the positive class.
        has_face: Whether a face was found; None where the model does not say.
    """

    file: str
    start_s: float | None
    end_s: float | None
    label: str
    sure: bool
    confidence: float
    score: float
    has_face: bool | None


@dataclass(frozen=True)
class Failure:
    """A file without a prediction, or a film that breaks off: a key of the texts, and more of it."""

    file: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Predicted:
    """All predictions, in the order of the files."""

    about: About
    rows: tuple[Prediction | Failure, ...]
    notes: tuple[str, ...]
    out: Path | None
    lang: Lang

    @property
    def exit_code(self) -> int:
        """1 where a file could not be predicted."""
        return int(any(isinstance(row, Failure) for row in self.rows))

    @property
    def _predictions(self) -> list[Prediction]:
        return [row for row in self.rows if isinstance(row, Prediction)]

    @property
    def _failures(self) -> list[Failure]:
        return [row for row in self.rows if isinstance(row, Failure)]

    def as_text(self) -> str:
        """Write a line for each prediction; of several each with its file, and what they come to."""
        words = Words(_TEXTS, self.lang)
        lines = [self._line(words, row) for row in self.rows]
        if len(self.rows) > 1:
            counts = Counter(row.label for row in self._predictions)
            labels = ", ".join(f"{label_word(name, self.lang)} {n}" for name, n in sorted(counts.items())) or "-"
            n_unsure = sum(not row.sure for row in self._predictions)
            n, n_failed = len(self._predictions), len(self._failures)
            lines.append(words("summary", n=n, labels=labels, n_unsure=n_unsure, n_failed=n_failed))
        if self.out is not None:
            lines.append(words("written", path=paths.shown(self.out)))
        return "\n".join(lines)

    def _line(self, words: Words, row: Prediction | Failure) -> str:
        if isinstance(row, Failure):
            return f"{row.file}: {words('failed', reason=_reason(words, row))}"
        where = "" if row.start_s is None else f" {_clock(row.start_s)}–{_clock(row.end_s or 0.0)}"
        place = f"{row.file}{where}: " if len(self.rows) > 1 else ""
        if row.has_face is False:
            return place + words("no_face")
        how = ("sure" if row.sure else "unsure") + ("" if self.about.is_calibrated else "_uncalibrated")
        return place + words(
            f"answer_{how}", label=label_word(row.label, self.lang), confidence=f"{row.confidence:.2f}"
        )

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        about = self.about
        model = {
            "name": about.name,
            "sha256": about.sha256,
            "classes": [about.negative, about.positive],
            "positive_class": about.positive,
            "threshold": about.threshold,
            "threshold_source": about.threshold_source,
            "threshold_interval": about.interval and list(about.interval),
            "calibrated": about.is_calibrated,
            "frame_count": about.frame_count,
            "frame_interval_ms": about.interval_s * 1000,
        }
        return {
            "model": model,
            "predictions": [asdict(row) for row in self._predictions],
            "failures": [asdict(row) for row in self._failures],
            "out": None if self.out is None else str(self.out),
            "notes": list(self.notes),
        }

    def as_csv(self) -> bytes:
        """Write a row for each prediction and each failure."""
        words = Words(_TEXTS, self.lang)
        rows = [
            {"file": row.file, "problem": _reason(words, row)}
            if isinstance(row, Failure)
            else {**asdict(row), "sure": int(row.sure), "calibrated": int(self.about.is_calibrated), "problem": ""}
            for row in self.rows
        ]
        cells = [{key: _safe(row.get(key, "")) for key in COLUMNS} for row in rows]
        return "\ufeff".encode() + contracts.format_rows(COLUMNS, cells)


def _reason(words: Words, row: Failure) -> str:
    reason = words(f"reason_{row.reason}")
    return f"{reason} ({row.detail})" if row.detail else reason


def _safe(value: object) -> object:
    """Keep a spreadsheet from taking a file's name for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _clock(time_s: float) -> str:
    """Write a time as players show it, to a tenth.

    Example:
        >>> _clock(75.25), _clock(3600)
        ('1:15.2', '1:00:00.0')
    """
    tenths = int(time_s * 10)
    minutes, hours = tenths // 600 % 60, tenths // 36_000
    seconds = f"{tenths // 10 % 60:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def predict(config: PredictConfig) -> Predicted:
    """Predict what photos and films show.

    Args:
        config: What to do.

    Returns:
        A prediction for each photo, several for each film, and what could not be predicted.

    Raises:
        InvalidInput: No such model, none of the contract, or nothing to predict.
        MissingOutside: The model needs MediaPipe's, which is not here.
    """
    with find_sources(config.files) as sources, open_judge(config) as judge:
        face_model = find_model(config.face_model)
        notes = _notes(config, judge.about, sources, has_detector=face_model is not None)
        for note in notes:
            cli.note(f"note: {note}")
        cutter = Cutter(judge.about.size_px, MIN_PX, MAX_MEGAPIXELS, face_model, needs_face=False)
        rows = tuple(_predict_all(config, judge, sources, cutter))
    result = Predicted(judge.about, rows, tuple(notes), config.out, config.lang)
    if config.out is not None:
        contracts.write_bytes(config.out, result.as_csv())
    return result


def _notes(config: PredictConfig, about: About, sources: Sequence[Source], *, has_detector: bool) -> list[str]:
    """Say what a reader must know."""
    words = Words(_TEXTS, config.lang)
    has_photos = any(not source.is_film for source in sources)
    keys = list(about.notes)
    if not about.is_calibrated:
        keys.append("reference" if about.name == BLENDSHAPES else "not_calibrated")
    if has_photos and not has_detector and config.face_model != NO_MODEL:
        keys.append("no_detector")
    notes = [words(key) for key in keys]
    if has_photos and about.repeats_photos:
        notes.append(words("repeated", n=about.frame_count))
    return notes


def _predict_all(
    config: PredictConfig, judge: Judge, sources: list[Source], cutter: Cutter
) -> Iterator[Prediction | Failure]:
    """Predict file by file; photos are read ahead on all cores."""

    def read(source: Source) -> U8 | Failure | None:
        return None if source.is_film else _read_photo(source, cutter, judge.about.size_px)

    read_sources = zip(sources, map_ahead(read, sources), strict=True)
    for source, picture in cli.progress(read_sources, what="predict", total=len(sources), unit="file"):
        if isinstance(picture, Failure):
            yield picture
        elif picture is None:
            yield from _predict_film(config, judge, source)
        else:
            yield _make(config, judge.about, source, judge.decide([judge.look(picture)]), None, None)


def _read_photo(source: Source, cutter: Cutter, size_px: int) -> U8 | Failure:
    """Read a photo as a dataset would hold it: cut at the face, through a jpg."""
    if not source.path.is_file():
        return Failure(source.name, "missing")
    try:
        with read_file(source.path) as data:
            return decode_picture(cutter.cut(data).jpg, source.name, size_px, size_px)
    except Unusable as error:
        return Failure(source.name, error.reason, error.detail)


def _predict_film(config: PredictConfig, judge: Judge, source: Source) -> Iterator[Prediction | Failure]:
    about, n_decisions = judge.about, 0

    def look(frame_rgb_hwc_u8: U8) -> Any:
        square = encode(preprocess.crop_and_resize(frame_rgb_hwc_u8, about.size_px))
        return judge.look(decode_picture(square, source.name, about.size_px, about.size_px))

    if not source.path.is_file():
        yield Failure(source.name, "missing")
        return
    try:
        film = Film(str(source.path))
    except InvalidInput as error:
        yield Failure(source.name, "no_film", error.found)
        return
    try:
        with film:
            for cut in cut_film(
                film, look, frame_count=about.frame_count, interval_s=about.interval_s, every_s=config.every_s
            ):
                n_decisions += 1
                yield _make(config, about, source, judge.decide(cut.frames), cut.start_s, cut.end_s)
    except InvalidInput as error:
        if error.what != str(source.path):
            raise  # the model's, not the film's
        yield Failure(source.name, "broken_film", error.found)
        return
    if not n_decisions:
        yield Failure(source.name, "too_short")


def _make(
    config: PredictConfig,
    about: About,
    source: Source,
    verdict: Verdict,
    start_s: float | None,
    end_s: float | None,
) -> Prediction:
    score = verdict.score
    return Prediction(
        file=source.name,
        start_s=start_s,
        end_s=end_s,
        label=about.positive if score > about.threshold else about.negative,
        sure=verdict.has_face is not False and about.is_sure(score, config.not_sure),
        confidence=about.confidence(score),
        score=score,
        has_face=verdict.has_face,
    )
