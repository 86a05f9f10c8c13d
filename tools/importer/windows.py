"""Takes in films with a list of windows: each row of the list becomes its sequences, exactly and nothing else.

Rows that cannot be read are all named, and nothing is imported then; windows that a film does not hold are listed
beside those that were taken in. A row gives one sequence (or --per-window), in the middle of its window: the frames
whose own timestamps are nearest to the protocol's interval, none outside of the window. Films are read in place and not
copied; origins.csv and the take's record hold their hash.
"""

import importlib.metadata
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths, preprocess
from shared.dataset import reader
from shared.dataset.bulk_writer import Incoming, Intake, Origin
from shared.dataset.protocol import Protocol, Window, choose_frames, fit_window, for_clips, read_protocol
from shared.errors import CheckFailed, InvalidInput
from shared.films import window_table as table
from shared.pictures.cutter import encode
from shared.video import Film
from tools.importer import labels, rights, subjects
from tools.importer.config import WindowsConfig
from tools.importer.report import Imported, LeftOut, count_added, write_report

COLUMNS = ("file", "start", "end", "label", "subject")
_USUAL_CLIP_S = (5.0, 7.0)
_SLACK_S = 1.0  # frames around a sequence's place that are kept until its window is over
_END_SLACK_S = 0.1
_LISTED = 20


@dataclass(frozen=True)
class Row:
    """A row of the list; seconds on the player's clock, from the film's beginning.

    Attributes:
        frames: Numbers of the frames at which it starts and ends, where it names frames; its window waits for their
            times then.
    """

    number: int
    film: Path
    name: str
    window: Window
    person: str
    frames: tuple[int | None, int | None] = (None, None)

    def describe(self) -> str:
        """Name the row for lists."""
        start, end = self.frames
        if start is None and end is None:
            return f"row {self.number}: {self.name} {self.window.start_s:g} to {self.window.end_s:g} s"
        first = f"{self.window.start_s:g} s" if start is None else f"{start}f"
        last = f"{self.window.end_s:g} s" if end is None else f"{end}f"
        return f"row {self.number}: {self.name} {first} to {last}"


@dataclass
class _Cut:
    """A window while its film is read: what was kept of it, and the sequences once it is over."""

    row: Row
    keep: list[tuple[float, float]]
    kept: dict[int, bytes] = field(default_factory=dict)
    sequences: list[tuple[tuple[float, ...], tuple[bytes, ...]]] | None = None


def import_windows(config: WindowsConfig) -> Imported:
    """Take in the windows of a list.

    Raises:
        CheckFailed: Rows of the list are wrong; all of them are named, and nothing is imported.
        InvalidInput: A list that cannot be read, or a dataset of another sort.
    """
    protocol = reader.find_protocol(config.dataset)
    if protocol is None or config.protocol is not None:
        protocol = read_protocol(*([config.protocol] if config.protocol else []))
        protocol = for_clips(protocol, config.clips) if config.clips else protocol
    elif config.clips and (not protocol.whole_windows or protocol.frame_interval_ms != 1000 / config.clips):
        what = "clips" if protocol.whole_windows else "sequences"
        found = f"{what} of a picture each {protocol.frame_interval_ms:g} ms"
        raise InvalidInput(str(config.dataset), found=found, expected=f"clips of {config.clips:g} a second")
    rows = _read_rows(config, protocol)
    cutting = replace(protocol, sequences_per_window=config.per_window)
    by_film: dict[Path, list[Row]] = {}
    for row in rows:
        by_film.setdefault(row.film, []).append(row)
    hashes = {film: contracts.sha256_file(film) for film in by_film}
    confirmed = _find_slips(config, rows, hashes)
    added: list[str] = []
    left_out: list[LeftOut] = []
    n_known = 0
    notes = [*_note_lengths(protocol, rows), "films were not copied: keep them, if you may want to cut them again"]
    with Intake(config.dataset, protocol, config.kind) as dataset:
        rights.settle_rights(dataset, "film", config)
        pseudonyms = subjects.Pseudonyms(config.dataset, config.pseudonyms)
        for film, film_rows in cli.progress(by_film.items(), what="films", total=len(by_film), unit="film"):
            sha256 = hashes[film]
            try:
                film_rows = _find_frames(film, film_rows, cutting, left_out)
            except InvalidInput as error:
                left_out += [LeftOut(row.describe(), "broken_film", error.found) for row in film_rows]
                continue
            new = [row for row in film_rows if not dataset.knows(_origin(row, sha256))]
            n_known += len(film_rows) - len(new)
            if not new:
                continue
            try:
                cuts, facts, remarks = _cut(film, new, cutting)
            except InvalidInput as error:
                left_out += [LeftOut(row.describe(), "broken_film", error.found) for row in new]
                continue
            notes += [f"{new[0].name}: {remark}" for remark in remarks]
            for cut in cuts:
                beyond = _beyond_end(cut.row, facts)
                if len(cut.sequences or []) < config.per_window:
                    found = f"{len(cut.sequences or [])} of {config.per_window} sequences fit"
                    left_out.append(LeftOut(cut.row.describe(), "no_frames", f"{found}; {beyond}" if beyond else found))
                elif beyond:
                    notes.append(f"{cut.row.describe()}: {beyond}; what fits was cut")
            whole = [cut for cut in cuts if len(cut.sequences or []) == config.per_window]
            barred = [cut for cut in whole if dataset.bars(pseudonyms.of(cut.row.person))]
            left_out += [LeftOut(cut.row.describe(), "withdrawn") for cut in barred]
            whole = [cut for cut in whole if cut not in barred]
            added += _store(dataset, whole, sha256, {**facts, **confirmed}, protocol, pseudonyms)
    if pseudonyms.n_kept and not config.pseudonyms:
        notes.append("subjects were taken as they stand; if they are names, import with --pseudonyms")
    notes += rights.note_on_rights(dataset, "film", config)
    return Imported(
        config.dataset,
        str(config.windows),
        count_added(added),
        n_known,
        tuple(left_out),
        dataset.manifest["counts"],
        must_be_complete=True,
        notes=tuple(notes),
        report=write_report(config.dataset, left_out),
    )


def _note_lengths(protocol: Protocol, rows: Sequence[Row]) -> list[str]:
    """Say how many clips are of another length than usual; those that name frames are not looked at."""
    (low, high), timed = _USUAL_CLIP_S, [row.window for row in rows if row.frames == (None, None)]
    n = protocol.whole_windows * sum(not low - 1e-6 <= w.end_s - w.start_s <= high + 1e-6 for w in timed)
    return [f"{n} of {len(rows)} clips are not {low:g} to {high:g} s long"] if n else []


def _find_slips(config: WindowsConfig, rows: Sequence[Row], hashes: dict[Path, str]) -> dict[str, Any]:
    """Refuse a list in which one person may stand as two, unless that was confirmed.

    Returns:
        What the takes' records say of it: nothing where there was nothing to confirm.

    Raises:
        CheckFailed: One film is of two subjects, here or in the dataset, or two subjects differ in capitals only.
    """
    known = reader.open_dataset(config.dataset) if (config.dataset / reader.MANIFEST).is_file() else None
    persons = [(hashes[row.film], row.person) for row in rows]
    if known is not None and not config.pseudonyms:
        takes = {row.take_id: row.subject_id for row in known.rows if row.source == "film"}
        records = ((known.folder / "takes" / f"{take_id}.json", subject) for take_id, subject in takes.items())
        films = [(contracts.read_document(path, "take"), subject) for path, subject in records if path.is_file()]
        persons = [(str(take["source_sha256"]), subject) for take, subject in films] + persons
    found = subjects.find_slips(persons, known.subjects() if known else ())
    if found and not config.confirm:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CheckFailed(
            str(config.windows),
            found=found[0] + more,
            expected="each film of one subject, each written in one way",
            todo="nothing was imported; correct the list, or give --confirm if they are two people",
        )
    return {"confirmed": True} if found else {}


def _origin(row: Row, sha256: str) -> Origin:
    start_ms, end_ms = round(row.window.start_s * 1000, 3), round(row.window.end_s * 1000, 3)
    return Origin("window", row.name, sha256, start_ms, end_ms)


def _read_rows(config: WindowsConfig, protocol: Protocol) -> list[Row]:
    """Read and check the whole list before anything is cut; all errors are reported at once."""
    folder = (config.films or config.windows.parent).resolve()
    found: list[Row] = []
    wrong: list[str] = []
    seen: dict[tuple[Path, float, float], int] = {}
    for line in table.read_table(config.windows, COLUMNS):
        row = _read_row(config, protocol, folder, line, wrong)
        if row is None:
            continue
        key = (row.film, row.window.start_s, row.window.end_s)
        if key in seen:
            wrong.append(f"row {row.number} has the same film and window as row {seen[key]}")
        seen.setdefault(key, row.number)
        found.append(row)
    if wrong:
        for text in wrong[:_LISTED]:
            cli.note(f"importer: {config.windows.name}: {text}")
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise CheckFailed(
            str(config.windows), found=wrong[0] + more, expected="rows that can be cut", todo="nothing was imported"
        )
    if not found:
        raise InvalidInput(str(config.windows), found="no row", expected="a row for each window")
    return found


def _read_row(
    config: WindowsConfig, protocol: Protocol, folder: Path, line: table.TableRow, wrong: list[str]
) -> Row | None:
    """Read a row, or note its errors."""
    cells, before = line.cells, len(wrong)
    film = table.find_file(folder, cells["file"]) if cells["file"] else None
    if film is None:
        wrong.append(f"row {line.number}: no film {cells['file']!r} in {paths.shown(folder)}")
    moments = [table.parse_moment(cells[name]) for name in ("start", "end")]
    for name, value in zip(("start", "end"), moments, strict=True):
        if value is None:
            wrong.append(f"row {line.number}: {name} is {cells[name]!r}, not {table.MOMENTS}")
    start, end = (moment or table.Moment() for moment in moments)
    if start.time_s is not None and end.time_s is not None and _is_too_short(protocol, start.time_s, end.time_s):
        wrong.append(f"row {line.number}: {_too_short(protocol, start.time_s, end.time_s)}")
    classes = protocol.document["classes"]
    label = labels.map_label(cells["label"], config.labels, classes)
    if label not in classes:
        known = ", ".join(config.labels or classes)
        hint = labels.suggest_labels([cells["label"]], classes) if cells["label"] and not config.labels else ""
        more = f" (say what it means: {hint},...)" if hint else ""
        wrong.append(f"row {line.number}: the label {cells['label']!r} is none of {known}{more}")
    if not cells["subject"]:
        wrong.append(f"row {line.number}: no subject")
    if len(wrong) > before or film is None or label is None:
        return None
    window = Window(start.time_s or 0.0, end.time_s or 0.0, label, None)
    return Row(line.number, film, cells["file"], window, cells["subject"], (start.frame, end.frame))


def _span_s(protocol: Protocol) -> float:
    return float((protocol.frame_count - 1) * protocol.frame_interval_ms / 1000)


def _is_too_short(protocol: Protocol, start_s: float, end_s: float) -> bool:
    return end_s - start_s < max(_span_s(protocol), 1e-9) - 1e-9


def _too_short(protocol: Protocol, start_s: float, end_s: float) -> str:
    least = f"at least {_span_s(protocol):g} s, which {protocol.frame_count} frames need"
    return f"the window from {start_s:g} to {end_s:g} s is too short; {least}"


def _find_frames(film: Path, rows: Sequence[Row], protocol: Protocol, left_out: list[LeftOut]) -> list[Row]:
    """Give windows that name frames their times; the film is only read for it where one does."""
    if not any(number is not None for row in rows for number in row.frames):
        return list(rows)
    with Film(str(film)) as source:
        times_s = [frame.time_s for frame in source]
    found = []
    for row in rows:
        last = max((number for number in row.frames if number is not None), default=0)
        if last >= len(times_s):
            left_out.append(LeftOut(row.describe(), "no_frames", f"the film has {len(times_s)} frames, from 0f"))
            continue
        seconds = (row.window.start_s, row.window.end_s)
        start_s, end_s = (s if n is None else times_s[n] for n, s in zip(row.frames, seconds, strict=True))
        if _is_too_short(protocol, start_s, end_s):
            left_out.append(LeftOut(row.describe(), "no_frames", _too_short(protocol, start_s, end_s)))
            continue
        found.append(replace(row, window=replace(row.window, start_s=start_s, end_s=end_s)))
    return found


def _beyond_end(row: Row, facts: dict[str, Any]) -> str:
    """Say that a window reaches beyond the film's end, up to which it was read then; empty where it does not."""
    end_s = facts["duration_s"] + (1 / facts["measured_fps"] if facts["measured_fps"] else 0.0)
    if row.window.end_s <= end_s + _END_SLACK_S:
        return ""
    return f"the window is beyond the film's end at {end_s:.2f} s"


def _cut(film: Path, rows: Sequence[Row], protocol: Protocol) -> tuple[list[_Cut], dict[str, Any], list[str]]:
    """Read a film once, up to its last window, and cut the windows out of it.

    Returns:
        The windows, the film's facts for a take's record, and what was assumed about its times and colours.
    """
    cuts = [_Cut(row, list(_places(fit_window(protocol, row.window), row.window))) for row in rows]
    times_s: list[float] = []
    size = (0, 0)
    with Film(str(film)) as source:
        for frame in source:
            index = len(times_s)
            times_s.append(frame.time_s)
            size = (frame.rgb_hwc_u8.shape[1], frame.rgb_hwc_u8.shape[0])
            stored: bytes | None = None
            for cut in cuts:
                if cut.sequences is None and any(low <= frame.time_s <= high for low, high in cut.keep):
                    if stored is None:
                        square = preprocess.crop_and_resize(frame.rgb_hwc_u8, protocol.image_size_px)
                        stored = encode(square)
                    cut.kept[index] = stored
                elif cut.sequences is None and frame.time_s > cut.row.window.end_s + _SLACK_S:
                    _finish(cut, protocol, times_s)
            if all(cut.sequences is not None for cut in cuts):
                break
        nominal_fps, remarks = source.nominal_fps, source.notes()
    for cut in cuts:
        if cut.sequences is None:
            _finish(cut, protocol, times_s)
    if not times_s:
        raise InvalidInput(str(film), found="no frame", expected="a film with pictures")
    gaps = [after - before for before, after in itertools.pairwise(times_s)]
    facts = {
        "width_px": size[0],
        "height_px": size[1],
        "duration_s": times_s[-1],
        "n_frames": len(times_s),
        "measured_fps": (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0,
        "nominal_fps": nominal_fps,
        "largest_gap_ms": 1000 * max(gaps, default=0.0),
    }
    return cuts, facts, remarks


def _places(protocol: Protocol, window: Window) -> Iterator[tuple[float, float]]:
    """Yield the spans in which a window's sequences can lie; see `shared.dataset.protocol.choose_frames`."""
    span_s = (protocol.frame_count - 1) * protocol.frame_interval_ms / 1000
    slot_s = (window.end_s - window.start_s) / protocol.sequences_per_window
    for number in range(protocol.sequences_per_window):
        target_s = window.start_s + number * slot_s + max(0.0, (slot_s - span_s) / 2)
        low, high = target_s - _SLACK_S, target_s + span_s + _SLACK_S
        yield max(low, window.start_s), min(high, window.end_s)


def _finish(cut: _Cut, protocol: Protocol, times_s: Sequence[float]) -> None:
    """Choose a window's frames, now that those after it are known, and let go of the others."""
    chosen = choose_frames(protocol, cut.row.window, times_s)
    cut.sequences = [
        (tuple(1000 * times_s[index] for index in indices), tuple(cut.kept[index] for index in indices))
        for indices in chosen
        if all(index in cut.kept for index in indices)
    ]
    cut.kept = {}


def _store(
    dataset: Intake,
    cuts: Sequence[_Cut],
    sha256: str,
    facts: dict[str, Any],
    protocol: Protocol,
    pseudonyms: subjects.Pseudonyms,
) -> list[str]:
    """Store a film's windows: a take a person, with its record; returns the labels of the sequences."""
    added: list[str] = []
    by_person: dict[str, list[_Cut]] = {}
    for cut in cuts:
        by_person.setdefault(pseudonyms.of(cut.row.person), []).append(cut)
    for subject_id, own in by_person.items():
        take_id = dataset.new_take()
        ids = [
            dataset.add(
                Incoming(
                    subject_id,
                    take_id,
                    cut.row.window.label,
                    None,
                    times_ms,
                    "film",
                    stored,
                    _origin(cut.row, sha256),
                )
            )
            for cut in own
            for times_ms, stored in cut.sequences or []
        ]
        added += [cut.row.window.label for cut in own for _ in cut.sequences or []]
        record = {
            **facts,
            "schema_version": 1,
            "take_id": take_id,
            "subject_id": subject_id,
            "recorded_utc": paths.utc_text(),
            "source": "film",
            "source_sha256": sha256,
            "source_note": f"imported windows of {own[0].row.name}",
            "film": None,
            "clock": "container",
            "n_dropped": 0,
            "n_doubled": 0,
            "sequence_ids": ids,
            "protocol_sha256": contracts.sha256_json(protocol.document),
            "tool_version": importlib.metadata.version("smilebench"),
        }
        dataset.put_record(record)
    dataset.commit_when_due()
    return added
