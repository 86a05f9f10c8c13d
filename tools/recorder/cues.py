"""Cues at the beginning of each phase: a soft tone, so that a person need not read, and the prompt on stderr.

Silent where there is no loudspeaker.

Tones are generated; nothing is read or written. Playing never holds up the recording: the device has its own thread.
"""

import array
import threading
from collections.abc import Generator, Iterable
from typing import Any

import numpy as np

from shared import cli
from shared.dataset.protocol import Protocol
from shared.faces.silence import hushed_stderr
from shared.text.catalogue import Lang

RATE_HZ = 44_100
_ATTACK_S = 0.012
_VOLUME = 0.28
# Frequencies in Hz (A4, E5, A5 and down again) and lengths in seconds: the smile's cue is the brightest.
CUES: dict[str, tuple[tuple[float, float], ...]] = {
    "first": ((440.0, 0.16),),
    "smile": ((659.26, 0.1), (880.0, 0.22)),
    "other": ((440.0, 0.1), (329.63, 0.22)),
    "saved": ((659.26, 0.08), (880.0, 0.08), (1318.51, 0.2)),
    "refused": ((220.0, 0.3),),
}


def tone(parts: Iterable[tuple[float, float]]) -> "array.array[int]":
    """Generate tones one after another, each rising quickly and fading out.

    Args:
        parts: (frequency in Hz, length in seconds).

    Returns:
        16-bit samples, mono, `RATE_HZ`.
    """
    pieces = []
    for frequency_hz, length_s in parts:
        time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
        shape = (
            np.minimum(time_s / _ATTACK_S, 1)
            * np.exp(-4 * time_s / length_s)
            * np.minimum((length_s - time_s) / _ATTACK_S, 1)
        )
        pieces.append(np.sin(2 * np.pi * frequency_hz * time_s) * shape)
    wave = np.concatenate(pieces) if pieces else np.zeros(0)
    return array.array("h", (wave * _VOLUME * 32767).astype(np.int16).tolist())


class Speaker:
    """Plays cues. Use it as a context manager.

    Args:
        is_enabled: False for silence.
    """

    def __init__(self, is_enabled: bool) -> None:
        self._lock = threading.Lock()
        self._waiting: array.array[int] = array.array("h")
        self._cues = {name: tone(parts) for name, parts in CUES.items()} if is_enabled else {}
        self._device = self._open() if is_enabled else None

    def _open(self) -> Any:
        try:
            import miniaudio
        except ModuleNotFoundError:
            return None
        try:
            real = [backend for backend in miniaudio.Backend if backend is not miniaudio.Backend.NULL]
            with hushed_stderr():  # ALSA reports each device that it does not find
                device = miniaudio.PlaybackDevice(nchannels=1, sample_rate=RATE_HZ, buffersize_msec=40, backends=real)
            stream = self._stream()
            next(stream)
            device.start(stream)
        except miniaudio.MiniaudioError:
            cli.note("recorder: note: no loudspeaker was found: there are no sound cues")
            return None
        return device

    def _stream(self) -> Generator[bytes, int, None]:
        """Give the device as many samples as it asks for: the waiting samples, then silence."""
        n_bytes = yield b""
        while True:
            with self._lock:
                now, self._waiting = self._waiting[:n_bytes], self._waiting[n_bytes:]
            n_bytes = yield now.tobytes() + bytes(2 * (n_bytes - len(now)))

    def play(self, cue: str) -> None:
        """Begin a cue of `CUES`, in place of one that still sounds."""
        if self._device is not None:
            with self._lock:
                self._waiting = self._cues[cue][:]

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_: object) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None


class Prompter:
    """Tells a person what to do when a phase begins: by a tone, and without a window on stderr.

    Args:
        protocol: Gives phases and prompts.
        lang: ``ko`` or ``en``.
        speaker: Plays the tones.
        in_words: Whether to write the prompt.
    """

    def __init__(self, protocol: Protocol, lang: Lang, speaker: Speaker, *, in_words: bool = True) -> None:
        self._protocol = protocol
        self._lang = lang
        self._speaker = speaker
        self._in_words = in_words
        self._said: object = None

    def say(self, time_s: float) -> None:
        """Say the prompt of a phase when it begins."""
        phase = self._protocol.phase_at(time_s)
        if phase is self._said:
            return
        self._said = phase
        positive = self._protocol.document["positive_class"]
        windows = [w for w in self._protocol.windows if phase.start_s <= w.start_s < phase.end_s]
        is_smile = any(window.label == positive for window in windows)
        self._speaker.play("smile" if is_smile else "first" if phase.start_s == 0 else "other")
        if self._in_words:
            cli.note(f"{phase.start_s:g} s: {phase.prompt[self._lang]}")
