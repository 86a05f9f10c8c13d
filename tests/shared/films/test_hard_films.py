"""Films as people bring them: each frame at the moment, and in the colours, that a player shows."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from shared.arrays import U8
from shared.errors import InvalidInput
from shared.video import Film

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg to make films with")

HALVES = (
    "color=red:s=160x240:r=30:d=2[a];color=blue:s=160x240:r=30:d=2[b];"
    "[a][b]hstack,drawbox=w=320:h=40:color=green:t=fill"
)


def ffmpeg(*words: object, cwd: Path) -> bytes:
    command = ["ffmpeg", "-loglevel", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """A film of 2 s at 30 fps: red on the left, blue on the right, green above."""
    ffmpeg("-filter_complex", HALVES, "-pix_fmt", "yuv420p", "halves.mp4", cwd=tmp_path)
    return tmp_path / "halves.mp4"


def read(path: Path) -> tuple[list[float], list[U8], list[str]]:
    with Film(str(path)) as film:
        frames = list(film)
        return [frame.time_s for frame in frames], [frame.rgb_hwc_u8 for frame in frames], film.notes()


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_times_are_those_of_a_player_also_where_the_picture_starts_late(halves: Path, suffix: str) -> None:
    """Times were counted from the first picture, 1.5 s off for whoever reads them in a player."""
    late = f"late.{suffix}"
    sound = ["-f", "lavfi", "-t", 3.5, "-i", "sine"]
    streams = ["-map", "0:v", "-map", "1:a", "-c:v", "copy"]
    ffmpeg("-itsoffset", 1.5, "-i", halves, *sound, *streams, late, cwd=halves.parent)
    times_s, _, notes = read(halves.parent / late)
    assert times_s == pytest.approx([1.5 + number / 30 for number in range(60)], abs=1 / 30)
    assert len(notes) == 1
    assert "picture starts 1.5" in notes[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_film_whose_first_stamp_is_5_s_is_as_long_as_its_pictures(halves: Path, suffix: str) -> None:
    """Matroska's own length counts from 0: a film of nine seconds was called 14.0 s long."""
    ffmpeg("-itsoffset", 5, "-i", halves, "-c", "copy", f"five.{suffix}", cwd=halves.parent)
    with Film(str(halves.parent / f"five.{suffix}")) as film:
        times_s = [frame.time_s for frame in film]
        assert film.duration_s == pytest.approx(2.0, abs=0.05)
        assert film.notes() == []
    assert (times_s[0], times_s[-1]) == pytest.approx((0, 59 / 30), abs=0.002)


def test_a_clock_that_starts_anew_goes_on_without_a_gap(halves: Path) -> None:
    """The second half of two transport streams in one file was dropped in silence."""
    ffmpeg("-i", halves, "-c", "copy", "a.ts", cwd=halves.parent)
    part = (halves.parent / "a.ts").read_bytes()
    (halves.parent / "twice.ts").write_bytes(part + part)
    times_s, _, notes = read(halves.parent / "twice.ts")
    assert times_s == pytest.approx([number / 30 for number in range(120)], abs=0.001)
    assert notes == ["its clock starts anew after 1.97 s: the time goes on without a gap"]


def test_a_clock_that_jumps_far_ahead_goes_on_without_a_gap_and_a_pause_stays(halves: Path) -> None:
    ffmpeg("-i", halves, "-c", "copy", "a.ts", cwd=halves.parent)
    ffmpeg("-i", halves, "-c", "copy", "-output_ts_offset", 500, "b.ts", cwd=halves.parent)
    ffmpeg("-i", halves, "-c", "copy", "-output_ts_offset", 6, "c.ts", cwd=halves.parent)
    for second, gap_s in (("b.ts", 1 / 30), ("c.ts", 4)):
        parts = [(halves.parent / name).read_bytes() for name in ("a.ts", second)]
        (halves.parent / "both.ts").write_bytes(b"".join(parts))
        times_s, _, _ = read(halves.parent / "both.ts")
        assert len(times_s) == 120
        assert times_s[60] - times_s[59] == pytest.approx(gap_s, abs=0.05)


def test_of_several_video_streams_the_default_one_is_read_else_the_largest(tmp_path: Path) -> None:
    """A thumbnail of 64x48 at one frame a second was recorded, as it came first."""
    small, large = ("color=red:s=64x48:r=1:d=3", "color=blue:s=320x240:r=30:d=3")
    inputs = ["-f", "lavfi", "-i", small, "-f", "lavfi", "-i", large, "-map", "0:v", "-map", "1:v"]
    for marks, shape in (
        (("0", "default"), (240, 320, 3)),
        (("default", "0"), (48, 64, 3)),
        (("0", "0"), (240, 320, 3)),
    ):
        dispositions = ["-disposition:v:0", marks[0], "-disposition:v:1", marks[1]]
        ffmpeg(*inputs, *dispositions, "-pix_fmt", "yuv420p", "two.mkv", cwd=tmp_path)
        _, pictures, notes = read(tmp_path / "two.mkv")
        assert pictures[0].shape == shape, marks
        assert notes == [f"it has 2 video streams: that of {shape[1]}x{shape[0]} pixels was read"]


MATRICES = ["bt709", "smpte170m", "bt470bg", "smpte240m", "bt2020nc"]


@pytest.mark.parametrize("levels", ["tv", "pc", "unknown"])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_are_those_of_ffmpegs_own_conversion(tmp_path: Path, matrix: str, levels: str) -> None:
    written = f"scale=out_color_matrix={matrix}:out_range={'pc' if levels == 'pc' else 'tv'}"
    marks = ["-colorspace", matrix, "-color_range", levels]
    for codec, layout, most in (("libx264", "yuv420p", 2), ("ffv1", "yuv444p", 2), ("ffv1", "yuv422p10le", 3)):
        film = tmp_path / f"{codec}.mkv"
        look = f"{written},format={layout},setparams=colorspace={matrix}:range={levels}"
        bars = ["-f", "lavfi", "-i", "smptehdbars=s=320x240:r=5:d=0.4", "-vf", look]
        ffmpeg(*bars, "-c:v", codec, "-pix_fmt", layout, *marks, film, cwd=tmp_path)
        raw = ffmpeg("-i", film, "-frames:v", 1, "-pix_fmt", "rgb24", "-f", "rawvideo", "-", cwd=tmp_path)
        own = np.frombuffer(raw, np.uint8).reshape(240, 320, 3).astype(int)
        difference = np.abs(read(film)[1][0].astype(int) - own)
        flat = difference if codec == "libx264" else difference[:, 4:][:140]  # FFmpeg smooths the edges of deeper films
        if "10" not in layout:  # as browsers draw it: saturated blue is up to 12 levels darker (shared.films.yuv)
            assert flat[..., 2].max() <= 13, codec
            flat = flat[..., :2]
        assert np.percentile(flat, 98) <= most, codec


@pytest.mark.parametrize(("size", "expected"), [("320x240", (191, 128, 95)), ("1280x720", (197, 132, 95))])
def test_a_film_without_a_matrix_is_read_by_its_height_as_browsers_do(
    tmp_path: Path, size: str, expected: tuple[int, int, int]
) -> None:
    look = "scale=out_color_matrix=bt601,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", f"color=0xBF805F:s={size}:d=0.1", "-vf", look, "film.mp4", cwd=tmp_path)
    (_, pictures, _) = read(tmp_path / "film.mp4")
    assert np.abs(pictures[0][50, 50].astype(int) - expected).max() <= 2


@pytest.mark.parametrize(("transfer", "name"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
def test_a_film_for_bright_screens_comes_out_like_its_ordinary_twin(tmp_path: Path, transfer: str, name: str) -> None:
    """An HLG film came out a third darker than the same one in SDR, without a word."""
    zscale = f"zscale=pin=bt709:tin=bt709:min=gbr:rin=full:p=bt2020:t={transfer}:m=bt2020nc:r=limited"
    look = f"format=gbrp,setparams=color_primaries=bt709:color_trc=bt709,{zscale},format=yuv420p10le"
    marks = ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv"]
    made = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True, check=True).stdout
    if " zscale " not in made:
        pytest.skip("this ffmpeg has no zscale to make HDR films with")
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=0xBF805F:s=64x48:d=0.2",
        "-vf",
        look,
        "-c:v",
        "ffv1",
        *marks,
        "hdr.mkv",
        cwd=tmp_path,
    )
    _, pictures, notes = read(tmp_path / "hdr.mkv")
    assert np.abs(pictures[0][20, 20].astype(int) - (191, 128, 95)).max() <= 13
    assert notes == [
        f"it is made for bright screens ({name}): its colours were mapped to an ordinary one (ITU-R BT.2390)"
    ]


def test_colours_that_ffmpeg_does_not_convert_are_refused_by_name(tmp_path: Path) -> None:
    marks = ["-vf", "setparams=colorspace=ictcp", "-colorspace", "ictcp"]
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x48:d=0.2", *marks, "-c:v", "ffv1", "i.mkv", cwd=tmp_path)
    with pytest.raises(InvalidInput, match="colours in ICtCp"):
        read(tmp_path / "i.mkv")


def count_combs(picture: U8) -> int:
    """Count the pixels that differ from the rows above and below in the same direction, as combed edges do."""
    rows = picture[:, :, 1].astype(int)
    above, below = rows[1:-1] - rows[:-2], rows[1:-1] - rows[2:]
    return int(((above * below > 0) & (np.minimum(abs(above), abs(below)) > 40)).sum())


def test_interlaced_pictures_are_made_whole_and_keep_their_times(tmp_path: Path) -> None:
    moving = "color=black:s=320x240:r=60:d=1,drawbox=x=0:y=40:w=40:h=160:color=white:t=fill,scroll=h=-0.02"
    fields = ["-vf", "interlace", "-c:v", "libx264", "-flags", "+ilme+ildct", "-x264opts", "tff=1"]
    ffmpeg("-f", "lavfi", "-i", moving, *fields, "-pix_fmt", "yuv420p", "fields.mp4", cwd=tmp_path)
    raw = ffmpeg("-i", "fields.mp4", "-pix_fmt", "rgb24", "-f", "rawvideo", "-", cwd=tmp_path)
    combed = np.frombuffer(raw, np.uint8).reshape(-1, 240, 320, 3)
    times_s, pictures, notes = read(tmp_path / "fields.mp4")
    assert times_s == pytest.approx([number / 30 for number in range(30)], abs=0.001)
    before = sum(count_combs(picture) for picture in combed)
    assert before > 1000
    assert sum(count_combs(picture) for picture in pictures) < before / 50
    assert notes == ["it is interlaced: its pictures were made whole (bwdif)"]


def test_pixels_that_are_not_square_are_widened(tmp_path: Path) -> None:
    """The container's own shape of pixels counts, too, where the codec says nothing."""
    ffmpeg("-f", "lavfi", "-i", "color=red:s=72x48:d=0.2", "-c:v", "mjpeg", "-aspect", "2:1", "wide.mkv", cwd=tmp_path)
    assert read(tmp_path / "wide.mkv")[1][0].shape == (48, 96, 3)


def test_pixels_that_are_higher_than_wide_are_made_higher(tmp_path: Path) -> None:
    """They were made narrower, while a browser makes them higher: a page saw another picture."""
    ffmpeg(
        "-f", "lavfi", "-i", "color=red:s=64x60:d=0.2", "-c:v", "mjpeg", "-vf", "setsar=15/16", "f.mkv", cwd=tmp_path
    )
    assert read(tmp_path / "f.mkv")[1][0].shape == (64, 64, 3)
