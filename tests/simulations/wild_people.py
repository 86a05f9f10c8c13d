"""A third kind of simulated people, harder than those of `people.py` and `beta_people.py`: as films and friends are.

Whether an arm is right is a mixed logistic model: a person has a level and a slope over how hard a clip is, shared by
both arms, and a level of each arm. People give Zipf-many clips, takes may be there twice, and a hidden kind of people
may be served better by one arm, the others as much less that both arms are alike over all. `MixedWorld` is the same
with real scores, rare classes, people of one class, and trainings that differ by luck.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from shared.arrays import F64, Bool, Int
from shared.statistics.predictions import Predictions, place, values

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
            sizes = zipf_sizes(self.n_people, self.n_clips, rng)
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


def zipf_sizes(n_people: int, n_clips: int, rng: np.random.Generator) -> Int:
    """Draw how many clips people give: the i-th of 20 gives 1/i of what the first gives, at least one.

    In random order, so that whoever comes first is no larger than who comes later.
    """
    shares = 1 / (1 + rng.permutation(n_people) % 20)
    return np.maximum(1, np.round(n_clips * 20 * shares / np.sum(1 / (1 + np.arange(20))))).astype(np.int64)


TRUTH_PEOPLE = 60_000


@dataclass(frozen=True)
class MixedWorld:
    """Scores of a mixed logistic model: a clip's hardness with a slope of each person, levels of persons and arms.

    Attributes:
        n_people: People of a test set.
        n_clips: Mean clips per person.
        positive_share: Probability that a clip is positive; "person" gives every other person one class only.
        skill: Of baseline and candidate, as logits.
        person_sd: Of what a person adds for both arms, as logits.
        arm_sd: Of what a person adds to one arm alone, as logits.
        is_zipf: See `zipf_sizes`.
        is_doubled: Whether each clip is there twice.
        hidden: Share of people of a kind that the candidate serves worse by 1.5 logits.
        is_even: Whether as many other people are of a kind that the baseline serves worse, so that arms of equal skill
            are alike over all.
        luck: Standard deviation of a training's skill, as a logit.
        n_seeds: Trainings that are pooled.
    """

    n_people: int = 20
    n_clips: int = 6
    positive_share: float | str = 0.5
    skill: tuple[float, float] = (1.2, 1.2)
    person_sd: float = 0.8
    arm_sd: float = 0.4
    is_zipf: bool = False
    is_doubled: bool = False
    hidden: float = 0.0
    is_even: bool = False
    luck: float = 0.0
    n_seeds: int = 1

    @property
    def threshold(self) -> float:
        """Half way to what fits the rarer class: nobody runs a detector of rare laughs at even odds."""
        share = self.positive_share if isinstance(self.positive_share, float) else 0.5
        return float(special.expit(0.5 * np.log((1 - share) / share)))

    def draw(self, rng: np.random.Generator) -> tuple[Predictions, Predictions]:
        """Draw one test set and the predictions of both arms; the first people of a larger one are a smaller one."""
        labels, people = self._lay_out(rng)
        luck = self.luck * rng.standard_normal((2, self.n_seeds, 1))
        scores = self._scores(labels, people, luck, rng)
        if self.is_doubled:
            labels, people, scores = np.repeat(labels, 2), np.repeat(people, 2), np.repeat(scores, 2, axis=2)
        n, ids = labels.size, ()
        if self.n_seeds > 1:
            ids = tuple(f"q{i}@{seed + 1}" if seed else f"q{i}" for seed in range(self.n_seeds) for i in range(n))
            labels, people = np.tile(labels, self.n_seeds), np.tile(people, self.n_seeds)
        return tuple(Predictions(labels, scores[arm].ravel(), self.threshold, people, ids) for arm in (0, 1))  # type: ignore[return-value]

    def endless(self) -> tuple[Predictions, Predictions]:
        """Draw so many people, each with trainings of their own, that what is measured on them counts as true."""
        return _endless(replace(self, n_people=TRUTH_PEOPLE, is_zipf=False, is_doubled=False, n_seeds=1))

    def true(self) -> dict[str, tuple[float, float]]:
        """The metrics of baseline and candidate over endlessly many people and trainings."""
        return _true(replace(self, n_people=TRUTH_PEOPLE, is_zipf=False, is_doubled=False, n_seeds=1))

    def _lay_out(self, rng: np.random.Generator) -> tuple[Bool, Int]:
        sizes = np.full(self.n_people, self.n_clips)
        if self.is_zipf:
            sizes = zipf_sizes(self.n_people, self.n_clips, rng)
        people = np.repeat(np.arange(self.n_people), sizes)
        if isinstance(self.positive_share, str):
            return people % 2 == 0, people
        return rng.random(people.size) < self.positive_share, people

    def _scores(self, labels: Bool, people: Int, luck: F64, rng: np.random.Generator) -> F64:
        """Scores from 0 to 1 of each arm, seed and clip."""
        n, n_people = people.size, self.n_people
        side = np.where(labels, 1.0, -1.0)
        level, shift, slope = self.person_sd * rng.standard_normal((3, n_people)) * np.array([[1.0], [0.7], [0.4]])
        of_arm, arm_shift = self.arm_sd * rng.standard_normal((2, 2, n_people))
        if self.hidden:
            kind = rng.random(n_people)
            of_arm[1] -= 1.5 * (kind < self.hidden)
            if self.is_even:
                of_arm[0] -= 1.5 * (kind > 1 - self.hidden)
        hard = (SLOPE + slope[people]) * rng.standard_normal(n)
        noise = 0.7 * rng.logistic(size=(2, 1, n)) + 0.3 * rng.logistic(size=(2, luck.shape[1], n))
        skill = np.array(self.skill)[:, None, None] + luck + (level + of_arm)[:, None, people]
        logits = side * (skill - hard) + (shift + arm_shift)[:, None, people] + noise
        return np.asarray(special.expit(logits))


@functools.lru_cache(maxsize=2)
def _endless(world: MixedWorld) -> tuple[Predictions, Predictions]:
    rng = np.random.default_rng(12345)
    labels, people = world._lay_out(rng)
    luck = world.luck * rng.standard_normal((2, 1, world.n_people))[:, :, people]
    scores = world._scores(labels, people, luck, rng)
    return tuple(Predictions(labels, scores[arm, 0], world.threshold, people) for arm in (0, 1))  # type: ignore[return-value]


@functools.cache
def _true(world: MixedWorld) -> dict[str, tuple[float, float]]:
    found: dict[str, list[float]] = {}
    for arm in _endless(world):
        counts, placed = arm.counts.sum(axis=0), place(arm.labels, arm.scores)
        assert placed is not None
        for metric in ("accuracy", "recall", "precision", "f1"):
            found.setdefault(metric, []).append(float(values(metric, counts)))
        found.setdefault("specificity", []).append(float(values("recall", counts[[2, 3, 0, 1]])))
        found.setdefault("roc_auc", []).append(placed.auc)
    return {metric: (pair[0], pair[1]) for metric, pair in found.items()}


def mixed_settings(numbers: tuple[int, ...] = (12, 20, 40, 100)) -> list[MixedWorld]:
    """List the settings of coverage: people, base rates and skills, each as usual and with one thing that is wrong."""
    found = []
    for n_people in numbers:
        for share in (0.05, 0.2, 0.5):
            for skill in ((0.9, 1.2), (2.2, 2.4)):
                usual = MixedWorld(n_people, positive_share=share, skill=skill)
                found += [
                    usual, replace(usual, is_zipf=True), replace(usual, is_doubled=True), replace(usual, hidden=0.14),
                    replace(usual, luck=0.15, n_seeds=3), replace(usual, person_sd=1.6, arm_sd=0.8, n_clips=12),
                ]  # fmt: skip
        for skill in ((0.9, 1.2), (2.2, 2.4)):
            by_person = MixedWorld(n_people, positive_share="person", skill=skill)
            found += [by_person, replace(by_person, is_zipf=True), replace(by_person, is_doubled=True)]
    return found


def first_people(arm: Predictions, n_people: int) -> Predictions:
    """Keep the predictions of the first people."""
    kept = arm.people < n_people
    return Predictions(arm.labels[kept], arm.scores[kept], arm.threshold, arm.people[kept])


def alike_mixed() -> dict[str, MixedWorld]:
    """Name further settings without a difference: rare classes, people of one class, scores, several things at once."""
    usual = MixedWorld(skill=(1.6, 1.6))
    return {
        "a fifth positive": replace(usual, positive_share=0.2),
        "5 % positive, Zipf, slopes": replace(usual, positive_share=0.05, is_zipf=True, person_sd=1.2),
        "one class each, doubled": replace(usual, positive_share="person", is_doubled=True),
        "two hidden kinds, Zipf": replace(usual, hidden=0.14, is_even=True, is_zipf=True),
        "alike clips, doubled, a fifth": replace(
            usual, positive_share=0.2, person_sd=1.6, arm_sd=1.0, is_doubled=True, is_zipf=True
        ),
    }


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
