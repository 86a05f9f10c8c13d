import time

import cv2
import numpy as np
import pytest

from shared import paths
from shared.arrays import U8
from tools.splitter import image_matching
from tools.splitter.image_matching import MIN_HASH_TURNED, MIN_MIDDLE_LIT, Match, describe, find_matches, join
from tools.trainer.variation import PhotoVariation


def draw(seed: int, size_px: int = 224) -> U8:
    """Draw a picture of blobs, a soft one such as a camera gives."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(
        rng.integers(0, 256, (9, 9, 3), dtype=np.uint8), (size_px, size_px), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(picture, dtype=np.uint8)


def encode(picture: U8, quality: int) -> U8:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def crop(picture: U8, fraction: float, x: float, y: float) -> U8:
    """Cut a fraction off and stretch the rest; x and y from 0 to 1 say where."""
    size = len(picture)
    kept = round(size * (1 - fraction))
    left, top = round((size - kept) * x), round((size - kept) * y)
    return np.asarray(cv2.resize(picture[top : top + kept, left : left + kept], (size, size)), dtype=np.uint8)


def mirror(picture: U8) -> U8:
    return np.ascontiguousarray(picture[:, ::-1])


def shrink(picture: U8) -> U8:
    return np.asarray(cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def compare(first: U8, second: U8) -> list[Match]:
    return find_matches(describe(np.stack([shrink(first), shrink(second)])), [0, 1])


def test_a_copy_is_found_and_nothing_differs() -> None:
    assert compare(draw(1), draw(1)) == [Match(0, 1, pytest.approx(1.0), False)]


def test_a_mirrored_copy_is_found_and_called_so() -> None:
    (found,) = compare(draw(1), mirror(draw(1)))
    assert found.mirrored
    assert found.correlation > 0.99


@pytest.mark.parametrize("fraction", [0.02, 0.06, 0.09, 0.12])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0.3), (0.5, 0.5)])
def test_a_crop_of_up_to_an_eighth_is_found_in_both_orders(fraction: float, x: float, y: float) -> None:
    first, second = draw(3), encode(crop(draw(3), fraction, x, y), 60)
    assert len(compare(first, second)) == 1
    assert len(compare(second, first)) == 1
    assert len(compare(mirror(first), second)) == 1


def test_a_copy_in_other_light_and_slightly_turned_is_found() -> None:
    turned = cv2.warpAffine(draw(3), cv2.getRotationMatrix2D((112, 112), 2, 1.06), (224, 224))
    darker = np.asarray(255 * (turned / 255.0) ** 1.3 * 0.9, dtype=np.uint8)
    assert len(compare(draw(3), darker)) == 1


def test_another_face_before_the_same_wall_is_another_picture() -> None:
    place = np.mgrid[:224, :224]
    head = ((place[1] - 112) / 50) ** 2 + ((place[0] - 115) / 65) ** 2 < 1
    wall, other = draw(3), draw(5)
    assert compare(wall, np.where(head[:, :, None], other, wall)) == []


def test_other_pictures_are_not_paired() -> None:
    pictures = describe(np.stack([shrink(draw(seed)) for seed in range(120)]))
    assert find_matches(pictures, np.arange(120)) == []


def test_pictures_of_one_group_are_never_compared() -> None:
    same = describe(np.stack([shrink(draw(1))] * 4))
    assert find_matches(same, [7, 7, 7, 7]) == []
    assert {(pair.first, pair.second) for pair in find_matches(same, [7, 7, 8, 8])} == {(0, 2), (0, 3), (1, 2), (1, 3)}


def test_pictures_without_contrast_are_like_nothing() -> None:
    black, grey = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 128, np.uint8)
    assert find_matches(describe(np.stack([black, black, grey])), [0, 1, 2]) == []


def test_pairs_are_found_across_the_edges_of_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [shrink(draw(seed)) for seed in range(40)]
    both = join([describe(np.stack(pictures)), describe(np.stack(pictures[::-1]))])
    expected = [(number, 79 - number) for number in range(40)]
    for rows, columns in [(512, 8192), (7, 11), (1, 80)]:
        monkeypatch.setattr(image_matching, "_TILE_ROWS", rows)
        monkeypatch.setattr(image_matching, "_TILE_COLUMNS", columns)
        assert sorted((pair.first, pair.second) for pair in find_matches(both, np.arange(80))) == expected


def read_photos(n: int) -> list[U8]:
    """Read photos of n people, or skip the test."""
    folder = paths.assets() / "data" / "images" / "genki4k" / "images"
    files = sorted(folder.glob("*.jpg"))[::13][:n]
    if len(files) < n:
        pytest.skip(f"no photos of people in {paths.assets()}; set SMILEBENCH_ASSETS")
    photos = []
    for file in files:
        photo = cv2.imread(str(file))
        assert photo is not None
        side = min(photo.shape[:2])
        photos.append(np.asarray(cv2.resize(photo[:side, :side], (224, 224)), dtype=np.uint8))
    return photos


@pytest.mark.parametrize("how", ["varied", "lighter"])
def test_photos_that_augmentation_made_of_others_are_found_among_few(how: str) -> None:
    photos = read_photos(150)

    def vary(number: int) -> U8:
        if how == "lighter":  # so that what is bright is white without details
            return np.asarray(np.clip(photos[number] * 1.2 + 10, 0, 255), dtype=np.uint8)
        return PhotoVariation(5, 224).vary(photos[number][None], 0, number)[0]

    everything = describe(np.stack([shrink(picture) for picture in [*photos, *map(vary, range(20))]]))
    found = find_matches(everything, np.arange(170), min_hash=MIN_HASH_TURNED, min_middle=MIN_MIDDLE_LIT)
    assert [(pair.first, pair.second) for pair in found] == [(number, number + 150) for number in range(20)]


def test_real_faces_are_told_apart_and_their_copies_found() -> None:
    photos = read_photos(150)
    rng = np.random.default_rng(0)
    copies = [encode(crop(mirror(photo), rng.uniform(0, 0.1), rng.random(), rng.random()), 60) for photo in photos]
    everything = describe(np.stack([shrink(picture) for picture in [*photos, *copies]]))
    found = [(pair.first, pair.second) for pair in find_matches(everything, np.arange(300))]
    assert found == [(number, number + 150) for number in range(150)]


def test_bytes_that_are_known_to_be_the_same_are_not_compared_again() -> None:
    same = describe(np.stack([shrink(draw(1))] * 3))
    assert [(pair.first, pair.second) for pair in find_matches(same, [0, 1, 2], known=[5, 5, 6])] == [(0, 2), (1, 2)]


def test_of_two_sequences_with_a_common_picture_all_pairs_are_listed() -> None:
    pictures = describe(np.stack([shrink(draw(1))] * 5 + [shrink(draw(9))] + [shrink(draw(1))] * 4))
    found = find_matches(pictures, [0] * 5 + [1] * 5, sequences=[3] * 5 + [8] * 5)
    assert [(pair.first, pair.second) for pair in found] == [(a, b) for a in range(5) for b in range(6, 10)]


def test_four_thousand_pictures_are_compared_in_seconds() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.normal(size=(4_000, 35)).astype(np.float32)
    hashes /= np.linalg.norm(hashes, axis=1, keepdims=True)
    grey = rng.integers(0, 256, (4_000, 64, 64), dtype=np.uint8)
    grey[0] = cv2.cvtColor(shrink(draw(1)), cv2.COLOR_RGB2GRAY)
    grey[3_999] = grey[0]
    hashes[0] = hashes[3_999] = describe(np.stack([np.repeat(grey[0][:, :, None], 3, axis=2)])).hashes[0]
    many = image_matching.Fingerprints(hashes, grey, np.zeros(4_000, np.bool_))
    start_s = time.process_time()
    assert [(pair.first, pair.second) for pair in find_matches(many, np.arange(4_000))] == [(0, 3_999)]
    assert time.process_time() - start_s < 30
