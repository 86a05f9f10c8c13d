"""Photos as people bring them: any kind, any name, any size; each is stored rightly or named with its reason."""

import csv
import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from shared import paths
from shared.dataset import bulk_writer, reader
from shared.faces.detector import FaceFinder
from shared.pictures import kinds
from shared.pictures.unusable import Unusable

Run = Callable[..., tuple[int, dict[str, Any], str]]
Draw = Callable[..., Any]
ROOT = Path(__file__).parents[2]
MODEL = paths.assets() / "models/face_detection_yunet_2023mar.onnx"
PHOTOS = paths.assets() / "data/images/genki4k/images"
needs_faces = pytest.mark.skipif(not (MODEL.is_file() and PHOTOS.is_dir()), reason=f"no photos in {PHOTOS}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("smile", "non_smile"):
        (tmp_path / "in" / name).mkdir(parents=True)
    return tmp_path / "in"


def reasons(answer: dict[str, Any]) -> dict[str, str]:
    return {each["what"]: each["reason"] for each in answer["left_out"]}


def encode(picture: Any, kind: str, **words: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **words)
    return out.getvalue()


def test_kinds_are_told_by_their_bytes_and_never_by_names(folder: Path, run: Run, draw: Draw) -> None:
    """.jfif, .avif, .gif and names without an ending were "another kind of file"."""
    named = {"a.jfif": "JPEG", "b.avif": "AVIF", "c.gif": "GIF", "d": "JPEG", "e.txt": "PNG", "f.jpg": "WEBP"}
    for number, (name, kind) in enumerate({**named, "g.jp2": "JPEG2000", "h.dat": "TIFF"}.items()):
        (folder / "smile" / name).write_bytes(encode(draw(number, 120, 120), kind))
    (folder / "smile" / "notes.jpg").write_text("a shopping list")
    (folder / "smile" / "film.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(100))
    code, answer, _ = run("--dataset", "p", "--photos", folder)
    assert (code, answer["n_added"]) == (0, 8)
    assert reasons(answer) == {"smile/film.mov": "no_picture", "smile/notes.jpg": "unreadable"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_mark_of_orientation_counts_in_every_kind(kind: str, folder: Path, run: Run, tmp_path: Path) -> None:
    picture = np.full((120, 120, 3), 30, np.uint8)
    picture[:, :60] = 220  # white on the left, as the sensor has it
    mark = Image.Exif()
    mark[0x0112] = 6  # a quarter turn clockwise: white above
    (folder / "smile" / "turned").write_bytes(encode(picture, kind, exif=mark))
    assert run("--dataset", "p", "--photos", folder)[1]["n_added"] == 1
    dataset = reader.open_dataset(tmp_path / "datasets/p")
    stored = dataset.load_frames(dataset.rows[0])[0]
    assert stored[:100].min() > 200
    assert stored[124:].max() < 50


def test_a_moving_photos_film_does_not_make_it_a_broken_one(folder: Path, run: Run, draw: Draw) -> None:
    """The end mark was searched for over the whole file, film and all: 22 of 40 such photos were refused."""
    photo = encode(draw(1, 200, 200), "JPEG")
    for number, tail in enumerate([b"", b"\xff\xda" + bytes(3000), b"ftypmp42" + b"\xff\xda\xff" * 500]):
        (folder / "smile" / f"{number}.jpg").write_bytes(photo + bytes([number]) + tail)
    (folder / "smile" / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    thumbnail = encode(draw(2, 64, 64), "JPEG")
    inside = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail  # ends by a mark of its own
    (folder / "smile" / "cut_with_thumbnail.jpg").write_bytes(photo[:2] + inside + photo[2 : len(photo) // 2])
    (folder / "smile" / "whole_with_thumbnail.jpg").write_bytes(photo[:2] + inside + photo[2:])
    progressive = encode(draw(3, 200, 200), "JPEG", progressive=True)
    (folder / "smile" / "progressive.jpg").write_bytes(progressive)
    (folder / "smile" / "progressive_cut.jpg").write_bytes(progressive[: len(progressive) * 3 // 4])
    _, answer, _ = run("--dataset", "p", "--photos", folder)
    assert answer["n_added"] == 5
    assert reasons(answer) == dict.fromkeys(
        ("smile/cut.jpg", "smile/cut_with_thumbnail.jpg", "smile/progressive_cut.jpg"), "truncated"
    )


def test_of_an_animation_the_first_picture_is_taken_and_it_is_said(
    folder: Path, run: Run, draw: Draw, tmp_path: Path
) -> None:
    first, second = (np.tile(np.uint8([[[level]]]), (90, 90, 3)) + draw(1, 90, 90) // 8 for level in (40, 180))
    for kind in ("GIF", "WEBP", "PNG"):
        moving = encode(first, kind, save_all=True, append_images=[Image.fromarray(second)], duration=90)
        (folder / "smile" / f"moving.{kind.lower()}").write_bytes(moving)
    (folder / "smile" / "still.gif").write_bytes(encode(second, "GIF"))
    _, answer, _ = run("--dataset", "p", "--photos", folder)
    assert "of 3 files with several pictures (animations, pages) the first was taken" in answer["notes"]
    dataset = reader.open_dataset(tmp_path / "datasets/p")
    origins = bulk_writer.read_origins(dataset.folder)
    for row in dataset.rows:
        is_still = origins[row.sequence_id].file == "smile/still.gif"
        assert (dataset.load_frames(row).mean() > 120) == is_still
    listed = list(csv.DictReader(io.StringIO((tmp_path / "artifacts/imports/p.csv").read_text("utf-8-sig"))))
    assert {row["file"] for row in listed} == {"smile/moving.gif", "smile/moving.webp", "smile/moving.png"}


def test_every_file_that_was_left_out_is_named_in_a_report(folder: Path, run: Run, tmp_path: Path) -> None:
    """Three names and an ellipsis were all that one was told."""
    for number in range(30):
        (folder / "smile" / f"{number:02d}.txt").write_text("x")
    (folder / "smile" / "black.png").write_bytes(encode(np.zeros((99, 99, 3), np.uint8), "PNG"))
    _, answer, _ = run("--dataset", "p", "--photos", folder)
    assert answer["report"] == str(tmp_path / "artifacts/imports/p.csv")
    listed = list(csv.DictReader(io.StringIO(Path(answer["report"]).read_text("utf-8-sig"))))
    assert {row["file"] for row in listed} == {*(f"smile/{number:02d}.txt" for number in range(30)), "smile/black.png"}
    assert {row["reason"] for row in listed} == {"no_picture", "blank"}


def test_photos_of_a_kind_that_a_package_is_missing_for_name_it(
    folder: Path, run: Run, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of HEIC was told "no photo in a class's folder"."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    for number in range(5):
        (folder / "smile" / f"IMG_{number}.HEIC").write_bytes(heic + bytes([number]))
    code, _, err = run("--dataset", "p", "--photos", folder)
    assert code == 3
    assert "found 5 HEIC photos, expected pillow-heif to read them with; install it: python -m pip install" in err
    (folder / "smile" / "a.jpg").write_bytes(encode(draw(1, 90, 90), "JPEG"))
    code, answer, _ = run("--dataset", "p", "--photos", folder)
    assert (code, answer["n_added"], answer["left_out_by_reason"]) == (0, 1, {"needs_package": 5})


def test_heic_is_read_where_its_package_is_installed(folder: Path, run: Run, draw: Draw, tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    picture = np.full((120, 160, 3), 40, np.uint8)
    picture[:, :80] = 200
    (folder / "smile" / "IMG_1.HEIC").write_bytes(encode(picture, "HEIF", quality=95))
    assert run("--dataset", "p", "--photos", folder)[1]["n_added"] == 1
    dataset = reader.open_dataset(tmp_path / "datasets/p")
    stored = dataset.load_frames(dataset.rows[0])[0]
    assert stored[:, :100].mean() > 190
    assert stored[:, 124:].mean() < 50


def write_png(path: Path, side_px: int) -> None:
    """Write a PNG of stripes, one bit a pixel, that holds little and unpacks to much."""
    packed = zlib.compressobj(9)
    rows = [b"\0" + bytes([255 * (number // 999 % 2)]) * (side_px // 8) for number in range(side_px)]
    data = b"".join(map(packed.compress, rows)) + packed.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    parts = [struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def test_pictures_that_unpack_to_gigabytes_are_named_and_memory_stays_below_one(folder: Path, tmp_path: Path) -> None:
    """A PNG of 109 kB took 5.3 GB."""
    write_png(folder / "smile" / "30000.png", 30000)
    (folder / "smile" / "60000.gif").write_bytes(encode(np.zeros((9, 9, 3), np.uint8), "GIF")[:6] + b"\x60\xea\x60\xea")
    for number in range(3):
        write_png(folder / "smile" / f"large_{number}.png", 14000 - 8 * number)
    code = (
        "import sys\n"
        "from tools.importer.cli import main\n"
        "main(sys.argv[1:])\n"
        # of this program alone; ru_maxrss also knows of the one that started it
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM:')).split()[1])"
    )
    words = ["--dataset", "p", "--photos", str(folder), "--face-model", "none", "--quiet"]
    environment = {**os.environ, "SMILEBENCH_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=True
    )
    most_kb = int(done.stdout.splitlines()[-1])
    assert most_kb < 1_000_000
    assert "30000x30000, 900 megapixels; at most 200: --max-megapixels" in done.stdout
    assert "60000" in done.stdout
    assert "3 sequences added" in done.stdout


def test_the_limit_of_pixels_can_be_set(folder: Path, run: Run, draw: Draw) -> None:
    for number in (1, 2):
        (folder / "smile" / f"{number}.jpg").write_bytes(encode(draw(number, 1000, 1000 * number), "JPEG"))
    _, answer, _ = run("--dataset", "p", "--photos", folder, "--max-megapixels", 1.5)
    assert (answer["n_added"], reasons(answer)) == (1, {"smile/2.jpg": "too_large"})


def face(number: int) -> Any:
    """Return a photo of a face, 200 pixels wide."""
    photo = sorted(PHOTOS.glob("*.jpg"))[number]
    return cv2.resize(cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB), (200, 200))


@needs_faces
def test_a_face_outside_of_the_middle_stays_in_and_it_is_written_down(
    folder: Path, run: Run, draw: Draw, tmp_path: Path
) -> None:
    """A tall photo with the face above became a torso."""
    body = draw(7, 200, 500)
    for name, picture in {
        "tall.jpg": np.vstack([face(3), body]),
        "bottom.jpg": np.vstack([body, face(3)]),
        "wide.png": np.hstack([body.transpose(1, 0, 2), face(4)]),
        "middle.png": np.vstack([draw(8, 200, 60), face(5), draw(9, 200, 60)]),
    }.items():
        (folder / "smile" / name).write_bytes(cv2.imencode(Path(name).suffix, picture[:, :, ::-1])[1].tobytes())
    _, answer, err = run("--dataset", "p", "--photos", folder, "--face-model", MODEL)
    assert answer["n_added"] == 4, err
    assert "3 photos were cut around the face, which the middle would have missed" in " ".join(answer["notes"])
    dataset = reader.open_dataset(tmp_path / "datasets/p")
    assert dataset.manifest["photo_crop"] == "center_square_moved_to_face"
    finder = FaceFinder(MODEL)
    for row in dataset.rows:
        (found, *_) = finder.find(dataset.load_frames(row)[0])
        x0, y0, x1, y1 = found.box_xyxy_px
        assert min(x0, y0) > -12
        assert max(x1, y1) < 224 + 12


@needs_faces
def test_photos_without_a_face_are_listed_and_kept_apart_unless_one_wants_them(
    folder: Path, run: Run, draw: Draw
) -> None:
    """A black picture and a strip of a landscape became smiles."""
    for name, picture in {"face.png": face(2), "trees.png": draw(1, 300, 300), "strip.png": draw(2, 900, 60)}.items():
        (folder / "smile" / name).write_bytes(cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
    (folder / "smile" / "black.png").write_bytes(encode(np.zeros((99, 99, 3), np.uint8), "PNG"))
    words = ("--dataset", "p", "--photos", folder, "--face-model", MODEL)
    _, answer, _ = run(*words)
    assert answer["n_added"] == 1
    assert reasons(answer) == {
        "smile/trees.png": "no_face",
        "smile/strip.png": "no_face",
        "smile/black.png": "blank",
    }
    _, answer, _ = run(*words, "--without-face", "keep")
    assert (answer["n_added"], answer["n_known"]) == (2, 1)


def test_a_folder_in_korean_is_refused_with_the_flag_that_takes_it_in(tmp_path: Path, run: Run, draw: Draw) -> None:
    for number, name in enumerate(["웃음", "무표정"]):
        (tmp_path / "사진" / name).mkdir(parents=True)
        (tmp_path / "사진" / name / "1.jpg").write_bytes(encode(draw(number, 90, 90), "JPEG"))
    code, _, err = run("--dataset", "p", "--photos", tmp_path / "사진")
    assert code == 1
    hint = "--labels 무표정=non_smile,웃음=smile"
    assert hint in err
    code, answer, _ = run("--dataset", "p", "--photos", tmp_path / "사진", *hint.split())
    assert (code, answer["added_by_label"]) == (0, {"non_smile": 1, "smile": 1})


def test_of_a_folder_in_two_languages_the_other_half_is_told_of(tmp_path: Path, run: Run, draw: Draw) -> None:
    for number, name in enumerate(["smile", "무표정"]):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "1.jpg").write_bytes(encode(draw(number, 90, 90), "JPEG"))
    _, answer, _ = run("--dataset", "p", "--photos", tmp_path / "in")
    (note,) = [note for note in answer["notes"] if "--labels" in note]
    hint = note.partition("taken in: ")[2].split()
    _, answer, _ = run("--dataset", "p", "--photos", tmp_path / "in", *hint)
    assert (answer["added_by_label"], answer["n_known"]) == ({"non_smile": 1}, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xc0\x00\x11",
        b"\xff\xd8\xff\xc2\x00\x0b\x08\x00\x10\x00\x10\x09\x01",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8X",
        b"RIFF\xff\xff\xff\xffWEBPVP8L12345678901234567890",
        b"\xff\x4f\xff\x51\x00",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"GIF89a\xff\xff\xff\xff",
        b"II*\0\xff\xff\xff\xff",
        b"\0\0\0\x20ftypavif" + bytes(40),
        b"P6\n99999 99999\n255\n",
        b"BM" + bytes(50),
    ],
)
def test_headers_that_break_off_or_lie_are_unusable_and_never_a_traceback(data: bytes) -> None:
    try:
        header = kinds.read_header(data)
    except Unusable:
        return
    assert header.width_px * header.height_px > 200e6


@needs_faces
def test_photos_in_archives_are_cut_by_the_same_rule(run: Run, draw: Draw, tmp_path: Path) -> None:
    tall = np.vstack([face(3), draw(7, 200, 500)])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Happy_A_1.jpg", encode(tall, "JPEG"))
        archive.writestr("Happy_B_1.jpg", encode(draw(1, 300, 300), "JPEG"))
    keywords = {"schema_version": 1, "classes": {"smile": ["Happy"], "non_smile": ["Sad"]}, "positive_class": "smile"}
    (tmp_path / "k.json").write_text(json.dumps(keywords))
    words = ("--archives", tmp_path / "a.zip", "--keywords", tmp_path / "k.json", "--face-model", MODEL)
    code, answer, err = run("--dataset", "z", *words)
    assert (code, answer["added_by_label"], answer["left_out_by_reason"]) == (0, {"smile": 1}, {"no_face": 1}), err
    dataset = reader.open_dataset(tmp_path / "datasets/z")
    assert dataset.manifest["photo_crop"] == "center_square_moved_to_face"
    assert len(FaceFinder(MODEL).find(dataset.load_frames(dataset.rows[0])[0])) == 1
