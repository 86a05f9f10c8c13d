"""Colours of HLG and PQ, against numbers that the recommendations print."""

import numpy as np
import pytest

from shared.films import bright


def test_light_of_a_signal_is_that_of_the_recommendations() -> None:
    # BT.2408-7, table 1: white at 203 cd/m2 is 75 % in HLG and 58 % in PQ; BT.2100: PQ 0.5081 is 100 cd/m2.
    assert bright.to_nits(np.full(3, 0.75), "HLG") == pytest.approx(np.full(3, 203), abs=0.5)
    assert bright.to_nits(np.full(3, 0.5807), "PQ") == pytest.approx(np.full(3, 203), rel=0.005)
    assert bright.to_nits(np.full(3, 0.5081), "PQ") == pytest.approx(np.full(3, 100), rel=0.002)
    assert bright.to_nits(np.ones(3), "HLG") == pytest.approx(np.full(3, 1000), rel=0.001)


def test_dark_light_stays_and_the_peak_becomes_the_screens_white() -> None:
    nits = np.array([0.0, 1.0, 10.0, 25.0, 100.0, 203.0, 1000.0, 4000.0])
    shown = bright.roll_off(nits)
    assert shown[:4] == pytest.approx(nits[:4], rel=1e-6)
    assert shown[-2:] == pytest.approx([100.0, 100.0], rel=1e-6)
    assert (np.diff(shown)[:-1] > 0).all()


def test_a_table_holds_white_and_black_and_red_runs_fastest() -> None:
    lines = bright.table_of("PQ", "bt2020").splitlines()
    assert lines[0] == "LUT_3D_SIZE 33"
    assert len(lines) == 1 + 33**3
    rows = np.array([line.split() for line in lines[1:]], float)
    assert rows[0].tolist() == [0, 0, 0]
    assert rows[-1] == pytest.approx([1, 1, 1], abs=0.001)
    assert rows[20, 0] > rows[20, 1:].max()
