"""Old people and new moments as one dataset: what is joined, who is tested, what must not live on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared import paths
from shared.chain.ab_parts import added
from shared.dataset.bulk_writer import read_origins
from shared.dataset.reader import Dataset, open_dataset
from shared.errors import InvalidInput, WrongUsage
from tools.importer import cli as importer


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> list[Path]:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "people", subjects=4)
    game = tmp_path / "datasets" / "game"
    make_dataset(game, subjects=5, takes=2)  # the first take of all has the old one's bytes
    return [tmp_path / "datasets" / "people", game]


def run(tool: str, *words: object) -> None:
    assert tool == "importer"
    assert importer.main([*map(str, words)]) == 0


def test_datasets_are_joined_once_and_the_origins_tell_them_apart(folders: list[Path]) -> None:
    joined = added.joined_dir(["people", "game"])
    assert joined == paths.dataset_dir("people-with-game")
    added.join(run, folders, joined)
    added.join(run, folders, joined)  # a second run adds nothing
    rows = open_dataset(joined).rows
    assert (len(rows), len({row.subject_id for row in rows})) == (16 + 40 - 4, 5)
    origins = [origin.dataset.partition("@")[0] for origin in read_origins(joined).values()]
    assert (origins.count("people"), origins.count("game")) == (16, 36)


def test_what_a_source_no_longer_holds_is_refused(folders: list[Path]) -> None:
    joined = added.joined_dir(["people", "game"])
    added.join(run, folders, joined)
    labels = folders[1] / "labels.csv"
    labels.write_text("".join(labels.read_text(encoding="utf-8").splitlines(keepends=True)[:-4]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"found 4 sequences that people, game no longer hold so"):
        added.join(run, folders, joined)


def test_the_old_datasets_test_people_are_tested(folders: list[Path], tmp_path: Path) -> None:
    split = Path(__file__).parents[2] / "schemas" / "positive" / "split"
    example = sorted(split.glob("*.json"))[0]
    tested = [f"s{n:02d}" for n in (2, 3)]
    document = added.contracts.read_document(example, "split")
    document["sides"]["test"]["subjects"] = [*tested, "s99"]  # who has withdrawn since
    file = tmp_path / "split.json"
    file.write_text(added.json.dumps(document), encoding="utf-8")
    asked: list[tuple[Path, int]] = []

    def freeze(dataset: Path, seed: int) -> Path:
        asked.append((dataset, seed))
        return file

    assert added.find_test_people(folders[0], folders[0], None, 7, freeze) == "s02,s03"
    assert asked == [(folders[0], 7)]


@pytest.mark.parametrize("text", ["people,", "people,people", ",game"])
def test_names_that_are_none_or_twice_are_refused(text: str) -> None:
    with pytest.raises(WrongUsage):
        added.parse_names(text)
    assert added.parse_names("people, game") == ["people", "game"]
