"""The default install and the start of ./inv do not grow: what few tasks need is an extra that is installed with them.

Sizes are those of the packages' own files, so they do not depend on how busy a machine is; neither does the number of
modules that a start imports, which is what a start's time consists of.
"""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import inv

ROOT = Path(__file__).parents[1]
LINUX_311 = sys.platform == "linux" and sys.version_info[:2] == (3, 11)
# Of these each is large, or brings a server, a cluster or a browser, and few tasks need it.
ONLY_WITH_THEIR_TASKS = {
    "ai-edge-litert",
    "cleanlab",
    "faiss-cpu",
    "grpcio",
    "jax",
    "litert-torch",
    "mlcroissant",
    "mypy",
    "playwright",
    "pytest",
    "ray",
    "torch-pruning",
    "torchao",
    "transformers",
}
LARGEST_MB = 1_760  # measured 1,745 (LOG.md, "Start-up and the default install")
MOST_PACKAGES = 90  # measured 88
# The packages that a start may import from, and how many modules it imports in all.
AT_START = {"filelock", "invoke", "jsonschema-rs", "pyyaml", "setuptools", "smilebench", "tqdm"}
STARTS = {("--list",): 400, ("status",): 205, ("evaluate", "--help"): 405, ("export", "--help"): 405}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _default_install() -> dict[str, importlib.metadata.Distribution]:
    """Return the packages that ./inv installs for most tasks, with all that they need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    usual = inv.wanted(["demo"])[1]
    waiting = [*project["dependencies"], *(text for name in usual for text in project["optional-dependencies"][name])]
    found: dict[str, importlib.metadata.Distribution] = {}
    while waiting:
        requirement = Requirement(waiting.pop())
        name = _plain(requirement.name)
        is_asked_for = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in found or not is_asked_for:
            continue
        try:
            found[name] = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"not the whole default install: no {name}")
        waiting += found[name].requires or []
    return found


def test_what_few_tasks_need_comes_with_none_of_the_others() -> None:
    install = _default_install()
    assert {"torch", "onnxruntime", "mediapipe"} <= set(install), "the packages of a demo are looked at"
    assert set(install) & ONLY_WITH_THEIR_TASKS == set()


def test_the_default_install_keeps_its_size() -> None:
    install = _default_install()
    if not LINUX_311 or any(name.startswith(("nvidia-", "triton")) for name in install):
        pytest.skip("measured on Linux, Python 3.11 and torch's build for processors")
    megabytes = {name: sum(file.size or 0 for file in one.files or ()) / 1e6 for name, one in install.items()}
    largest = sorted(megabytes, key=lambda name: -megabytes[name])[:12]
    shown = ", ".join(f"{name} {megabytes[name]:.0f}" for name in largest)
    assert sum(megabytes.values()) <= LARGEST_MB, f"{sum(megabytes.values()):.0f} MB: {shown}"
    assert len(install) <= MOST_PACKAGES, sorted(install)


@pytest.mark.parametrize(("words", "most"), STARTS.items(), ids=[" ".join(words) for words in STARTS])
def test_a_start_imports_no_more_than_it_did(tmp_path: Path, words: tuple[str, ...], most: int) -> None:
    code = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from shared.chain import program
program.main({list(words)!r})
"""
    environment = {"SMILEBENCH_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    modules = json.loads(done.stderr.splitlines()[-1])
    packages = importlib.metadata.packages_distributions()
    imported = {_plain(package) for name in modules if "." not in name for package in packages.get(name, [])}
    assert imported <= AT_START
    assert len(modules) <= most, f"{len(modules)} modules"
