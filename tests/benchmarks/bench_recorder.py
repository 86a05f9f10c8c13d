"""Frames lost, and processor time, of the recorder at 720p and 30 fps: a film plays the camera in real time.

    ./inv bench --only recorder

A real window under Xvfb, keys by xdotool, ten takes. With the models where they are at hand (SMILEBENCH_ASSETS, or
fetched), so that the traffic light and the smile meter run beside the recording.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared import paths
from shared.dataset.protocol import read_protocol
from shared.video import Film, FilmWriter, Frame
from tools.recorder.actor.actor import Actor

os.environ.setdefault("SMILEBENCH_ASSETS", str(Path(__file__).resolve().parents[3] / "shared"))
TAKES = int(os.environ.get("BENCH_TAKES", "10"))
WIDTH_PX, HEIGHT_PX = 1280, 720


def make_film(path: Path) -> None:
    """Write nine seconds of 720p: a person of the trial films where there is one, else a drawn actor."""
    found = sorted((paths.assets() / "videos" / "protocol").glob("*.mp4"))
    actor = Actor(1, 1, "easy", read_protocol())
    frames = Film(str(found[0])) if found else (Frame(t, actor.render(t)) for t in actor.frame_times_s())
    writer = FilmWriter(path, WIDTH_PX, HEIGHT_PX)
    for frame in frames:
        height, width = frame.rgb_hwc_u8.shape[:2]
        scale = HEIGHT_PX / height
        picture = cv2.resize(frame.rgb_hwc_u8, (min(WIDTH_PX, round(width * scale)), HEIGHT_PX))
        spare = WIDTH_PX - picture.shape[1]
        picture = cv2.copyMakeBorder(picture, 0, 0, spare // 2, spare - spare // 2, cv2.BORDER_REPLICATE)
        writer.add(Frame(frame.time_s, np.asarray(picture, np.uint8)))
    writer.close()


def main() -> int:
    """Record and print what was lost and what it cost."""
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        print(f"recorder: no {', '.join(missing)} to open a real window")
        return 3
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "camera.mp4"
        make_film(film)
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "1400x900x24"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert server.stdout is not None
        environment = {
            **os.environ,
            "DISPLAY": f":{int(server.stdout.readline())}",
            "SMILEBENCH_ASSETS": str(paths.assets()),
            "SMILEBENCH_HOME": folder,
        }
        try:
            takes, cpu_s, wall_s = record(film, Path(folder) / "datasets" / "bench", environment)
        finally:
            server.terminate()
            server.wait()
    recorded_s = sum(take["duration_s"] for take in takes)
    dropped = sum(take["n_dropped"] for take in takes)
    print(f"recorder: {len(takes)} takes of {WIDTH_PX}x{HEIGHT_PX}, {sum(take['n_frames'] for take in takes)} frames")
    print(f"  frames lost                    {dropped}")
    print(f"  processor time a recorded s    {cpu_s / recorded_s:.2f} s (whole session of {wall_s:.0f} s)")
    print(f"  load of {os.cpu_count()} cores at the end    {os.getloadavg()[0]:.1f}")
    return 0 if dropped == 0 else 1


def record(film: Path, dataset: Path, environment: dict[str, str]) -> tuple[list[dict[str, Any]], float, float]:
    """Record TAKES takes at a real window; return their records, the processor time and the time."""
    flags = ["--source", str(film), "--subject", "s01", "--dataset", str(dataset), "--realtime", "--no-review"]
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.recorder", *flags, "--target", str(TAKES), "--consent", "train", "--no-sound"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "smilebench"]
    subprocess.run(search, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)
    time.sleep(3)
    stored, until_s = -1, time.monotonic() + 60 + 25 * TAKES
    while process.poll() is None and time.monotonic() < until_s:
        found = len(list(dataset.glob("takes/*.json"))) + len(list(dataset.glob("rejected/*/takes/*.json")))
        if found > stored:
            stored = found
            time.sleep(1)
            subprocess.run(["xdotool", "key", "space"], env=environment, check=True)
        time.sleep(0.2)
    process.kill()
    process.wait()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the recorder; what else has ended here is small
    records = [json.loads(path.read_text(encoding="utf-8")) for path in dataset.rglob("take_*.json")]
    return records, spent.ru_utime + spent.ru_stime, time.monotonic() - began_s


if __name__ == "__main__":
    raise SystemExit(main())
