"""review.json: always a valid document, never losing a decision that was confirmed."""

import dataclasses
import json
import multiprocessing
import sys

import pytest

from shared import contracts
from shared.dataset.reader import open_dataset
from shared.errors import InvalidInput
from tools.reviewer.decisions import ReviewFile, current, fitting


def read(dataset):
    return contracts.read_document(dataset.folder / "review.json", "review")


def test_each_decision_is_a_line_of_a_valid_document_and_earlier_bytes_stay_as_they_are(dataset, decide):
    decide(dataset, "r1", 1, "label:smile")
    before = (dataset.folder / "review.json").read_bytes()
    decide(dataset, "r1", 2, "unsure")
    after = (dataset.folder / "review.json").read_bytes()
    assert after.startswith(before.removesuffix(b"\n]}\n"))
    assert [d["decision"] for d in read(dataset)["decisions"]] == ["label:smile", "unsure"]
    assert len(after.splitlines()) == 4  # head, two decisions, end


def test_what_is_stored_twice_is_there_once(dataset, decide):
    made = decide(dataset, "r1", 1, "unsure")
    ReviewFile(dataset).append([made])
    assert len(read(dataset)["decisions"]) == 1


def test_the_last_decision_counts_and_one_that_was_taken_back_does_not(dataset, decide):
    decide(dataset, "r1", 1, "unsure")
    decide(dataset, "r1", 1, "exclude", previous="unsure")
    decide(dataset, "r1", 2, "label:smile")
    decide(dataset, "r1", 2, "cleared", previous="label:smile")
    found = current(ReviewFile(dataset).decisions)
    assert {name: last.decision for name, last in found["r1"].items()} == {"seq_0001": "exclude"}


@pytest.mark.parametrize("torn", [b',\n{"id": "00', b",", b'\n{"id": "0011223344556677', b"\0" * 40])
def test_a_line_that_a_crash_left_half_written_is_cut_off_and_kept_beside(dataset, decide, torn):
    decide(dataset, "r1", 1, "unsure")
    decide(dataset, "r1", 2, "exclude")
    path = dataset.folder / "review.json"
    damaged = path.read_bytes().removesuffix(b"\n]}\n") + torn
    path.write_bytes(damaged)
    assert [d.decision for d in ReviewFile(dataset).decisions] == ["unsure", "exclude"]
    assert len(read(dataset)["decisions"]) == 2
    assert next(dataset.folder.glob("review.json.damaged-*")).read_bytes() == damaged
    decide(dataset, "r1", 3, "label:smile")
    assert len(read(dataset)["decisions"]) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_a_disk_that_is_full_in_the_middle_of_a_decision_loses_nothing_that_was_confirmed(dataset, decide):
    import resource

    made = decide(dataset, "r1", 1, "unsure")
    review = ReviewFile(dataset)
    second = dataclasses.replace(made, id="f" * 32, decision="exclude")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (dataset.folder / "review.json").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))  # the write stops within the line
    try:
        with pytest.raises(OSError, match="File too large"):
            review.append([second])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ReviewFile(dataset).decisions == [made]
    review.append([second])  # the page sends it again
    assert ReviewFile(dataset).decisions == [made, second]
    assert len(read(dataset)["decisions"]) == 2


def test_damage_before_the_last_whole_line_is_refused_and_nothing_is_changed(dataset, decide):
    for number in (1, 2, 3):
        decide(dataset, "r1", number, "unsure")
    path = dataset.folder / "review.json"
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2][:50]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InvalidInput, match=r"review\.json: line 3: found no valid JSON, with decisions behind it"):
        ReviewFile(dataset)
    assert path.read_bytes() == b"\n".join(lines)


def test_a_file_that_an_editor_has_set_otherwise_is_read_and_set_back(dataset, decide):
    decide(dataset, "r1", 1, "unsure")
    path = dataset.folder / "review.json"
    ours = path.read_bytes()
    path.write_text(json.dumps(json.loads(ours), indent=4), encoding="utf-8")
    assert len(ReviewFile(dataset).decisions) == 1
    assert path.read_bytes() == ours


def test_a_review_of_another_dataset_is_refused_with_both_names(dataset, decide, make_dataset, home):
    decide(dataset, "r1", 1, "unsure")
    other = make_dataset(home / "datasets" / "others", subjects=1)
    (other.folder / "review.json").write_bytes((dataset.folder / "review.json").read_bytes())
    with pytest.raises(InvalidInput, match=r"found a review of the dataset people .*, expected one of others "):
        ReviewFile(other)


def test_a_review_is_still_of_the_dataset_after_it_has_grown(dataset, decide, make_dataset):
    decide(dataset, "r1", 1, "unsure")
    grown = make_dataset(dataset.folder, subjects=1)
    assert len(grown.rows) == 16
    assert len(fitting(ReviewFile(grown).decisions, grown)) == 1


def test_what_another_process_adds_is_read_without_reading_all_again(dataset, decide, monkeypatch):
    decide(dataset, "r1", 1, "unsure")
    ours = ReviewFile(dataset)
    decide(dataset, "r2", 2, "exclude")
    decide(dataset, "r2", 3, "label:smile")
    with monkeypatch.context() as patched:
        patched.setattr("tools.reviewer.decisions._parse", None)
        assert ours.refresh()
        assert not ours.refresh()
    assert ours.decisions == ReviewFile(dataset).decisions
    path = dataset.folder / "review.json"
    path.write_bytes(path.read_bytes().replace(b'"exclude"', b'"unsure"'))  # by hand: shorter, and another file
    assert ours.refresh()
    assert [d.decision for d in ours.decisions] == ["unsure", "unsure", "label:smile"]


def test_a_decision_on_other_pictures_does_not_count(dataset, decide):
    decide(dataset, "r1", 1, "unsure", sha256="0" * 64)
    assert fitting(ReviewFile(dataset).decisions, dataset) == []


def test_a_decision_that_does_not_fit_the_schema_is_not_stored(dataset, decide):
    with pytest.raises(InvalidInput, match="decision"):
        decide(dataset, "r1", 1, "perhaps")
    assert not (dataset.folder / "review.json").exists()


def _write_many(folder, reviewer, numbers, made):
    dataset = open_dataset(folder)
    review = ReviewFile(dataset)
    for number in numbers:
        review.append([dataclasses.replace(made, id=f"{number:032x}", reviewer=reviewer)])


def test_two_processes_that_write_at_the_same_time_lose_nothing(dataset, decide):
    made = decide(dataset, "r0", 1, "unsure")
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write_many, args=(dataset.folder, f"r{n}", range(n * 1000, n * 1000 + 60), made))
        for n in (1, 2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    decisions = read(dataset)["decisions"]
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len({d["id"] for d in decisions}) == len(decisions) == 121
