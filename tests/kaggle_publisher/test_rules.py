"""Kaggle's rules, by hand and against the real kaggle package."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from shared.errors import InvalidInput, WrongUsage
from tools.kaggle_publisher.release.rules import (
    LICENSES,
    Listing,
    check_listing,
    default_subtitle,
    default_title,
    make_listing,
    says_synthetic,
    slug_from,
)

GOOD = Listing("my-team", "nine-seconds", "Smiles in nine seconds", "28 labelled sequences of 7 people", "CC0-1.0")


def changed(**fields):
    return Listing(**{**GOOD.__dict__, **fields})


def is_allowed(listing):
    try:
        check_listing(listing)
    except WrongUsage:
        return False
    return True


@pytest.mark.parametrize(
    ("field", "flag", "good", "bad"),
    [
        ("title", "--title", ["x" * 6, "x" * 50], ["x" * 5, "x" * 51, "", " padded title", "two\nlines here"]),
        ("subtitle", "--subtitle", ["x" * 20, "x" * 80], ["x" * 19, "x" * 81, "", "x" * 19 + " "]),
        (
            "slug",
            "--slug",
            ["abcdef", "a" * 50, "a-1-b-2"],
            [
                "abcde",
                "a" * 51,
                "Abcdef",
                "abc_def",
                "abc def",
                "-abcdef",
                "abcdef-",
                "abc--def",
                "abc/def",
                "한국어데이터",
            ],
        ),
        ("license_name", "--license", list(LICENSES), ["MIT", "cc0-1.0", ""]),
        ("owner", "--owner", ["timoboz", "my-team", "a1"], ["", "a", "a b", "a/b", "-ab", "../x"]),
    ],
)
def test_each_rule_has_its_edges(field, flag, good, bad):
    for value in good:
        assert is_allowed(changed(**{field: value})), value
    for value in bad:
        with pytest.raises(WrongUsage, match=flag):
            check_listing(changed(**{field: value}))


def test_a_licence_in_other_letters_is_named_as_kaggle_writes_it():
    with pytest.raises(WrongUsage, match=r"found 'cc-by-nc-sa-4\.0', expected CC-BY-NC-SA-4\.0"):
        check_listing(changed(license_name="cc-by-nc-sa-4.0"))


@pytest.mark.parametrize("name", ["a", "people", "x" * 64, "team_2026.v1", "9---9"])
@pytest.mark.parametrize("kind", ["real", "synthetic"])
def test_what_is_derived_from_a_dataset_obeys_the_rules(make_dataset, tmp_path, name, kind):
    dataset = make_dataset(tmp_path / name, subjects=1, kind=kind)
    listing = make_listing(dataset, "team", None, None, None, "CC0-1.0")
    assert is_allowed(listing)
    assert says_synthetic(listing.title) == (kind == "synthetic")


def test_derived_words_read_well(make_dataset, tmp_path):
    people = make_dataset(tmp_path / "my_people", subjects=2, kind="real")
    assert default_title(people) == "my people face sequences"
    assert default_subtitle(people) == "8 labelled sequences of 2 people"
    assert slug_from(default_title(people)) == "my-people-face-sequences"


def test_a_title_without_latin_letters_asks_for_a_slug():
    with pytest.raises(WrongUsage, match="--slug"):
        slug_from("웃는 얼굴 모음집")


@pytest.mark.parametrize("title", ["Smiles of fifty people", "Non-synthetic smiles", "Smiles, not synthetic at all"])
def test_drawn_faces_cannot_pass_as_people(make_dataset, tmp_path, title):
    drawn = make_dataset(tmp_path / "drawn", subjects=1)
    with pytest.raises(InvalidInput, match="must not pass as people"):
        make_listing(drawn, "team", None, title, None, "CC0-1.0")


@pytest.mark.parametrize("title", ["Synthetic smiles", "SYNTHETIC smiles", "합성 얼굴 smiles"])
def test_a_title_that_says_so_is_accepted(make_dataset, tmp_path, title):
    drawn = make_dataset(tmp_path / "drawn", subjects=1)
    assert make_listing(drawn, "team", "drawn-faces", title, None, "CC0-1.0").title == title


# Runs the real client up to its first question to the network, which is replaced; prints what it says to each case.
CLIENT = """
import json, pathlib, sys, kaggle
class Reached(Exception): pass
def reached(*rest): raise Reached
kaggle.api.dataset_status = reached
folder = pathlib.Path(sys.argv[1])
answers = []
for case in json.load(sys.stdin):
    (folder / "dataset-metadata.json").write_text(json.dumps(case), encoding="utf-8")
    try:
        kaggle.api.dataset_create_new(str(folder), quiet=True, dir_mode="zip")
        answers.append("returned")
    except Reached:
        answers.append("")
    except ValueError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


@pytest.mark.skipif(importlib.util.find_spec("kaggle") is None, reason="the kaggle extra is not installed")
def test_whatever_we_allow_the_real_client_allows_and_lengths_are_refused_alike(tmp_path):
    listings = [
        GOOD,
        *[changed(title="x" * n) for n in (5, 6, 50, 51)],
        *[changed(subtitle="x" * n) for n in (19, 20, 80, 81)],
        *[changed(slug="x" * n) for n in (2, 3, 5, 6, 50, 51)],
    ]
    cases = [
        {"title": x.title, "subtitle": x.subtitle, "id": x.id, "licenses": [{"name": x.license_name}]} for x in listings
    ]
    folder = tmp_path / "staged"
    folder.mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("KAGGLE")},
        "KAGGLE_USERNAME": "nobody",
        "KAGGLE_KEY": "none",
        "KAGGLE_API_ENVIRONMENT": "TEST",
        "KAGGLE_CONFIG_DIR": str(tmp_path),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(folder)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    answers = json.loads(done.stdout.splitlines()[-1])
    assert [answer == "" for answer in answers] == [is_allowed(listing) for listing in listings]
