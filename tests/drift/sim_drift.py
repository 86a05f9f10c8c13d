"""How often ``drift`` calls something where nothing differs, and how often what differs: drawn people.

Each person has a mean of their own in every measure and sequences that scatter around it. Halves: the sequences of the
same people, dealt into two. Others: other people of the same kind. Shifted: one measure of play moved by so many
standard deviations of people.
  python -m tests.drift.sim_drift --draws 200
"""

import argparse

import numpy as np

from tools.drift.causes import Outcome, compare
from tools.drift.population import COLOURS, MEASURES, Population


def draw(rng: np.random.Generator, names: list[str], people: np.ndarray, n_each: int, shift: float) -> Population:
    """Draw sequences of people whose means are given; every fourth measure scatters little within a person."""
    subjects = tuple(name for name in names for _ in range(n_each))
    scatter = np.where(np.arange(people.shape[1]) % 4 == 0, 0.1, 0.7)
    values = np.repeat(people, n_each, axis=0) + scatter * rng.standard_normal((len(subjects), people.shape[1]))
    values[:, 0] += shift
    k = len(MEASURES)
    measures = 5 + values[:, :k]
    measures[:, MEASURES.index("fps")] = 30.0
    measures[:, MEASURES.index("no_face")] = 0.0
    leans = values[:, k + len(COLOURS) :]
    leans = leans / np.linalg.norm(leans, axis=1, keepdims=True)
    return Population(subjects, measures, values[:, k : k + len(COLOURS)], leans, (None,) * len(subjects))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    n_draws = parser.parse_args().draws
    width = len(MEASURES) + len(COLOURS) + 32
    for n_both, n_ref, n_play, n_each in (
        (7, 0, 0, 4), (7, 0, 0, 40), (12, 0, 0, 4), (0, 3, 4, 8), (0, 8, 8, 4), (0, 30, 10, 4), (7, 20, 0, 4),
        (5, 10, 8, 4),
    ):  # fmt: skip
        for shift in (0.0, 1.0, 3.0):
            called = told = 0
            for seed in range(n_draws):
                rng = np.random.default_rng(seed)
                means = rng.standard_normal((n_both + n_ref + n_play, width))
                both = [f"b{n}" for n in range(n_both)]
                ref = both + [f"r{n}" for n in range(n_ref)]
                play = both + [f"p{n}" for n in range(n_play)]
                of_play = np.concatenate([means[:n_both], means[n_both + n_ref :]])
                found = compare(
                    draw(rng, ref, means[: n_both + n_ref], n_each, 0), draw(rng, play, of_play, n_each, shift), seed
                )
                called += found.outcome is Outcome.DRIFT
                told += "brighter" in found.called
            print(
                f"both {n_both:2} reference {n_ref:2} play {n_play:2}, {n_each:2} each, shift {shift:.0f}: "
                f"something called in {called / n_draws:.3f}, its name in {told / n_draws:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
