"""How far a hand-off's graphs may lie from the window: rounding passes, another weight does not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shared.errors import CheckFailed
from tools.handoff.parity import prove_stream
from tools.handoff.sessions import Outputs


def answering(prob: float) -> Any:
    """Return what answers every window alike."""
    return SimpleNamespace(run=lambda frames: Outputs(prob, np.zeros(7, np.float32)))


def test_a_face_that_is_cut_out_inside_may_differ_by_the_rounding_of_its_place_and_no_more() -> None:
    """A place in the picture is known to some hundred-thousandths of a pixel; a small network moved by 2.5e-5."""
    window, near, far = answering(0.5), answering(0.50004), answering(0.501)
    assert prove_stream(window, near, 5, 32, crops_faces=True).largest_difference == pytest.approx(4e-5, rel=0.01)
    with pytest.raises(CheckFailed, match="at most 1e-05"):
        prove_stream(window, near, 5, 32, crops_faces=False)
    with pytest.raises(CheckFailed, match="at most 1e-04"):
        prove_stream(window, far, 5, 32, crops_faces=True)
