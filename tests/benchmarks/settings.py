"""The settings that the simulations go through, for each kind of simulated people; not one of them was fitted to."""

import itertools

from beta_people import BetaWorld
from people import World

GENERATORS = ("normal", "beta")
"""Kinds of people: of `people.py` and of `beta_people.py`."""
LABELS = (None, 0.25, "person")
"""Both classes from each person; a quarter positive, at random; one class from each person."""
SIGNALS = ((0.8, 1.2), (1.6, 1.6), (2.8, 3.2))
STRENGTHS = ((0.0, 0.0), (0.15, 0.1), (0.4, 0.2))
RATES = (((0.62, 0.72), (0.40, 0.32)), ((0.8, 0.8), (0.2, 0.2)), ((0.95, 0.97), (0.08, 0.06)))
ALIKE = ((0.0, "free"), (0.15, "shift"), (0.15, "clear"), (0.4, "free"), (0.4, "shift"))


def worlds(generator: str, people: tuple[int, int], clips: tuple[int, int]) -> list[World | BetaWorld]:
    """List settings: fewest, some and most people; few, mixed and many clips; labels; skills; correlations."""
    few, many = clips
    numbers = sorted({people[0], round((people[0] * people[1]) ** 0.5), people[1]})
    shapes = list(itertools.product(numbers, sorted({(few, few), (few, many), (many, many)}), LABELS))
    if generator == "normal":
        return [
            World(n, clip, signal, *strength, positive_share=share)
            for (n, clip, share), signal, strength in itertools.product(shapes, SIGNALS, STRENGTHS)
        ]
    return [
        BetaWorld(n, clip, *rates, *alike, positive_share=share)
        for (n, clip, share), rates, alike in itertools.product(shapes, RATES, ALIKE)
    ]


def alike_arms(generator: str, n_people: int, clips: tuple[int, int], number: int) -> World | BetaWorld:
    """Return a setting without a difference; numbers from 0 go round skills and correlations."""
    if generator == "normal":
        strengths = ((0.0, 0.0), (0.1, 0.1), (0.2, 0.2), (0.4, 0.0), (0.0, 0.4))
        signal = (0.8, 1.6, 2.4)[number // len(strengths) % 3]
        return World(n_people, clips, (signal, signal), *strengths[number % len(strengths)], shared=0.5)
    hits, alarms = ((0.65, 0.38), (0.8, 0.2), (0.92, 0.1))[number // len(ALIKE) % 3]
    alike = ALIKE[number % len(ALIKE)]
    return BetaWorld(n_people, clips, (hits, hits), (alarms, alarms), *alike, shared=0.5)
