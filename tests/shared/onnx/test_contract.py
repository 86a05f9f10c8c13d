"""The names that the model contract gives: the output that decides, by the positive class."""

import pytest

from shared.errors import InvalidInput
from shared.onnx.contract import class_of, find_prob, outputs_of, prob_name


@pytest.mark.parametrize("positive_class", ["smile", "anxious", "not_teasing", "is_funny", "a", "class_2"])
def test_the_output_is_named_after_the_class_and_says_it(positive_class: str) -> None:
    assert prob_name(positive_class) == f"{positive_class}_prob"
    assert class_of(prob_name(positive_class)) == positive_class


@pytest.mark.parametrize("positive_class", ["", "Smile", "not teasing", "2nd", "불안", "a" * 33, "smile_prob", "a\n"])
def test_a_class_that_no_field_could_be_named_after_is_refused(positive_class: str) -> None:
    with pytest.raises(InvalidInput, match="lower_snake_case"):
        prob_name(positive_class)


@pytest.mark.parametrize(
    ("outputs", "positive_class", "expected"),
    [
        (["smile_prob", "emotion_logits"], None, "smile_prob"),
        (["smile_prob", "emotion_logits"], "smile", "smile_prob"),
        (["anxious_prob", "emotion_logits"], "anxious", "anxious_prob"),
        (["anxious_prob"], None, "anxious_prob"),  # a stranger's file without notes
        (["smile_prob"], "anxious", "smile_prob"),  # from before outputs were named after the class
        (["anxious_prob", "smile_prob"], "anxious", "anxious_prob"),
        (["anxious_prob"], "teasing", None),
        (["anxious_prob", "teasing_prob"], None, None),
        (["score", "emotion_logits"], None, None),
        (["Anxious_prob"], None, None),
    ],
)
def test_the_output_that_decides_is_found_among_a_graphs(
    outputs: list[str], positive_class: str | None, expected: str | None
) -> None:
    assert find_prob(outputs, positive_class) == expected


def test_pictures_give_emotions_too_and_features_do_not() -> None:
    assert outputs_of("frames") == ("smile_prob", "emotion_logits")
    assert outputs_of("blendshapes", "anxious_prob") == ("anxious_prob",)
