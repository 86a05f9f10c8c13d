"""What is given in an ONNX's place is called by its name."""

import zipfile
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from shared.onnx.graph import read_graph


def test_a_zip_is_called_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "x")
    with pytest.raises(InvalidInput, match="found a zip archive"):
        read_graph(path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"\x1c\0\0\0TFL3", "a LiteRT"),
        (b"<!doctype html>", "a web page"),
        (b"\x08\x08garbage", "no ONNX, or one that was cut off"),
    ],
)
def test_other_files_are_called_by_their_names(data: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(InvalidInput, match=f"found {name}"):
        read_graph(tmp_path / "model.onnx")
