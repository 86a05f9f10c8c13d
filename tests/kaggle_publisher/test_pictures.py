"""Hidden data in pictures."""

import cv2
import numpy as np
import pytest

from shared.errors import CheckFailed
from tools.kaggle_publisher.release.pictures import find_hidden, strip_hidden


@pytest.fixture
def plain():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def with_segment(plain, marker, body):
    return plain[:2] + segment(marker, body) + plain[2:]


def test_a_picture_as_the_recorder_writes_it_hides_nothing(plain):
    assert find_hidden(plain) is None


@pytest.mark.parametrize("flags", [[cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]])
def test_several_scans_and_restart_marks_are_no_hidden_data(flags):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert find_hidden(cv2.imencode(".jpg", picture, flags)[1].tobytes()) is None


@pytest.mark.parametrize(
    ("marker", "body", "words"),
    [
        (0xE1, b"Exif\0\0MM\0*GPS", "EXIF or XMP data"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>", "EXIF or XMP data"),
        (0xED, b"Photoshop 3.0\0", "IPTC data"),
        (0xFE, b"recorded at home", "a comment"),
        (0xE5, b"anything", "application data (APP5)"),
        (0xE0, b"JFIF\0\1\2\0\0\1\0\1\1\1\0\0\0", "a thumbnail"),
        (0xE0, b"JFXX\0\x10thumb", "application data (APP0)"),
    ],
)
def test_hidden_data_is_named(plain, marker, body, words):
    found = with_segment(plain, marker, body)
    assert cv2.imdecode(np.frombuffer(found, np.uint8), cv2.IMREAD_COLOR) is not None  # it still shows
    assert find_hidden(found) == words


def test_a_colour_profile_can_name_a_screen_and_its_owner(plain):
    found = with_segment(plain, 0xE2, b"ICC_PROFILE\0\1\1data")
    assert find_hidden(found) == "a colour profile or further pictures"
    assert strip_hidden(found, "x") == plain


@pytest.mark.parametrize("flags", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]])
def test_stripping_gives_back_the_very_bytes_from_before_the_planting(flags):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    clean = cv2.imencode(".jpg", picture, flags)[1].tobytes()
    planted = with_segment(clean, 0xE1, b"Exif\0\0MM\0*GPS")
    planted = with_segment(planted, 0xFE, b"recorded at home")
    planted = planted[:-2] + segment(0xED, b"Photoshop 3.0\0late") + planted[-2:] + b"thumbnail behind"
    assert strip_hidden(planted, "x") == clean
    assert strip_hidden(clean, "x") == clean


def test_a_thumbnail_in_the_header_goes_and_the_header_stays(plain):
    assert plain[2:4] == b"\xff\xe0"
    with_thumbnail = plain[:2] + segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\1\1abc") + plain[20:]
    stripped = strip_hidden(with_thumbnail, "x")
    assert find_hidden(stripped) is None
    assert b"abc" not in stripped[:40]
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(stripped, np.uint8), 1), cv2.imdecode(np.frombuffer(plain, np.uint8), 1)
    )


def test_a_damaged_picture_is_refused_by_name(plain):
    with pytest.raises(CheckFailed, match=r"images/a\.jpg: found no end mark, expected a complete JPEG"):
        strip_hidden(plain[:-2], "images/a.jpg")


def test_data_behind_the_picture_is_found(plain):
    assert find_hidden(plain + b"home") == "data after the picture's end"
    assert find_hidden(plain[:-2] + segment(0xFE, b"late") + plain[-2:]) == "a comment"


def test_cut_off_pictures_are_no_clean_ones(plain):
    assert find_hidden(plain[:-2]) == "no end mark"
    assert find_hidden(plain[:40]) == "a damaged header"
    assert find_hidden(b"") == "no JPEG"
