"""Writes the card of a release: its README.md, which is Kaggle's description too. Pure.

The facts are generated from what is staged, never taken over from the dataset's own card: that one counts people who
are left out. A hand-written text is kept above the facts, if it identifies no person.
"""

from collections.abc import Sequence
from typing import Any

from shared.dataset.reader import SequenceRow, count_labels
from tools.kaggle_publisher.release.rules import Listing


def write_card(
    own_text: str | None,
    manifest: dict[str, Any],
    listing: Listing,
    rows: Sequence[SequenceRow],
    *,
    release: int,
    date: str,
    n_unreviewed: int,
    n_withdrawn: int,
    misses_people: bool = False,
    joinable: bool = False,
    landmarker: str | None = None,
) -> str:
    """Write the card.

    Args:
        own_text: What a person wrote, already checked; None where there is nothing.
        manifest: The release's dataset.json.
        listing: Title, licence and address.
        rows: The release's rows, under their new names.
        release: Its number.
        date: Such as 2026-01-22.
        n_unreviewed: Labels that were not reviewed.
        n_withdrawn: People in older releases who have taken their consent back.
        misses_people: Whether older releases hold people who are not in this one, for whatever reason.
        joinable: Whether people keep their pseudonym in all releases of that kind.
        landmarker: What read the landmarks of a release that holds geometry and no pictures; None for pictures.
    """
    landmarks_only = landmarker is not None
    blocks = [own_text.strip() if own_text else f"# {listing.title}\n\n{listing.subtitle}"]
    blocks.append(_what(manifest, rows, landmarks_only=landmarks_only))
    blocks.append(_labels(rows, n_unreviewed))
    blocks.append(_how(manifest, landmarks_only=landmarks_only))
    blocks.append(_limits(manifest, rows, landmarker))
    older = "lder releases hold people who are not in this one. Delete them."
    if n_withdrawn:
        there = f"There {'were' if n_withdrawn > 1 else 'was'} {n_withdrawn} withdrawal{'s' if n_withdrawn > 1 else ''}"
        blocks.append(f"{there} so far: o{older}")
    elif misses_people:
        blocks.append(f"O{older}")
    blocks.append(
        f"Release {release} of {date}, licence {listing.license_name}. {describe_pseudonyms(joinable=joinable)} "
        "`checksums.sha256` lists the sha256 of every file; `croissant.json` describes them for machines."
    )
    return "\n\n".join(blocks) + "\n"


def was_prompted(row: SequenceRow) -> bool:
    """Tell whether somebody was told what to do, and the label is that."""
    return row.source in ("camera", "stream", "synthetic", "browser")


def describe_origin(rows: Sequence[SequenceRow]) -> str:
    """Say where labels come from."""
    origins = {
        "what the person was prompted to do": any(map(was_prompted, rows)),
        "what a detector or the player said at play": any(row.source == "game" for row in rows),
        "what came with the film or photo": any(not was_prompted(row) and row.source != "game" for row in rows),
    }
    return ", or ".join(origin for origin, is_there in origins.items() if is_there)


def describe_pseudonyms(*, joinable: bool) -> str:
    """Say how far a pseudonym holds."""
    if joinable:
        return "A person has the same pseudonym in all releases that were made to be joined, this one among them."
    return "Pseudonyms are of this release only."


def _what(manifest: dict[str, Any], rows: Sequence[SequenceRow], *, landmarks_only: bool) -> str:
    n_people = len({row.subject_id for row in rows})
    if manifest["kind"] == "synthetic":
        return (
            f"**Synthetic: drawn faces, no people.** {len(rows)} sequences of {n_people} drawn actors.\n"
            "**합성 데이터: 그려진 얼굴이며 실제 사람이 아닙니다.**"
        )
    what = "face landmarks (geometry) of" if landmarks_only else "pictures of the faces of"
    text = (
        f"{len(rows)} sequences with {what} {n_people} {'person' if n_people == 1 else 'people'}, each of whom agreed "
        "to be published. Anybody may take that back; the next release is then without them. Please use the newest "
        "release only, and do not try to identify anyone.\n\n"
        f"공개에 동의한 {n_people}명의 시퀀스 {len(rows)}개입니다. 동의는 언제든 철회할 수 있으며, 다음 릴리스부터 "
        "빠집니다. 항상 최신 릴리스만 사용하고, 누구인지 알아내려 하지 마세요."
    )
    if landmarks_only:
        text += (
            "\n\n**No pictures are in here. Geometry can still be personal.** With landmarks one can recognise a "
            "person by the proportions of the face, against landmarks read from any photo of them; find the same "
            "recording again in another release, by its numbers; and read expression, gaze and the turn of the head. "
            "So the same care applies.\n"
            "**사진은 들어 있지 않지만, 얼굴 형상도 개인정보가 될 수 있습니다.** 랜드마크만으로도 "
            "얼굴 비율로 사람을 알아보거나, "
            "다른 릴리스에서 같은 녹화를 찾아내거나, 표정·시선·고개 방향을 읽을 수 있으니 사진처럼 다뤄 주세요."
        )
    return text


def _labels(rows: Sequence[SequenceRow], n_unreviewed: int) -> str:
    people: dict[str, set[str]] = {}
    for row in rows:
        people.setdefault(row.label, set()).add(row.subject_id)
    table = "\n".join(f"| {label} | {count} | {len(people[label])} |" for label, count in count_labels(rows).items())
    if n_unreviewed == 0:
        reviewed = "Every label was checked by eye."
    else:
        reviewed = (
            f"**{n_unreviewed} of {len(rows)} labels were not reviewed**: they are {describe_origin(rows)}, "
            "which was not checked."
        )
    return f"| label | sequences | people |\n|---|---|---|\n{table}\n\n{reviewed}"


def _how(manifest: dict[str, Any], *, landmarks_only: bool) -> str:
    image = manifest["image"]
    lines = ["- `labels.csv`: one row per sequence: `sequence_id`, `subject_id`, `take_id`, `label`, times, and more."]
    if landmarks_only:
        lines.append(
            "- `landmarks.npy`: float32 (pictures, 478, 3), x and y as fractions of the picture, z in the scale of x; "
            "NaN where no face was found. `landmarks.csv`: the sequence and number of each picture, in the same order."
        )
        lines.append(
            "- `sha256` in `labels.csv` is of the sequence's rows in `landmarks.npy`; nothing in here is made of the "
            "pictures' files."
        )
    else:
        size = f"{image['width_px']} x {image['height_px']}"
        lines.append(f"- `images/<sequence_id>_frame_<n>.jpg`: its pictures, {size}, centred square, not mirrored.")
    lines.append("- `dataset.json`: classes, protocol, crop and resize.")
    return "\n".join(lines)


def _limits(manifest: dict[str, Any], rows: Sequence[SequenceRow], landmarker: str | None) -> str:
    n_people = len({row.subject_id for row in rows})
    sources = ", ".join(sorted({row.source for row in rows}))
    few = " Few people: split by person, and expect wide intervals." if n_people < 30 else ""
    posed = " Expressions were prompted, so they are posed." if any(map(was_prompted, rows)) else ""
    found = f" Landmarks are what {landmarker} found, with its errors." if landmarker else ""
    return f"Known limits: sources are {sources}.{posed}{few}{found} Age, gender and skin tone were not recorded."
