"""Tells a person what to do at the beginning of each phase: by a tone, and without a window in words on stderr."""

from shared import cli
from shared.protocol import Protocol
from tools.recorder.sound import Speaker


class Prompter:
    """Tells a person what to do when a phase begins: by a tone, and without a window on stderr.

    Args:
        protocol: Gives phases and prompts.
        lang: ``ko`` or ``en``.
        speaker: Plays the tones.
        in_words: Whether to write the prompt.
    """

    def __init__(self, protocol: Protocol, lang: str, speaker: Speaker, *, in_words: bool = True) -> None:
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
