"""The dataset card: README.md of a dataset, in Korean and English, rewritten by each tool that changes the dataset.

What a person writes between the two markers of the card is kept as it is. Nobody is named on it: people and consent are
counts, and there are no pictures. Reads the dataset's rows, a few of its pictures, its takes, consent and review; what
is published gets a card of its own (tools/kaggle_publisher).
"""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.dataset import consent
from shared.dataset.reader import SequenceRow
from shared.errors import SmilebenchError

CARD_FILE = "README.md"
CARD_MARK = "<!-- written by smilebench; delete this line to keep your own text -->"
OWN_BEGIN = "<!-- your own words: what stands between these two lines is kept -->"
OWN_END = "<!-- end of your own words -->"
_SAMPLE = 48  # pictures whose light is measured: a card is written after every take, and must not be felt
_FEW_PEOPLE = 30
_MOST_LISTED = 40
_SCOPES_KO = {"train": "학습", "publish": "공개"}
_SOURCES_KO = {
    "camera": "카메라",
    "film": "영상",
    "stream": "스트림",
    "synthetic": "그려진 얼굴",
    "photo": "사진",
    "game": "게임",
    "browser": "브라우저",
}


@dataclass(frozen=True)
class Facts:
    """What a card says.

    Attributes:
        manifest: The content of dataset.json.
        by_person: Sequences of each person by label, most first; without names.
        sources: Sequences by source.
        devices: Picture sizes and frame rates of the takes, most frequent first: ((width, height, fps), takes).
        brightness: 10 %, 50 % and 90 % quantile of the mean grey of some pictures, 0 to 1; None without pictures.
        n_brightness: How many pictures that were.
        n_reviewed: Sequences whose label a person has checked.
        n_reviewers: Reviewers in review.json.
        scopes: People who agree to each scope.
        is_imported: Whether some of it was imported.
    """

    manifest: dict[str, Any]
    by_person: tuple[dict[str, int], ...]
    sources: dict[str, int]
    devices: tuple[tuple[tuple[int, int, int], int], ...]
    brightness: tuple[float, float, float] | None
    n_brightness: int
    n_reviewed: int
    n_reviewers: int
    scopes: dict[str, int]
    is_imported: bool

    @property
    def is_synthetic(self) -> bool:
        """Whether the faces are drawn."""
        return bool(self.manifest["kind"] == "synthetic")


def write_card(folder: Path, manifest: dict[str, Any], rows: Sequence[SequenceRow]) -> None:
    """Write a dataset's README.md, unless a person has made all of it theirs by deleting its first line."""
    path = folder / CARD_FILE
    old = path.read_text(encoding="utf-8", errors="replace") if path.exists() else CARD_MARK
    if not old.startswith(CARD_MARK):
        return
    contracts.write_bytes(path, format_card(gather_facts(folder, manifest, rows), own_text(old)).encode("utf-8"))


def own_text(text: str) -> str | None:
    """Return what a person wrote on a card: what stands between the markers, all of it without our mark, or None."""
    if not text.startswith(CARD_MARK):
        return text
    _, begin, rest = text.partition(OWN_BEGIN)
    own = rest.partition(OWN_END)[0].strip()
    return own if begin and own else None


def gather_facts(folder: Path, manifest: dict[str, Any], rows: Sequence[SequenceRow]) -> Facts:
    """Count what a card says; private files that cannot be read count as not there, the verifier tells of them."""
    people: dict[str, Counter[str]] = {}
    for row in rows:
        people.setdefault(row.subject_id, Counter())[row.label] += 1
    listed = sorted(people.values(), key=lambda counts: -counts.total())
    grey = _measure_light(folder, rows)
    cuts = statistics.quantiles(grey, n=10, method="inclusive") if len(grey) > 1 else grey * 9
    return Facts(
        manifest=manifest,
        by_person=tuple(dict(counts) for counts in listed),
        sources=dict(Counter(row.source for row in rows).most_common()),
        devices=tuple(_count_devices(folder, rows).most_common(5)),
        brightness=(cuts[0], cuts[4], cuts[8]) if grey else None,
        n_brightness=len(grey),
        n_reviewed=sum(row.reviewed for row in rows),
        n_reviewers=_count_reviewers(folder),
        scopes=_count_scopes(folder, people),
        is_imported=(folder / "origins.csv").exists(),
    )


def _measure_light(folder: Path, rows: Sequence[SequenceRow]) -> list[float]:
    """Measure the mean grey of some pictures, evenly spread over the dataset: 0 to 1."""
    import cv2
    import numpy as np

    found = []
    for row in rows[:: max(1, -(-len(rows) // _SAMPLE))]:
        path = folder / row.frame_names()[0]
        data = path.read_bytes() if path.is_file() else b""
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4) if data else None
        if picture is not None:
            found.append(float(picture.mean()) / 255)
    return found


def _count_devices(folder: Path, rows: Sequence[SequenceRow]) -> Counter[tuple[int, int, int]]:
    """Count takes by the size and rounded rate of their frames, from the records of up to 200 takes."""
    found: Counter[tuple[int, int, int]] = Counter()
    takes = sorted({row.take_id for row in rows if row.source != "photo"})
    for take_id in takes[:: max(1, -(-len(takes) // 200))]:
        try:
            take = json.loads((folder / "takes" / f"{take_id}.json").read_bytes())
            found[(int(take["width_px"]), int(take["height_px"]), round(take["measured_fps"]))] += 1
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _count_reviewers(folder: Path) -> int:
    try:
        review = json.loads((folder / "review.json").read_bytes())
        return len({decision["reviewer"] for decision in review["decisions"]})
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _count_scopes(folder: Path, people: dict[str, Counter[str]]) -> dict[str, int]:
    try:
        book = consent.read_consent(folder)
    except SmilebenchError:
        return {}
    return {scope: sum(book.why_not(name, scope) is None for name in people) for scope in consent.SCOPES}


def format_card(facts: Facts, own: str | None = None) -> str:
    """Write a card of these facts, with what a person wrote."""
    name = facts.manifest["name"]
    blocks = [
        CARD_MARK,
        f"# {name}",
        f"{OWN_BEGIN}\n\n{own}\n\n{OWN_END}" if own else f"{OWN_BEGIN}\n\n{OWN_END}",
        "[한국어](#한국어) · [English](#english)",
        "## 한국어",
        *_korean(facts),
        "## English",
        *_english(facts),
    ]
    return "\n\n".join(blocks) + "\n"


def _tables(facts: Facts, label: str, count: str, person: str, others: str) -> list[str]:
    """Write the table of labels and that of people, who are numbers, never pseudonyms; none where each is seen once."""
    classes = facts.manifest["classes"]
    rows = "\n".join(f"| {name} | {n} |" for name, n in facts.manifest["counts"]["by_label"].items())
    labels = f"| {label} | {count} |\n|---|---|\n{rows}"
    if all(sum(counts.values()) < 2 for counts in facts.by_person):
        return [labels]
    listed = facts.by_person[:_MOST_LISTED]
    lines = [
        f"| {number} | " + " | ".join(str(counts.get(name, 0)) for name in classes) + " |"
        for number, counts in enumerate(listed, start=1)
    ]
    if rest := facts.by_person[_MOST_LISTED:]:
        totals = " | ".join(str(sum(counts.get(name, 0) for counts in rest)) for name in classes)
        lines.append(f"| {others.format(len(rest))} | {totals} |")
    header = f"| {person} | {' | '.join(classes)} |\n|---{'|---' * len(classes)}|"
    return [labels, "\n".join([header, *lines])]


def _percent(part: int, whole: int) -> str:
    return f"{part} / {whole}" + (f" ({100 * part / whole:.0f}%)" if whole else "")


def _light(facts: Facts, line: str) -> list[str]:
    """Write how many pictures were measured and the three quantiles of their grey; nothing without pictures."""
    return [line.format(facts.n_brightness, *facts.brightness)] if facts.brightness else []


def _reviews(facts: Facts, head: str, reviewers: str) -> list[str]:
    """Write how many labels a person has checked."""
    checked = _percent(facts.n_reviewed, facts.manifest["counts"]["sequences"])
    return [f"- {head}: {checked}{reviewers.format(facts.n_reviewers) if facts.n_reviewers else ''}."]


def _agreements(facts: Facts, head: str, name_of: dict[str, str]) -> list[str]:
    """Write how many people agreed to each use, a key of `name_of`; nothing for drawn faces."""
    n_people = facts.manifest["counts"]["subjects"]
    agreed = [f"{name} {_percent(facts.scopes.get(scope, 0), n_people)}" for scope, name in name_of.items()]
    return [] if facts.is_synthetic else [f"- {head}: {', '.join(agreed)}."]


def _limits(facts: Facts, always: str, *, few: str, posed: str) -> list[str]:
    """Write what the dataset cannot show: what holds of each, what few people cause, and what posing does."""
    is_few = facts.manifest["counts"]["subjects"] < _FEW_PEOPLE
    return [" ".join([f"- {always}", *[few] * is_few, *[posed] * ("camera" in facts.sources)])]


def _korean(facts: Facts) -> list[str]:
    protocol, image, counts = (facts.manifest[key] for key in ("protocol", "image", "counts"))
    tables = _tables(facts, "라벨", "시퀀스", "사람", "나머지 {}명")
    windows = ", ".join(f"{w['start_s']:g}~{w['end_s']:g}초 {w['label']}" for w in protocol["windows"])
    apart = f", {protocol['frame_interval_ms']:g} ms 간격" if protocol["frame_count"] > 1 else ""
    size = f"{image['width_px']} x {image['height_px']}"
    who = "그려진 배우" if facts.is_synthetic else "사람"
    what = (
        f"{who} {counts['subjects']}명, 촬영 {counts['takes']}회, 시퀀스 {counts['sequences']}개 "
        f"(시퀀스마다 사진 {protocol['frame_count']}장{apart}, {size})"
    )
    sources = ", ".join(f"{_SOURCES_KO.get(name, name)} {n}" for name, n in facts.sources.items()) or "아직 없음"
    devices = "; ".join(f"{w} x {h}, 초당 {fps}장: {n}회" for (w, h, fps), n in facts.devices)
    lines = [f"- 프로토콜 `{protocol['name']}`: {windows}. 라벨은 요청한 표정이며, 실제 표정과 다를 수 있습니다."]
    if protocol["frame_count"] == 1:
        lines = ["- 사진 데이터셋입니다. 사진 한 장이 시퀀스 하나이며, 라벨은 원본 자료에서 가져왔습니다."]
    elif facts.is_imported:
        lines.append("- 일부는 가져온 자료이며, 구간과 라벨은 가져올 때의 목록을 따릅니다.")
    lines.append(f"- 출처: {sources}." + (f" 촬영 크기와 속도: {devices}." if devices else ""))
    lines += _light(facts, "- 밝기(0~1, 사진 {}장): 하위 10% {:.2f}, 중앙값 {:.2f}, 상위 10% {:.2f}.")
    lines += _reviews(facts, "라벨 검토", ", 검토자 {}명")
    lines += _agreements(facts, "동의(현재 유효한 사람 수)", _SCOPES_KO)
    lines += _limits(
        facts,
        "알려진 한계: 나이, 성별, 피부색은 기록하지 않았습니다.",
        few="사람 수가 적어 결과의 신뢰구간이 넓습니다. 반드시 사람 단위로 나누세요.",
        posed="요청에 따라 지은 표정입니다.",
    )
    lines.append("- 라이선스: 아직 정하지 않았습니다. 정하기 전에는 외부에 전달하지 마세요.")
    head = (
        "**합성 데이터: 그려진 얼굴이며 실제 사람이 아닙니다.**"
        if facts.is_synthetic
        else ("실제 사람의 얼굴입니다. 동의한 목적에만 사용하고, 다른 곳에 전달하기 전에 당사자에게 확인하세요.")
    )
    return [head, what, *tables, "\n".join(lines)]


def _english(facts: Facts) -> list[str]:
    protocol, image, counts = (facts.manifest[key] for key in ("protocol", "image", "counts"))
    tables = _tables(facts, "label", "sequences", "person", "{} others")
    windows = "; ".join(f"{w['start_s']:g} to {w['end_s']:g} s is {w['label']}" for w in protocol["windows"])
    apart = f", {protocol['frame_interval_ms']:g} ms apart" if protocol["frame_count"] > 1 else ""
    pictures = "pictures" if protocol["frame_count"] > 1 else "picture"
    what = (
        f"{counts['sequences']} sequences of {protocol['frame_count']} {pictures} "
        f"({image['width_px']} x {image['height_px']}{apart}), {counts['takes']} takes, "
        f"{counts['subjects']} {'drawn actors' if facts.is_synthetic else 'people'}."
    )
    sources = ", ".join(f"{name} {n}" for name, n in facts.sources.items()) or "nothing yet"
    devices = "; ".join(
        f"{w} x {h} at {fps} fps: {n} {'take' if n == 1 else 'takes'}" for (w, h, fps), n in facts.devices
    )
    lines = [f"- Protocol `{protocol['name']}`, {protocol['duration_s']:g} s a take: {windows}."]
    lines[0] += " The label is what the person was asked to do; look at every sequence before you trust it."
    if protocol["frame_count"] == 1:
        lines = ["- Photos: each is a sequence of one picture; labels are those of their source."]
    elif facts.is_imported:
        lines.append("- Some of it was imported: its windows and labels are those of the list that came with it.")
    lines.append(f"- Sources: {sources}." + (f" Sizes and rates of takes: {devices}." if devices else ""))
    lines += _light(
        facts,
        "- Light (mean grey from 0 to 1 of {} pictures): 10% are below {:.2f}, half below {:.2f}, 90% below {:.2f}.",
    )
    lines += _reviews(facts, "Labels reviewed", ", {} reviewers")
    lines += _agreements(facts, "Consent (people for whom it holds today)", {one: one for one in consent.SCOPES})
    lines += _limits(
        facts,
        "Known limits: Age, gender and skin tone were not recorded.",
        few="Few people: split by person, and expect wide intervals.",
        posed="Expressions were asked for, so they are posed.",
    )
    lines.append("- Licence: not chosen yet. Do not pass anything on before it is.")
    lines.append(
        "- `labels.csv`: one row per sequence. `images/<sequence_id>_frame_<n>.jpg`: its pictures, the centred square "
        "of the source, not mirrored. `dataset.json`: everything else."
    )
    head = (
        "**Synthetic: drawn faces, no people.**"
        if facts.is_synthetic
        else ("Faces of real people. Use them for what they agreed to only; ask them before you pass anything on.")
    )
    return [head, what, *tables, "\n".join(lines)]
