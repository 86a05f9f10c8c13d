"""A page's film is checked before anything decodes it: container, codec, sizes, times, and every frame's own header."""

import struct

import pytest

from tests.studio.record.conftest import film, ivf, jpeg
from tools.studio.record.ivf import BadFilm, check_film, jpeg_size

VP8_KEY = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 96, 64) + b"rest"
VP8_OTHER_KEY = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 16000, 16000) + b"rest"
VP8_BETWEEN = b"\x31\x01\x00rest of a frame"


def test_what_the_page_writes_is_taken() -> None:
    facts = check_film(film(12), 9)
    assert (facts.codec, facts.width_px, facts.height_px, facts.n_frames) == ("jpeg", 96, 64, 12)
    assert facts.duration_s == pytest.approx(11 * 0.033333)
    vp8 = ivf([(0, VP8_KEY), (40_000, VP8_BETWEEN), (80_000, VP8_KEY)], codec=b"VP80")
    assert check_film(vp8, 9).codec == "vp8"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "another container"),
        (b"#EXTM3U\nfile:///etc/passwd\n" + bytes(64), "another container"),
        (film()[:-1], "cut off"),
        (film() + b"\x01", "cut off"),
        (ivf([]), "no frame"),
        (ivf([(0, jpeg())], codec=b"H264"), "another codec"),
        (ivf([(0, jpeg())], size_px=(9000, 64)), "9000x64"),
        (ivf([(0, jpeg())], size_px=(96, 8)), "96x8"),
        (ivf([(0, jpeg()), (0, jpeg())]), "not behind"),
        (ivf([(50_000, jpeg()), (40_000, jpeg())]), "not behind"),
        (ivf([(0, jpeg()), (2**63, jpeg())]), "too late"),
        (ivf([(number, jpeg()) for number in range(1100)]), "more than"),
        (ivf([(0, jpeg(size_px=(3000, 64)))]), "3000x64"),
        (ivf([(0, b"GIF89a" + bytes(40))]), "no key frame"),
        (ivf([(0, b"\xff\xd8\xff")]), "no key frame"),
        (ivf([(0, VP8_BETWEEN)], codec=b"VP80"), "no key frame"),
        (ivf([(0, VP8_KEY), (1, VP8_OTHER_KEY)], codec=b"VP80"), "16000x16000"),
        (film()[:16] + struct.pack("<II", 30, 1) + film()[24:], "another clock"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_was_found(data: bytes, found: str) -> None:
    with pytest.raises(BadFilm, match=found):
        check_film(data, 9)


def test_every_cut_of_a_film_is_refused() -> None:
    data = film(2)
    assert [n for n in range(len(data)) if _is_taken(data[:n])] == [len(film(1))]  # between two frames


def _is_taken(data: bytes) -> bool:
    try:
        check_film(data, 9)
    except BadFilm:
        return False
    return True


def test_a_jpegs_size_is_read_from_its_header_alone() -> None:
    assert jpeg_size(jpeg(size_px=(320, 200))) == (320, 200)
    assert jpeg_size(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9) is None
    assert jpeg_size(b"") is None
