"""Output on terminals that cannot write everything: signs are replaced, and nothing ends in a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.system import console

ROOT = Path(__file__).parents[3]
ENCODINGS = ["cp949", "cp1252", "ascii", "utf-8"]
TOOLS = sorted(path.parent.name for path in (ROOT / "tools").glob("*/cli.py"))


def run(*words: object, encoding: str, home: Path) -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "SMILEBENCH_HOME": str(home)}
    command = [sys.executable, "-P", "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, env=environment, check=False, cwd=home)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("−5 → 6 … “x” ≤ 7×8", "ascii", '-5 -> 6 ... "x" <= 7x8'),
        ("café ½ m²", "ascii", "cafe 1/2 m2"),
        ("café", "cp1252", "café"),
        ("웃음 → ok", "cp949", "웃음 → ok"),
        ("웃음", "cp1252", "\\uc6c3\\uc74c"),
        ("😀", "cp949", "\\U0001f600"),
    ],
)
def test_a_sign_becomes_what_it_looks_like_and_a_letter_its_escape(text: str, encoding: str, expected: str) -> None:
    console.make_safe()
    assert text.encode(encoding, console.HANDLER).decode(encoding) == expected


@pytest.mark.parametrize("tool", TOOLS)
def test_help_and_errors_of_every_tool_survive(tool: str, tmp_path: Path) -> None:
    shown = run(f"tools.{tool}", "--help", encoding="ascii", home=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "examples:" in shown.stdout.decode("ascii")
    refused = run(f"tools.{tool}", "--−웃음…", encoding="cp949", home=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.decode("cp949").count("\n") == 1


@pytest.mark.parametrize(
    "encoding", [each if each == "cp949" else pytest.param(each, marks=pytest.mark.slow) for each in ENCODINGS]
)
def test_results_survive_and_json_stays_json(encoding: str, tmp_path: Path) -> None:
    words = ["tools.reporter", "tables", "--baseline", "30,10,22,18", "--candidate", "28,12,30,10"]
    for lang in ("en", "ko"):
        shown = run(*words, "--lang", lang, encoding=encoding, home=tmp_path)
        assert (shown.returncode, shown.stderr) == (0, b"")
        shown.stdout.decode(encoding)
    document = run(*words, "--json", encoding=encoding, home=tmp_path)
    as_utf_8 = run(*words, "--json", encoding="utf-8", home=tmp_path)
    assert json.loads(document.stdout.decode(encoding)) == json.loads(as_utf_8.stdout.decode("utf-8"))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_task_writes_as_its_terminal_reads(encoding: str, tmp_path: Path) -> None:
    listed = run("shared.chain.program", encoding=encoding, home=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, b"")
    text = listed.stdout.decode(encoding)
    assert ("old_results_….json" if encoding in ("utf-8", "cp949", "cp1252") else "old_results_....json") in text
    missing = run("shared.chain.program", "verify", "--dataset", "데이터…", encoding=encoding, home=tmp_path)
    assert missing.returncode in (1, 2)
    said = missing.stderr.decode(encoding)
    assert "Traceback" not in said
    assert ("데이터…" if encoding in ("utf-8", "cp949") else "\\ub370") in said
