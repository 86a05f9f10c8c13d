"""How far a hand-off's graphs may lie from the window: rounding passes, another weight does not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shared.errors import CheckFailed
from shared.onnx.pair import Outputs
from tools.handoff.parity import prove_pixels, prove_stream


def answering(prob: float, logit: float) -> Any:
    """Return what answers every window alike: one logit of seven is large, and one is near 0."""
    logits = np.array([logit, 0.01 + logit / 1e5, 0, 0, 0, 0, 0], np.float32)
    return SimpleNamespace(run=lambda frames: Outputs(prob, logits))


def test_a_logit_may_differ_by_the_rounding_of_the_largest_and_a_probability_by_its_own() -> None:
    """Logits of 12 to 24 in float32 differed by 2.5e-5 between two graphs of the same weights, and were refused."""
    window = answering(0.5, 20.0)
    assert prove_stream(window, answering(0.5, 20.0001), 5, 32).largest_difference < 1e-5
    for other in (answering(0.50005, 20.0), answering(0.5, 20.001)):
        with pytest.raises(CheckFailed, match="at most 1e-05"):
            prove_stream(window, other, 5, 32)
    with pytest.raises(CheckFailed, match="at most 1e-05"):
        prove_stream(answering(0.5, 0.2), answering(0.5, 0.20005), 5, 32)


@pytest.mark.parametrize(("prob", "is_refused"), [(0.5009, False), (0.5011, True)])
def test_resizing_inside_the_graph_is_compared_on_enlarged_pictures_too(prob: float, is_refused: bool) -> None:
    """Only a browser saw that it differs there by 6.2e-3, and refused the whole folder."""
    plain = answering(0.5, 0.2)

    def answer(rgba: Any) -> Outputs:
        return Outputs(prob if min(rgba.shape[1:3]) < 224 else 0.5, plain.run(rgba).emotion_logits)

    rewritten: Any = SimpleNamespace(run=answer)
    if is_refused:
        with pytest.raises(CheckFailed, match=r"differs by 1\.1e-03 on an enlarged picture"):
            prove_pixels(rewritten, plain, "encoder_pixels", 5, 224)
    else:
        prove_pixels(rewritten, plain, "encoder_pixels", 5, 224)
