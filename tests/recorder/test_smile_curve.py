"""The smile curve's judgement, on curves that one can read at a glance."""

import pytest

from shared.dataset.protocol import parse_protocol, read_protocol
from tools.recorder.smile_curve import judge

PROTOCOL = read_protocol()


def curve(*spans: tuple[float, float, float], rest: float = 0.02) -> list[float | None]:
    """Make 91 scores, one each 100 ms: `rest`, but for spans of (from s, to s, score)."""
    return [next((score for start, end, score in spans if start <= index / 10 < end), rest) for index in range(91)]


@pytest.mark.parametrize(
    ("scores", "faults"),
    [
        (curve((3.4, 6.3, 0.8)), ()),
        (curve((3.4, 6.3, 0.2)), ()),  # a shy smile is a smile
        (curve((3.4, 9.0, 0.8)), ()),  # who cannot stop has done as told until then
        (curve((2.3, 6.0, 0.8)), ()),  # too early, but between the labelled seconds
        (curve((0.0, 3.5, 0.3), (3.5, 6.3, 0.9), rest=0.3), ()),  # a face that always smiles a little
        (curve((1.5, 1.6, 0.9), (3.4, 6.3, 0.8)), ()),  # a misreading of one sample
        (curve((1.4, 6.3, 0.8)), ("smile_in_neutral",)),
        (curve((1.5, 2.0, 0.5), (3.4, 6.3, 0.8)), ("smile_in_neutral",)),
        (curve((0.0, 2.5, 0.7), (3.5, 6.3, 0.95)), ("smile_in_neutral",)),
        (curve((4.6, 7.6, 0.8)), ("smile_outside",)),
        (curve((3.4, 4.4, 0.8)), ("smile_outside",)),
        (curve((6.5, 8.9, 0.8)), ("smile_outside",)),
        (curve((0.9, 2.5, 0.8)), ("smile_in_neutral", "smile_outside")),
        (curve(), ("no_rise",)),
        (curve((3.4, 6.3, 0.06)), ("no_rise",)),
        (curve(rest=0.8), ("smile_in_neutral",)),
        ([None] * 91, ("face_lost",)),
        ([None if 40 <= index <= 47 else score for index, score in enumerate(curve((3.4, 6.3, 0.8)))], ("face_lost",)),
        ([None if 40 <= index <= 43 else score for index, score in enumerate(curve((3.4, 6.3, 0.8)))], ()),
        ([], ()),
    ],
)
def test_a_curve_is_judged_by_where_it_is_high(scores: list[float | None], faults: tuple[str, ...]) -> None:
    assert judge(scores, PROTOCOL).faults == faults


def test_what_is_measured_by_hand() -> None:
    # 33 of 91 samples are low at 0.1 or below and 29 at 0.8: the 5th percentile is 0.1, the 95th 0.8.
    found = judge(curve((3.4, 6.3, 0.8), rest=0.1), PROTOCOL)
    assert found.level == pytest.approx(0.1 + 0.4 * 0.7)
    assert found.rise_s == pytest.approx(3.4)
    assert (found.neutral, found.smile) == (pytest.approx(0.1), pytest.approx(0.8))


def test_noise_on_a_still_face_is_no_rise() -> None:
    wobble = [0.45 + 0.03 * (-1) ** index for index in range(91)]
    assert judge(wobble, PROTOCOL).faults == ("no_rise",)


def test_the_least_rise_is_the_protocols() -> None:
    strict = parse_protocol({**PROTOCOL.document, "quality": {"min_smile_rise": 0.5}}, "strict")
    assert judge(curve((3.4, 6.3, 0.4)), PROTOCOL).faults == ()
    assert judge(curve((3.4, 6.3, 0.4)), strict).faults == ("no_rise",)


def test_a_protocol_without_a_smile_has_nothing_to_judge() -> None:
    document = {**PROTOCOL.document, "windows": PROTOCOL.document["windows"][:1]}
    assert judge(curve(rest=0.8), parse_protocol(document, "calm")).faults == ()
