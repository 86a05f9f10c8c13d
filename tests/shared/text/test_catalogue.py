"""Words are kept in one way: identifiers with a text in each language beside them."""

import ast
import importlib
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.text.catalogue import Catalogue, Text, Words, by_language

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "tools").rglob("*.py"), *(ROOT / "shared").rglob("*.py")])
SPEAKING = [path for path in FILES if "shared.text.catalogue" in path.read_text(encoding="utf-8")]
HANGUL = re.compile("[가-힣]")
# Korean that is no text of a page: where it stands, and why no catalogue holds it.
KOREAN_ELSEWHERE = {
    "shared/dataset/card.py": "a document that is written in both languages at once",
    "shared/plots/figures.py": "a letter that a font is tried with",
    "tools/game/cli.py": "the game's name",
    "tools/handoff/readme.py": "a document that is written in both languages at once",
    "tools/importer/cli.py": "an example of a keyword",
    "tools/importer/labels.py": "a protocol's prompts, which are data",
    "tools/importer/table.py": "columns of other people's tables",
    "tools/kaggle_publisher/release/card.py": "a document that is written in both languages at once",
    "tools/kaggle_publisher/release/rules.py": "a word that a public text must hold",
    "tools/reviewer/server.py": "a line in both languages for whoever has no page",
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=module_of(path)) for path in paths]


def catalogues() -> Iterator[tuple[str, Catalogue]]:
    """Yield every catalogue of the project with its name."""
    seen: set[int] = set()
    for path in SPEAKING:
        for name, value in vars(importlib.import_module(module_of(path))).items():
            is_catalogue = isinstance(value, dict) and value and all(isinstance(one, Text) for one in value.values())
            if is_catalogue and id(value) not in seen:
                seen.add(id(value))
                yield f"{module_of(path)}.{name}", value


CATALOGUES = [pytest.param(found, id=name) for name, found in catalogues()]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_catalogues_of_all_rooms_are_found() -> None:
    rooms = {name.split(".")[1] for name, _ in catalogues()}
    assert rooms >= {"reporter", "reviewer", "grid_viewer", "recorder", "plots", "text"}


@pytest.mark.parametrize("texts", CATALOGUES)
def test_a_text_is_named_by_an_identifier_and_has_the_same_places_in_both_languages(texts: Catalogue) -> None:
    assert [key for key in texts if not re.fullmatch("[a-z][a-z0-9_]*", key)] == []
    assert [key for key, text in texts.items() if places(text.en) != places(text.ko)] == []


@pytest.mark.parametrize("texts", CATALOGUES)
def test_a_text_is_in_its_language(texts: Catalogue) -> None:
    typed = r"\./inv [a-z-]+|pip install|\{\w+\}"  # what is typed is the same everywhere
    assert [key for key, text in texts.items() if HANGUL.search(text.en)] == []
    korean = {key: re.sub(typed, "", text.ko) for key, text in texts.items()}
    assert [key for key, text in korean.items() if re.search(r"\b[a-z]{2,} [a-z]{2,}\b", text)] == []
    long = [key for key, text in texts.items() if len(re.findall("[A-Za-z]{2,}", re.sub(typed, "", text.en))) > 3]
    assert [key for key in long if not HANGUL.search(korean[key])] == []


@pytest.mark.parametrize("texts", CATALOGUES)
def test_no_korean_particle_follows_an_inserted_name(texts: Catalogue) -> None:
    # 은/는, 이/가, 을/를, 과/와 depend on the last sound of a name that nobody knows beforehand.
    particle = re.compile(r"\}(은|는|이|가|을|를|과|와|으로|로)\b")
    assert [key for key, text in texts.items() if particle.search(text.ko)] == []


def korean_outside_of_texts(tree: ast.AST) -> list[str]:
    """Return the Korean strings that are neither a `Text` nor a docstring."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text"]
    allowed = {id(part) for call in calls for part in ast.walk(call)}
    allowed |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in strings if HANGUL.search(node.value) and id(node) not in allowed]


@pytest.mark.parametrize("path", named(FILES))
def test_korean_stands_in_a_catalogue(path: Path) -> None:
    korean = korean_outside_of_texts(ast.parse(path.read_text(encoding="utf-8")))
    if str(path.relative_to(ROOT)) in KOREAN_ELSEWHERE:
        assert korean, "this exception is needed no more"
    else:
        assert korean == []


LOOKUPS = {"get", "words", "raw", "counted", "Words", "ReportWords"}
REPLACEMENTS = {"replace", "removesuffix", "removeprefix", "partition", "rpartition", "sub", "translate"}


def made_of_another_text(tree: ast.AST) -> list[str]:
    """Return the code that keeps or looks up a text by a sentence, or makes one by replacing words in another."""
    found = []
    for node in ast.walk(tree):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = node.keys
        elif isinstance(node, ast.Subscript):
            keys = [node.slice]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            keys = [*node.args[:1]] if name in LOOKUPS else []
            if name in REPLACEMENTS and isinstance(node.func, ast.Attribute) and replaces_words(node):
                found.append(ast.unparse(node))
        found += [ast.unparse(key) for key in keys if isinstance(key, ast.Constant) and " " in str(key.value)]
    return found


def replaces_words(call: ast.Call) -> bool:
    """Tell whether a call may replace words: all but signs, templates' ``{{places}}`` and objects without text."""
    if any(keyword.arg for keyword in call.keywords) or not call.args:
        return False  # replace(microsecond=0)
    pattern = call.args[0]
    if not isinstance(pattern, ast.Constant) or not isinstance(pattern.value, str):
        is_identifier = ast.unparse(call.func).endswith((".removeprefix", ".removesuffix"))
        return not is_identifier and not ast.unparse(call.func).startswith(
            ("os.", "dataclasses.", "_UNIT.", "_SPECIAL.")
        )
    return not re.fullmatch(r"\{\{\w+\}\}", pattern.value) and re.search(r"[^\W\d_]{2}", pattern.value) is not None


@pytest.mark.parametrize("path", named(SPEAKING))
def test_no_text_is_looked_up_by_a_sentence_or_made_by_replacing_words(path: Path) -> None:
    assert made_of_another_text(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "REASONS = {'one person only': '한 사람뿐입니다'}",
        "text = TEXTS['cannot tell']",
        "text = TEXTS.get('only one class is present', '')",
        "text = words('which may be luck')",
        "method = method.replace(english, korean)",
        "method = method.replace('accuracy', name)",
        "text = re.sub('by person', '', text)",
        "text = sentence.partition('Cannot tell')[2]",
    ],
)
def test_a_lookup_by_a_sentence_is_noticed(code: str) -> None:
    assert made_of_another_text(ast.parse(code))


def test_words_fill_places_and_count_in_the_singular() -> None:
    texts = {"clips": Text("{n} clips", "클립 {n}개"), "clips_one": Text("{n} clip", "클립 {n}개")}
    assert [Words(texts, "en").counted("clips", n) for n in (1, 2)] == ["1 clip", "2 clips"]
    assert Words(texts, "ko")("clips", n=3) == "클립 3개"
    assert by_language(texts)["ko"] == {"clips": "클립 {n}개", "clips_one": "클립 {n}개"}
    with pytest.raises(KeyError):
        Words(texts, "en")("takes")
