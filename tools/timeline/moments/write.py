"""Writes moments.json: a timeline's moments, its score and its tension, with the rules that made them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import F64
from shared.errors import InvalidInput, WrongUsage
from tools.timeline.config import MANIFEST, MOMENTS, MomentsConfig
from tools.timeline.moments import curves
from tools.timeline.moments.clips import Trained, score_by_models
from tools.timeline.moments.find import Moment, Rules, find_moments, find_quiet
from tools.timeline.table.rows import Timeline, read_timeline

# What the curve does not show, by what it is made of.
ASSUMPTIONS = {
    "change": "that fun follows tension is an assumption; the curve does not show it",
    "score": "that tension follows fun is an assumption: the curve is the score, smoothed",
}
LOW_OF_HIGH = 0.5


@dataclass(frozen=True)
class Found:
    """What was found in a timeline.

    Attributes:
        folder: The timeline's.
        document: The content of moments.json.
    """

    folder: Path
    document: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """List the moments for people."""
        found = self.document["moments"]
        rules, tension = self.document["rules"], self.document["tension"]
        n_found = f"{len(found)} moment{'s' * (len(found) != 1)}"
        n_models = len(self.document.get("clip_models", ()))
        models = f" of {n_models} models" if n_models > 1 else ""
        assumption = ASSUMPTIONS["score" if tension["from"] == self.document["channels"] else "change"]
        band = f" of {n_models} models, with the band between them" if "band" in tension else ""
        lines = [
            f"{n_found} by {', '.join(self.document['channels'])}{models} above {rules['high']:.2f}:",
            *[
                f"  {clock(one['start_s'])} to {clock(one['end_s'])}  peak {clock(one['peak_s'])}  "
                f"score {one['score']:.2f}" + (f"  track {one['track']}" if one["track"] else "")
                for one in found
            ],
            f"tension: {' and '.join(tension['from'])}{band}, mean over {tension['window_s']:g} s; {assumption}",
            f"moments   {paths.shown(self.folder / MOMENTS)}",
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"folder": str(self.folder), "moments": self.document}


def clock(time_s: float) -> str:
    """Write a time as people read it.

    Example:
        >>> clock(3723.46)
        '1:02:03.5'
    """
    tenths = round(time_s * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def write_moments(folder: Path, config: MomentsConfig) -> Found:
    """Find a timeline's moments and write them.

    Raises:
        InvalidInput: No timeline, or it has no such channel.
        WrongUsage: The thresholds are the wrong way round, or there is no such track.
    """
    timeline = read_timeline(folder)
    trained = score_by_models(timeline, config.clip_models, config.track) if config.clip_models else None
    channels: tuple[str, ...] = (trained.output,) if trained else config.channels or default_channels(timeline)
    score = curves.mean_of(trained.scores) if trained else curves.score(timeline, channels, config.track)
    if trained:  # what judges six seconds at a time is smooth already
        rules = settle(config, trained.threshold, 1.0)
    else:
        rules = settle(config, timeline.manifest["provider"]["threshold"], LOW_OF_HIGH)
    step_s = 1 / curves.rate(timeline)
    sound = timeline.sound
    quiet = find_quiet(sound["time_s"], sound["loudness_db"], timeline.manifest["sound"]["step_s"]) if sound else []
    cuts = timeline.manifest["cuts_s"]
    moments = find_moments(score, step_s, rules, duration_s=timeline.duration_s, cuts_s=cuts, quiet_s=quiet)
    document = {
        "schema_version": 1,
        "timeline": {"name": timeline.name, "sha256": contracts.sha256_file(folder / MANIFEST)},
        "film": {key: timeline.manifest["film"][key] for key in ("file", "sha256", "duration_s")},
        "channels": list(channels),
        "track": config.track,
        "rules": asdict(rules),
        "step_s": step_s,
        "score": _numbers(score),
        "tension": _describe_tension(timeline, config, trained),
        "moments": _describe(moments, timeline, channels, score, config.track),
    }
    if trained:
        pairs = zip(trained.names, trained.hashes, strict=True)
        document["clip_models"] = [{"name": name, "sha256": sha256} for name, sha256 in pairs]
    contracts.write_document(folder / MOMENTS, document, "moments")
    return Found(folder, document)


def default_channels(timeline: Timeline) -> tuple[str, ...]:
    """Name what the score is made of where nobody chose: fun, and laughter where it was listened for."""
    return (curves.FUN, curves.LAUGHTER) if curves.heard(timeline) else (curves.FUN,)


def _describe_tension(timeline: Timeline, config: MomentsConfig, trained: Trained | None) -> dict[str, Any]:
    """Draw the tension: from arousal and change, or from the trained score, of several models with a band."""
    if trained is None or config.tension == "change":
        values, made_of = curves.tension(timeline, config.track, config.window_s)
        return {"window_s": config.window_s, "from": made_of, "values": _numbers(values)}
    each = np.stack([curves.smooth_mean(one, curves.rate(timeline), config.window_s) for one in trained.scores])
    found = {"window_s": config.window_s, "from": [trained.output], "values": _numbers(curves.mean_of(each))}
    if len(each) > 1:
        low, high = (np.fmin.reduce(each), np.fmax.reduce(each))
        found["band"] = {"low": _numbers(low), "high": _numbers(high)}
    return found


def settle(config: MomentsConfig, threshold: float, low_of_high: float) -> Rules:
    """Fill in the thresholds that were not given.

    Args:
        config: What was given.
        threshold: Of the provider or the models.
        low_of_high: The lower threshold's share of the higher one.

    Raises:
        WrongUsage: The lower one is above the higher one.
    """
    high = threshold if config.high is None else config.high
    low = low_of_high * high if config.low is None else config.low
    if low > high:
        raise WrongUsage("--low", found=f"{low:g}", expected=f"at most --high, {high:g}")
    return Rules(high, low, config.min_gap_s, config.min_length_s, config.look_back_s, config.snap_s)


def _describe(
    moments: Sequence[Moment], timeline: Timeline, channels: tuple[str, ...], score: F64, track: int | None
) -> list[dict[str, Any]]:
    """Describe moments, and why they are: each channel within them, and in the whole film; or what models give."""
    known = {curves.FUN, *curves.SOUND_CHANNELS, *timeline.channels}
    curve = {name: curves.channel(timeline, name, track) if name in known else score for name in channels}
    usual = {name: float(np.nanmedian(values)) for name, values in curve.items() if not np.isnan(values).all()}
    shown, rate = curves.rows_of_beats(timeline, track), curves.rate(timeline)
    found = []
    for moment in moments:
        begin = round(moment.onset_s * rate)
        span = slice(begin, max(round(moment.end_s * rate), begin + 1))
        rows = shown[span]
        tracks = timeline.track[rows[rows >= 0]]
        tracks = tracks[tracks > 0]
        means = {name: curve[name][span] for name in usual if not np.isnan(curve[name][span]).all()}
        why = [
            {"channel": name, "mean": _rounded(np.nanmean(values)), "usual": _rounded(usual[name])}
            for name, values in means.items()
        ]
        found.append(
            {
                "start_s": _rounded(moment.start_s),
                "onset_s": _rounded(moment.onset_s),
                "peak_s": _rounded(moment.peak_s),
                "end_s": _rounded(moment.end_s),
                "score": _rounded(moment.score),
                "track": int(np.bincount(tracks).argmax()) if tracks.size else None,
                "why": why,
                "snapped": dict(zip(("start", "end"), moment.snapped, strict=True)),
            }
        )
    return found


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def _numbers(values: F64) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def read_moments(folder: Path) -> dict[str, Any]:
    """Read a timeline's moments.

    Raises:
        InvalidInput: There are none, or they are of another timeline than the folder's.
    """
    document = contracts.read_document(folder / MOMENTS, "moments")
    if document["timeline"]["sha256"] != contracts.sha256_file(folder / MANIFEST):
        todo = "find them again: ./inv timeline-moments --timeline " + folder.name
        raise InvalidInput(str(folder / MOMENTS), found="moments of an older table", expected="its own", todo=todo)
    return document
