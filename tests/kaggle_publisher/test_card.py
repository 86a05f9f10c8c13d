"""What card and croissant.json say is true of the release, and no text that is published points at a person."""

import json
import re
from pathlib import Path

import pytest

from shared.dataset import consent
from shared.dataset.consent import Agreement
from tools.kaggle_publisher.cli import main

GIVEN = "2026-01-22T11:25:34Z"


@pytest.fixture
def stage(friends, tmp_path):
    """Stage the friends: ``stage(*flags)``; returns exit code, card and croissant.json."""

    def run(*flags):
        words = ["--dataset", str(friends.folder), "--owner", "team", "--out", str(tmp_path / "out")]
        code = main([*words, "--allow-unreviewed", "--quiet", *flags])
        if code:
            return code, "", ""
        return code, *(
            (tmp_path / "out" / name).read_text(encoding="utf-8") for name in ("README.md", "croissant.json")
        )

    return run


def withdraw(dataset, subject, *more):
    return main(["withdraw", "--dataset", str(dataset.folder), "--subject", subject, "--quiet", *more])


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "house"))


def test_pseudonyms_that_go_on_over_releases_are_not_called_those_of_this_release(stage):
    for flags, is_joinable in (((), False), (("--joinable",), True)):
        _, card, croissant = stage(*flags)
        for text in (card, croissant):
            assert ("Pseudonyms are of this release only." in text) is not is_joinable
            assert ("same pseudonym in all releases" in text) is is_joinable


def test_older_releases_are_mentioned_only_where_there_are_any(kaggle, quick, friends, stage, publish, capsys):
    assert withdraw(friends, "s01") == 0
    assert "lder releases" not in stage()[1]  # nothing was published before
    assert publish() == 0
    assert "lder releases" not in stage()[1]  # nobody who is in it has withdrawn
    assert withdraw(friends, "s02") == 0
    assert "There was 1 withdrawal so far: older releases hold people" in stage()[1]


def test_who_narrowed_a_consent_is_in_older_releases_too(kaggle, quick, friends, stage, publish):
    assert publish() == 0
    consent.record(friends.folder, Agreement("s02", ("train",), consent.paths.utc_text()))
    card = stage()[1]
    assert "Older releases hold people who are not in this one. Delete them." in card
    assert "withdrawal" not in card


def test_labels_of_a_person_are_counted_over_all_takes(make_dataset, tmp_path, capsys):
    """Of a person whose takes are apart in the table only the last one was counted."""
    dataset = make_dataset(tmp_path / "people", subjects=2, kind="real")
    make_dataset(dataset.folder, subjects=2, kind="real")
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    words = ["--dataset", str(dataset.folder), "--owner", "team", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(words) == 1
    assert "16 of 16 labels without a review (s01: 8, s02: 8)" in capsys.readouterr().err


def test_the_files_that_go_are_counted_and_not_the_form_that_stays(friends, stage, tmp_path, capsys):
    assert stage()[0] == 0
    told = capsys.readouterr().out
    sent = len((tmp_path / "out" / "checksums.sha256").read_text(encoding="utf-8").splitlines()) + 1
    assert f"  files       {sent}, " in told
    assert "dataset-metadata.json" in told.partition("stays here")[2]


def test_photos_are_not_called_prompted_and_their_size_is_theirs(friends, stage):
    labels = friends.folder / "labels.csv"
    _, card, croissant = stage()
    assert "what the person was prompted to do" in card
    assert set(re.findall(r"\d+ x \d+", croissant)) == {"64 x 64"}
    labels.write_text(labels.read_text(encoding="utf-8").replace(",camera,", ",photo,"), encoding="utf-8")
    _, card, croissant = stage()
    assert "what came with the film or photo" in card
    for text in (card, croissant):
        assert "prompted" not in text
        assert "posed" not in text


@pytest.mark.parametrize(
    "text",
    [
        "s02의 웃음", "S02가 웃었다", "s02는,", "(s02)", "«s02»", "s02-wore glasses", "pic_s02", "\uff5302", "s02",
    ],
)  # fmt: skip
def test_a_pseudonym_is_found_with_particles_and_in_any_case(friends, stage, capsys, text):
    (friends.folder / "README.md").write_text(f"# Ours\n\n{text}\n", encoding="utf-8")
    assert stage()[0] == 1
    assert "the pseudonym" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["s021 and as02", "p.s. 02", "|---|---|", "3s02x"])
def test_other_words_are_no_pseudonyms(friends, stage, text):
    (friends.folder / "README.md").write_text(f"# Ours\n\n{text}\n", encoding="utf-8")
    assert stage()[0] == 0


@pytest.mark.parametrize("how", [(), ("--erase",)])
@pytest.mark.parametrize("text", ["s02의 웃음", "S02", "s02"])
def test_who_has_withdrawn_is_not_named_either(friends, stage, capsys, how, text):
    assert withdraw(friends, "s02", *how) == 0
    (friends.folder / "README.md").write_text(f"# Ours\n\n{text}\n", encoding="utf-8")
    capsys.readouterr()
    assert stage()[0] == 1
    assert "the pseudonym" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--title", "--subtitle", "--slug"])
@pytest.mark.parametrize("who", ["s02", "S02"])
def test_title_subtitle_and_address_name_nobody(friends, stage, capsys, flag, who):
    text = f"smiles-of-{who.lower()}" if flag == "--slug" else f"The smiles of {who}의 and friends"
    assert stage(flag, text)[0] == 1
    assert f"{flag}: found the pseudonym" in capsys.readouterr().err
    assert stage("--title", "Ask minji@example.com about it")[0] == 1


def test_the_names_of_older_releases_are_not_repeated(kaggle, quick, friends, stage, publish, capsys):
    assert publish() == 0
    book = json.loads((friends.folder / "releases.json").read_text(encoding="utf-8"))
    name = book["releases"][0]["subjects"]["s02"]
    (friends.folder / "README.md").write_text(f"# Ours\n\n{name} again\n", encoding="utf-8")
    assert stage()[0] == 1


def test_prompts_of_the_protocol_are_published_and_checked(friends, stage, capsys):
    path = Path(friends.folder / "dataset.json")
    path.write_text(path.read_text(encoding="utf-8").replace("Get ready", "Get ready, s02!"), encoding="utf-8")
    assert stage()[0] == 1
    assert "dataset.json: found the pseudonym s02" in capsys.readouterr().err
