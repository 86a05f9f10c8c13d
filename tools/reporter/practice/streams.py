"""What a player feels, arm by arm: false alarms a minute, delay from onset to decision, missed laughs.

Reads the evaluator's documents of whole films (``evaluator --stream``), each of a model that is an arm of the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared import contracts
from shared.contracts import Document
from shared.errors import InvalidInput
from shared.statistics.intervals import Interval
from shared.text.rounding import rounded
from tools.reporter.config import MaybeNamed
from tools.reporter.render.blocks import Bullets, Cell, Paragraph, Section, Table
from tools.reporter.sources.arms import Arm, Source, place
from tools.reporter.text.words import ReportWords

FIGURES = ("false_alarms", "delay", "late", "missed")
# What must be alike for two arms' figures to be compared: the films, what is marked in them, and whose events count.
_ALIKE = ("onsets", "marks", "tolerance_ms", "dataset", "split", "side")


@dataclass(frozen=True)
class StreamArm:
    """An arm's events on whole films.

    Attributes:
        name: The arm's.
        document: What the evaluator measured.
        source: The file.
    """

    name: str
    document: Document
    source: Source

    def interval(self, figure: str) -> Interval:
        """Return a figure of `FIGURES` with its interval."""
        found: Mapping[str, Any] = self.document["figures"]
        values = (
            found["false_alarms_a_minute"],
            found["delay_ms"]["median"],
            found["delay_ms"]["p95"],
            found["missed_share"],
        )
        return Interval.from_document(dict(zip(FIGURES, values, strict=True))[figure])

    def as_document(self) -> Document:
        """Return the figures as the comparison holds them."""
        return {"arm": self.name, **{figure: self.interval(figure).as_document() for figure in FIGURES}}


def read_streams(files: Sequence[MaybeNamed], arms: Sequence[Arm]) -> list[StreamArm]:
    """Read the events of arms, in the arms' order.

    Args:
        files: Name of an arm (None: the arm of that model) and document.
        arms: Of the report.

    Raises:
        InvalidInput: A document of no arm, of another model than the arm's, a second one of an arm, or documents of
            different films, marks or tolerances.
    """
    found: dict[str, StreamArm] = {}
    for name, path in files:
        document = contracts.read_document(path, "stream_results")
        sha256 = document["model"]["sha256"]
        of_model = [arm for arm in arms if arm.results["model"]["sha256"] == sha256 and arm.kind == "model"]
        arm = next((arm for arm in of_model if name in (None, arm.name)), None)
        if arm is None:
            models = ", ".join(arm.name for arm in arms if arm.kind == "model")
            raise InvalidInput(
                str(path),
                found=f"films of the model {document['model']['name']} ({sha256[:12]})",
                expected=f"films of {name}'s model" if name else f"films of an arm's model: {models}",
                todo="measure that arm: ./inv evaluate --stream --model HANDOFF",
            )
        if arm.name in found:
            raise InvalidInput(str(path), found=f"a second document of {arm.name}", expected="one an arm")
        facts = (contracts.sha256_file(path), document["created_utc"], document["code"]["commit"])
        found[arm.name] = StreamArm(arm.name, document, Source("stream", arm.name, place(path), *facts))
    shown = [found[arm.name] for arm in arms if arm.name in found]
    for one in shown[1:]:
        _check_alike(shown[0], one)
    return shown


def _check_alike(first: StreamArm, other: StreamArm) -> None:
    films = [[(film["film"], film["sha256"]) for film in one.document["films"]] for one in (first, other)]
    differs = [key for key in _ALIKE if first.document[key] != other.document[key]]
    differs += ["films"] if films[0] != films[1] else []
    if differs:
        raise InvalidInput(
            f"films of {first.name} and {other.name}",
            found=f"other {', '.join(differs)}",
            expected="the same films, marks and tolerance for each arm",
        )


def streams_section(streams: Sequence[StreamArm], words: ReportWords) -> Section | None:
    """Show what a player feels; None where no arm was played."""
    if not streams:
        return None
    first = streams[0].document
    figures = first["figures"]
    header = (Cell(""), *(Cell(one.name) for one in streams))
    rows = [(Cell(words(f"stream_{name}")), *(_cell(name, one, words) for one in streams)) for name in FIGURES]
    rows.append((Cell(words("stream_rule")), *(_rule_cell(one, words) for one in streams)))
    of_what = words(
        "stream_of",
        films=figures["n_films"],
        people=words.people(figures["n_subjects"]),
        minutes=rounded(figures["minutes"], 1),
        laughs=figures["n_laughs"],
    )
    notes = [words("stream_prompted" if first["onsets"] == "protocol" else "stream_marked"), words("stream_latency")]
    chosen = [words("stream_chosen", arm=one.name, **_choice(one, words)) for one in streams if one.document["chosen"]]
    blocks = (
        Paragraph(of_what),
        Table("metrics", header, tuple(rows), words("scroll_hint")),
        Bullets((*chosen, *notes)),
    )
    return Section("stream", words("stream"), blocks)


def _choice(one: StreamArm, words: ReportWords) -> dict[str, str]:
    chosen = one.document["chosen"]
    return {
        "threshold": rounded(chosen["value"], 4),
        "objective": chosen["objective"],
        "people": words.people(chosen["n_subjects"]),
        "alarms": str(chosen["n_false_alarms"]),
        "minutes": rounded(chosen["minutes"], 1),
        "found": words("of", part=chosen["n_found"], whole=chosen["n_laughs"]),
    }


def _cell(figure: str, one: StreamArm, words: ReportWords) -> Cell:
    """Write a figure with its bounds; an open one is said."""
    found, counts = one.interval(figure), one.document["figures"]
    if found.value is None:
        return Cell(words("undefined"), (words.reason(found.reason),))
    details = []
    if figure == "false_alarms":
        details.append(words("stream_count", n=counts["n_false_alarms"]))
    if figure == "missed":
        details.append(words("of", part=counts["n_missed"], whole=counts["n_found"] + counts["n_missed"]))
    if found.low is not None or found.high is not None:
        low, high = (
            words("stream_open") if at is None else _value(figure, at, words) for at in (found.low, found.high)
        )
        details.append(words("stream_bounds", low=low, high=high))
    else:
        details.append(words("no_interval", reason=words.reason(found.reason)))
    return Cell(_value(figure, found.value, words), tuple(details))


def _value(figure: str, value: float, words: ReportWords) -> str:
    if figure == "missed":
        return words("percent", value=rounded(100 * value, 1))
    return rounded(value, 1) if figure == "false_alarms" else words("stream_ms", ms=rounded(value, 0))


def _rule_cell(one: StreamArm, words: ReportWords) -> Cell:
    rule = one.document["rule"]
    release = words("stream_release", release=rounded(rule["release_threshold"], 4))
    return Cell(rounded(rule["threshold"], 4), (release, words("stream_hold", ms=f"{rule['min_duration_ms']:g}")))
