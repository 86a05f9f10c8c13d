"""Makes a dataset's sheets and page: chooses and sorts the rows, draws them once, and puts the files in place.

Each sequence is decoded once and goes to its sheet and to the page; memory holds one sheet. Everything is made in a
folder beside the target and then renamed, so a broken picture or Ctrl-C leaves the earlier sheets as they were.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts, paths
from shared.dataset import reader
from shared.dataset.ahead import map_ahead
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput, WrongUsage
from shared.system import portable
from shared.text.catalogue import Words
from shared.text.label_style import Mark, assign_marks, label_word
from tools.grid_viewer import large, sheet
from tools.grid_viewer.config import GridConfig
from tools.grid_viewer.page import SIGNATURE, Page, PageFacts, sequences_order
from tools.grid_viewer.words import TEXTS

PAGE = "index.html"
LARGE_PAGE_BYTES = 60_000_000


@dataclass(frozen=True)
class Grid:
    """What was made. Paths are absolute."""

    dataset: Dataset
    out: Path
    pages: tuple[Path, ...]
    n_sequences: int
    n_subjects: int
    by_label: dict[str, int]
    n_removed: int
    index_bytes: int
    exit_code: int = 0  # what could not be made was an error

    def as_text(self) -> str:
        """Summarise for people."""
        labels = ", ".join(f"{count} {label}" for label, count in self.by_label.items())
        kind = " (SYNTHETIC: drawn faces)" if self.dataset.is_synthetic else ""
        lines = [
            f"{self.n_sequences} sequences of {self.n_subjects} people in {self.dataset.name}{kind}: {labels}",
            f"  page    {paths.shown(self.out / PAGE)} ({self.index_bytes / 1e6:.1f} MB, open it in a browser)",
        ]
        if self.pages:
            more = f" to {self.pages[-1].name}" if len(self.pages) > 1 else ""
            lines.append(f"  sheets  {paths.shown(self.pages[0])}{more}")
        else:
            lines.append(
                "  sheets  none of so many; --subject or --label choose fewer (the page's thumbnails lie beside it)"
            )
        if self.n_removed:
            lines.append(f"  {self.n_removed} sheets of an earlier, larger run removed")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": self.dataset.reference(),
            "n_sequences": self.n_sequences,
            "n_subjects": self.n_subjects,
            "by_label": self.by_label,
            "out": str(self.out),
            "index": str(self.out / PAGE),
            "index_bytes": self.index_bytes,
            "pages": [str(path) for path in self.pages],
            "n_removed": self.n_removed,
        }


def make_grid(config: GridConfig) -> Grid:
    """Draw a dataset's sequences on sheets and a page.

    Raises:
        InvalidInput: No valid dataset, nothing to show, a picture that cannot be read, or a file in the way that
            grid-viewer did not write.
        WrongUsage: A label or person that the dataset does not have.
    """
    dataset = reader.open_dataset(config.dataset)
    rows = select_rows(dataset, config.labels, config.subjects)
    out = config.out or paths.artifacts("grids") / dataset.folder.name
    contracts.make_folder(out) if config.out else contracts.make_private(out)
    try:
        with filelock.FileLock(out / ".grid-viewer.lock", timeout=0):
            return _make_in(out, dataset, rows, config)
    except filelock.Timeout:
        raise InvalidInput(
            str(out), found="another grid-viewer at work in it", expected="one at a time", todo="wait, or choose --out"
        ) from None


def select_rows(dataset: Dataset, labels: Sequence[str], subjects: Sequence[str]) -> list[SequenceRow]:
    """Choose rows by label and person, sorted by person, take and id; numbers in names count as numbers.

    Raises:
        InvalidInput: The dataset is empty, or no sequence fits.
        WrongUsage: A label or person that the dataset does not have.
    """
    if not dataset.rows:
        raise InvalidInput(
            str(dataset.folder),
            found="a dataset without sequences",
            expected="at least one",
            todo=f"record some: ./inv collect --dataset {dataset.name} --subject s01",
        )
    for flag, chosen, known in (
        ("--label", labels, dataset.manifest["classes"]),
        ("--subject", subjects, dataset.subjects()),
    ):
        for value in chosen:
            if value not in known:
                shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
                raise WrongUsage(flag, found=repr(value), expected=f"one of {shown}")
    rows = [
        row
        for row in dataset.rows
        if (not labels or row.label in labels) and (not subjects or row.subject_id in subjects)
    ]
    if not rows:
        raise InvalidInput(str(dataset.folder), found="no sequence that fits --label and --subject", expected="some")
    return sorted(rows, key=lambda row: tuple(map(sequences_order, (row.subject_id, row.take_id, row.sequence_id))))


def _make_in(out: Path, dataset: Dataset, rows: list[SequenceRow], config: GridConfig) -> Grid:
    """Make everything in a temporary folder, then rename it into place, the page last."""
    for leftover in out.glob(".grid-viewer-*.tmp"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(dir=out, prefix=".grid-viewer-", suffix=".tmp") as temporary:
        made = _draw_all(Path(temporary), dataset, rows, config)
        index = Path(temporary) / PAGE
        index_bytes = index.stat().st_size
        for path in [*made, index]:
            if (out / path.name).exists() and not _is_ours(out / path.name):
                raise InvalidInput(
                    str(out / path.name),
                    found="a file that grid-viewer did not write",
                    expected="none of that name",
                    todo="move it away, or choose another --out",
                )
        for path in [*made, index]:
            portable.replace(path, out / path.name)
    names = {path.name for path in made}
    old = [
        path
        for pattern in ("page_*.png", "thumbs_*.jpg")
        for path in out.glob(pattern)
        if re.fullmatch(r"(page_\d{3,}\.png|thumbs_\d{5,}\.jpg)", path.name)
        and path.name not in names
        and _is_ours(path)
    ]
    for path in old:
        path.unlink()
    if index_bytes > LARGE_PAGE_BYTES:
        cli.note(f"grid-viewer: the page has {index_bytes / 1e6:.0f} MB; --subject or --label makes smaller ones")
    return Grid(
        dataset=dataset,
        out=out,
        pages=tuple(out / path.name for path in made if path.suffix == ".png"),
        n_sequences=len(rows),
        n_subjects=len({row.subject_id for row in rows}),
        by_label=reader.count_labels(rows),
        n_removed=len(old),
        index_bytes=index_bytes,
    )


def _draw_all(folder: Path, dataset: Dataset, rows: list[SequenceRow], config: GridConfig) -> list[Path]:
    """Write sheets and page into a folder; returns the sheets, or the thumbnails of a large dataset."""
    marks = assign_marks(dataset.manifest["classes"], dataset.positive_class)
    lines = sheet.arrange_lines(rows)
    pages = [lines[start : start + config.rows_per_page] for start in range(0, len(lines), config.rows_per_page)]
    facts = PageFacts(
        dataset=dataset,
        rows=rows,
        row_numbers={row.sequence_id: number for number, row in enumerate(dataset.rows, start=2)},
        marks=marks,
        selection=", ".join([*config.labels, *config.subjects]),
        lang=config.lang,
    )
    if len(rows) > large.LEAST:
        return _draw_large(folder, facts)
    made: list[Path] = []
    with (folder / PAGE).open("w", encoding="utf-8", newline="\n") as stream:
        page = Page(stream, facts)
        for number, page_lines in enumerate(cli.progress(pages, what="draw sheets"), start=1):
            drawing = sheet.Sheet(page_lines, _heading(facts, marks, number, len(pages)), marks, config.lang)
            for line in page_lines:
                for row in line:
                    frames = dataset.load_frames(row)
                    page.add(row, frames)
                    drawing.add(row, frames, starts_line=row is line[0], ends_line=row is line[-1])
            path = folder / f"page_{number:03d}.png"
            path.write_bytes(drawing.encode())
            made.append(path)
        page.close()
    return made


def _draw_large(folder: Path, facts: PageFacts) -> list[Path]:
    """Write the page of a large dataset and its thumbnails into a folder; returns these."""
    with (folder / PAGE).open("w", encoding="utf-8", newline="\n") as stream:
        page = large.LargePage(stream, folder, facts)
        frames_of = map_ahead(facts.dataset.load_frames, facts.rows)
        for row, frames in zip(cli.progress(facts.rows, what="draw thumbnails"), frames_of, strict=True):
            page.add(row, frames)
        page.close()
    return page.sprites


def _heading(facts: PageFacts, marks: dict[str, Mark], number: int, total: int) -> sheet.Heading:
    """Write a sheet's heading in its language."""
    words = Words(TEXTS, facts.lang)
    counts = reader.count_labels(facts.rows)
    parts = [words("page", page=number, pages=total), words("sequences", count=len(facts.rows))]
    parts += [f"{label_word(label, facts.lang)} {counts[label]}" for label in marks if label in counts]
    if facts.selection:
        parts.append(words("selection", selection=facts.selection))
    return sheet.Heading(facts.dataset.name, " · ".join(parts), facts.dataset.is_synthetic)


def _is_ours(path: Path) -> bool:
    """Tell whether grid-viewer wrote a file, by the name that it leaves in each."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(256)
    return sheet.SOFTWARE in head if path.suffix in (".png", ".jpg") else SIGNATURE.encode() in head
