"""Documents are valid on both sides of a file, and a file is whole or as it was."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.dataset.protocol import DEFAULT_PROTOCOL
from shared.errors import InvalidInput

GOOD: dict[str, Any] = contracts.read_json(DEFAULT_PROTOCOL)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_document_comes_back_as_it_was_written(tmp_path: Path) -> None:
    contracts.write_document(tmp_path / "new" / "p.json", GOOD, "protocol")
    assert contracts.read_document(tmp_path / "new" / "p.json", "protocol") == GOOD
    assert "웃으세요!" in (tmp_path / "new" / "p.json").read_text(encoding="utf-8")
    assert names(tmp_path / "new") == ["p.json"]


def test_a_document_that_does_not_fit_is_not_written_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    contracts.write_document(path, GOOD, "protocol")
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="frame_count"):
        contracts.write_document(path, {**GOOD, "frame_count": 0}, "protocol")
    assert path.read_bytes() == before
    assert names(tmp_path) == ["p.json"]


def test_a_document_that_does_not_fit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"schema_version": 1}')
    with pytest.raises(InvalidInput, match=r"p\.json.*found no name"):
        contracts.read_document(tmp_path / "p.json", "protocol")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_not_written(tmp_path: Path, value: float) -> None:
    with pytest.raises((InvalidInput, ValueError)):
        contracts.write_document(tmp_path / "p.json", {**GOOD, "min_fps": value}, "protocol")
    assert names(tmp_path) == []


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(b"\xef\xbb\xbf" + DEFAULT_PROTOCOL.read_bytes())
    assert contracts.read_document(tmp_path / "p.json", "protocol") == GOOD


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"9" * 5000, b"{'a': 1}"])
def test_what_is_no_json_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    # 100,000 brackets ended in a RecursionError, 5,000 digits in a bare ValueError.
    (tmp_path / "p.json").write_bytes(data)
    with pytest.raises(InvalidInput, match="expected a JSON file") as caught:
        contracts.read_json(tmp_path / "p.json")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        contracts.read_json(tmp_path / "p.json")
    with pytest.raises(InvalidInput, match="a readable JSON file"):
        contracts.read_json(tmp_path)


FULL_DISK = """
import errno, sys
from pathlib import Path
from shared import contracts
try:
    contracts.write_bytes(Path(sys.argv[1]), bytes(200_000))
except OSError as error:
    raise SystemExit(40 if error.errno in (errno.ENOSPC, errno.EFBIG) else 41)
"""


def test_a_file_that_the_system_refuses_to_let_grow_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"the old one")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], preexec_fn=limit, check=False)
    assert done.returncode == 40
    assert path.read_bytes() == b"the old one"
    assert names(tmp_path) == ["labels.csv"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk of its own takes the right to mount one")
    try:
        path = disk / "labels.csv"
        path.write_bytes(b"the old one")
        with pytest.raises(OSError, match="No space left") as caught:
            contracts.write_bytes(path, bytes(200_000))
        assert caught.value.errno == errno.ENOSPC
        assert path.read_bytes() == b"the old one"
        assert names(disk) == ["labels.csv"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_interruption_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"the old one")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        contracts.write_bytes(path, b"the new one")
    assert path.read_bytes() == b"the old one"
    assert names(tmp_path) == ["p.json"]


def test_hashes_are_those_of_the_standard(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2, appendix B.1
    assert contracts.sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert contracts.sha256_json({"b": 1, "a": [2]}) == contracts.sha256_json({"a": [2], "b": 1})
    assert contracts.sha256_json({"a": [2, 1]}) != contracts.sha256_json({"a": [1, 2]})
    with pytest.raises(InvalidInput, match="a readable file"):
        contracts.sha256_file(tmp_path / "none")


def test_a_document_of_another_version_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match=r"found 7, expected 1 \(.*run the step that made it once more"):
        contracts.validate({**GOOD, "schema_version": 7}, "protocol", "p.json")


def test_an_error_names_alternatives_in_a_few_words() -> None:
    # It held the whole schema of each: a thousand letters.
    results = contracts.read_json(Path(__file__).parents[1] / "schemas/positive/results/two_classes.json")
    assert contracts.explain({**results, "split": 3}, "results") == ("split", "3", "object with file, sha256 or null")


@pytest.mark.parametrize("value", [np.float32(0.5), np.int64(1), {1: "one"}, "\ud800"])
def test_what_json_does_not_have_is_no_valid_document(value: object) -> None:
    assert not contracts.is_valid({**GOOD, "min_fps": value}, "protocol")


def test_a_valid_document_is_known_without_the_slow_validator() -> None:
    # It is imported for a reason only: that alone takes a third of a tool's start.
    code = "import sys; from shared.dataset.protocol import *; read_protocol(DEFAULT_PROTOCOL); "
    code += "raise SystemExit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
