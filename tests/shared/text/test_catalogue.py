"""Words are kept in one way: identifiers with a text in each language beside them."""

import ast
import re
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from shared.text.catalogue import Catalogue, Text, Words, by_language, read_catalogue

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "tools").rglob("*.py"), *(ROOT / "shared").rglob("*.py")])
SPEAKING = [path for path in FILES if "shared.text.catalogue" in path.read_text(encoding="utf-8")]
TEXTS = sorted([*(ROOT / "tools").rglob("*.toml"), *(ROOT / "shared").rglob("*.toml")])
HANGUL = re.compile("[가-힣]")
# Korean that is no text of a page: where it stands, and why no catalogue holds it.
KOREAN_ELSEWHERE = {
    "shared/dataset/card.py": "a document that is written in both languages at once",
    "shared/plots/figures.py": "a letter that a font is tried with",
    "tools/game/cli.py": "the game's name",
    "tools/game/keep/store.py": "a protocol's prompts, which are data",
    "tools/handoff/phone/kit.py": "a sentence of a document that is written in both languages at once",
    "tools/handoff/readme.py": "a document that is written in both languages at once",
    "tools/importer/cli.py": "an example of a keyword",
    "tools/importer/labels.py": "a protocol's prompts, which are data",
    "shared/films/window_table.py": "columns of other people's tables",
    "tools/kaggle_publisher/release/card.py": "a document that is written in both languages at once",
    "tools/kaggle_publisher/release/rules.py": "a word that a public text must hold",
    "shared/web/private.py": "a line in both languages for whoever has no page",
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=module_of(path)) for path in paths]


CATALOGUES = [pytest.param(read_catalogue(path), id=path.relative_to(ROOT).as_posix()) for path in TEXTS]


def test_the_catalogues_of_all_rooms_are_found() -> None:
    rooms = {path.relative_to(ROOT).parts[1] for path in TEXTS}
    assert rooms >= {"reporter", "reviewer", "grid_viewer", "recorder", "plots", "text"}


@pytest.mark.parametrize("texts", CATALOGUES)
def test_a_text_is_named_by_an_identifier(texts: Catalogue) -> None:
    assert [key for key in texts if not re.fullmatch("[a-z][a-z0-9_]*", key)] == []


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


def korean_in_code(tree: ast.AST) -> list[str]:
    """Return the Korean strings that are no docstring."""
    allowed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in strings if HANGUL.search(node.value) and id(node) not in allowed]


@pytest.mark.parametrize("path", named(FILES))
def test_korean_stands_in_files_of_texts(path: Path) -> None:
    korean = korean_in_code(ast.parse(path.read_text(encoding="utf-8")))
    if str(path.relative_to(ROOT)) in KOREAN_ELSEWHERE:
        assert korean, "this exception is needed no more"
    else:
        assert korean == []


# Identifiers that no code of the room holds: words of datasets.
NAMED_BY_DATA = {
    "shared/text/label_style.toml": {"teasing", "not_teasing", "non_teasing"},
    "tools/grid_viewer/emotions.toml": {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"},
}


def looked_up(folder: Path) -> re.Pattern[str]:
    """Match the identifiers that code can ask for: whole ones, ``f"word_{word}"`` and ``"word_" + word``."""
    asked: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in node.values
                ]
                asked.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                asked.add(re.escape(node.value) + (r"\w+" if node.value.endswith("_") else "(_one)?"))
    for path in [*folder.rglob("*.js"), *folder.rglob("*.html")]:
        found = re.findall(r"[\"'`]([a-z0-9_]+)([\"'`]|\$\{)", path.read_text(encoding="utf-8"))
        asked |= {name + (r"\w+" if end == "${" else "(_one)?") for name, end in found}
    return re.compile("|".join(one for one in asked if re.search("[a-z]", one.replace(r"\w", ""))))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in TEXTS])
def test_every_text_is_asked_for(path: Path) -> None:
    name = path.relative_to(ROOT)
    asked = looked_up(ROOT / "shared" if name.parts[0] == "shared" else ROOT.joinpath(*name.parts[:2]))
    unasked = {key for key in read_catalogue(path) if not asked.fullmatch(key)}
    assert unasked == NAMED_BY_DATA.get(name.as_posix(), set())


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
            ("os.", "portable.", "dataclasses.", "_UNIT.", "_SPECIAL.")
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


WHOLE = '[takes]\nen = "{n} takes"\nko = "촬영 {n}개"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[takes\n", r"words\.toml: found Expected .*, expected TOML"),
        ('[takes]\nen = "takes"\n', r"words\.toml, \[takes\]: found en, expected a text for each of en, ko"),
        (WHOLE + 'fr = "prises"\n', r"\[takes\]: found en, ko, fr, expected"),
        ('takes = "takes"\n', r"\[takes\]: found 'takes', expected"),
        ("[takes]\nen = 1\nko = 2\n", r"\[takes\]: found en, ko, expected a text"),
        (WHOLE.replace("{n}개", ""), r"\[takes\]: found {n} in en, no places in ko, expected the same places"),
        (WHOLE.replace("{n}개", "{n"), r"\[takes\]: found '촬영 {n' \(.*\), expected {name}"),
    ],
)
def test_a_file_of_texts_that_lacks_something_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "words.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_catalogue(tmp_path / "words.toml")


def test_files_of_texts_are_one_catalogue_and_share_no_identifier(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(WHOLE, encoding="utf-8")
    other.write_text(WHOLE.replace("takes]", "clips]"), encoding="utf-8")
    assert read_catalogue(one, other)["clips"] == read_catalogue(one)["takes"] == Text("{n} takes", "촬영 {n}개")
    with pytest.raises(InvalidInput, match=r"one\.toml, \[takes\]: found it in another file"):
        read_catalogue(one, other, one)
