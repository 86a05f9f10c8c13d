"""Decisions become labels, with a log and a way back; the dataset is valid at every moment."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset import reader
from shared.dataset.check import check_dataset
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import open_dataset
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput, WrongUsage
from tools.reviewer import cli, corrections
from tools.reviewer.config import Rules
from tools.reviewer.corrections import apply_review
from tools.reviewer.reversal import revert_review

SMILE, OTHER = "label:smile", "label:non_smile"  # seq_0001 and 2 are non_smile, 3 and 4 smile, and so on


def labels_of(folder):
    return {row.sequence_id: (row.label, row.emotion, row.reviewed) for row in open_dataset(folder).rows}


def errors(folder):
    return [str(problem) for problem in check_dataset(folder) if problem.is_error]


def files_of(folder):
    places = [folder / "labels.csv", *(folder / "images").iterdir(), *(folder / "takes").iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in places}


@pytest.fixture
def reviewed(dataset, decide):
    decide(dataset, "r1", 1, OTHER)  # right
    decide(dataset, "r1", 2, SMILE)  # wrong label
    decide(dataset, "r1", 3, "exclude")
    decide(dataset, "r1", 4, "unsure")
    return dataset.folder


def test_labels_are_corrected_rows_marked_and_the_rest_of_the_csv_stays_as_it_is(reviewed):
    before = (reviewed / "labels.csv").read_text().splitlines()
    result = apply_review(reviewed, Rules())
    after = (reviewed / "labels.csv").read_text().splitlines()
    assert [c["action"] for c in result.changes] == ["confirm", "relabel", "set_aside", "set_aside"]
    assert after[0] == before[0]
    assert after[1] == before[1].replace(",false,", ",true,")
    assert after[2] == before[2].replace(",non_smile,neutral,", ",smile,happy,").replace(",false,", ",true,")
    assert after[3:] == before[5:]
    assert errors(reviewed) == []


def test_what_was_taken_out_can_be_put_back_and_then_everything_is_as_before(reviewed):
    before = files_of(reviewed)
    place = apply_review(reviewed, Rules()).place
    assert not (reviewed / "images" / "seq_0003_frame_0.jpg").exists()
    assert (place / "images" / "seq_0003_frame_0.jpg").read_bytes() == before["images/seq_0003_frame_0.jpg"]
    assert revert_review(reviewed).exit_code == 0
    assert files_of(reviewed) == before
    assert errors(reviewed) == []
    assert contracts.read_document(place / "correction.json", "correction")["reverted_utc"] is not None


def test_a_take_that_loses_its_last_sequence_takes_its_film_along_and_back(dataset, decide):
    for number in (1, 2, 3, 4):
        decide(dataset, "r1", number, "exclude")
    before = files_of(dataset.folder)
    apply_review(dataset.folder, Rules())
    assert not (dataset.folder / "takes" / "take_0001.mp4").exists()
    assert errors(dataset.folder) == []
    revert_review(dataset.folder)
    assert files_of(dataset.folder) == before


def test_a_dry_run_writes_nothing(reviewed):
    before = files_of(reviewed)
    result = apply_review(reviewed, Rules(), dry_run=True)
    assert len(result.changes) == 4
    assert result.place is None
    assert files_of(reviewed) == before
    assert not (reviewed / "trash").exists()


def test_applying_twice_changes_nothing_the_second_time(reviewed):
    apply_review(reviewed, Rules())
    before = files_of(reviewed)
    result = apply_review(reviewed, Rules())
    assert (result.changes, result.place, result.n_already) == ([], None, 2)
    assert files_of(reviewed) == before


def test_unsure_sequences_can_stay(reviewed):
    result = apply_review(reviewed, Rules(keep_unsure=True))
    assert [c["sequence_id"] for c in result.changes if c["action"] == "set_aside"] == ["seq_0003"]
    assert labels_of(reviewed)["seq_0004"] == ("smile", "happy", False)


def test_what_reviewers_disagree_on_stays_until_it_is_settled(dataset, decide):
    decide(dataset, "r1", 1, SMILE)
    decide(dataset, "r2", 1, OTHER)
    result = apply_review(dataset.folder, Rules())
    assert (result.changes, list(result.unsettled)) == ([], ["seq_0001"])
    assert apply_review(dataset.folder, Rules(prefer="r1"), dry_run=True).changes[0]["how"] == "preferred"
    decide(dataset, "r3", 1, SMILE)
    assert apply_review(dataset.folder, Rules()).changes[0]["how"] == "majority"
    assert labels_of(dataset.folder)["seq_0001"] == ("smile", "happy", True)


def test_a_second_reviewer_can_be_asked_for(dataset, decide):
    decide(dataset, "r1", 1, SMILE)
    assert apply_review(dataset.folder, Rules(min_reviewers=2)).n_waiting == 1
    decide(dataset, "r2", 1, SMILE)
    assert len(apply_review(dataset.folder, Rules(min_reviewers=2)).changes) == 1


def test_a_preferred_reviewer_who_has_decided_nothing_is_refused_by_name(reviewed):
    with pytest.raises(WrongUsage, match="found 'r7', expected a reviewer of this dataset: r1"):
        apply_review(reviewed, Rules(prefer="r7"))


def test_applications_are_taken_back_one_after_the_other_the_last_first(dataset, decide):
    first = labels_of(dataset.folder)
    decide(dataset, "r1", 1, SMILE)
    apply_review(dataset.folder, Rules())
    second = labels_of(dataset.folder)
    decide(dataset, "r1", 2, SMILE)
    apply_review(dataset.folder, Rules())
    revert_review(dataset.folder)
    assert labels_of(dataset.folder) == second
    revert_review(dataset.folder)
    assert labels_of(dataset.folder) == first
    with pytest.raises(InvalidInput, match="found no applied review"):
        revert_review(dataset.folder)


def test_taking_back_keeps_new_takes_and_what_somebody_has_changed_since(reviewed, make_dataset):
    apply_review(reviewed, Rules())
    make_dataset(reviewed, subjects=1)  # 4 more sequences
    path = reviewed / "labels.csv"
    text = path.read_text()
    assert "seq_0001,s01,take_0001,non_smile,neutral" in text
    path.write_text(text.replace("seq_0001,s01,take_0001,non_smile,neutral", "seq_0001,s01,take_0001,smile,happy"))
    result = revert_review(reviewed)
    assert (result.exit_code, result.kept) == (1, ["seq_0001"])
    assert result.restored == ["seq_0002", "seq_0003", "seq_0004"]
    found = labels_of(reviewed)
    assert list(found) == [f"seq_{n:04d}" for n in range(1, 17)]
    assert found["seq_0001"] == ("smile", "happy", True)
    assert found["seq_0002"] == ("non_smile", "neutral", False)
    assert errors(reviewed) == []


class Killed(BaseException):
    """Stands for a kill: no handler of ours catches it."""


@contextlib.contextmanager
def killed_at(monkeypatch, step):
    """Let the given write, link or removal of a file not happen, nor anything after it."""
    taken = 0

    def maybe_die(function):
        def run(*args, **rest):
            nonlocal taken
            taken += 1
            if taken == step:
                raise Killed
            return function(*args, **rest)

        return run

    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(contracts, "write_bytes", maybe_die(contracts.write_bytes))
        patched.setattr(os, "link", maybe_die(os.link))
        patched.setattr(Path, "unlink", maybe_die(Path.unlink))
        yield
    assert taken >= step, "the work has fewer steps: this kill fell into nothing"


# The labels before, 10 links, the log, labels.csv, dataset.json, the card, 10 removals.
@pytest.mark.parametrize("step", [1, 2, 7, 11, 12, 13, 14, 15, 16, 20, 25])
def test_killed_between_any_two_steps_the_dataset_is_valid_and_the_way_back_leads_home(reviewed, monkeypatch, step):
    before = files_of(reviewed)
    with killed_at(monkeypatch, step):
        apply_review(reviewed, Rules())
    assert errors(reviewed) == []
    apply_review(reviewed, Rules())  # who was interrupted runs the command again
    assert errors(reviewed) == []
    assert len(labels_of(reviewed)) == 10
    revert_review(reviewed)
    assert files_of(reviewed) == before
    assert errors(reviewed) == []


# 10 links, labels.csv, dataset.json, the card, the log, 10 removals.
@pytest.mark.parametrize("step", [1, 5, 10, 11, 12, 13, 14, 15, 24])
def test_taking_back_that_was_killed_is_finished_by_the_same_command(reviewed, monkeypatch, step):
    before = files_of(reviewed)
    apply_review(reviewed, Rules())
    with killed_at(monkeypatch, step):
        revert_review(reviewed)
    assert errors(reviewed) == []
    if step <= 14:  # afterwards it is written down as taken back
        revert_review(reviewed)
    assert files_of(reviewed) == before
    assert errors(reviewed) == []


def test_while_a_recorder_is_at_work_nothing_is_applied(reviewed, monkeypatch):
    monkeypatch.setattr("shared.dataset.writer.LOCK_PATIENCE_S", 0.1)
    with (
        DatasetWriter(reviewed, read_protocol(), "synthetic"),
        pytest.raises(InvalidInput, match="another recorder at work"),
    ):
        apply_review(reviewed, Rules())


def test_the_command_says_what_it_did_and_how_to_take_it_back(reviewed, capsys):
    assert cli.main(["apply", "--dataset", "people"]) == 0
    out = capsys.readouterr().out
    assert "1 label corrected, 1 confirmed, 2 sequences taken out" in out
    assert "seq_0002 non_smile → smile (r1; agreed)" in out
    assert "to undo it: ./inv review-revert --dataset people" in out
    assert cli.main(["revert", "--dataset", "people", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["restored"]) == 4
    assert cli.main(["revert", "--dataset", "people"]) == 1


def test_the_log_names_every_change_with_before_and_after(reviewed):
    place = apply_review(reviewed, Rules()).place
    record = contracts.read_document(place / corrections.RECORD, "correction")
    change = record["changes"][1]
    assert change["before"] == {"label": "non_smile", "emotion": "neutral", "reviewed": False}
    assert change["after"] == {"label": "smile", "emotion": "happy", "reviewed": True}
    assert record["labels_sha256"]["after"] == open_dataset(reviewed).labels_sha256
    before = (place / corrections.BEFORE).read_bytes()
    assert len(reader.parse_labels(before, "before", ["non_smile", "smile"])) == 12
