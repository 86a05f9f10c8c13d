"""Every file in positive/<schema>/ must fit its schema, every file in negative/<schema>/ must not: a case is a file."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from shared import contracts
from shared.errors import InvalidInput

HERE = Path(__file__).parent
SCHEMAS = Path(__file__).parents[2] / "schemas"
NOUNS = contracts.schema_names()
ROWS = ("label_row", "origin_row", "predictions")  # rows of tables, which have no room for a version each


def examples(sort: str) -> list[Any]:
    files = sorted((HERE / sort).glob("*/*.json"))
    return [pytest.param(file, id=f"{file.parent.name}-{file.stem}") for file in files]


def written(name: str) -> Any:
    """Read a schema's file as it is, with its references."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


def walk(part: Any) -> Iterator[Any]:
    """Yield a part of a schema and everything in it."""
    yield part
    if isinstance(part, (dict, list)):
        for value in part.values() if isinstance(part, dict) else part:
            yield from walk(value)


def walk_objects(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each part of a schema that describes an object's properties."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield where or "the root", schema
        for key, value in schema.items():
            yield from walk_objects(value, f"{where}.{key}")
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from walk_objects(value, f"{where}.{number}")


def test_the_eleven_schemas_of_the_design_are_there() -> None:
    assert set(NOUNS) >= {
        "label_row",
        "dataset",
        "protocol",
        "take",
        "split",
        "run",
        "model",
        "predictions",
        "results",
        "comparison",
        "frontend_spec",
    }


@pytest.mark.parametrize("noun", [*NOUNS, "definitions"])
def test_a_schema_is_valid_json_schema_2020_12(noun: str) -> None:
    schema = written(noun)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_object_of_a_schema_is_closed(noun: str) -> None:
    objects = list(walk_objects(contracts.load_schema(noun)))
    assert objects
    assert [where for where, part in objects if part.get("additionalProperties") is not False] == []


@pytest.mark.parametrize("noun", NOUNS)
def test_a_schema_carries_its_version_and_demands_it(noun: str) -> None:
    schema = contracts.load_schema(noun)
    if noun in ROWS:
        assert "schema_version" not in schema["properties"]
    else:
        assert isinstance(schema["properties"]["schema_version"]["const"], int)
        assert "schema_version" in schema["required"]


@pytest.mark.parametrize("noun", NOUNS)
def test_a_schema_has_examples_of_both_sorts(noun: str) -> None:
    assert list((HERE / "positive" / noun).glob("*.json"))
    assert len(list((HERE / "negative" / noun).glob("*.json"))) >= 3


def test_every_folder_of_examples_belongs_to_a_schema() -> None:
    folders = {folder.name for sort in ("positive", "negative") for folder in (HERE / sort).iterdir()}
    assert folders == set(NOUNS)


@pytest.mark.parametrize("file", examples("positive"))
def test_a_positive_example_passes(file: Path) -> None:
    contracts.read_document(file, file.parent.name)


@pytest.mark.parametrize("file", examples("negative"))
def test_a_negative_example_is_refused_in_one_line(file: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        contracts.read_document(file, file.parent.name)
    assert "\n" not in str(caught.value)
    assert caught.value.found
    assert caught.value.expected


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in ROWS])
def test_an_unknown_version_names_both_versions(noun: str) -> None:
    file = sorted((HERE / "positive" / noun).glob("*.json"))[0]
    document = json.loads(file.read_text(encoding="utf-8"))
    known = document["schema_version"]
    document["schema_version"] = known + 41
    with pytest.raises(InvalidInput, match=rf"schema_version.*found {known + 41}, expected {known} \("):
        contracts.validate(document, noun, "theirs.json")


@pytest.mark.parametrize("noun", NOUNS)
def test_no_key_that_a_schema_requires_may_be_missing(noun: str) -> None:
    file = sorted((HERE / "positive" / noun).glob("*.json"))[0]
    document = json.loads(file.read_text(encoding="utf-8"))
    for key in contracts.load_schema(noun)["required"]:
        without = copy.deepcopy(document)
        del without[key]
        problem = contracts.explain(without, noun)
        assert problem is not None, key
        assert key in problem[1]


@pytest.mark.parametrize("evil", ["seq_0001\n", "seq_０００１", "seq_١٢٣٤", "seq_0001 ", " seq_0001", "seq_1"])
def test_an_id_is_matched_as_json_schema_means_it(evil: str) -> None:
    # Python's "$" let "seq_0001\n" pass, and its "\d" the digits of other scripts; both then became file names.
    row = json.loads((HERE / "positive" / "label_row" / "film.json").read_text(encoding="utf-8"))
    with pytest.raises(InvalidInput, match="sequence_id"):
        contracts.validate({**row, "sequence_id": evil}, "label_row", "row 2")


def test_no_block_of_more_than_ten_lines_stands_in_two_schemas() -> None:
    # Ten lines is a reference that may be null.
    seen: dict[str, str] = {}
    for name in (*NOUNS, "definitions"):
        for block in walk(written(name)):
            text = json.dumps(block, indent=2, sort_keys=True)
            if text.count("\n") >= 10:
                assert seen.setdefault(text, name) == name, f"{name} and {seen[text]} repeat {text}"


def references(name: str) -> list[dict[str, Any]]:
    """List the parts of a schema that refer to a block."""
    return [part for part in walk(written(name)) if isinstance(part, dict) and "$ref" in part]


def test_every_definition_is_used() -> None:
    used = {part["$ref"].rpartition("/")[2] for name in (*NOUNS, "definitions") for part in references(name)}
    assert used >= set(written("definitions")["$defs"])


@pytest.mark.parametrize("name", [*NOUNS, "definitions"])
def test_a_reference_has_nothing_beside_it_that_could_fail(name: str) -> None:
    # A validator that follows references checks a keyword beside one as well; in ours it would replace the block's.
    for part in references(name):
        assert set(part) <= {"$ref", "description", "$schema", "title"}


def spoil(document: Any, value: Any, rng: random.Random) -> Any:
    """Copy a document with one of its parts, drawn at random, replaced."""
    places = [part for part in walk(document) if isinstance(part, (dict, list)) and part]
    chosen = rng.choice(places)
    key = rng.choice(list(chosen) if isinstance(chosen, dict) else range(len(chosen)))
    old, chosen[key] = chosen[key], value
    spoilt = copy.deepcopy(document)
    chosen[key] = old
    return spoilt


VALUES = (
    None,
    "",
    "seq_0001\n",
    "seq_０００１",
    True,
    -1,
    0,
    1,
    2.0,
    1.5,
    1e9,
    10**30,
    [],
    [1, 1.0],
    {},
    {"a": 1},
)


@pytest.mark.parametrize("noun", NOUNS)
def test_the_fast_validator_accepts_what_the_explaining_one_accepts_and_nothing_else(noun: str) -> None:
    explaining, rng = contracts.validator(noun), random.Random(0)
    for file in sorted((HERE / "positive" / noun).glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        for one in (document, *(spoil(document, value, rng) for value in VALUES)):
            assert contracts.is_valid(one, noun) == explaining.is_valid(one), one


@pytest.mark.parametrize("noun", NOUNS)
def test_a_schema_means_the_same_to_a_validator_that_follows_references(noun: str) -> None:
    shared = DRAFT202012.create_resource(written("definitions"))
    registry: Any = Registry().with_resource("definitions.schema.json", shared)
    own = contracts.validator(noun)
    following = type(own)(written(noun), registry=registry)
    for file in [*(HERE / "positive" / noun).glob("*.json"), *(HERE / "negative" / noun).glob("*.json")]:
        document = json.loads(file.read_text(encoding="utf-8"))
        places = [[error.json_path for error in one.iter_errors(document)] for one in (own, following)]
        assert sorted(places[0]) == sorted(places[1]), file.name
