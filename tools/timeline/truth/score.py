"""Measures the moments of timelines against what raters marked, beside baselines that anybody could have.

Reads timelines, moments and marks; writes one document. Every film counts as it is; counts are added up over films.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import F64
from shared.errors import InvalidInput
from shared.statistics.kappa import measure_kappa
from tools.timeline.config import ScoreConfig
from tools.timeline.moments import curves
from tools.timeline.moments.find import Rules, find_spans
from tools.timeline.moments.write import read_moments
from tools.timeline.table.rows import Timeline, read_timeline
from tools.timeline.truth import labels, measures
from tools.timeline.truth.measures import TOLERANCES_S, Matched

N_DRAWS = 1000
OURS, RANDOM, UNIFORM = "moments", "random", "uniform"
_SHUFFLES = 200


@dataclass(frozen=True)
class Film:
    """A film with its moments and its truth.

    Attributes:
        timeline: Its table.
        moments: The content of its moments.json.
        events: What the raters agreed on, or the one rater's.
        raters: Each rater's own.
    """

    timeline: Timeline
    moments: dict[str, Any]
    events: list[labels.Event]
    raters: dict[str, list[labels.Event]]

    @property
    def true_s(self) -> list[float]:
        """Onsets of the truth."""
        return [event.start_s for event in self.events]


@dataclass(frozen=True)
class Scored:
    """How well moments agree with the truth.

    Attributes:
        path: The document.
        document: Its content.
    """

    path: Path
    document: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Write a table for people."""
        found = self.document
        wide = max(12, *(len(one["name"]) + 2 for one in found["methods"]))
        heads = [f"F1 at {tolerance:g} s" for tolerance in TOLERANCES_S]
        lines = [
            f"{found['n_films']} films, {found['n_events']} events",
            f"{'':<{wide}}" + "".join(f"{h:<26}" for h in heads),
        ]
        for method in found["methods"]:
            cells = [_cell(one) for one in method["f1"]]
            lines.append(f"{method['name']:<{wide}}" + "".join(f"{cell:<26}" for cell in cells))
        curve = found["per_second"]
        lines.append(
            f"AUPRC {_number(curve['auprc'])} beside a prevalence of {_number(curve['prevalence'])} "
            f"(labels shifted in time: {_number(curve['auprc_shifted'])}); Kendall's tau-b {_number(curve['tau_b'])}"
        )
        lines.append(", ".join(f"hit@{one['k']} in {one['n_hits']} of {one['n_films']} films" for one in found["hits"]))
        test = found["test"]
        p = "cannot tell: five films or fewer" if test["p"] is None else f"p = {test['p']:.3f}"
        lines.append(
            f"moments minus {test['against']}, F1 at 2 s: {_number(test['mean'], '+')} ({p}; signs of films flipped)"
        )
        lines += [
            f"kappa of {' and '.join(one['raters'])}: {_number(one['kappa'])} over {one['n_seconds']} seconds"
            for one in found["kappas"]
        ]
        return "\n".join([*lines, f"document  {paths.shown(self.path)}"])

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"document": str(self.path), "score": self.document}


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.3f}"


def _cell(found: dict[str, Any]) -> str:
    text = _number(found["value"])
    return text if found["low"] is None else f"{text} ({found['low']:.3f} to {found['high']:.3f})"


def score(config: ScoreConfig) -> Scored:
    """Measure timelines against their marks.

    Raises:
        InvalidInput: A timeline has no moments or no marks, or a mark is invalid.
    """
    films = _read(config)
    rng = np.random.default_rng(config.seed)
    channels = _baseline_channels(films)
    ours = {film.timeline.name: [one["onset_s"] for one in film.moments["moments"]] for film in films}
    lengths = {film.timeline.name: film.timeline.duration_s for film in films}
    uniform = {name: measures.uniform_onsets(len(found), lengths[name]) for name, found in ours.items()}
    onsets = {OURS: ours, UNIFORM: uniform}
    for name in channels:
        onsets[name] = {film.timeline.name: _onsets_by_channel(film, name) for film in films}
    if config.trained:
        onsets |= _learn(films)
    f1 = {name: [_pooled(films, found, tolerance) for tolerance in TOLERANCES_S] for name, found in onsets.items()}
    methods = [_method(OURS, f1[OURS]), _random(films, ours, rng)]
    methods += [_method(name, f1[name]) for name in f1 if name != OURS]
    against = max((UNIFORM, *channels), key=lambda name: f1[name][0].f1 or 0.0)
    differences = [
        (measures.match(ours[film.timeline.name], film.true_s, TOLERANCES_S[0]).f1 or 0.0)
        - (measures.match(onsets[against][film.timeline.name], film.true_s, TOLERANCES_S[0]).f1 or 0.0)
        for film in films
        if film.events
    ]
    test = measures.sign_flips(differences, config.seed)
    document = {
        "schema_version": 1,
        "n_films": len(films),
        "n_events": sum(len(film.events) for film in films),
        "films": [_describe(film, ours[film.timeline.name]) for film in films],
        "methods": methods,
        "per_second": _per_second(films, rng),
        "hits": [_hits(films, k) for k in measures.HITS],
        "test": {"against": against, "mean": test.mean, "p": test.p, "n_films": test.n_films},
        "kappas": _kappas(films),
    }
    contracts.write_document(config.out, document, "timeline_score")
    return Scored(config.out, document)


def _learn(films: Sequence[Film]) -> dict[str, dict[str, list[float]]]:
    """Find onsets by models that are learned from the other films.

    Raises:
        InvalidInput: Too few films, or of several providers.
    """
    from tools.timeline.truth import trained

    providers = {film.timeline.manifest["provider"]["sha256"] for film in films}
    if len(films) < trained.FEWEST_FILMS or len(providers) > 1:
        found = f"{len(films)} films of {len(providers)} providers"
        expected = f"at least {trained.FEWEST_FILMS} films of one: each is judged by models of the others"
        raise InvalidInput("--trained", found=found, expected=expected)
    return trained.learned_onsets(films)


def _read(config: ScoreConfig) -> list[Film]:
    """Read everything that is measured."""
    timelines = [read_timeline(folder) for folder in config.timelines]
    names = [timeline.name for timeline in timelines]
    if len(set(names)) < len(names):
        raise InvalidInput("--timeline", found=f"{', '.join(names)}", expected="each film once")
    given = labels.read_csv(config.labels, timelines) if config.labels else None
    films = []
    for timeline in timelines:
        raters = {"csv": given[timeline.name]} if given is not None else labels.read_all(timeline)
        if not raters:
            todo = f"mark its moments: ./inv timeline-label --timeline {timeline.name}, or give --labels CSV"
            raise InvalidInput(str(timeline.folder), found="no marks", expected="a rater's", todo=todo)
        chosen = raters.get(config.rater, next(iter(raters.values()))) if config.rater else _agreed(timeline, raters)
        films.append(Film(timeline, read_moments(timeline.folder), chosen, raters))
    return films


def _agreed(timeline: Timeline, raters: dict[str, list[labels.Event]]) -> list[labels.Event]:
    """Return the events of the only rater; of several, the spans that more than half of them marked."""
    if len(raters) == 1:
        return next(iter(raters.values()))
    ratings = np.stack([_by_second(events, timeline.duration_s) for events in raters.values()])
    agreed = np.concatenate([[False], (ratings > 0).mean(0) > 0.5, [False]])
    edges = np.flatnonzero(np.diff(agreed.astype(np.int8)))
    spans = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [labels.Event(float(start), min(float(end), timeline.duration_s)) for start, end in spans]


def _by_second(events: Sequence[labels.Event], duration_s: float) -> F64:
    """Return the rating of each second: that of an event that covers at least half of it, else 0."""
    seconds = np.zeros(max(1, int(np.ceil(duration_s))))
    for event in events:
        for second in range(int(event.start_s), min(len(seconds), int(np.ceil(event.end_s)))):
            if min(event.end_s, second + 1) - max(event.start_s, second) >= 0.5:
                seconds[second] = event.rating
    return seconds


def _score_by_second(film: Film) -> F64:
    """Return the highest score of each second; 0 where nothing is seen or heard."""
    step_s, n = film.moments["step_s"], max(1, int(np.ceil(film.timeline.duration_s)))
    seconds = np.zeros(n)
    for beat, value in enumerate(film.moments["score"]):
        second = min(int(beat * step_s + 1e-9), n - 1)
        seconds[second] = max(seconds[second], value or 0.0)
    return seconds


def _pooled(films: Sequence[Film], onsets: dict[str, list[float]], tolerance_s: float) -> Matched:
    """Add the matches of all films up."""
    total = Matched(0, 0, 0)
    for film in films:
        total += measures.match(onsets[film.timeline.name], film.true_s, tolerance_s)
    return total


def _method(name: str, f1: Sequence[Matched]) -> dict[str, Any]:
    found = [
        {"tolerance_s": tolerance, "value": one.f1, "low": None, "high": None}
        for tolerance, one in zip(TOLERANCES_S, f1, strict=True)
    ]
    return {"name": name, "f1": found}


def _random(films: Sequence[Film], ours: dict[str, list[float]], rng: np.random.Generator) -> dict[str, Any]:
    """Measure as many onsets with the same least gap at random places: the mean and the middle 95 % of 1,000 draws."""
    drawn: list[list[float]] = [[] for _ in TOLERANCES_S]
    for _ in range(N_DRAWS):
        onsets = {
            film.timeline.name: measures.draw_onsets(
                len(ours[film.timeline.name]), film.timeline.duration_s, film.moments["rules"]["min_gap_s"], rng
            )
            for film in films
        }
        for values, tolerance in zip(drawn, TOLERANCES_S, strict=True):
            values.append(_pooled(films, onsets, tolerance).f1 or 0.0)
    found = []
    for values, tolerance in zip(drawn, TOLERANCES_S, strict=True):
        low, high = np.quantile(values, [0.025, 0.975])
        middle = float(np.mean(values))
        found.append({"tolerance_s": tolerance, "value": middle, "low": float(low), "high": float(high)})
    return {"name": RANDOM, "f1": found}


def _baseline_channels(films: Sequence[Film]) -> list[str]:
    """Name the single channels that all films have: loudness, and each that means fun."""
    names = [curves.LOUDNESS] if all(film.timeline.sound for film in films) else []
    fun = [set(film.timeline.manifest["provider"]["fun"]) for film in films]
    return [*names, *sorted(set.intersection(*fun))]


def _onsets_by_channel(film: Film, name: str) -> list[float]:
    """Find moments by one channel alone, above the level at which it lasts as long as the film's moments do."""
    values = curves.smooth_median(
        curves.channel(film.timeline, name, film.moments["track"]), curves.rate(film.timeline)
    )
    known = values[~np.isnan(values)]
    length_s = sum(one["end_s"] - one["onset_s"] for one in film.moments["moments"])
    if not known.size or not length_s:
        return []
    level = float(np.quantile(known, 1 - min(1.0, length_s / film.timeline.duration_s)))
    rules = film.moments["rules"]
    spans = find_spans(
        values, film.moments["step_s"], Rules(level, level, rules["min_gap_s"], rules["min_length_s"], 0, 0)
    )
    return [begin * film.moments["step_s"] for begin, _ in spans]


def _per_second(films: Sequence[Film], rng: np.random.Generator) -> dict[str, Any]:
    """Measure the score second by second, over all films in a row, and against labels that were shifted in time."""
    scores = np.concatenate([_score_by_second(film) for film in films])
    ratings = np.concatenate([_by_second(film.events, film.timeline.duration_s) for film in films])
    shifts = rng.integers(1, max(2, len(ratings)), _SHUFFLES)
    shifted = [measures.average_precision(np.roll(ratings, shift) > 0, scores) for shift in shifts]
    known = [value for value in shifted if value is not None]
    return {
        "n_seconds": len(scores),
        "prevalence": float((ratings > 0).mean()),
        "auprc": measures.average_precision(ratings > 0, scores),
        "auprc_shifted": float(np.mean(known)) if known else None,
        "tau_b": measures.kendall(scores, ratings),
    }


def _hits(films: Sequence[Film], k: int) -> dict[str, Any]:
    """Count the films of which one of the best k moments is a true one, at 5 s."""
    counted = [film for film in films if film.events]
    n_hits = 0
    for film in counted:
        found = film.moments["moments"]
        onsets, scores = [one["onset_s"] for one in found], [one["score"] for one in found]
        n_hits += measures.hit_at(k, onsets, scores, film.true_s, TOLERANCES_S[-1])
    return {"k": k, "n_hits": n_hits, "n_films": len(counted)}


def _kappas(films: Sequence[Film]) -> list[dict[str, Any]]:
    """Compute Cohen's kappa of each pair of raters, second by second, over the films that both marked."""
    names = sorted({name for film in films for name in film.raters})
    found = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            both = [film for film in films if one in film.raters and other in film.raters]
            pairs: list[tuple[str, str]] = []
            for film in both:
                marks = [_by_second(film.raters[name], film.timeline.duration_s) > 0 for name in (one, other)]
                pairs += [(str(first), str(second)) for first, second in zip(*marks, strict=True)]
            if pairs:
                kappa = measure_kappa((one, other), pairs)
                found.append({"raters": [one, other], "n_seconds": kappa.n, "kappa": kappa.kappa})
    return found


def _describe(film: Film, onsets: Sequence[float]) -> dict[str, Any]:
    matched = measures.match(onsets, film.true_s, TOLERANCES_S[0])
    return {
        "name": film.timeline.name,
        "sha256": film.timeline.manifest["film"]["sha256"],
        "raters": sorted(film.raters),
        "n_events": matched.n_true,
        "n_moments": matched.n_found,
        "n_matched": matched.n_matched,
        "f1": matched.f1,
    }
