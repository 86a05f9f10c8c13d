"""Names that one system takes and another one does not."""

from pathlib import Path

import pytest

from shared import paths
from shared.errors import WrongUsage
from tools.reviewer.cli import check_reviewer

DEVICES = ["con", "CON", "nul", "Nul.v2", "aux", "prn.json", "com1", "LPT9", "COM0"]


@pytest.mark.parametrize("name", [*DEVICES, "people.", "a.b.."])
def test_a_name_that_windows_does_not_take_is_refused_everywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    for named in (paths.dataset_dir, paths.model_file, paths.handoff_dir):
        with pytest.raises(WrongUsage, match="no device: con, nul"):
            named(name)


@pytest.mark.parametrize("name", [name for name in DEVICES if "." not in name])
def test_people_and_reviewers_have_no_such_names(name: str) -> None:
    assert not paths.is_subject(name)
    with pytest.raises(WrongUsage, match="no device: con, nul"):
        check_reviewer(name, "--reviewer")


@pytest.mark.parametrize("name", ["console", "nuller", "com", "com10", "aux-1", "people.v2", "lpt", "s01"])
def test_names_that_only_begin_alike_are_good(name: str) -> None:
    assert paths.is_name(name)


def test_two_spellings_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    (tmp_path / "datasets" / "people").mkdir(parents=True)
    assert paths.dataset_dir("people") == tmp_path / "datasets" / "people"
    with pytest.raises(WrongUsage, match="'People' beside 'people'"):
        paths.dataset_dir("People")
    (tmp_path / "datasets" / "People").mkdir()  # both are there: a system that keeps them apart, long ago
    assert paths.dataset_dir("People").name == "People"
