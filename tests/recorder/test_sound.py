import array
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tools.recorder.cues import CUES, RATE_HZ, Speaker, tone

REPOSITORY = Path(__file__).resolve().parents[2]


def test_a_tone_has_its_pitch_its_length_and_soft_ends() -> None:
    samples = np.array(tone([(880.0, 0.25)]), dtype=float)
    assert len(samples) == round(0.25 * RATE_HZ)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE_HZ / len(samples) == pytest.approx(880, abs=4)
    assert abs(samples[:3]).max() < 200
    assert abs(samples[-3:]).max() < 200
    assert 3000 < abs(samples).max() < 0.3 * 32767


def test_every_cue_sounds_different() -> None:
    assert len({tone(parts).tobytes() for parts in CUES.values()}) == len(CUES)


def test_the_device_gets_as_many_samples_as_it_asks_for_then_silence() -> None:
    speaker = Speaker(is_enabled=False)
    stream = speaker._stream()
    assert next(stream) == b""
    speaker._waiting = array.array("h", [1, 2, 3])
    assert stream.send(2) == array.array("h", [1, 2]).tobytes()
    assert stream.send(2) == array.array("h", [3, 0]).tobytes()
    assert stream.send(4) == bytes(8)


def test_without_a_loudspeaker_there_is_one_note_and_no_remark_of_a_library(tmp_path: Path) -> None:
    code = (
        "from tools.recorder.cues import Speaker\n"
        "with Speaker(True) as speaker:\n"
        "    speaker.play('smile')\n"
        "    speaker.play('other')\n"
    )
    hidden = ("PULSE_SERVER", "PIPEWIRE_REMOTE", "XDG_RUNTIME_DIR", "DISPLAY")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr in ("", "recorder: note: no loudspeaker was found: there are no sound cues\n")
