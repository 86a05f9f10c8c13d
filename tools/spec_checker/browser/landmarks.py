"""Compares the client's landmarker in the browser with Python's on the same pictures.

For hand-offs of landmarks or blendshapes. The pictures are frames of a film, and tight crops of the same faces, most of
which the landmarker finds with the black border only. Runs the proof's page; writes raw pictures into a given folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli
from shared.arrays import F32, U8
from shared.dataset.feature_store import nearest_with_face
from shared.faces import landmarker
from shared.onnx.decisions import is_flip
from shared.onnx.stream import OnnxGraph, find_graph, kind_of
from shared.preprocess import crop_and_resize, square_box
from tools.spec_checker.browser.chromium import ProofPage
from tools.spec_checker.browser.graphs import percentiles
from tools.spec_checker.findings import FIGURES_WIDTH, Finding, failed, passed

Spec = Mapping[str, Any]
_N_FRAMES = 30
_TIGHT = 0.7  # of the face: the landmarker finds one in four without the border, and all with it
_TIGHT_PX = 64


@dataclass(frozen=True)
class FaceComparison:
    """Differences of the two landmarkers on the same pictures.

    Attributes:
        film: The source of the pictures.
        n_pictures: Number of pictures.
        n_found: Pictures in which Python finds a face.
        n_with_border: Pictures of these in which the browser finds it with the border only.
        n_found_differs: Pictures with a face in one of the two only.
        largest_difference_xy: Of a point, as a fraction of the square's side.
        largest_difference_z: Likewise.
        largest_difference_blendshapes: Of a score.
        largest_difference_prob: Of the window's probability, computed in Python on either landmarker's output
            for consecutive frames.
        n_decisions: Number of such windows.
        n_flips: Decisions that differ although Python's lies outside the tolerance around the threshold.
        ms: p50, p95 and n of a detection in the browser, crop included.
    """

    film: str
    n_pictures: int
    n_found: int
    n_with_border: int
    n_found_differs: int
    largest_difference_xy: float
    largest_difference_z: float
    largest_difference_blendshapes: float
    largest_difference_prob: float
    n_decisions: int
    n_flips: int
    ms: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def compare_faces(
    page: ProofPage, spec: Spec, folder: Path, model: Path, film_dir: Path, name: str, frames: Sequence[U8]
) -> FaceComparison:
    """Detect the faces of a film in the browser and in Python.

    Args:
        page: On wasm, served with tasks-vision and the landmarker's model.
        spec: The spec.
        folder: The hand-off.
        model: The landmarker's model file.
        film_dir: Served as /film/; the raw pictures are written there.
        name: The film's.
        frames: Its RGB pictures; at most 30 of them are taken, evenly spaced.

    Raises:
        CheckFailed: The browser's landmarker does not work.
    """
    chosen = [frames[k] for k in np.unique(np.linspace(0, len(frames) - 1, _N_FRAMES).round().astype(int))]
    size_px = spec["preprocessing"]["width_px"]
    with landmarker.FaceLandmarker(model) as reader:
        pictures = [*chosen, *_cut_tightly(chosen, reader, size_px)]
        python_faces = [reader.read(crop_and_resize(picture, size_px)) for picture in pictures]
    cli.note(f"spec-checker: the face in {len(pictures)} pictures of {name} ...")
    files = [_write(film_dir / f"face_{number}.bin", picture) for number, picture in enumerate(pictures)]
    browser_faces = page.call("readFaces", {"pictures": files, "spec": spec})
    differences: dict[str, list[float]] = {"xy": [0.0], "z": [0.0], "blendshapes": [0.0]}
    n_with_border, n_found_differs = 0, 0
    for browser_face, python_face in zip(browser_faces, python_faces, strict=True):
        if (browser_face["landmarks"] is None) == python_face.found:
            n_found_differs += 1
        if browser_face["landmarks"] is None or python_face.points is None or python_face.blendshapes is None:
            continue
        n_with_border += browser_face["withBorder"]
        difference = np.abs(np.reshape(browser_face["landmarks"], python_face.points.shape) - python_face.points)
        differences["xy"].append(float(difference[:, :2].max()))
        differences["z"].append(float(difference[:, 2].max()))
        differences["blendshapes"].append(float(np.abs(browser_face["blendshapes"] - python_face.blendshapes).max()))
    kind = kind_of(spec)
    pairs = _decide(
        spec,
        folder,
        [None if face[kind] is None else np.asarray(face[kind], np.float32) for face in browser_faces[: len(chosen)]],
        [face.points if kind == "landmarks" else face.blendshapes for face in python_faces[: len(chosen)]],
    )
    threshold = spec["decision"]["threshold"]
    band = spec["tolerance"][f"{spec['decision']['output']}_javascript"]
    # The first detection of a kind compiles.
    return FaceComparison(
        film=name,
        n_pictures=len(pictures),
        n_found=sum(face.found for face in python_faces),
        n_with_border=n_with_border,
        n_found_differs=n_found_differs,
        largest_difference_xy=max(differences["xy"]),
        largest_difference_z=max(differences["z"]),
        largest_difference_blendshapes=max(differences["blendshapes"]),
        largest_difference_prob=max((abs(browser - python) for browser, python in pairs), default=0.0),
        n_decisions=len(pairs),
        n_flips=sum(is_flip(browser, python, threshold, band) for browser, python in pairs),
        ms=percentiles([face["ms"] for face in browser_faces[1 : len(chosen)]] or [browser_faces[0]["ms"]]),
    )


def judge_faces(faces: FaceComparison, spec: Spec) -> Finding:
    """Turn the comparison into a finding; z counts only if the graph uses it."""
    tolerance, prob = spec["tolerance"], spec["decision"]["output"]
    size_px = spec["preprocessing"]["width_px"]
    figures = (
        f"{faces.n_pictures} pictures of {faces.film}, {faces.n_found} with a face, {faces.n_with_border} of them with "
        f"the border only: x and y differ by up to {faces.largest_difference_xy:.1e} of the side "
        f"({faces.largest_difference_xy * size_px:.4f} px), z by {faces.largest_difference_z:.1e}, blendshapes by "
        f"{faces.largest_difference_blendshapes:.1e}, {prob} by {faces.largest_difference_prob:.1e} with "
        f"{faces.n_flips} of {faces.n_decisions} flipped; p50 {faces.ms['p50']:.0f} ms, p95 {faces.ms['p95']:.0f} ms"
    )
    field = "browser.landmarks"
    todo = "the page's landmarker differs from Python's: use the package and the model that the spec names"
    if faces.n_found_differs:
        found = f"{faces.n_found_differs} of {faces.n_pictures} pictures with a face in Python or the browser only"
        return failed(field, found, "the same faces", todo)
    if not faces.n_found:
        return failed(
            field, f"no face in {faces.n_pictures} pictures", "a film of a face", "use another film with --film"
        )
    points = [faces.largest_difference_xy, *([faces.largest_difference_z] if spec["input"].get("uses_z") else [])]
    agrees = max(points) <= tolerance["landmarks_javascript"] and not faces.n_flips
    agrees = agrees and faces.largest_difference_prob <= tolerance[f"{prob}_javascript"]
    if not agrees or faces.largest_difference_blendshapes > tolerance["blendshapes_javascript"]:
        limits = [tolerance[f"{what}_javascript"] for what in ("landmarks", "blendshapes", prob)]
        expected = f"points, scores and {prob} within {', '.join(f'{limit:g}' for limit in limits)}, and 0 flips"
        return failed(field, figures, expected, todo, limit=FIGURES_WIDTH)
    return passed(field, figures, limit=FIGURES_WIDTH)


def _decide(
    spec: Spec, folder: Path, browser: Sequence[F32 | None], python: Sequence[F32 | None]
) -> list[tuple[float, float]]:
    """Return both probabilities for each run of consecutive frames; runs without any face are left out."""
    window, count = OnnxGraph(folder, find_graph(spec, "window", "plain")), spec["frames"]["count"]
    pairs = []
    for end in range(count, len(browser) + 1):
        probs = []
        for frames in (browser[end - count : end], python[end - count : end]):
            nearest = nearest_with_face([values is not None for values in frames])
            if nearest is not None:
                features = np.stack([np.reshape(frames[place], spec["input"]["shape"][2:]) for place in nearest])
                probs.append(float(np.ravel(window.run(features[None].astype(np.float32))[0])[0]))
        if len(probs) == 2:
            pairs.append((probs[0], probs[1]))
    return pairs


def _cut_tightly(frames: Sequence[U8], reader: landmarker.FaceLandmarker, size_px: int) -> Iterator[U8]:
    """Cut faces out so that they fill the picture: small squares between forehead and chin, without hair or neck."""
    import cv2

    for frame in frames[::3]:
        height, width = frame.shape[:2]
        x0, y0, x1, _ = square_box(width, height)
        points = reader.read(crop_and_resize(frame, size_px)).points
        if points is None:
            continue
        side = x1 - x0
        low, high = points[:, :2].min(0) * side, points[:, :2].max(0) * side
        middle, half = (low + high) / 2, (high - low).max() * _TIGHT / 2
        left, top = (int(max(0, value)) for value in middle - half)
        right, bottom = (int(min(side, value)) for value in middle + half)
        tight = frame[y0 + top : y0 + bottom, x0 + left : x0 + right]
        if min(tight.shape[:2]) >= _TIGHT_PX // 2:
            yield np.asarray(cv2.resize(tight, (_TIGHT_PX, _TIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _write(path: Path, picture: U8) -> dict[str, Any]:
    """Write a picture as RGBA bytes; returns its file name and size."""
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    path.write_bytes(np.ascontiguousarray(rgba).tobytes())
    return {"file": path.name, "width": picture.shape[1], "height": picture.shape[0]}
