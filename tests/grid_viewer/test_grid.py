"""What grid-viewer makes of a dataset: sheets, page, files in place."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared.dataset.protocol import parse_protocol, read_protocol
from shared.text.label_style import COLOURS_RGB, assign_marks
from tools.grid_viewer import sheet
from tools.grid_viewer.cli import main
from tools.grid_viewer.page import sequences_order


class Cards(HTMLParser):
    """Collects the page's cards in order, and every source of a picture."""

    def __init__(self, text):
        super().__init__()
        self.cards, self.sources = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "article":
            self.cards.append(attrs)
        if tag == "img" and "src" in attrs:
            self.sources.append(attrs["src"])


def read_page(out):
    return (out / "index.html").read_text(encoding="utf-8")


def edit_labels(folder, change):
    path = folder / "labels.csv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def dataset(make_dataset, tmp_path):
    return make_dataset(tmp_path / "faces", subjects=3)  # 12 sequences


def run(dataset, out, *flags):
    return main(["--dataset", str(dataset.folder), "--out", str(out), "--quiet", *flags])


def test_every_sequence_is_on_the_page_once_with_its_label_and_row_in_labels_csv(dataset, tmp_path):
    assert run(dataset, tmp_path / "out") == 0
    cards = Cards(read_page(tmp_path / "out")).cards
    assert [(c["id"], c["data-label"], c["data-subject"]) for c in cards] == [
        (row.sequence_id, row.label, row.subject_id) for row in dataset.rows
    ]
    lines = (dataset.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    for card in cards:
        assert lines[int(card["data-row"]) - 1].startswith(card["id"] + ",")


def test_sheets_hold_rows_as_told_and_frames_of_at_least_160_px(dataset, tmp_path):
    assert run(dataset, tmp_path / "out", "--rows", "5") == 0
    pages = sorted((tmp_path / "out").glob("*.png"))
    assert [page.name for page in pages] == ["page_001.png", "page_002.png", "page_003.png"]  # 5 + 5 + 2 rows
    heights = [cv2.imread(str(page)).shape[0] for page in pages]
    assert heights[0] == heights[1] > heights[2]
    assert sheet.FRAME_PX >= 160
    first = cv2.imread(str(pages[0]), cv2.IMREAD_COLOR_RGB)
    left, top = sheet.MARGIN_PX + sheet.TEXT_PX, sheet.HEAD_PX + sheet.GAP_PX
    drawn = first[top : top + sheet.FRAME_PX, left : left + sheet.FRAME_PX]
    stored = cv2.resize(dataset.load_frames(dataset.rows[0])[0], (sheet.FRAME_PX,) * 2, interpolation=cv2.INTER_AREA)
    assert np.array_equal(drawn, stored)


def test_a_sheet_shows_the_labels_colour_beside_the_sequence(dataset, tmp_path):
    run(dataset, tmp_path / "out")
    page = cv2.imread(str(tmp_path / "out" / "page_001.png"), cv2.IMREAD_COLOR_RGB)
    height = sheet.line_height_px([dataset.rows[0]])
    marks = assign_marks(dataset.manifest["classes"], "smile")
    for index, row in enumerate(dataset.rows[:4]):
        y = sheet.HEAD_PX + index * height + sheet.GAP_PX + 12
        assert tuple(page[y, sheet.MARGIN_PX + 2]) == marks[row.label].colour_rgb


def test_rows_are_sorted_by_person_take_and_id_with_numbers_as_numbers(dataset, tmp_path):
    edit_labels(dataset.folder, lambda text: text.replace(",s01,", ",s10,"))
    for take in dataset.folder.glob("takes/*.json"):
        take.write_text(take.read_text(encoding="utf-8").replace('"s01"', '"s10"'), encoding="utf-8")
    run(dataset, tmp_path / "out")
    cards = Cards(read_page(tmp_path / "out")).cards
    assert [card["data-subject"] for card in cards] == ["s02"] * 4 + ["s03"] * 4 + ["s10"] * 4
    assert sorted(["s10", "s2", "kim", "s1"], key=sequences_order) == ["kim", "s1", "s2", "s10"]


def test_filters_choose_what_is_drawn(dataset, tmp_path, capsys):
    flags = ["--label", "smile", "--subject", "s01", "--subject", "s03", "--json"]
    assert run(dataset, tmp_path / "out", *flags) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n_sequences"] == 4
    assert result["by_label"] == {"smile": 4}
    cards = Cards(read_page(tmp_path / "out")).cards
    assert {(c["data-subject"], c["data-label"]) for c in cards} == {("s01", "smile"), ("s03", "smile")}


def test_the_page_needs_nothing_from_outside_and_runs_only_its_own_script(dataset, tmp_path):
    run(dataset, tmp_path / "out")
    text = read_page(tmp_path / "out")
    assert all(source.startswith("data:image/jpeg;base64,") for source in Cards(text).sources)
    assert not re.search(r"(src|href)=[\"']?(https?:|//|file:)", text)
    assert "default-src 'none'" in text
    assert str(tmp_path) not in text  # no folder of this computer


def test_what_comes_from_the_dataset_is_escaped(dataset, tmp_path):
    from tools.grid_viewer.page import Page, PageFacts

    # The schema allows no such name today; the page must not rely on it.
    dataset.manifest["name"] = "</script><b>&\"'{{title}}"
    marks = assign_marks(dataset.manifest["classes"], "smile")
    with (tmp_path / "x.html").open("w", encoding="utf-8") as stream:
        facts = PageFacts(dataset, dataset.rows[:1], {"seq_0001": 2}, marks, "<i>selection", "en")
        page = Page(stream, facts)
        page.add(dataset.rows[0], dataset.load_frames(dataset.rows[0]))
        page.close()
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "<i>" not in text
    assert text.count("</script>") == 2
    assert "{{title}}: all sequences</h1>" in text  # a name that looks like a placeholder stays as it is


def test_synthetic_data_is_marked_on_page_and_sheet_and_people_are_not(make_dataset, tmp_path):
    pages = {}
    for kind in ("synthetic", "real"):
        data = make_dataset(tmp_path / kind, subjects=1, kind=kind)
        run(data, tmp_path / f"out_{kind}", "--lang", "en")
        pages[kind] = read_page(tmp_path / f"out_{kind}").partition("<script")[0]
    assert "SYNTHETIC: drawn faces, no people" in pages["synthetic"]
    assert "SYNTHETIC" not in pages["real"]
    sheets = [cv2.imread(str(tmp_path / f"out_{kind}" / "page_001.png")) for kind in ("synthetic", "real")]
    corner = [image[14:46, -40:-20].mean(axis=(0, 1)) for image in sheets]
    assert corner[0][2] - corner[0][0] > 100  # a red plate
    assert corner[1].min() > 240  # paper


def test_photos_share_lines_and_have_no_player(make_dataset, tmp_path):
    document = {**read_protocol().document, "frame_count": 1, "frame_interval_ms": 0, "sequences_per_window": 4}
    photos = make_dataset(tmp_path / "photos", subjects=2, protocol=parse_protocol(document, "test"))
    assert {row.frame_count for row in photos.rows} == {1}
    assert run(photos, tmp_path / "out") == 0
    page = cv2.imread(str(tmp_path / "out" / "page_001.png"))
    # 8 photos a person: a line of 5 and one of 3, twice.
    line = sheet.FRAME_PX + sheet.CAPTION_PX + 2 * sheet.GAP_PX
    assert page.shape[0] == sheet.HEAD_PX + 4 * line + sheet.MARGIN_PX
    text = read_page(tmp_path / "out")
    assert len(Cards(text).sources) == 16
    assert 'class="player"' not in text


def test_long_sequences_go_on_below(make_dataset, tmp_path):
    document = {**read_protocol().document, "frame_count": 12, "frame_interval_ms": 50, "sequences_per_window": 1}
    data = make_dataset(tmp_path / "long", subjects=1, protocol=parse_protocol(document, "test"))
    assert run(data, tmp_path / "out") == 0
    page = cv2.imread(str(tmp_path / "out" / "page_001.png"))
    line = 3 * (sheet.FRAME_PX + sheet.GAP_PX) + 2 * sheet.GAP_PX  # 5 + 5 + 2 pictures
    assert page.shape[0] == sheet.HEAD_PX + 2 * line + sheet.MARGIN_PX


def test_sheets_of_a_larger_run_go_and_files_of_others_stay(dataset, tmp_path, capsys):
    out = tmp_path / "out"
    run(dataset, out, "--rows", "2")
    for name in ("page_900.png", "page_notes.png", "notes.txt"):
        (out / name).write_bytes(b"mine")
    capsys.readouterr()
    run(dataset, out, "--rows", "6", "--json")
    assert json.loads(capsys.readouterr().out)["n_removed"] == 4
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert names == {"page_001.png", "page_002.png", "index.html", "page_900.png", "page_notes.png", "notes.txt"}
    assert (out / "page_900.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["index.html", "page_001.png"])
def test_a_strangers_file_is_not_overwritten(dataset, tmp_path, capsys, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    assert run(dataset, out) == 1
    assert "grid-viewer did not write" in capsys.readouterr().err
    assert [path.name for path in out.iterdir() if not path.name.startswith(".")] == [name]
    assert (out / name).read_bytes() == b"mine"


def test_a_broken_picture_stops_with_its_name_and_leaves_the_earlier_sheets(dataset, tmp_path, capsys):
    out = tmp_path / "out"
    run(dataset, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (dataset.folder / "images" / "seq_0012_frame_4.jpg").write_bytes(b"no jpg")
    capsys.readouterr()
    assert run(dataset, out) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "seq_0012_frame_4.jpg" in error
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_a_killed_run_left_is_cleared_away(dataset, tmp_path):
    left = tmp_path / "out" / ".grid-viewer-abc.tmp"
    left.mkdir(parents=True)
    (left / "page_001.png").write_bytes(b"half")
    assert run(dataset, tmp_path / "out") == 0
    assert not left.exists()


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--label", "grin"], 2, "found 'grin', expected one of non_smile, smile"),
        (["--subject", "s99"], 2, "found 's99', expected one of s01, s02, s03"),
    ],
)
def test_filters_that_cannot_be_meant_are_refused_in_one_line(dataset, tmp_path, capsys, flags, code, words):
    assert run(dataset, tmp_path / "out", *flags) == code
    out, error = capsys.readouterr()
    assert out == ""
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_sheet_of_more_rows_than_a_picture_viewer_opens_is_refused(dataset, tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        run(dataset, tmp_path / "out", "--rows", "101")
    assert refused.value.code == 2
    assert "--rows: found '101', expected a whole number from 1 to 100" in capsys.readouterr().err


def test_an_empty_dataset_and_a_missing_one_say_what_to_do(make_dataset, tmp_path, capsys):
    empty = make_dataset(tmp_path / "empty", subjects=0)
    assert run(empty, tmp_path / "out") == 1
    assert "a dataset without sequences" in capsys.readouterr().err
    assert main(["--dataset", str(tmp_path / "nothing"), "--quiet"]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_the_default_place_is_artifacts_grids(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    assert main(["--dataset", str(dataset.folder), "--quiet"]) == 0
    assert (tmp_path / "home" / "artifacts" / "grids" / "faces" / "index.html").is_file()


def test_both_languages_stand_in_the_page_and_lang_chooses_the_first(dataset, tmp_path):
    run(dataset, tmp_path / "out", "--lang", "ko")
    text = read_page(tmp_path / "out")
    assert '<html lang="ko">' in text
    assert "시퀀스 12개" in text
    assert "라벨이 틀렸나요?" in text
    assert "A label is wrong?" in text


def test_hangul_on_a_sheet_is_drawn_and_not_a_question_mark():
    def draw(text):
        image = np.full((40, 80, 3), 255, np.uint8)
        sheet.write(image, text, (4, 30), 24)
        return image

    assert (draw("웃") < 128).sum() > 50
    assert not np.array_equal(draw("웃"), draw("?"))
    assert not np.array_equal(draw("웃"), draw("음"))


def test_white_text_on_every_label_colour_has_a_contrast_of_4_5():
    # WCAG 2.2: relative luminance from linearised sRGB; white has 1.
    for colour in COLOURS_RGB:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5


def test_classes_differ_in_shape_and_the_positive_one_is_the_circle():
    marks = assign_marks(["non_smile", "smile", "unsure"], "smile")
    assert marks["smile"].shape == "circle"
    assert len({mark.shape for mark in marks.values()}) == 3
    many = assign_marks([f"c{i}" for i in range(35)], "c0")
    assert len(set(many.values())) == 35


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")
def test_in_a_real_browser_the_script_runs_under_its_content_policy(dataset, tmp_path):
    run(dataset, tmp_path / "out", "--lang", "ko")
    path = tmp_path / "out" / "index.html"
    text = path.read_text(encoding="utf-8")
    # The count is filled in by the script; an empty one shows whether it ran.
    emptied = re.sub(r'(<output id="count"[^>]*>)[^<]*', r"\1", text)
    assert emptied != text
    path.write_text(emptied, encoding="utf-8")
    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.search(r'<output id="count"[^>]*>시퀀스 12개 중 12개 표시', done.stdout)


def test_help_answers_without_heavy_imports():
    code = (
        "import sys; from tools.grid_viewer.cli import parser; parser().format_help();"
        "print([m for m in ('cv2', 'numpy', 'torch', 'av') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
