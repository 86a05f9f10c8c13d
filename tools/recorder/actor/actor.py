"""Drawn actors: a face that follows the protocol, as a pure function of identity, take and time.

Everything but the mouth behaves alike whether the actor smiles or not: blinks, brows, squints, talking, head motion
and light come from schedules that do not depend on the prompts, so that only the mouth's shape shows a smile. The
picture itself is `tools.recorder.actor.painter`'s job. Reads and writes nothing.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shared.arrays import U8
from shared.dataset.protocol import Protocol
from tools.recorder.actor.appearance import Appearance
from tools.recorder.actor.painter import Face, Painter, Pose
from tools.recorder.actor.portrait import Stage

FPS = 30.0
_JITTER_S = 0.002  # a webcam's, our own measurement: most frames within 2 ms of their place, all within 6
_JITTER_MOST_S = 0.006
_JITTER_MOST_SHARE = 0.4  # of the time between two frames, so that they keep their order at any rate
_REST = 0.95  # of the time from cue to window: the reaction is over before labelled frames begin


@dataclass(frozen=True)
class Difficulty:
    """How hard an actor is to read. Lengths in pixels, angles in degrees."""

    motion: float
    glasses_share: float
    light_unevenness: float
    noise_sigma: tuple[float, float]
    blur_sigma: float
    delay_s: tuple[float, float]
    smile: tuple[float, float]
    distractors: float


DIFFICULTIES = {
    "easy": Difficulty(0.25, 0.0, 0.1, (1.0, 2.0), 0.0, (0.2, 0.3), (0.9, 1.0), 0.4),
    "normal": Difficulty(1.0, 0.35, 1.0, (1.5, 5.0), 0.9, (0.2, 0.65), (0.6, 1.0), 1.0),
}


@dataclass(frozen=True)
class _Event:
    """Something that comes and goes, such as a blink."""

    start_s: float
    length_s: float
    strength: float

    def at(self, time_s: float) -> float:
        """Return how much of it is there, 0 to strength."""
        part = (time_s - self.start_s) / self.length_s
        return self.strength * math.sin(math.pi * part) ** 0.8 if 0 < part < 1 else 0.0


@dataclass(frozen=True)
class _Wave:
    """A slow random wander: a few sines, mean 0, at most 1."""

    parts: tuple[tuple[float, float, float], ...]

    def at(self, time_s: float) -> float:
        """Return the value, -1 to 1."""
        return sum(size * math.sin(2 * math.pi * rate_hz * time_s + phase) for size, rate_hz, phase in self.parts)


def _smooth(part: float) -> float:
    """Ease from 0 to 1 as part goes from 0 to 1."""
    part = min(max(part, 0.0), 1.0)
    return part * part * (3 - 2 * part)


class Actor:
    """A person who does not exist.

    Args:
        identity_seed: Makes the face: the same seed is the same person.
        take_seed: Makes the performance, the light and the camera's noise.
        difficulty: ``easy`` or ``normal``.
        protocol: Smiles are prompted in the phases that hold a window of the positive class.
    """

    def __init__(self, identity_seed: int, take_seed: int, difficulty: str, protocol: Protocol) -> None:
        level = DIFFICULTIES[difficulty]
        self._length_s = protocol.duration_s
        self._take_seed = take_seed
        rng = np.random.default_rng([take_seed, 1])
        self._identity_seed = identity_seed
        self._level = level
        self._motion = level.motion
        self._waves = {
            name: self._wave(rng, fastest)
            for name, fastest in (
                ("x", 0.5),
                ("y", 0.4),
                ("roll", 0.35),
                ("scale", 0.2),
                ("gaze", 0.6),
                ("light", 0.15),
            )
        }
        self._offset_px = level.motion * rng.uniform(-22, 22), level.motion * rng.uniform(-14, 14)
        self._base_scale = 1 + 0.06 * level.motion * float(rng.uniform(-1, 1))
        self._base_roll = 3.0 * level.motion * float(rng.uniform(-1, 1))
        self._blinks = self._events(rng, every_s=2.6, length_s=(0.16, 0.3), strength=(1.0, 1.0))
        self._brows = self._events(rng, 4.0, (0.5, 1.4), (0.4, level.distractors))
        self._squints = self._events(rng, 4.0, (0.6, 1.6), (0.3, 0.9 * level.distractors))
        self._talks = self._events(rng, 3.2, (0.5, 1.6), (0.4, level.distractors))
        self._talk_rate_hz = float(rng.uniform(2.2, 4.5))
        self._smile_size = float(rng.uniform(*level.smile))
        self._cues = [self._reaction(rng, cue, level) for cue in _smile_spans(protocol)]

    @staticmethod
    def _wave(rng: np.random.Generator, fastest_hz: float) -> _Wave:
        sizes = rng.dirichlet((2.0, 2.0, 2.0))
        rates, phases = rng.uniform(0.05, fastest_hz, 3), rng.uniform(0, 2 * math.pi, 3)
        return _Wave(tuple((float(s), float(r), float(p)) for s, r, p in zip(sizes, rates, phases, strict=True)))

    def _events(
        self, rng: np.random.Generator, every_s: float, length_s: tuple[float, float], strength: tuple[float, float]
    ) -> list[_Event]:
        """Scatter events evenly over the take, before its start and beyond its end too."""
        number = rng.poisson((self._length_s + 4) / every_s)
        starts = rng.uniform(-2, self._length_s + 2, number)
        low, high = min(strength), max(strength)
        return [_Event(float(s), float(rng.uniform(*length_s)), float(rng.uniform(low, high))) for s in starts]

    @staticmethod
    def _reaction(
        rng: np.random.Generator, cue: tuple[float, float, float], level: Difficulty
    ) -> tuple[float, float, float, float]:
        """Return (begin, length) of the smile's coming and of its going, in seconds."""
        begin_s, window_s, end_s = cue
        room_s = max(0.0, window_s - begin_s) * _REST
        rise_s = min(float(rng.uniform(0.18, 0.3)), room_s / 2)
        delay_s = min(float(rng.uniform(*level.delay_s)), room_s - rise_s)
        return begin_s + delay_s, rise_s, end_s + float(rng.uniform(*level.delay_s)), float(rng.uniform(0.25, 0.5))

    @functools.cached_property
    def _painter(self) -> Painter:
        """Paint the still parts once, and only for those who want to see them."""
        level, rng = self._level, np.random.default_rng([self._take_seed, 4])
        appearance = Appearance.from_seed(self._identity_seed, level.glasses_share)
        return Painter(
            appearance, Stage.from_rng(rng, appearance, level.light_unevenness, level.noise_sigma, level.blur_sigma)
        )

    def smile_at(self, time_s: float) -> float:
        """Return how much the actor smiles, 0 to 1."""
        return max(
            (
                _smooth((time_s - rise_s) / max(rising_s, 1e-3)) * (1 - _smooth((time_s - fall_s) / falling_s))
                for rise_s, rising_s, fall_s, falling_s in self._cues
            ),
            default=0.0,
        )

    def frame_times_s(self, fps: float = FPS) -> Iterator[float]:
        """Yield capture times at a frame rate with a webcam's jitter, from 0 to the protocol's end."""
        rng = np.random.default_rng([self._take_seed, 2])
        most_s = min(_JITTER_MOST_S, _JITTER_MOST_SHARE / fps)
        for index in range(math.ceil(self._length_s * fps)):
            jitter_s = min(max(float(rng.normal(0, _JITTER_S)), -most_s), most_s)
            yield max(0.0, index / fps + jitter_s) if index else 0.0

    def render(self, time_s: float, smile: float | None = None) -> U8:
        """Draw the moment.

        Args:
            time_s: From the start of the take.
            smile: 0 to 1 to force the mouth; None for what the actor does.

        Returns:
            (480, 640, 3) uint8, RGB.
        """
        smile = self.smile_at(time_s) if smile is None else smile
        return self._painter.paint(self._pose(time_s), self._face(time_s, smile), self._grain(time_s))

    def mouth_box_xyxy_px(self, time_s: float) -> tuple[int, int, int, int]:
        """Return the box that holds the mouth at a moment, whatever it does; x1 and y1 exclusive."""
        return self._painter.mouth_box_xyxy_px(self._pose(time_s))

    def _pose(self, time_s: float) -> Pose:
        wave = {name: wave.at(time_s) for name, wave in self._waves.items()}
        return Pose(
            x_px=self._offset_px[0] + 14 * self._motion * wave["x"],
            y_px=self._offset_px[1] + 9 * self._motion * wave["y"],
            roll_deg=self._base_roll + 6 * self._motion * wave["roll"],
            scale=self._base_scale * (1 + 0.04 * self._motion * wave["scale"]),
            brightness=1 + 0.06 * self._motion * wave["light"],
        )

    def _face(self, time_s: float, smile: float) -> Face:
        def most(events: list[_Event]) -> float:
            return max((event.at(time_s) for event in events), default=0.0)

        syllables = 0.5 + 0.5 * math.sin(2 * math.pi * self._talk_rate_hz * time_s)
        return Face(
            smile=smile * self._smile_size,
            mouth_open=most(self._talks) * (0.35 + 0.65 * syllables),
            eyes_closed=min(1.0, most(self._blinks) * 1.15),
            squint=most(self._squints),
            brows_up=most(self._brows),
            gaze=self._waves["gaze"].at(time_s),
        )

    def _grain(self, time_s: float) -> int:
        """Return a number that makes each moment's noise its own."""
        return int(np.random.default_rng([self._take_seed, 3, round(time_s * 1e6) & 0xFFFFFFFF]).integers(1 << 30))


def _smile_spans(protocol: Protocol) -> list[tuple[float, float, float]]:
    """Return (cue, first labelled moment, end) in seconds of each phase that prompts for a smile."""
    positive = protocol.document["positive_class"]
    spans = []
    for phase in protocol.phases:
        starts = [
            w.start_s for w in protocol.windows if w.label == positive and phase.start_s <= w.start_s < phase.end_s
        ]
        if starts:
            spans.append((phase.start_s, min(starts), phase.end_s))
    return spans
