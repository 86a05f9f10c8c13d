"""Reads tables as spreadsheets save them: commas, semicolons or tabs; UTF-8 with or without a mark, UTF-16 or cp949.

Knows nothing of what the columns mean. Column names are compared without regard to case and spaces.
"""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInput

_DELIMITERS = ",;\t"
_KOREAN = {
    "파일": "file",
    "파일명": "file",
    "시작": "start",
    "끝": "end",
    "종료": "end",
    "라벨": "label",
    "레이블": "label",
}
_KOREAN |= {"대상": "subject", "피험자": "subject", "사람": "subject"}


@dataclass(frozen=True)
class TableRow:
    """A row by column name; `number` is that of the line in a spreadsheet, the header being 1."""

    number: int
    cells: dict[str, str]


def read_table(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Read a table.

    Args:
        path: The file.
        columns: Columns that must be there; others may be.

    Returns:
        The rows that are not empty; names of columns in lower case, Korean ones in English, cells without outer spaces.

    Raises:
        InvalidInput: No such file, not a table, or a column is missing; names those that are there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(str(path), found=error.strerror or str(error), expected="a csv") from None
    text = _decode(data, path)
    first, _, rest = text.partition("\n")
    delimiter = ""
    if first.strip().lower().startswith("sep="):  # Excel's own first line
        delimiter, text, first = first.strip()[4:5], rest, rest.partition("\n")[0]
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InvalidInput(str(path), found=str(error), expected="a csv") from None
    if not lines:
        raise InvalidInput(str(path), found="an empty file", expected="a header and rows")
    header = [_column(cell) for cell in lines[0]]
    expected = [_column(name) for name in columns]
    if missing := [name for name in expected if name not in header]:
        raise InvalidInput(
            f"{path}: row 1",
            found="the columns " + ", ".join(name or "(no name)" for name in header),
            expected="also " + ", ".join(missing),
        )
    twice = next((name for name in expected if header.count(name) > 1), None)
    if twice:
        raise InvalidInput(f"{path}: row 1", found=f"the column {twice} twice", expected="it once")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line]
        if any(cells):
            cells += [""] * (len(header) - len(cells))
            rows.append(TableRow(number, dict(zip(header, cells, strict=False))))
    return rows


def _column(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip()).lower()
    return _KOREAN.get(name, name)


def column(name: str) -> str:
    """Write a column's name as `read_table` does."""
    return _column(name)


def _decode(data: bytes, path: Path) -> str:
    """Decode a table by its mark, else as UTF-8, else as Korean Windows writes it."""
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if has_mark else ["utf-8-sig", "cp949"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InvalidInput(
        str(path), found="bytes that are no text", expected="a csv in UTF-8, UTF-16 or cp949", todo="save it as csv"
    )


def parse_number(text: str) -> float | None:
    """Parse a number with a decimal point or comma; None for anything else, also for nan and inf."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Moment:
    """A moment of a film as a table names it: one of both is given.

    Attributes:
        time_s: Seconds on the player's clock.
        frame: A frame's number, from 0.
    """

    time_s: float | None = None
    frame: int | None = None


MOMENTS = "seconds (62.5), m:ss (1:02.5), h:mm:ss or a frame from 0 (120f)"
_CLOCK = re.compile(r"(?:(\d{1,3}):([0-5]?\d)|(\d{1,4})):([0-5]?\d(?:[.,]\d+)?)")


def parse_moment(text: str) -> Moment | None:
    """Parse a moment of a film, as players and editors show it; None for anything else, also before 0.

    Example:
        >>> parse_moment("1:02.5"), parse_moment("120f")
        (Moment(time_s=62.5, frame=None), Moment(time_s=None, frame=120))
    """
    text = text.strip()
    if re.fullmatch(r"\d{1,9}\s?[fF]", text):
        return Moment(frame=int(text[:-1]))
    if clock := _CLOCK.fullmatch(text):
        hours, minutes_of_hour, minutes, seconds = clock.groups()
        whole_s = 3600 * int(hours or 0) + 60 * int(minutes_of_hour or minutes or 0)
        return Moment(whole_s + float(seconds.replace(",", ".")))
    value = parse_number(text)
    return None if value is None or value < 0 else Moment(value)


def find_file(folder: Path, name: str) -> Path | None:
    """Find a file that a table names, also where a Mac has written Hangul in parts, or Windows a backslash."""
    for form in ("NFC", "NFD"):
        for text in (name, name.replace("\\", "/")):
            path = folder / unicodedata.normalize(form, text)
            if path.is_file():
                return path
    path = folder / name
    return path if path.is_file() else None
