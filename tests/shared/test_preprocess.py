"""The one preprocessing, on pictures whose result is known by hand."""

import numpy as np
import pytest

from shared.preprocess import crop_and_resize, scale, square_box, to_batch


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [
        (640, 480, (80, 0, 560, 480)),
        (480, 640, (0, 80, 480, 560)),
        (224, 224, (0, 0, 224, 224)),
        (5, 2, (1, 0, 3, 2)),  # the odd pixel stays on the right
        (1, 1, (0, 0, 1, 1)),
    ],
)
def test_the_box_is_the_largest_centred_square(width: int, height: int, box: tuple[int, int, int, int]) -> None:
    assert square_box(width, height) == box


def test_shrinking_by_two_averages_four_pixels() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2, 0] = [[10, 20], [30, 40]]
    small = crop_and_resize(picture, 2)
    assert small[0, 0].tolist() == [25, 0, 0]
    assert small[1, 1].tolist() == [0, 0, 0]


def test_shrinking_by_a_broken_factor_weighs_by_area() -> None:
    # 3 pixels to 2: the first takes the first pixel whole and half of the second, (90 + 30 / 2) / 1.5 = 70.
    row = np.array([90, 30, 0], np.uint8)
    picture = np.repeat(np.repeat(row[None, :, None], 3, axis=0), 3, axis=2)
    assert crop_and_resize(picture, 2)[0, :, 0].tolist() == [70, 10]


def test_what_lies_outside_of_the_square_has_no_say() -> None:
    picture = np.full((48, 100, 3), 255, np.uint8)
    picture[:, 26:74] = 40
    assert crop_and_resize(picture, 24).tolist() == np.full((24, 24, 3), 40).tolist()


def test_left_stays_left_and_red_stays_red() -> None:
    picture = np.zeros((224, 224, 3), np.uint8)
    picture[:, :50, 0] = 200
    same = crop_and_resize(picture)
    assert same[100, 10].tolist() == [200, 0, 0]
    assert same[100, 200].tolist() == [0, 0, 0]


def test_a_small_picture_grows_to_the_size() -> None:
    grown = crop_and_resize(np.full((10, 12, 3), 77, np.uint8), 224)
    assert grown.shape == (224, 224, 3)
    assert grown.dtype == np.uint8
    assert np.unique(grown).tolist() == [77]


def test_a_batch_is_channels_first_and_lies_from_0_to_1() -> None:
    frames = np.zeros((2, 4, 6, 3), np.uint8)
    frames[1, 3, 5] = [255, 51, 0]
    batch = to_batch(frames)
    assert batch.shape == (1, 2, 3, 4, 6)
    assert batch.dtype == np.float32
    assert batch.flags["C_CONTIGUOUS"]
    assert batch[0, 1, :, 3, 5].tolist() == [1.0, np.float32(0.2), 0.0]
    assert batch.sum() == pytest.approx(1.2)


def test_several_sequences_keep_their_order() -> None:
    frames = np.zeros((3, 1, 2, 2, 3), np.uint8)
    frames[2] = 255
    assert to_batch(frames)[:, 0, 0, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_every_byte_becomes_the_float_that_is_nearest_to_its_255th() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(scale(every), (every / 255).astype(np.float32))
