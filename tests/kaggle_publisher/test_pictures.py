"""Hidden data in pictures."""

import cv2
import numpy as np
import pytest

from shared.errors import CheckFailed
from tools.kaggle_publisher.release.pictures import find_hidden, make_clean, strip_hidden


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
        (0xE0, b"JFIF\0\1\1\0\0\7\0\7\0\0", "a density"),
        (0xEE, b"Adobe\0d\0\0\0\0\1", "application data (APP14)"),
        (0xDC, b"\0\x40", "a segment that no picture needs (marker DC)"),
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


def shown(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def encode(*flags, side_px=64, is_grey=False):
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8), (0, 0), 2)
    return cv2.imencode(".jpg", picture[:, :, 0] if is_grey else picture, list(flags))[1].tobytes()


def start_of_scan(jpeg):
    at = jpeg.index(b"\xff\xda")
    return at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_QUALITY, 30), (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111)])
@pytest.mark.parametrize("is_grey", [False, True])
def test_stripping_gives_back_the_very_bytes_from_before_the_planting(flags, is_grey):
    clean = encode(*flags, is_grey=is_grey)
    planted = with_segment(clean, 0xE1, b"Exif\0\0MM\0*GPS")
    planted = with_segment(planted, 0xFE, b"recorded at home")
    planted = planted[:-2] + segment(0xED, b"Photoshop 3.0\0late") + planted[-2:] + b"thumbnail behind"
    assert strip_hidden(planted, "x") == clean
    assert strip_hidden(clean, "x") == clean


SECRET = b"minji lives at home street 7, minji lives at home street 7, minji liv"  # 69 bytes


def tables_of(jpeg, marker):
    at = jpeg.index(bytes([0xFF, marker]))
    return jpeg[at : at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")]


def before_the_end_mark(jpeg):
    return jpeg[:-2] + SECRET + jpeg[-2:]


def after_a_restart_mark(_):
    jpeg = encode(cv2.IMWRITE_JPEG_RST_INTERVAL, 1)
    at = jpeg.index(b"\xff\xd1", start_of_scan(jpeg))
    return jpeg[:at] + SECRET + jpeg[at:]


def after_the_last_restart_interval(_):
    jpeg = encode(cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
    return jpeg[:-2] + b"\xff\xd7" + SECRET + jpeg[-2:]


def behind_the_scan(jpeg):
    return jpeg[:-2] + segment(0xDC, len(SECRET[:2]).to_bytes(2, "big") + SECRET) + jpeg[-2:]


def in_an_unused_quantisation_table(jpeg):
    return with_segment(jpeg, 0xDB, bytes([3]) + SECRET[:64])


def in_a_table_that_is_overwritten(jpeg):
    return with_segment(jpeg, 0xDB, bytes([0]) + SECRET[:64])


def in_an_unused_huffman_table(jpeg):
    return with_segment(jpeg, 0xC4, bytes([0x13]) + bytes([0] * 7 + [64] + [0] * 8) + SECRET[:64])


def in_a_density(jpeg):
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + segment(0xE0, b"JFIF\0\1\2" + b"\1" + b"mi" + b"nj" + b"\0\0") + jpeg[20:]


def in_adobe_flags(jpeg):
    return with_segment(jpeg, 0xEE, b"Adobe\0dmi" + b"nj" + b"\1")


def in_fill_bytes(jpeg):
    return jpeg[:2] + b"\xff" * 37 + jpeg[2:]


def in_a_second_header(jpeg):
    return with_segment(jpeg, 0xE0, b"JFIF\0\1\1\0" + b"mi" + b"nj" + b"\0\0")


def in_names_of_planes(jpeg):
    frame, scan = jpeg.index(b"\xff\xc0"), jpeg.index(b"\xff\xda")
    planted = bytearray(jpeg)
    for number, letter in enumerate(b"mij"):
        planted[frame + 10 + 3 * number] = planted[scan + 5 + 2 * number] = letter
    return bytes(planted)


PLACES = [
    before_the_end_mark, after_a_restart_mark, after_the_last_restart_interval, behind_the_scan,
    in_an_unused_quantisation_table, in_a_table_that_is_overwritten, in_an_unused_huffman_table, in_a_density,
    in_adobe_flags, in_fill_bytes, in_a_second_header,
    in_names_of_planes,
]  # fmt: skip


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("plant", PLACES)
def test_nothing_hides_wherever_it_is_planted(plant, lossless):
    clean = encode()
    planted = plant(clean)
    assert np.array_equal(shown(planted), shown(clean))  # no viewer shows a trace of it
    assert make_clean(planted, "x", 95, lossless=lossless) == clean


@pytest.mark.parametrize("is_long", [False, True])
def test_what_a_scan_could_hold_besides_its_coefficients_is_coded_anew(is_long):
    """The bits that fill the last byte are ones, whatever they were."""
    for quality in range(20, 96, 5):
        clean = encode(cv2.IMWRITE_JPEG_QUALITY, quality)
        planted = bytearray(clean)
        planted[-3] &= 0xFE  # a filling bit, where there is one
        if np.array_equal(shown(bytes(planted)), shown(clean)):
            assert make_clean(bytes(planted) + b"x" * is_long, "x", 95, lossless=True) == clean


@pytest.mark.parametrize(
    "jpeg",
    [
        encode(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encode(side_px=60),  # the blocks at its edges reach outside of what is seen
        with_segment(encode(), 0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
        with_segment(encode(), 0xEE, b"Adobe\0d\0\0\0\0\0")[:2]
        + segment(0xEE, b"Adobe\0d\0\0\0\0\0")
        + encode()[20:],  # says that its planes are red, green and blue
    ],
    ids=["progressive", "edges", "turned", "coloured"],
)
def test_what_cannot_be_kept_is_encoded_again_or_refused(jpeg):
    planted = with_segment(jpeg, 0xFE, SECRET)
    clean = make_clean(planted, "x", 95, lossless=False)
    assert SECRET not in clean
    assert find_hidden(clean) is None
    assert np.abs(shown(clean).astype(int) - shown(jpeg)).mean() < 3
    with pytest.raises(CheckFailed, match="publish without --lossless"):
        make_clean(planted, "x", 95, lossless=True)


def test_damaged_scans_and_headers_end_in_one_line_or_in_a_picture_of_what_is_seen():
    clean = encode()
    rng = np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(clean)
        for at in rng.integers(0, len(clean), rng.integers(1, 6)):
            damaged[at] = rng.integers(256)
        try:
            made = make_clean(bytes(damaged), "x", 95, lossless=False)
        except CheckFailed:
            continue
        assert find_hidden(made) is None


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
