"""The client's types, by both compilers and by each way in which they look for a package."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMPILERS = {"5.9": "typescript@5.9.3", "7": "typescript@7.0.2"}
PAGE = Path(__file__).with_name("page.mts")
RESOLUTIONS = {"bundler": "esnext", "node16": "node16", "nodenext": "nodenext"}


@pytest.fixture(scope="module")
def typed_project(set_up: Callable[[str, str], Path], run_npm: Callable[..., str]) -> Path:
    """A project with the hand-off and both compilers, under the names ts5.9 and ts7."""
    folder = set_up("plain", "frames")
    named = [f"ts{name}@npm:{package}" for name, package in COMPILERS.items()]
    run_npm(folder, "install", "--save-exact", "--ignore-scripts", *named)
    (folder / PAGE.name).write_bytes(PAGE.read_bytes())
    return folder


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_page_type_checks_strictly(
    compiler: str, resolution: str, typed_project: Path, run_program: Callable[..., str]
) -> None:
    options = {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": False,
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        "module": RESOLUTIONS[resolution],
        "moduleResolution": resolution,
    }
    name = f"tsconfig.{resolution}.json"
    (typed_project / name).write_text(json.dumps({"compilerOptions": options, "files": [PAGE.name]}), encoding="utf-8")
    tsc = f"node_modules/ts{compiler}/bin/tsc"
    assert run_program(["node", tsc, "--version"], typed_project).split()[-1].startswith(compiler)
    # page.mts also has two lines that must not type-check (@ts-expect-error): without types none would.
    assert run_program(["node", tsc, "-p", name], typed_project) == ""
