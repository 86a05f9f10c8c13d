"""A laptop with only the recorder's extra: no torch, no checkout to run from."""

import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_ci_a_venv_with_only_the_recorders_extra_records_an_actor(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    source = tmp_path / "source"
    ignored = {".venv", ".git", "artifacts", "datasets", "tests"}
    source.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in ignored and not entry.name.startswith(".venv"):
            (source / entry.name).symlink_to(entry)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{source}[recorder]"]
    subprocess.run(install, check=True, timeout=600, capture_output=True)
    packages = subprocess.run([str(python), "-m", "pip", "list"], check=True, capture_output=True, text=True).stdout
    assert not {"torch", "onnxruntime", "matplotlib", "invoke"} & set(packages.split())

    words = ["--source", "synthetic", "--subject", "a01", "--dataset", "trial", "--no-preview", "--json"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SMILEBENCH"))}
    done = subprocess.run(
        [str(folder / "bin" / "recorder"), *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["takes"]) == 1
    assert (tmp_path / "datasets" / "trial" / "labels.csv").is_file()
