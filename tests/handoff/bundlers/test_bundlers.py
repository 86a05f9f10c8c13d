"""A packed hand-off in five projects, built as front ends build them, run in Chromium at / and under /app/."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import paths
from shared.onnx.pair import Window
from shared.preprocess import to_batch

pytestmark = pytest.mark.slow

EXAMPLES = ("plain", "vite", "webpack", "esbuild", "next")
FOLDER = "smile-detector/"
MOST_OWN_BYTES = 1_500_000  # the page, and what a bundler makes of client and React
# Which of the copied files a page need not load: the client, where it is bundled.
CLIENT = "smile-detector/smile-detector."
REDS = [10, 60, 120, 180, 240]
PUSH = """async (reds) => {
  const results = [];
  for (const [place, red] of reds.entries()) {
    const image = new ImageData(240, 240);
    for (let at = 0; at < image.data.length; at += 4) image.data.set([red, 51, 0, 255], at);
    results.push(await detector.push(image, place * 100));
  }
  const { provider, worker, warnings } = detector.info;
  return { last: results.at(-1), provider, worker, warnings: warnings.map(({ code }) => code) };
}"""


def decide(folder: Path) -> float:
    """Give Python's probability of the pictures that the page pushes."""
    pictures = np.empty((len(REDS), 224, 224, 3), np.uint8)
    for picture, red in zip(pictures, REDS, strict=True):
        picture[:] = (red, 51, 0)
    return float(Window((folder / paths.MODEL_FILE).read_bytes()).run(to_batch(pictures)[0]).prob)


def list_files(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("base", ["/", "/app/"])
@pytest.mark.parametrize("kind", ["frames", "landmarks"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_project_is_built_and_its_page_decides_as_python_does(
    example: str,
    kind: str,
    base: str,
    pack: Callable[[str], Any],
    build: Callable[..., Path],
    serve: Callable[[Path, str], Any],
    launch: Callable[..., Any],
) -> None:
    place = build(example, kind, base)
    site = serve(place, base)
    page = launch().new_page()
    page.set_default_timeout(120_000)
    page.goto(site.url)
    page.wait_for_function("!['…', ''].includes(document.getElementById('word').textContent)")
    assert page.inner_text("#word") == "loaded"
    found = page.evaluate(PUSH, REDS)
    page.close()
    assert (found["provider"], found["worker"], found["warnings"]) == ("wasm", True, ["one-thread"])
    if kind == "frames":
        assert found["last"]["state"] == "ready"
        assert found["last"]["smileProb"] == pytest.approx(decide(pack(kind).folder), abs=1e-4)
    else:  # plain colours have no face; the landmarker has looked twice
        assert (found["last"]["state"], found["last"]["smileProb"]) == ("no_face", 0)
        assert found["last"]["landmarksMs"] > 0
    missed = {path for path, status in site.asked if status >= 400 and not path.endswith("favicon.ico")}
    # esbuild leaves the worker behind, so that the copied one is taken.
    assert missed == ({"smile-detector.worker.mjs"} if example == "esbuild" else set())
    files = list_files(place)
    loaded = {path for path, status in site.asked if status < 400}
    shipped = {path for path in files if path.startswith(FOLDER)}
    assert {path for path in shipped - loaded if not path.startswith(CLIENT)} == set()
    assert {path for path in loaded if path.startswith(FOLDER)} <= shipped
    assert sum(size for path, size in files.items() if not path.startswith(FOLDER)) < MOST_OWN_BYTES


@pytest.mark.parametrize("kind", ["frames", "landmarks"])
def test_what_must_ship_is_listed_with_its_size(
    kind: str, set_up: Callable[..., Path], run_npm: Callable[..., str], tmp_path: Path
) -> None:
    project = set_up("plain", kind)
    lines = run_npm(project, "exec", "--", "smile-detector-assets", "--list").splitlines()
    done = run_npm(project, "exec", "--", "smile-detector-assets", str(tmp_path / "public"))
    files = list_files(tmp_path / "public")
    assert {line.split()[-1] for line in lines[:-1]} == set(files)
    total = f"{sum(files.values()) / 1e6:.2f} MB"
    assert lines[-1].split("in")[0].strip() == total
    assert f"{len(files)} files, {total}; {len(files)} copied" in done
    again = run_npm(project, "exec", "--", "smile-detector-assets", str(tmp_path / "public"))
    assert "; 0 copied, the others were there" in again
    # Of the packages' 187 MB only this; a landmark model's own 7 MB less are the test model's.
    assert sum(files.values()) < {"frames": 22e6, "landmarks": 35e6}[kind]


def test_the_import_works_where_there_is_no_browser(
    set_up: Callable[..., Path], run_program: Callable[..., str]
) -> None:
    script = """
      const client = await import('smile-detector');
      const spec = (await import('smile-detector/frontend_spec.json', { with: { type: 'json' } })).default;
      console.log(client.SmileDetector === client.Detector, spec.schema_version === client.SPEC_VERSION);
    """
    command = ["node", "--no-warnings", "--input-type=module", "--eval", script]
    assert run_program(command, set_up("plain", "frames")).strip() == "true true"
