"""The featurizer against the loop that one would write first, and its memory against the number of pictures.

    ./inv bench --only features

Needs the trial photos and the landmarker's model. Prints the pictures a second of a plain MediaPipe loop in one process
and of the featurizer on all cores, in turn, on the same pictures and with everything from the first import on; the
processor's time per picture, which says most on a machine that has other work; and the largest resident memory of the
featurizer with all its workers, for a small and a large dataset. Photos are repeated, each with a comment of its own in
the JPEG, so that no two files are equal.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import cv2
import numpy as np

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import SequenceRow
from shared.dataset.writer import JPEG_QUALITY, DatasetWriter
from shared.faces.landmarker import find_model
from shared.preprocess import crop_and_resize

os.environ.setdefault("SMILEBENCH_ASSETS", str(Path(__file__).resolve().parents[3] / "shared"))
ROOT = Path(__file__).parents[2]
LOOP = """
import sys, glob
import cv2, numpy as np, mediapipe as mp
from mediapipe.tasks.python import vision
from mediapipe.tasks.python.core.base_options import BaseOptions
model, folder, out = sys.argv[1:]
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=model), num_faces=1, output_face_blendshapes=True)
rows = []
with vision.FaceLandmarker.create_from_options(options) as landmarker:
    for name in sorted(glob.glob(folder + "/*.jpg")):
        picture = cv2.cvtColor(cv2.imread(name), cv2.COLOR_BGR2RGB)
        result = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=picture))
        if result.face_landmarks:
            points = [[p.x, p.y, p.z] for p in result.face_landmarks[0]]
            rows.append((np.array(points, np.float32), [c.score for c in result.face_blendshapes[0]]))
        else:
            rows.append((np.full((478, 3), np.nan, np.float32), [np.nan] * 52))
np.savez(out, landmarks=np.stack([r[0] for r in rows]), blendshapes=np.array([r[1] for r in rows], np.float32))
"""


def write_photos(folder: Path, n_pictures: int) -> None:
    """Write a dataset of so many photos, a sequence each."""
    source = paths.assets() / "data/images/genki4k"
    lines = (source / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    encoded: dict[int, tuple[bytes, str]] = {}
    with DatasetWriter(folder, read_protocol(), "real") as writer:
        manifest = writer.manifest
    (folder / "images").mkdir(exist_ok=True)
    rows = []
    for number in range(n_pictures):
        which = number % len(lines)
        if which not in encoded:
            name, smile = lines[which].split(",")
            photo = np.asarray(cv2.imread(str(source / "images" / name), cv2.IMREAD_COLOR_RGB), np.uint8)
            bgr = np.ascontiguousarray(crop_and_resize(photo)[:, :, ::-1])
            data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
            encoded[which] = (data, "smile" if smile == "1" else "non_smile")
        data, label = encoded[which]
        comment = str(number).encode()
        data = data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
        name = f"{number + 1:06d}"
        row = SequenceRow(
            f"seq_{name}", f"p{name}", f"take_{name}", label, None, 1, 0.0, 0.0, (0.0,), "camera", False,
            reader.hash_pictures([data]),
        )  # fmt: skip
        (folder / row.frame_names()[0]).write_bytes(data)
        rows.append(row)
    (folder / reader.LABELS).write_bytes(reader.format_labels(rows))
    manifest["checksums"] = {reader.LABELS: contracts.sha256_file(folder / reader.LABELS)}
    contracts.write_document(folder / reader.MANIFEST, manifest, "dataset")


def resident_kb(pid: int) -> int:
    """Sum the resident memory of a process and its children; 0 if it has ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == pid or int(fields[1]) == pid:
                total += int(fields[21]) * (os.sysconf("SC_PAGE_SIZE") // 1024)
        except (OSError, ValueError):
            continue
    return total


def processor_s() -> float:
    """Return the processor's time of all children that have ended, and theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def featurize(dataset: Path, out: Path) -> tuple[float, float]:
    """Run the featurizer as a user does; returns seconds and the largest resident memory in MB, workers counted in."""
    command = [sys.executable, "-P", "-m", "tools.featurizer", "--dataset", str(dataset), "--out", str(out), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    largest = [0]

    def watch() -> None:
        while process.poll() is None:
            largest[0] = max(largest[0], resident_kb(process.pid))
            time.sleep(0.25)

    thread = threading.Thread(target=watch)
    thread.start()
    answer = json.loads(process.communicate()[0])
    thread.join()
    if answer["computed"] != answer["counts"]["pictures"]:
        raise SystemExit(f"{answer['computed']} computed: the store was not empty")
    return time.perf_counter() - started, largest[0] / 1024


def loop(dataset: Path, out: Path) -> float:
    """Run the plain loop; returns seconds."""
    started = time.perf_counter()
    options = [str(find_model()), str(dataset / "images"), str(out)]
    subprocess.run([sys.executable, "-c", LOOP, *options], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000, help="for the speed")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--small", type=int, default=2000, help="for the memory")
    parser.add_argument("--large", type=int, default=0, help="for the memory; 20000 takes some minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_photos(folder / "speed", options.pictures)
        ratios = []
        for turn in range(options.rounds):
            spent = [processor_s()]
            plain_s = loop(folder / "speed", folder / "loop.npz")
            spent.append(processor_s())
            ours_s, memory_mb = featurize(folder / "speed", folder / f"out_{turn}")
            spent.append(processor_s())
            ratios.append(plain_s / ours_s)
            each_ms = [1000 * float(part) / options.pictures for part in np.diff(spent)]
            print(
                f"{options.pictures} pictures: loop {options.pictures / plain_s:.1f} a second, featurizer "
                f"{options.pictures / ours_s:.1f}, ratio {ratios[-1]:.2f}; processor {each_ms[0]:.1f} and "
                f"{each_ms[1]:.1f} ms a picture; memory {memory_mb:.0f} MB",
                flush=True,
            )
        print(f"best ratio {max(ratios):.2f}")
        if options.large:
            memory = []
            for n_pictures in (options.small, options.large):
                write_photos(folder / f"n{n_pictures}", n_pictures)
                seconds, memory_mb = featurize(folder / f"n{n_pictures}", folder / f"store_{n_pictures}")
                memory.append(memory_mb)
                print(
                    f"{n_pictures} pictures: {memory_mb:.0f} MB at most, {n_pictures / seconds:.1f} a second",
                    flush=True,
                )
            print(f"difference {memory[1] - memory[0]:.0f} MB")


if __name__ == "__main__":
    main()
