"""A third kind of simulated people, harder than those of `people.py` and `beta_people.py`: as films and friends are.

Whether an arm is right is a mixed logistic model: a person has a level and a slope over how hard a clip is, shared by
both arms, and a level of each arm. People give Zipf-many clips, takes may be there twice, and a hidden kind of people
may be served better by one arm, the others as much less that both arms are alike over all.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from shared.statistics.predictions import Predictions

LEVEL, SLOPE = 1.2, 0.8


@dataclass(frozen=True)
class WildWorld:
    """What is true of the people that the simulation draws from.

    Attributes:
        n_people: People of a test set.
        n_clips: Mean clips per person.
        person_sd: Of a person's level and slope, as logits.
        arm_sd: Of what a person adds to one arm alone, as logits.
        is_zipf: Whether the i-th person gives 1/i of what the first gives, at least one clip.
        is_doubled: Whether each clip is there twice.
        hidden: Share of people of a hidden kind.
        gain: Of the candidate's logit for everybody.
    """

    n_people: int = 20
    n_clips: int = 6
    person_sd: float = 0.8
    arm_sd: float = 0.4
    is_zipf: bool = False
    is_doubled: bool = False
    hidden: float = 0.0
    gain: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[Predictions, Predictions]:
        """Draw one test set and the predictions of both arms; the first people of a larger one are a smaller one."""
        sizes = np.full(self.n_people, self.n_clips)
        if self.is_zipf:
            # In random order, so that whoever comes first is no larger than who comes later.
            shares = 1 / (1 + rng.permutation(self.n_people) % 20)
            sizes = np.maximum(1, np.round(self.n_clips * 20 * shares / np.sum(1 / (1 + np.arange(20))))).astype(int)
        people = np.repeat(np.arange(self.n_people), sizes)
        labels = rng.random(people.size) < 0.5
        hard = rng.standard_normal(people.size)
        level, slope = self.person_sd * rng.standard_normal((2, self.n_people))
        of_arm = self.arm_sd * rng.standard_normal((2, self.n_people))
        of_arm[1] += self.gain
        if self.hidden:
            is_hidden = rng.random(self.n_people) < self.hidden
            of_arm[1] += np.where(is_hidden, -1.5, self._compensation)
        logits = LEVEL + (level + of_arm)[:, people] - (SLOPE + slope[people]) * hard
        right = rng.random((2, people.size)) < special.expit(logits)
        if self.is_doubled:
            people, labels, right = np.repeat(people, 2), np.repeat(labels, 2), np.repeat(right, 2, axis=1)
        scores = np.where(right == labels, 0.8, 0.2) + 0.1 * rng.random(right.shape)
        return tuple(Predictions(labels, scores[arm], 0.5, people) for arm in (0, 1))  # type: ignore[return-value]

    @property
    def _compensation(self) -> float:
        """What everybody else gains, so that both arms are right equally often over all."""
        rng = np.random.default_rng(0)
        noise = LEVEL + (2 * self.person_sd**2 + self.arm_sd**2 + SLOPE**2) ** 0.5 * rng.standard_normal(2_000)
        before, lost = special.expit(noise).mean(), special.expit(noise - 1.5).mean()
        target = (before - self.hidden * lost) / (1 - self.hidden)
        gains = np.linspace(0, 3, 3001)
        reached = np.array([special.expit(noise + gain).mean() for gain in gains])
        return float(gains[np.argmin(np.abs(reached - target))])


def first_people(arm: Predictions, n_people: int) -> Predictions:
    """Keep the predictions of the first people."""
    kept = arm.people < n_people
    return Predictions(arm.labels[kept], arm.scores[kept], arm.threshold, arm.people[kept])


def wild_settings() -> dict[str, WildWorld]:
    """Name the settings without a difference that simulations go through."""
    usual = WildWorld()
    return {
        "random slopes": usual,
        "Zipf-sized people": replace(usual, is_zipf=True),
        "doubled takes": replace(usual, is_doubled=True),
        "alike clips": replace(usual, n_clips=12, person_sd=1.6, arm_sd=1.2),
        "hidden 30 %": replace(usual, hidden=0.3),
    }
