"""A change of the person within a take is noticed; one who smiles, blinks and moves stays the same."""

import itertools

import numpy as np
import pytest

from shared import paths
from shared.arrays import U8
from shared.dataset.writer import NewSequence
from shared.faces.detector import MODEL_NAME, FaceFinder
from shared.preprocess import crop_and_resize
from shared.video import Film
from tools.recorder.same_person import find_change

ASSETS = paths.assets()
FILMS = sorted((ASSETS / "videos" / "protocol").glob("*_take1.mp4"))
pytestmark = pytest.mark.skipif(
    not FILMS or not (ASSETS / "models" / MODEL_NAME).is_file(), reason="no films or no YuNet in SMILEBENCH_ASSETS"
)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(ASSETS / "models" / MODEL_NAME)


def sequence(pictures: dict[int, U8], first: int) -> NewSequence:
    numbers = [first + 3 * index for index in range(5)]
    times_ms = tuple(number / 30 * 1000 for number in numbers)
    return NewSequence("smile", None, times_ms, np.stack([pictures[number] for number in numbers]))


@pytest.fixture(scope="module")
def people() -> dict[str, tuple[NewSequence, NewSequence]]:
    """Of each person a neutral and a smiling sequence of one take."""
    found = {}
    for film in FILMS:
        with Film(str(film)) as opened:
            pictures = {n: crop_and_resize(f.rgb_hwc_u8) for n, f in enumerate(itertools.islice(opened, 150)) if n > 30}
        found[film.stem] = (sequence(pictures, 32), sequence(pictures, 122))
    return found


def test_one_person_who_smiles_stays_the_same(
    people: dict[str, tuple[NewSequence, NewSequence]], finder: FaceFinder
) -> None:
    assert {name: find_change(list(both), finder) for name, both in people.items()} == dict.fromkeys(people)


def test_of_two_people_in_one_take_nearly_all_are_noticed_with_the_place(
    people: dict[str, tuple[NewSequence, NewSequence]], finder: FaceFinder
) -> None:
    """A take that began with one person and ended with another was stored without a word."""
    changes = [
        find_change([people[one][0], people[other][1]], finder) for one, other in itertools.permutations(people, 2)
    ]
    noticed = [change for change in changes if change is not None]
    assert len(noticed) >= 0.9 * len(changes)
    assert noticed[0] == pytest.approx((44 / 30, 122 / 30), abs=0.001)


def test_pictures_without_a_face_say_nothing(finder: FaceFinder) -> None:
    nothing = {number: np.full((224, 224, 3), 90, np.uint8) for number in range(140)}
    assert find_change([sequence(nothing, 32), sequence(nothing, 122)], finder) is None
