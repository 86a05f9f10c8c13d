"""Films are read by the times that their container gives, and shown the way up that a player shows them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from shared.arrays import U8
from shared.errors import InvalidInput
from shared.films import yuv
from shared.video import Film, FilmWriter, Frame


def grey(level: int, width_px: int = 64, height_px: int = 48) -> U8:
    return np.full((height_px, width_px, 3), level, np.uint8)


def write_film(path: Path, times_s: Sequence[float], pictures: Sequence[U8] | None = None, **muxer: str) -> Path:
    """Write pictures at these times with PyAV itself, in whatever container the name's ending says."""
    pictures = pictures or [grey(10 * (number % 20)) for number in range(len(times_s))]
    with av.open(str(path), "w", options=muxer) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.options = {"crf": "10", "bf": "0"}
        for time_s, picture in zip(times_s, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 1000), round(time_s * 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_times(path: Path) -> list[float]:
    with Film(str(path)) as film:
        return [frame.time_s for frame in film]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.mov"])
def test_the_times_of_a_film_of_variable_rate_are_kept(tmp_path: Path, name: str) -> None:
    times = [0.0, 0.033, 0.1, 0.4, 0.42, 1.0, 1.033]
    assert read_times(write_film(tmp_path / name, times)) == pytest.approx(times, abs=0.001)


def test_times_begin_at_the_first_frame_wherever_the_container_begins(tmp_path: Path) -> None:
    assert read_times(write_film(tmp_path / "film.mkv", [5.0, 5.1, 5.3])) == pytest.approx([0, 0.1, 0.3], abs=0.001)


def test_what_the_writer_wrote_comes_back_with_its_times_and_colours(tmp_path: Path) -> None:
    times = [0.0, 1 / 30, 0.11, 0.5]
    writer = FilmWriter(tmp_path / "take.mp4", 64, 48)
    red = np.zeros((48, 64, 3), np.uint8)
    red[:, :, 0] = 200
    for time_s in times:
        writer.add(Frame(time_s, red))
    writer.close()
    with Film(str(tmp_path / "take.mp4")) as film:
        frames = list(film)
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1 / 90_000)
    assert np.abs(frames[0].rgb_hwc_u8.astype(int) - red).max() <= 6  # H.264 is not lossless; BGR would be 200 off


def test_odd_sides_lose_their_last_row_and_column(tmp_path: Path) -> None:
    writer = FilmWriter(tmp_path / "take.mp4", 65, 49)
    writer.add(Frame(0.0, grey(100, 65, 49)))
    writer.close()
    with Film(str(tmp_path / "take.mp4")) as film:
        assert next(iter(film)).rgb_hwc_u8.shape == (48, 64, 3)


def turn(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Write a rotation into the film's track header, as phones do: a 2 x 2 matrix in 16.16 fixed point."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # the matrix stands 40 bytes into a header of version 0
    numbers = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    for index, number in enumerate(numbers):
        value = number << 16 if abs(number) == 1 else number
        data[start + 4 * index : start + 4 * index + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), "AB/CD"),
        ((-1, 0, 0, 1), "BA/DC"),  # a selfie as the mirror shows it
        ((-1, 0, 0, -1), "DC/BA"),
        ((1, 0, 0, -1), "CD/AB"),
        ((0, 1, 1, 0), "AC/BD"),
        ((0, 1, -1, 0), "CA/DB"),  # held upright: shown a quarter turn clockwise
        ((0, -1, -1, 0), "DB/CA"),
        ((0, -1, 1, 0), "BD/AC"),
    ],
)
def test_all_eight_orientations_are_shown_as_players_show_them(
    tmp_path: Path, matrix: tuple[int, int, int, int], shown: str
) -> None:
    """A mirrored film was turned by 180 degrees, and a flipped one was left as it was."""
    picture = grey(0)
    levels = {"A": 40, "B": 100, "C": 160, "D": 220}  # left and right above, left and right below
    for (row, column), level in zip([(0, 0), (0, 1), (1, 0), (1, 1)], levels.values(), strict=True):
        picture[row * 24 : row * 24 + 24, column * 32 : column * 32 + 32] = level
    path = write_film(tmp_path / "phone.mp4", [0.0, 0.1], [picture, picture])
    turn(path, *matrix)
    with Film(str(path)) as film:
        found = next(iter(film)).rgb_hwc_u8
    assert found.shape == ((64, 48, 3) if matrix[0] == 0 else (48, 64, 3))
    height, width = found.shape[:2]
    centres = [[found[y, x, 0] for x in (width // 4, 3 * width // 4)] for y in (height // 4, 3 * height // 4)]
    nearest = {level: min(levels, key=lambda name: abs(levels[name] - int(level))) for row in centres for level in row}
    assert "/".join("".join(nearest[level] for level in row) for row in centres) == shown


def test_a_film_of_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InvalidInput, match="no video stream"):
        Film(str(path))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text.mp4", b"this is a letter to my aunt\n" * 50),
        ("empty.mp4", b""),
        ("zeros.mkv", bytes(5000)),
        ("labels.csv", b"sequence_id,label\nseq_0001,smile\n"),
    ],
)
def test_a_file_that_is_no_film_is_refused_in_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInput) as caught, Film(str(tmp_path / name)) as film:
        list(film)
    assert "\n" not in str(caught.value)


def test_a_missing_film_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        Film(str(tmp_path / "nothing.mp4"))
    with pytest.raises(InvalidInput, match="found a directory"):
        Film(str(tmp_path))
    with pytest.raises(InvalidInput, match="found Connection refused, expected a film or stream that answers"):
        Film("tcp://127.0.0.1:9")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_cut_film_gives_the_frames_that_are_left_or_a_clear_no(tmp_path: Path, name: str) -> None:
    times = [number / 30 for number in range(60)]
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3)).astype(np.uint8)
    whole = write_film(tmp_path / name, times, list(noise))
    data = whole.read_bytes()
    for share in (0.1, 0.3, 0.5, 0.8, 0.99):
        whole.write_bytes(data[: int(len(data) * share)])
        try:
            left = read_times(whole)
        except InvalidInput:
            continue
        assert len(left) < 60
        assert left == pytest.approx(times[: len(left)], abs=0.002)


def test_a_picture_is_read_as_a_film_of_one_frame_or_refused_but_never_as_more(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "photo.jpg"), grey(90))
    try:
        times = read_times(tmp_path / "photo.jpg")
    except InvalidInput:
        return
    assert times == [0.0]


def test_colours_are_those_that_opencv_and_browsers_show(tmp_path: Path) -> None:
    """FFmpeg's quick conversion is about one level darker: what a network learns would not be what a page shows it."""
    rng = np.random.default_rng(0)
    planes = rng.integers(40, 200, (96, 64), dtype=np.uint8)  # 64 x 64 pixels of brightness, 32 x 32 of either colour
    planes[64:] = np.repeat(rng.integers(90, 166, (32, 8), dtype=np.uint8), 8, axis=1)
    path = tmp_path / "film.y4m"
    path.write_bytes(b"YUV4MPEG2 W64 H64 F30:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + planes.tobytes()) * 2)
    with Film(str(path)) as film:
        found = next(iter(film)).rgb_hwc_u8
    expected = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
    assert abs(float((found.astype(int) - expected).mean())) < 0.3


@pytest.mark.parametrize(
    ("planes", "matrix", "is_full_range", "rgb"),
    [
        # By hand, libyuv's C: ((41 * 257 * 18997 >> 16) - 1160 + 128 * 112) >> 6 and so on.
        ((41, 240, 110), "smpte170m", False, (0, 0, 253)),
        ((81, 90, 240), "smpte170m", False, (254, 0, 0)),
        ((235, 128, 128), "bt709", False, (255, 255, 255)),
        ((16, 128, 128), "bt709", False, (0, 0, 0)),
        ((255, 128, 128), "bt709", True, (255, 255, 255)),
        ((128, 128, 255), "bt709", True, (255, 68, 128)),
    ],
)
def test_a_colour_is_converted_in_libyuvs_whole_numbers(
    planes: tuple[int, int, int], matrix: str, is_full_range: bool, rgb: tuple[int, int, int]
) -> None:
    y, u, v = (np.full((3, 5), value, np.uint8) for value in planes)
    found = yuv.to_rgb(y, u[:2, :3], v[:2, :3], matrix, is_full_range=is_full_range)
    assert found.shape == (3, 5, 3)
    assert found.reshape(-1, 3).tolist() == [list(rgb)] * 15


def test_a_film_can_be_read_from_the_middle_with_the_same_times_and_pictures(tmp_path: Path) -> None:
    times = [number / 30 for number in range(120)]
    pictures = [grey(2 * number) for number in range(120)]
    path = write_film(tmp_path / "film.mp4", times, pictures)
    with Film(str(path)) as film:
        whole = {frame.time_s: frame.to_rgb() for frame in film.decode()}
    with Film(str(path)) as film:
        rest = [(frame.time_s, frame.to_rgb()) for frame in film.decode(from_s=3.0)]
    assert rest[0][0] <= 3.0
    assert [time_s for time_s, _ in rest] == list(whole)[-len(rest) :]
    assert all(np.array_equal(picture, whole[time_s]) for time_s, picture in rest)
