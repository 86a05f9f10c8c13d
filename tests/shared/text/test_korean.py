"""Korean that reads as Korean: particles that fit whatever is filled in, and one name for a thing."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

# A particle has two forms, by the sound before it; behind a placeholder or a command nobody knows which one is right.
PARTICLE = re.compile(
    r"(?:(?<!\{)\}|\./inv [a-z-]+) ?(?:을|를|은|는|이|가|과|와|으로|로)(?![가-힣])|[을은이과]\((?:를|는|가|와)\)"
)
WORDS = re.compile(r"음성 클립|그린 (?:사람|얼굴|인물|배우)|(?:웃음|미소) 아님|테스트 쪽|[0-9}] %")


def texts() -> Iterator[tuple[str, str]]:
    """Give every Korean text of a catalogue or a page's script, with its place."""
    for folder in ("shared", "tools"):
        for path in sorted((ROOT / folder).rglob("*.toml")):
            yield from _of_table(path.relative_to(ROOT).as_posix(), tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted((ROOT / folder).rglob("*.mjs")):
            found = re.findall(r"'((?:[^'\\\n]|\\.)*)'", path.read_text(encoding="utf-8"))
            yield from ((path.relative_to(ROOT).as_posix(), text) for text in found if re.search("[가-힣]", text))


def _of_table(place: str, table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            if isinstance(value.get("ko"), str):
                yield f"{place} [{key}]", value["ko"]
            else:
                yield from _of_table(f"{place} [{key}]", value)


def test_no_particle_depends_on_what_is_filled_in() -> None:
    found = list(texts())
    assert len(found) > 500
    assert [(place, text) for place, text in found if PARTICLE.search(text)] == []


def test_a_thing_has_one_name_and_percent_follows_its_number() -> None:
    assert [(place, text) for place, text in texts() if WORDS.search(text)] == []


def test_what_these_rules_find() -> None:
    for text in (
        "{file}을 찾을 수 없습니다",
        "파일 {file}이(가) 없습니다",
        "./inv review-apply 를 실행",
        "{name} 과 다릅니다",
    ):
        assert PARTICLE.search(text), text
    for text in ("{n}개를 봅니다", "{count}명이 있습니다", "./inv ab 명령을 실행", "{name} 가운데 하나"):
        assert not PARTICLE.search(text), text
    assert WORDS.search("75.0 % 이상")
