"""Fetching onnxruntime-web: once, whole or not at all, and a word on what to do where it cannot be fetched."""

import json
import os
import shutil
from pathlib import Path

import pytest

from shared.errors import MissingOutside
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION


def put_package(package_dir: Path, version: str = ONNXRUNTIME_WEB.version, missing: str = "") -> Path:
    (package_dir / "dist").mkdir(parents=True)
    (package_dir / "package.json").write_text(json.dumps({"version": version}), encoding="utf-8")
    for name in ONNXRUNTIME_WEB.needed_files:
        if name != missing:
            (package_dir / name).write_bytes(b"x")
    return package_dir


def make_npm(folder: Path, body: str) -> str:
    """Write a program that stands for npm."""
    folder.mkdir(exist_ok=True)
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_a_package_is_whole_only_with_its_version_and_all_its_files(tmp_path: Path) -> None:
    assert ONNXRUNTIME_WEB.is_whole(put_package(tmp_path / "good"))
    assert not ONNXRUNTIME_WEB.is_whole(put_package(tmp_path / "old", version="1.29.0"))
    assert not ONNXRUNTIME_WEB.is_whole(put_package(tmp_path / "cut", missing="dist/ort-wasm-simd-threaded.wasm"))
    assert not ONNXRUNTIME_WEB.is_whole(tmp_path / "nothing")


def test_a_package_that_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    here = put_package(
        tmp_path / f"{ONNXRUNTIME_WEB.name}-{ONNXRUNTIME_WEB.version}" / "node_modules" / ONNXRUNTIME_WEB.name
    )
    assert ONNXRUNTIME_WEB.install(tmp_path, npm="no-such-npm") == here


def test_without_npm_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingOutside, match=r"no such program, expected npm.*install Node\.js 20 or newer") as caught:
        ONNXRUNTIME_WEB.install(tmp_path, npm="no-such-npm")
    assert caught.value.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_fetch_that_fails_leaves_nothing_behind_and_shows_no_address(tmp_path: Path) -> None:
    npm = make_npm(
        tmp_path / "bin",
        "echo 'npm error code ECONNREFUSED' >&2; echo 'npm error request to http://example.org/x failed' >&2; exit 1",
    )
    with pytest.raises(MissingOutside, match=r"exit code 1 \(code ECONNREFUSED\)") as caught:
        ONNXRUNTIME_WEB.install(tmp_path / "home", npm=npm)
    assert "://" not in str(caught.value)
    assert [path.name for path in (tmp_path / "home").iterdir()] == [".lock"]


def test_a_fetch_that_brings_half_a_package_is_refused(tmp_path: Path) -> None:
    npm = make_npm(
        tmp_path / "bin",
        f"mkdir -p node_modules/{ONNXRUNTIME_WEB.name}; echo '{{}}' > node_modules/{ONNXRUNTIME_WEB.name}/package.json",
    )
    with pytest.raises(MissingOutside, match="lacks files"):
        ONNXRUNTIME_WEB.install(tmp_path / "home", npm=npm)
    assert not list((tmp_path / "home").glob("onnxruntime-web*"))


def test_half_a_package_from_an_interrupted_copy_is_replaced(tmp_path: Path) -> None:
    ready = put_package(tmp_path / "ready")
    npm = make_npm(tmp_path / "bin", f"mkdir -p node_modules && cp -r '{ready}' node_modules/{ONNXRUNTIME_WEB.name}")
    home = tmp_path / "home"
    target = home / f"{ONNXRUNTIME_WEB.name}-{ONNXRUNTIME_WEB.version}" / "node_modules" / ONNXRUNTIME_WEB.name
    put_package(target, missing="ort.min.mjs")
    assert ONNXRUNTIME_WEB.install(home, npm=npm) == target
    assert ONNXRUNTIME_WEB.is_whole(target)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_real_npm_without_a_registry_is_exit_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in [key for key in os.environ if key.lower().startswith("npm_config_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(MissingOutside, match="ECONNREFUSED"):
        ONNXRUNTIME_WEB.install(tmp_path / "home")


def test_a_package_of_a_scope_is_kept_under_a_plain_name(tmp_path: Path) -> None:
    package = TASKS_VISION
    here = tmp_path / "mediapipe-tasks-vision-1.1.0" / "node_modules" / "@mediapipe" / "tasks-vision"
    (here / "wasm").mkdir(parents=True)
    (here / "package.json").write_text(json.dumps({"version": package.version}), encoding="utf-8")
    for name in package.needed_files:
        (here / name).write_bytes(b"x")
    assert package.install(tmp_path, npm="no-such-npm") == here
    (here / package.needed_files[-1]).unlink()
    with pytest.raises(MissingOutside, match=r"@mediapipe/tasks-vision@1\.1\.0"):
        package.install(tmp_path, npm="no-such-npm")
