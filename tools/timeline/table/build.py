"""Makes a film's table: reads it once, follows faces, asks the provider, listens; goes on where it was cut off.

Memory does not grow with the film: rows are appended to a file in pieces of a minute, and `.state.json` says up to
where they hold. A run that was killed goes on there and gives the same bytes as one that was not.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import filelock
import numpy as np

from shared import cli, contracts, paths, provenance
from shared.arrays import F32, U8
from shared.dataset.ahead import map_ahead
from shared.errors import InvalidInput, WrongUsage
from shared.faces.detector import Face, FaceFinder, require_finder
from shared.faces.providers import Provider, open_provider
from shared.sound.laughter import STEP_S
from shared.video import Film
from tools.timeline.config import MANIFEST, ROWS, SOUND, TimelineConfig
from tools.timeline.table import sound
from tools.timeline.table.rows import FIXED, format_row, format_sound
from tools.timeline.table.samples import Place, Sample, read_samples
from tools.timeline.table.tracks import Track, Tracker

DETECT_PX = 640  # the longer side of the picture in which faces are looked for
MOST_FACES = 5
_SMALLEST = 0.03  # of the picture's height
_PIECE = 120  # looked-at frames between two marks on the disk
_STATE, _PART = ".state.json", ".rows.part"


@dataclass(frozen=True)
class Built:
    """What a run made.

    Attributes:
        folder: The timeline's.
        manifest: Of it.
        was_there: Nothing had to be done.
        seconds: How long the frames of this run took.
        speed: Film seconds a second in this run; None where nothing was read.
    """

    folder: Path
    manifest: dict[str, Any]
    was_there: bool
    seconds: float
    speed: float | None


@dataclass
class _State:
    """Up to where the rows hold."""

    plan: str
    place: Place
    n_bytes: int
    tracks: list[Track]
    next_track: int
    cuts_s: list[float]
    breaks_s: list[float]
    n_rows: int
    n_frames: int
    n_with_face: int
    size_px: tuple[int, int]


def build(config: TimelineConfig) -> Built:
    """Make or finish a film's table.

    Raises:
        InvalidInput: The film cannot be read, the folder holds another film's timeline, or a model does not fit.
        MissingOutside: A model is not here.
    """
    film = _describe(config)
    finder = require_finder(config.face_model)
    with open_provider(config.provider, config.model, config.landmark_model) as provider:
        return _build_with(config, film, finder, provider)


def _build_with(config: TimelineConfig, film: dict[str, Any], finder: FaceFinder | None, provider: Provider) -> Built:
    names = [*FIXED, *provider.about.channels]
    if len(set(names)) < len(names):
        raise InvalidInput(provider.about.file, found="a channel twice, or named as a column", expected="other names")
    face_model = finder.model_sha256 if finder else None
    plan = {"film": film, "rate_per_s": config.rate, "provider": provider.about.as_json(), "face_model": face_model}
    config.out.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(config.out / ".lock", timeout=0):
            return _build(config, plan, finder, provider)
    except filelock.Timeout:
        found = "another run that is making it"
        raise InvalidInput(str(config.out), found=found, expected="one at a time") from None


def _build(config: TimelineConfig, plan: dict[str, Any], finder: FaceFinder | None, provider: Provider) -> Built:
    key = contracts.sha256_json(plan)
    if (config.out / MANIFEST).is_file():
        known = contracts.read_document(config.out / MANIFEST, "timeline")
        if known["film"]["sha256"] != plan["film"]["sha256"]:
            found = f"the timeline of {known['film']['file']}"
            raise InvalidInput(str(config.out), found=found, expected="another folder", todo="choose it with --out")
        if known["plan_sha256"] == key and _is_whole(config.out, known):
            return Built(config.out, known, True, 0.0, None)
    state = _read_state(config.out, key)
    began, from_s = time.perf_counter(), max(state.place.time_s, 0.0)
    _write_rows(config, plan["film"]["duration_s"], state, finder, provider)
    if not state.n_frames:
        raise InvalidInput(str(config.film), found="no frame", expected="a film with pictures")
    seconds = time.perf_counter() - began
    duration_s = max(plan["film"]["duration_s"] or 0.0, state.place.time_s)
    yamnet, reason = sound.find_yamnet()
    steps = _listen(config.film, yamnet, duration_s)
    columns = [*FIXED, *provider.about.channels]
    header = contracts.format_rows(columns, [])
    part = (config.out / _PART).read_bytes()
    contracts.write_bytes(config.out / ROWS, header + part)
    manifest = {
        "schema_version": 1,
        "name": config.out.name,
        "plan_sha256": key,
        "film": {**plan["film"], "path": str(config.film), "duration_s": round(duration_s, 6)}
        | {"width_px": state.size_px[0], "height_px": state.size_px[1], "licence": config.licence},
        "rate_per_s": config.rate,
        "face_model_sha256": plan["face_model"],
        "provider": plan["provider"],
        "counts": {
            "frames": state.n_frames,
            "rows": state.n_rows,
            "frames_with_face": state.n_with_face,
            "tracks": state.next_track - 1,
        },
        "cuts_s": state.cuts_s,
        "breaks_s": state.breaks_s,
        "table": {"file": ROWS, "sha256": contracts.sha256_file(config.out / ROWS)},
        "sound": _describe_sound(config.out, steps, yamnet, reason),
        "code": provenance.code_info("av", "numpy", "onnxruntime", "opencv-contrib-python"),
    }
    contracts.write_document(config.out / MANIFEST, manifest, "timeline")
    for name in (_STATE, _PART):
        (config.out / name).unlink(missing_ok=True)
    return Built(config.out, manifest, False, seconds, (state.place.time_s - from_s) / max(seconds, 1e-9))


def _describe(config: TimelineConfig) -> dict[str, Any]:
    """Describe the film as the plan does: what cannot change while it is read."""
    with Film(str(config.film)) as film:
        first = next(iter(film.decode()), None)
        if first is None:
            raise InvalidInput(str(config.film), found="no frame", expected="a film with pictures")
        first.to_rgb()
        fps, duration_s, codec, notes = film.nominal_fps, film.duration_s, film.codec, film.notes()
    return {
        "file": config.film.name,
        "sha256": contracts.sha256_file(config.film),
        "bytes": config.film.stat().st_size,
        "codec": codec,
        "fps": fps,
        "duration_s": duration_s,
        "notes": notes,
    }


def _is_whole(folder: Path, manifest: dict[str, Any]) -> bool:
    """Tell whether the files of a timeline are there, as it names them."""
    files = [manifest["table"], *([manifest["sound"]] if manifest["sound"] else [])]
    return all(
        (folder / f["file"]).is_file() and contracts.sha256_file(folder / f["file"]) == f["sha256"] for f in files
    )


def _read_state(folder: Path, plan: str) -> _State:
    """Go on where an earlier run of the same plan has left off, or begin anew."""
    part = folder / _PART
    fresh = _State(plan, Place(), 0, [], 1, [], [], 0, 0, 0, (0, 0))
    try:
        found = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        tracks = [Track(t["number"], t["time_s"], tuple(t["box_xyxy_px"])) for t in found["tracks"]]
        size = tuple(found["size_px"])
        state = _State(**{**found, "place": Place(**found["place"]), "tracks": tracks, "size_px": size})
        is_ours = state.plan == plan and part.stat().st_size >= state.n_bytes
    except (OSError, ValueError, TypeError, KeyError):
        is_ours = False
    if not is_ours:
        part.write_bytes(b"")
        return fresh
    with part.open("r+b") as file:
        file.truncate(state.n_bytes)
    return state


@dataclass(frozen=True)
class _Seen:
    """A looked-at frame, its faces (the largest first) and their channels; the frame's own where it has no face."""

    sample: Sample
    size_px: tuple[int, int]
    faces: list[Face]
    values: list[F32]


def _write_rows(
    config: TimelineConfig, duration_s: float | None, state: _State, finder: FaceFinder | None, provider: Provider
) -> None:
    """Append rows until the film's end; the disk knows after each piece how far it is."""
    folder, tracker = config.out, Tracker(state.tracks, state.next_track)
    total = max(1, round(duration_s * config.rate) - state.place.beat - 1) if duration_s else None

    def look(sample: Sample) -> _Seen:
        picture = sample.rgb_hwc_u8
        size = picture.shape[1], picture.shape[0]
        if finder is None:
            return _Seen(sample, size, [], [provider.read(picture, None)])
        faces = _find_faces(finder, picture)
        if not faces:
            return _Seen(sample, size, [], [np.full(len(provider.about.channels), np.nan, np.float32)])
        return _Seen(sample, size, faces, [provider.read(picture, face) for face in faces])

    def note_break(at_s: float) -> None:
        if round(at_s, 6) not in state.breaks_s:
            state.breaks_s.append(round(at_s, 6))

    samples = read_samples(config.film, config.rate, state.place, note_break)
    seen_all: Iterator[_Seen] = map_ahead(look, samples, ahead=3, threads=1)
    with (folder / _PART).open("ab") as part:
        for number, seen in enumerate(cli.progress(seen_all, what=config.film.name, total=total), 1):
            part.write(_take(state, tracker, seen))
            if number % _PIECE == 0:
                part.flush()
                _mark(folder, state, part.tell())
        part.flush()
        _mark(folder, state, part.tell())


def _take(state: _State, tracker: Tracker, seen: _Seen) -> bytes:
    """Take a frame into the state; returns its rows."""
    sample = seen.sample
    if sample.cuts_s or any(state.place.time_s <= at_s < sample.time_s for at_s in state.breaks_s):
        tracker.cut()
        state.cuts_s.extend(round(cut, 6) for cut in sample.cuts_s)
    numbers = tracker.follow(seen.faces, sample.time_s)
    rows = [
        format_row(sample.beat, sample.time_s, number, face, values)
        for number, face, values in zip(numbers, seen.faces, seen.values, strict=False)
    ]
    if not rows:
        rows = [format_row(sample.beat, sample.time_s, None, None, seen.values[0])]
    state.n_rows += len(rows)
    state.n_frames += 1
    state.n_with_face += bool(seen.faces)
    state.size_px = seen.size_px
    state.tracks, state.next_track = tracker.tracks, tracker.next_number
    state.place = Place(sample.beat, sample.time_s, state.cuts_s[-1] if state.cuts_s else 0.0)
    return "".join(",".join(cells) + "\n" for cells in rows).encode()


def _mark(folder: Path, state: _State, n_bytes: int) -> None:
    """Note on the disk that all rows so far hold."""
    state.n_bytes = n_bytes
    text = json.dumps(asdict(state), allow_nan=False)
    contracts.write_bytes(folder / _STATE, text.encode("utf-8"))


def _find_faces(finder: FaceFinder, picture: U8) -> list[Face]:
    """Find the faces of a picture of any size, the largest first; those too small to read are left out."""
    height, width = picture.shape[:2]
    scale = min(1.0, DETECT_PX / max(height, width))
    small = picture
    if scale < 1:
        shape = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
    faces = [face for face in finder.find(small) if face.height_px >= _SMALLEST * small.shape[0]]
    return [replace(face, box_xyxy_px=_scaled(face, 1 / scale)) for face in faces[:MOST_FACES]]


def _scaled(face: Face, scale: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = face.box_xyxy_px
    return x0 * scale, y0 * scale, x1 * scale, y1 * scale


def _listen(film: Path, yamnet: sound.Yamnet | None, duration_s: float) -> list[sound.Step]:
    """Read the sound; an empty list for a film without any."""
    total = round(duration_s / STEP_S)
    return list(cli.progress(sound.read_sound(film, yamnet), what="sound", total=total, unit="step"))


def _describe_sound(
    folder: Path, steps: list[sound.Step], yamnet: sound.Yamnet | None, reason: str
) -> dict[str, Any] | None:
    """Write sound.csv, where there is sound, and describe it."""
    if not steps:
        (folder / SOUND).unlink(missing_ok=True)
        return None
    contracts.write_bytes(folder / SOUND, format_sound(steps))
    return {
        "file": SOUND,
        "sha256": contracts.sha256_file(folder / SOUND),
        "step_s": STEP_S,
        "yamnet_sha256": yamnet and yamnet.sha256,
        "no_laughter": reason or None,
    }


def out_folder(out: Path | None, film: Path) -> Path:
    """Return where a film's timeline is written: what was chosen, else a folder named after the film.

    A name with other letters than folders have is replaced by the hash of its letters.

    Raises:
        WrongUsage: The chosen folder's name is no name.
    """
    if out is not None:
        if not paths.NAME_PATTERN.fullmatch(out.name):
            raise WrongUsage("--out", found=repr(out.name), expected=paths.NAME_RULE)
        return out.resolve()
    name = film.stem
    if not paths.NAME_PATTERN.fullmatch(name):
        name = f"film-{contracts.sha256_json(name)[:8]}"
    return paths.artifacts("timelines") / name
