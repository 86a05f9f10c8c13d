"""Listening for laughter without a browser: the page's features in node, YAMNet as ONNX, the rule on real sounds."""

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import paths
from shared.arrays import F32
from shared.errors import InvalidInput
from shared.onnx.session import open_session
from shared.sound import laughter
from tools.game.listening import tflite
from tools.game.listening.network import PATCH_INPUT, SCORES, convert
from tools.timeline.audio import read_audio

ROOT = Path(__file__).resolve().parents[2]
HOP = 24 * laughter.HOP  # samples from one patch of the page to the next
TONES = {"count": (440,), "go": (880,), "laugh": (520, 390, 260), "record": (523, 659, 784, 1047), "kept": (660, 880)}


def run_page(**work: Any) -> Any:
    """Let node run the page's own modules."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    page = (ROOT / "tools/game/page/listening/laughter.mjs").as_uri()
    work = {"page": page, "definition": laughter.as_json(), **work}
    command = [node, "--no-warnings", str(Path(__file__).with_name("listening.mjs"))]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout)


def hear(samples: F32, rate_hz: int, folder: Path, pieces: tuple[int, ...] = (4096,)) -> tuple[F32, F32]:
    """Return what the page makes of samples: those at 16 kHz, and its patches, (n, 96, 64)."""
    file = folder / "samples.f32"
    samples.astype("<f4").tofile(file)
    found = run_page(rateHz=rate_hz, samplesFile=str(file), pieces=pieces)
    patches = np.array(found["patches"], np.float32).reshape(-1, laughter.PATCH, laughter.BANDS)
    return np.array(found["resampled"], np.float32), patches


def sounds() -> list[tuple[str, str]]:
    """List the sounds at hand with their labels."""
    assets = paths.assets()
    table = assets and assets / "data" / "sounds" / "labels.csv"
    if not table or not table.is_file():
        return []
    with table.open(encoding="utf-8") as rows:
        return [(row["file"], row["label"]) for row in csv.DictReader(rows)]


def read_sound_file(name: str, rate_hz: int) -> F32:
    assets = paths.assets()
    assert assets is not None
    return np.concatenate([piece[0] for _, piece in read_audio(assets / "data" / "sounds" / name, rate_hz, "mono")])


@pytest.fixture(scope="module")
def yamnet() -> Path:
    path = laughter.find_yamnet_file()
    if path is None:
        pytest.skip(f"no {laughter.YAMNET}")
    return path


@pytest.fixture(scope="module")
def session(yamnet: Path) -> Any:
    return open_session(convert(yamnet.read_bytes(), yamnet.name), "YAMNet")


def laughter_in(session: Any, patches: F32) -> list[float]:
    scores = [session.run([SCORES], {PATCH_INPUT: patch[None]})[0][0] for patch in patches]
    return [laughter.laughter_of(one) for one in scores]


@pytest.mark.parametrize("pieces", [(4096,), (100, 1, 2500)])
def test_the_pages_features_equal_those_of_python(tmp_path: Path, pieces: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    loudness = np.repeat(10 ** rng.uniform(-4, 0, 40), 1000)  # from a whisper to as loud as can be
    samples = (loudness * np.clip(rng.standard_normal(40_000), -1, 1)).astype(np.float32)
    resampled, patches = hear(samples, laughter.RATE_HZ, tmp_path, pieces)
    assert np.array_equal(resampled, samples)
    expected = [
        laughter.log_mel(samples[at : at + laughter.NEEDED]) for at in range(0, 40_000 - laughter.NEEDED + 1, HOP)
    ]
    assert patches.shape == (len(expected), 96, 64)
    assert np.abs(patches - np.array(expected)).max() < 2e-4  # YAMNet's own first step is 0.048


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 8_000, 22_050])
def test_any_rate_becomes_16_khz_and_nothing_folds_back(tmp_path: Path, rate_hz: int) -> None:
    seconds = np.arange(rate_hz) / rate_hz
    heard, _ = hear(0.5 * np.sin(2 * np.pi * 1000 * seconds).astype(np.float32), rate_hz, tmp_path, (4096, 128))
    assert heard.size == pytest.approx(16_000, abs=100)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(heard.size) / 16_000)
    assert np.abs(heard - expected)[200:-200].max() < 5e-3
    if rate_hz > 20_000:
        high = 0.5 * np.sin(2 * np.pi * 9_500 * seconds).astype(np.float32)  # would be heard at 6,500 Hz
        assert np.abs(hear(high, rate_hz, tmp_path)[0][200:-200]).max() < 5e-3


def test_the_onnx_graph_gives_the_scores_of_the_tflite(yamnet: Path, session: Any) -> None:
    pytest.importorskip("ai_edge_litert")
    from tools.timeline.table.sound import Yamnet

    litert, rng = Yamnet(yamnet), np.random.default_rng(2)
    pieces = [rng.normal(0, 10 ** rng.uniform(-4, 0), laughter.NEEDED).astype(np.float32) for _ in range(20)]
    for name, _ in sounds():
        samples = np.concatenate([read_sound_file(name, laughter.RATE_HZ), np.zeros(laughter.NEEDED, np.float32)])
        pieces += [samples[at : at + laughter.NEEDED] for at in range(0, samples.size - laughter.NEEDED, 4_000)]
    expected = np.array([litert.hear(piece) for piece in pieces])
    found = np.array([session.run([SCORES], {PATCH_INPUT: laughter.log_mel(piece)[None]})[0][0] for piece in pieces])
    # Where a step was rounded the other way on the way through, a score may be the next one of the graph's own steps:
    # 0.31 of a logit, so 0.077 at most.
    assert np.abs(found - expected).max() <= 0.08
    assert (found == expected).mean() > 0.995
    strengths = [
        laughter.strength_of(scores[:, laughter.LAUGHTER].sum(1, dtype=np.float64), 0.0) for scores in (found, expected)
    ]
    assert np.abs(strengths[0] - strengths[1]).max() < 0.08


def test_what_is_no_yamnet_is_refused(yamnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = yamnet.read_bytes()
    with pytest.raises(InvalidInput, match=r"no \.tflite"):
        convert(b"not one at all", "x.tflite")
    for length in (9, 1_000, 100_000, len(data) - 100_000):
        with pytest.raises(InvalidInput, match="breaks off"):
            convert(data[:length], "x.tflite")
    monkeypatch.setattr("tools.game.listening.network.N_CLASSES", 500)
    with pytest.raises(InvalidInput, match="expected YAMNet of log-mel patches"):
        convert(data, "x.tflite")
    monkeypatch.delitem(tflite._CODES, 40)
    with pytest.raises(InvalidInput, match="an operator of code 40"):
        convert(data, "x.tflite")


@pytest.mark.parametrize(("name", "label"), sounds() or [("none", "none")])
@pytest.mark.parametrize("level_db", [0, -10, -20])
def test_laughs_are_heard_and_other_sounds_are_not(
    session: Any, tmp_path: Path, name: str, label: str, level_db: int
) -> None:
    if name == "none":
        pytest.skip("no sounds")
    sound = read_sound_file(name, 48_000) * np.float32(10 ** (level_db / 20))
    strongest = []
    for lead in (48_000, 48_000 + 5_760):  # begins with a patch, or between two
        noise = np.random.default_rng(1).normal(0, 1e-4, lead + sound.size + 96_000)
        samples = (noise + np.pad(sound, (lead, 96_000))).astype(np.float32)
        _, patches = hear(np.clip(samples, -1, 1), 48_000, tmp_path)
        found = run_page(laughter=laughter_in(session, patches))
        strongest.append(max(one["strength"] for one in found))
        heard = [one for one in found if one["isHeard"]]
        if name == "baby_laugh.mp3" and level_db == -20:
            continue  # as quiet as the noise of a room: it may be missed
        assert len(heard) == (1 if label == "laughter" else 0), strongest
        begins, ends = lead / 11_520 - 4, (lead + sound.size) / 11_520
        assert all(begins <= one["atMs"] <= ends for one in heard)  # patches are numbered; 11,520 samples each
    print(f"{name} at {level_db} dB: {min(strongest):.2f} to {max(strongest):.2f}")


def test_the_games_own_tones_are_not_laughter(session: Any, tmp_path: Path) -> None:
    source = (ROOT / "tools/game/page/sound.mjs").read_text(encoding="utf-8")
    assert {name: all(f"[{hertz}, " in source for hertz in tones) for name, tones in TONES.items()} == dict.fromkeys(
        TONES, True
    )
    seconds = np.arange(48_000 // 4) / 48_000
    envelope = np.minimum(1, seconds / 0.015) * np.exp(-seconds * 12)
    played = []
    for _ in range(3):
        for tones in TONES.values():
            for hertz in tones:
                triangle = 2 / np.pi * np.arcsin(np.sin(2 * np.pi * hertz * seconds))
                played += [0.5 * triangle * envelope]
            played += [np.zeros(24_000)]
    _, patches = hear(np.concatenate(played).astype(np.float32), 48_000, tmp_path)
    found = run_page(laughter=laughter_in(session, patches))
    assert max(one["strength"] for one in found) < 0.1


def test_the_rule_by_hand() -> None:
    quiet = [0.0] * 4
    # 0.08 above what is usual is a strength of one half; the mean is over 8 patches, 0.4 of it is heard.
    found = run_page(laughter=[*quiet, *[0.08] * 8, *[0.0] * 30])
    assert [one["strength"] for one in found[3:13]] == pytest.approx(
        [0, 1 / 16, 2 / 16, 3 / 16, 4 / 16, 5 / 16, 6 / 16, 7 / 16, 8 / 16, 7 / 16]
    )
    assert [number for number, one in enumerate(found) if one["isHeard"]] == [10]
    # One laugh is one moment, however long; after 5 s (21 patches) of none it may be another.
    long = run_page(laughter=[*[0.3] * 60, *[0.0] * 40, *[0.3] * 10])
    assert len([one for one in long if one["isHeard"]]) == 2
    # What goes on for more than half a minute is what this room sounds like.
    tv = run_page(laughter=[0.3] * 250)
    assert tv[100]["strength"] == pytest.approx(0.3 / 0.38)
    assert tv[-1]["strength"] == 0
    # The moment is where it was strongest.
    one = run_page(laughter=[*quiet, 0.1, 0.2, 0.9, 0.2, 0.1, 0.1, 0.1])
    assert [each["atMs"] for each in one if each["isHeard"]] == [6]
