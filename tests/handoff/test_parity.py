"""How far a hand-off's graphs may lie from the window: rounding passes, another weight does not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shared.errors import CheckFailed
from shared.onnx.pair import Outputs
from tools.handoff.parity import prove_stream


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
