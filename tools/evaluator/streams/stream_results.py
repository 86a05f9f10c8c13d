"""Measures a hand-off as the player feels it: false alarms a minute, delay from onset to decision, missed laughs.

films → the client's decisions → events against marked laughs → figures with intervals by person → one document
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from shared import cli, contracts, paths, provenance
from shared.dataset import consent, reader, splits, test_log
from shared.errors import InvalidInput
from shared.onnx.stream import GraphChoice, Rule
from tools.evaluator.config import EvaluationConfig, StreamsConfig
from tools.evaluator.results import Written
from tools.evaluator.streams.choice import ChosenThreshold, choose_threshold
from tools.evaluator.streams.event_intervals import quantile_interval, rate_interval, share_interval
from tools.evaluator.streams.events import Played, Stream, decide, play, with_threshold
from tools.evaluator.streams.film_runner import format_decisions, run_films
from tools.evaluator.streams.marks import MarkedFilm, films_by_protocol, read_marks
from tools.evaluator.test_people import People, choose_people

LATE = 0.95  # the share of delays that the second figure of them is not exceeded by


def evaluate_streams(config: StreamsConfig) -> Written:
    """Measure a hand-off on films with marked laughs.

    Args:
        config: What to do.

    Raises:
        InvalidInput: Hand-off, dataset, split, marks or a film are not valid or do not fit each other.
        CheckFailed: Rows of the marks cannot be read.
    """
    spec = contracts.read_document(config.handoff / paths.SPEC_FILE, "frontend_spec")
    rule, graph = Rule.from_spec(spec), config.graph or _usual_graph(spec)
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    if spec["positive_class"] != dataset.positive_class:
        raise InvalidInput(
            str(config.handoff), found=f"a model of {spec['positive_class']}", expected=dataset.positive_class
        )
    people = _choose(config, spec, dataset)
    split = splits.read_split(people.split, dataset) if people.split else None
    rows = splits.rows_of(dataset, split, people.side)
    marked = read_marks(config.marks, dataset, config.films) if config.marks else None
    notes = list(people.notes)
    chosen: ChosenThreshold | None = None
    if config.objective is not None:
        if split is None:
            found = "no split" if config.split is None else "a split without validation people"
            raise InvalidInput("--objective", found=found, expected="a split, whose validation people choose")
        known = {row.subject_id for row in splits.rows_of(dataset, split, "validation")}
        chosen_on = run_films(config.handoff, _films(dataset, known, marked), graph)
        chosen = choose_threshold(chosen_on, rule, config.objective, config.tolerance_ms, config.seed)
        rule = with_threshold(rule, chosen.value)
        if not chosen.is_met:
            notes.append(f"no threshold reaches {config.objective} on the validation people: the nearest was taken")
    elif config.threshold is not None:
        rule = with_threshold(rule, config.threshold)
    films = _films(dataset, {row.subject_id for row in rows}, marked)
    streams = run_films(config.handoff, films, graph)
    played = [play(stream, rule, config.tolerance_ms) for stream in streams]
    source = "chosen" if chosen else "model" if config.threshold is None else "given"
    facts = {
        "model": {"name": spec["spec_id"], "sha256": spec["model"]["sha256"]},
        "handoff": {"file": paths.SPEC_FILE, "sha256": contracts.sha256_file(config.handoff / paths.SPEC_FILE)},
        "dataset": dataset.reference(),
        "split": people.split and {"file": people.split.name, "sha256": contracts.sha256_file(people.split)},
        "side": people.side,
        "positive_class": dataset.positive_class,
        "graph": graph,
        "rule": {**asdict(rule), "threshold_source": source},
        "chosen": _describe_choice(chosen, config),
        "onsets": "marks" if marked else "protocol",
        "marks": config.marks and {"file": config.marks.name, "sha256": contracts.sha256_file(config.marks)},
        "tolerance_ms": config.tolerance_ms,
    }
    return _write(config, dataset, rows, streams, played, rule, films, facts, notes)


def _usual_graph(spec: Mapping[str, Any]) -> GraphChoice:
    """Return the graphs that a page runs: encoder and head, or the whole window where there is no other."""
    return "stream" if any(graph["role"] == "encoder" for graph in spec["graphs"]) else "window"


def _choose(config: StreamsConfig, spec: Mapping[str, Any], dataset: reader.Dataset) -> People:
    """Choose whom to measure as for windows: not those whom the model of this hand-off was trained on."""
    onnx = paths.artifacts("models") / str(spec["spec_id"]) / paths.MODEL_FILE
    is_it = onnx.is_file() and contracts.sha256_file(onnx) == spec["model"]["sha256"]
    model = onnx if is_it else config.handoff / "none.onnx"
    asked = EvaluationConfig(model, "model", config.dataset, config.split, config.side, None, None, config.out, 0)
    people = choose_people(asked, dataset)
    if people.split is not None and config.split is None:
        cli.note(f"measured on the {people.side} people of the model's own split, {paths.shown(people.split)}")
    for note in people.notes:
        cli.note(f"warning: {note}")
    return people


def _films(dataset: reader.Dataset, subjects: set[str], marked: Sequence[MarkedFilm] | None) -> list[MarkedFilm]:
    if marked is None:
        return films_by_protocol(dataset, subjects)
    films = [film for film in marked if film.subject_id in subjects]
    if not films:
        raise InvalidInput(
            "--marks", found="no film of these people", expected=f"films of {', '.join(sorted(subjects))}"
        )
    return films


def _describe_choice(chosen: ChosenThreshold | None, config: StreamsConfig) -> dict[str, Any] | None:
    if chosen is None:
        return None
    return {"objective": str(config.objective), "chosen_on": "validation", **asdict(chosen)}


def summarise(played: Sequence[Played]) -> dict[str, Any]:
    """Return the figures of films, with intervals by person.

    Args:
        played: Events of each film against its laughs.
    """
    people = sorted({film.subject_id for film in played})
    alarms, minutes = (
        np.array([sum(value(film) for film in played if film.subject_id == person) for person in people], float)
        for value in (lambda film: len(film.false_alarms_ms), lambda film: film.play_ms / 60_000)
    )
    delays = [(delay, film.subject_id) for film in played for delay in film.delays_ms]
    judged = [(one.outcome, film.subject_id) for film in played for one in film.laughs]
    judged = [(outcome, person) for outcome, person in judged if outcome != "already_positive"]
    counts = {name: sum(film.count(name) for film in played) for name in ("found", "missed", "already_positive")}
    values, owners = [delay for delay, _ in delays], [person for _, person in delays]
    return {
        "n_films": len(played),
        "n_subjects": len(people),
        "minutes": float(minutes.sum()),
        "false_alarms_a_minute": rate_interval(alarms, minutes).as_document(),
        "delay_ms": {
            "median": quantile_interval(values, owners, 0.5).as_document(),
            "p95": quantile_interval(values, owners, LATE).as_document(),
        },
        "missed_share": share_interval(
            [outcome == "missed" for outcome, _ in judged], [person for _, person in judged]
        ).as_document(),
        "n_laughs": sum(counts.values()),
        "n_found": counts["found"],
        "n_missed": counts["missed"],
        "n_already_positive": counts["already_positive"],
        "n_false_alarms": int(alarms.sum()),
        "n_repeats": sum(film.n_repeats for film in played),
        "n_frames": sum(film.n_frames for film in played),
        "n_undecided": sum(film.n_undecided for film in played),
    }


def _write(
    config: StreamsConfig,
    dataset: reader.Dataset,
    rows: Sequence[reader.SequenceRow],
    streams: Sequence[Stream],
    played: Sequence[Played],
    rule: Rule,
    films: Sequence[MarkedFilm],
    facts: Mapping[str, Any],
    notes: list[str],
) -> Written:
    """Write the decisions and, last, the document."""
    now, name = paths.utc_now(), str(facts["model"]["name"])
    stem, number = paths.utc_stamp(now), 1
    while (file := config.out / f"{name}_stream_{stem}.json").exists():
        number += 1
        stem = f"{paths.utc_stamp(now)}_{number}"
    decisions = config.out / f"{name}_stream_decisions_{stem}.csv"
    sequences_sha256 = reader.hash_sequences(rows)
    openings = None
    if facts["side"] == "test" and facts["split"] is not None:  # logged before anything of it can be read
        line = {
            "schema_version": 1,
            "opened_utc": paths.utc_text(now),
            **({"session": config.session} if config.session else {}),
            "split": facts["split"],
            "model": facts["model"],
            "sequences_sha256": sequences_sha256,
            "results": file.name,
        }
        openings = test_log.record_evaluation(dataset.folder, line)
    contracts.write_bytes(
        decisions,
        format_decisions(streams, [decide(one.times_ms, one.probs, rule).tolist() for one in streams]),
    )
    document: dict[str, Any] = {
        "schema_version": 1,
        "created_utc": paths.utc_text(now),
        **facts,
        "sequences_sha256": sequences_sha256,
        "test_openings": openings,
        "figures": summarise(played),
        "films": [_describe_film(film, marked) for film, marked in zip(played, films, strict=True)],
        "decisions": {"file": decisions.name, "sha256": contracts.sha256_file(decisions)},
        "notes": notes,
        "code": provenance.code_info("onnxruntime", "numpy", "scipy", "av"),
    }
    contracts.write_document(file, document, "stream_results")
    return Written(file, "stream_results", document, describe(document))


def _describe_film(played: Played, film: MarkedFilm) -> dict[str, Any]:
    return {
        "film": played.film,
        "sha256": film.sha256,
        "subject_id": played.subject_id,
        "n_frames": played.n_frames,
        "n_undecided": played.n_undecided,
        "play_s": round(played.play_ms / 1000, 6),
        "laughs": [
            {
                "start_s": round(one.laugh.start_ms / 1000, 6),
                "end_s": round(one.laugh.end_ms / 1000, 6),
                "outcome": one.outcome,
                "delay_ms": None if one.delay_ms is None else round(one.delay_ms, 3),
            }
            for one in played.laughs
        ],
        "false_alarms_s": [round(at_ms / 1000, 6) for at_ms in played.false_alarms_ms],
        "n_repeats": played.n_repeats,
    }


def describe(document: Mapping[str, Any]) -> str:
    """Write the figures for a terminal."""
    figures, rule = document["figures"], document["rule"]
    drawn = " (synthetic)" if document["dataset"]["kind"] == "synthetic" else ""
    delay, late = (figures["delay_ms"][key] for key in ("median", "p95"))
    alarms, n_judged = figures["false_alarms_a_minute"], figures["n_found"] + figures["n_missed"]
    of_whom = f"{figures['n_films']} films of {figures['n_subjects']} people, {figures['minutes']:.2f} minutes of play"
    decided = f"release {rule['release_threshold']:.4f}, minimum duration {rule['min_duration_ms']:g} ms"
    missed = f"{figures['n_missed']} of {n_judged}{_bounds(figures['missed_share'], '.0%')}"
    held = f"{figures['n_already_positive']} began while the decision was positive already"
    named = f"{document['model']['name']} on {document['dataset']['name']}{drawn}, {document['side']}"
    lines = [
        f"{named}: {of_whom}, {figures['n_laughs']} laughs (marked by {document['onsets']})",
        f"at threshold {rule['threshold']:.4f} ({rule['threshold_source']}), {decided}:",
        f"false alarms a minute {_number(alarms, '.2f')} ({figures['n_false_alarms']} of them)",
        f"delay from onset to decision: median {_number(delay, '.0f')} ms, 95 % within {_number(late, '.0f')} ms",
        f"missed laughs {missed}; {held}; {figures['n_repeats']} repeats",
        f"95 % intervals in brackets, by person; {figures['n_undecided']} of {figures['n_frames']} frames undecided",
    ]
    if document["onsets"] == "protocol":
        lines.append("onsets are the protocol's prompts: a delay counts the person's own reaction; better: --marks CSV")
    if chosen := document["chosen"]:
        bounds = "" if chosen["low"] is None else f" [{chosen['low']:.4f} to {chosen['high']:.4f}]"
        lines.append(
            f"threshold {chosen['value']:.4f}{bounds} chosen for {chosen['objective']} on {chosen['n_subjects']} "
            f"validation people: {chosen['n_false_alarms']} false alarms in {chosen['minutes']:.2f} minutes, "
            f"{chosen['n_found']} of {chosen['n_laughs']} laughs found; to ship it: "
            f"./inv export --run RUN --threshold {chosen['value']:.6g}"
        )
    lines += [f"note: {note}" for note in document["notes"]]
    if openings := document["test_openings"]:
        lines.append(f"test set evaluated {openings} time{'s' * (openings > 1)}")
    return "\n".join(lines)


def _number(found: Mapping[str, Any], form: str) -> str:
    return "-" if found["value"] is None else f"{found['value']:{form}}{_bounds(found, form)}"


def _bounds(found: Mapping[str, Any], form: str) -> str:
    """Write bounds in brackets; an open one as a question mark, and nothing where there are none."""
    if found["low"] is None and found["high"] is None:
        return ""
    low, high = ("?" if found[key] is None else f"{found[key]:{form}}" for key in ("low", "high"))
    return f" [{low} to {high}]"
