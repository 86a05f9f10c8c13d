"""The page of a large dataset: all rows, thumbnails beside it, only what is in view."""

import json
import re
import subprocess

import cv2
import numpy as np
import pytest

from tools.grid_viewer import large
from tools.grid_viewer.cli import main


@pytest.fixture
def dataset(make_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(large, "LEAST", 5)
    monkeypatch.setattr(large, "A_SPRITE", 12)
    return make_dataset(tmp_path / "faces", subjects=3)  # 12 sequences of 5 pictures


def run(dataset, out, *flags):
    return main(["--dataset", str(dataset.folder), "--out", str(out), "--quiet", *flags])


def read_rows(out):
    text = (out / "index.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="rows">(.*?)</script>', text, re.DOTALL)[1])


def test_every_sequence_has_its_row_and_its_thumbnails(dataset, tmp_path):
    out = tmp_path / "out"
    assert run(dataset, out) == 0
    rows = read_rows(out)
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (row.sequence_id, row.subject_id, row.take_id) for row in dataset.rows
    ]
    lines = (dataset.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    for cells, row in zip(rows, dataset.rows, strict=True):
        assert lines[cells[6] - 1].startswith(row.sequence_id + ",")
        _, sprite, tile, n_frames = cells[-4:]
        sheet = cv2.imread(str(out / f"thumbs_{sprite:05d}.jpg"))
        frames = dataset.load_frames(row)
        assert n_frames == len(frames)
        for number, frame in enumerate(frames):
            top, left = (tile + number) // 10 * 112, (tile + number) % 10 * 112
            shown = sheet[top : top + 112, left : left + 112, ::-1].astype(float)
            wanted = cv2.resize(frame, (112, 112), interpolation=cv2.INTER_AREA).astype(float)
            assert np.abs(shown - wanted).mean() < 6  # jpg


def test_no_sheets_are_drawn_and_those_of_a_smaller_run_go_with_its_thumbnails(dataset, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    monkeypatch.setattr(large, "LEAST", 100)
    run(dataset, out)
    assert list(out.glob("page_*.png"))
    monkeypatch.setattr(large, "LEAST", 5)
    (out / "thumbs_00099.jpg").write_bytes(b"somebody's own")
    run(dataset, out)
    assert not list(out.glob("page_*.png"))
    assert len(list(out.glob("thumbs_*.jpg"))) == 6 + 1
    assert "sheets  none of so many" in capsys.readouterr().out
    monkeypatch.setattr(large, "LEAST", 100)
    run(dataset, out)
    assert [path.name for path in out.glob("thumbs_*.jpg")] == ["thumbs_00099.jpg"]


def test_in_a_real_browser_only_what_is_in_view_is_made_under_the_content_policy(dataset, tmp_path):
    run(dataset, tmp_path / "out", "--lang", "ko")
    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--window-size=800,400", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
            (tmp_path / "out" / "index.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert re.search(r'<output id="count"[^>]*>시퀀스 12개 중 12개 표시', done.stdout)
    cards = re.findall(r'<article class="card cell"[^>]* id="(seq_\d+)"', done.stdout)
    assert 0 < len(cards) < 12
    assert cards == [row.sequence_id for row in dataset.rows][: len(cards)]
    assert "thumbs_00001.jpg" in done.stdout
