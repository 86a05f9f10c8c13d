"""Uploads with the real client against a server on loopback: what arrives, what goes wrong, what is never lost."""

import json
import shutil

import pytest

from shared.dataset import consent
from shared.dataset.consent import Agreement
from shared.dataset.reader import open_dataset
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.remote import remote

ID = "team/people-face-sequences"
GIVEN = "2026-01-22T11:25:34Z"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(remote, "POLL_S", 0.01)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory):
    return tmp_path_factory.mktemp("once")


@pytest.fixture
def people(make_dataset, tmp_path, drawn_once):
    """Six people: s01, s03 and s05 agreed to be published."""
    if not (drawn_once / "people").exists():
        make_dataset(drawn_once / "people", subjects=6, kind="real")
    shutil.copytree(drawn_once / "people", tmp_path / "people")
    dataset = open_dataset(tmp_path / "people")
    for number in range(1, 7):
        if number == 6:
            continue  # s06 was never asked
        scopes = ("train", "publish") if number % 2 else ("train",)
        consent.record(dataset.folder, Agreement(f"s{number:02d}", scopes, GIVEN))
    return dataset


def run(dataset, tmp_path, *flags):
    where = ["--dataset", str(dataset.folder), "--owner", "team", "--out", str(tmp_path / "out")]
    return main([*where, "--allow-unreviewed", "--yes", "--quiet", *flags])


def staged(tmp_path):
    out = tmp_path / "out"
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    found.pop("dataset-metadata.json")
    return found


def test_exactly_the_consented_sequences_arrive_byte_for_byte_as_staged(kaggle, people, tmp_path):
    assert run(people, tmp_path) == 0
    (version,) = kaggle.datasets[ID]
    assert version == staged(tmp_path)
    assert sum(name.startswith("images/") for name in version) == 3 * 4 * 5
    assert kaggle.private[ID]


def test_who_did_not_agree_appears_nowhere(kaggle, people, tmp_path, capsys):
    assert run(people, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["subject_id"] for one in told["refused"]] == ["s02", "s04", "s06"]
    assert [len(one["sequence_ids"]) for one in told["refused"]] == [4, 4, 4]
    hashes = {row.sha256 for row in people.rows if row.subject_id in ("s02", "s04", "s06")}
    pictures = {
        (people.folder / name).read_bytes()
        for row in people.rows
        if row.subject_id in ("s02", "s04", "s06")
        for name in row.frame_names()
    }
    (version,) = kaggle.datasets[ID]
    for name, data in version.items():
        assert data not in pictures
        if not name.endswith(".jpg"):
            text = data.decode()
            assert not any(mark in text for mark in [*hashes, "s02", "s04", "s06", "s01", "s03", "s05"])
    assert not any(mark in kaggle.descriptions[ID] for mark in ("s02", "s04", "s06"))
    assert "3 people" in kaggle.descriptions[ID]


def test_two_releases_cannot_be_joined_by_their_ids_unless_that_is_wanted(kaggle, people, tmp_path):
    def people_of(version):
        return {line.split(",")[1] for line in version["labels.csv"].decode().splitlines()[1:]}

    for number, flags in enumerate([(), (), ("--joinable",), ("--joinable",)]):
        assert run(people, tmp_path, "--subtitle", f"the same people, release {number}", *flags) == 0
    one, two, three, four = (people_of(version) for version in kaggle.datasets[ID])
    assert len(one) == len(two) == len(three) == 3
    assert not one & two
    assert not two & three
    assert three == four


def test_a_second_release_is_a_version_of_the_first_and_tells_the_difference(kaggle, people, tmp_path, capsys):
    assert run(people, tmp_path) == 0
    consent.record(people.folder, Agreement("s02", ("train", "publish"), GIVEN))
    consent.withdraw(people.folder, "s05", GIVEN)
    capsys.readouterr()
    assert run(people, tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert "4 new sequences, 4 sequences that are gone, 1 new person, 1 person who is gone" in told["difference"]
    assert told["release"]["number"] == told["release"]["remote_version"] == 2
    assert kaggle.calls["CreateDataset"] == 1
    assert kaggle.calls["CreateDatasetVersion"] == 1
    book = json.loads((people.folder / "releases.json").read_text(encoding="utf-8"))
    assert [one["state"] for one in book["releases"]] == ["complete", "complete"]
    assert sorted(book["releases"][1]["subjects"]) == ["s01", "s02", "s03"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [("StartBlobUpload", 500), ("GetDatasetStatus", 429), ("ListDatasetFiles", 500), ("IntrospectToken", 429)],
)
def test_a_fault_that_passes_is_waited_for(kaggle, people, tmp_path, name, fault):
    kaggle.faults[name] = [fault, fault]
    assert run(people, tmp_path) == 0
    assert kaggle.datasets[ID] == [staged(tmp_path)]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (401, 3, "credentials that Kaggle accepts"),
        (403, 1, "is --owner your own"),
        (404, 1, "check owner and slug"),
        (409, 1, "choose another --title"),
        (429, 3, "wait some minutes"),
        (500, 3, "run the same command again"),
    ],
)
def test_a_refusal_is_one_line_without_the_token_and_a_second_run_finishes(
    kaggle, people, tmp_path, capfd, fault, code, words
):
    kaggle.faults["CreateDataset"] = [fault] * 5
    assert run(people, tmp_path) == code
    out, err = capfd.readouterr()
    assert len(err.strip().splitlines()) == 1
    assert words in err
    assert out == ""
    assert "KGAT_" not in out + err
    assert kaggle.datasets == {}
    kaggle.faults.clear()
    assert run(people, tmp_path) == 0
    assert kaggle.datasets[ID] == [staged(tmp_path)]
    assert kaggle.calls["StartBlobUpload"] <= 7 + 6  # images.zip and what did not change went up once


def test_a_version_that_was_made_although_the_answer_was_lost_is_not_made_twice(kaggle, people, tmp_path, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as cutting:
        cutting.setattr(remote.Remote, "wait_until_ready", cut)
        assert run(people, tmp_path) == 130
    assert len(kaggle.datasets[ID]) == 1
    assert run(people, tmp_path) == 0
    assert len(kaggle.datasets[ID]) == 1


def test_what_changed_after_a_run_that_was_cut_off_goes_into_a_version_of_its_own(
    kaggle, people, tmp_path, monkeypatch
):
    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as cutting:
        cutting.setattr(remote.Remote, "wait_until_ready", cut)
        assert run(people, tmp_path) == 130
    consent.withdraw(people.folder, "s05")
    assert run(people, tmp_path) == 0
    assert len(kaggle.datasets[ID]) == 2
    assert kaggle.datasets[ID][-1] == staged(tmp_path)
    book = json.loads((people.folder / "releases.json").read_text(encoding="utf-8"))
    assert [(one["number"], one["state"]) for one in book["releases"]] == [(1, "submitting"), (2, "complete")]
    assert "s05" in book["releases"][0]["subjects"]


def test_a_blob_whose_connection_is_cut_goes_on_where_it_was(kaggle, people, tmp_path):
    kaggle.faults["PUT"] = [None] * 6 + [("cut", 100_000)] * 2
    assert run(people, tmp_path) == 0
    assert kaggle.datasets[ID] == [staged(tmp_path)]


def test_an_upload_that_has_expired_begins_anew(kaggle, people, tmp_path):
    kaggle.faults["PUT"] = [503] * 4
    kaggle.faults["PUT?"] = [("expired",)] * 2
    assert run(people, tmp_path) == 0
    assert kaggle.datasets[ID] == [staged(tmp_path)]


def test_a_blob_that_never_arrives_publishes_nothing(kaggle, people, tmp_path, capfd, monkeypatch):
    kaggle.faults["PUT"] = [400] * 100
    assert run(people, tmp_path) == 3
    assert "nothing was published" in capfd.readouterr().err
    assert kaggle.datasets == {}
    kaggle.faults.clear()
    assert run(people, tmp_path) == 0
    assert kaggle.datasets[ID] == [staged(tmp_path)]


def test_a_slow_answer_is_waited_for_and_a_silent_server_is_not(kaggle, people, tmp_path, capfd, monkeypatch):
    kaggle.faults["GetDataset"] = [("slow", 0.3)]
    assert run(people, tmp_path) == 0
    monkeypatch.setattr(remote, "ANSWER_S", 0.1)
    kaggle.faults["GetDatasetStatus"] = [("slow", 0.4)] * 20
    capfd.readouterr()
    assert run(people, tmp_path) == 3
    assert "no answer" in capfd.readouterr().err


def test_kaggle_is_given_time_to_unpack(kaggle, people, tmp_path):
    kaggle.pending_answers = 3
    assert run(people, tmp_path) == 0


def test_a_file_that_is_missing_at_kaggle_makes_the_release_no_release(kaggle, people, tmp_path, capfd):
    kaggle.hides = {"images/seq_0001_frame_0.jpg"}
    assert run(people, tmp_path) == 1
    assert "1 missing (images/seq_0001_frame_0.jpg)" in capfd.readouterr().err
    kaggle.hides = set()
    assert run(people, tmp_path) == 0
    assert len(kaggle.datasets[ID]) == 1  # the same version, now read back whole


def test_no_credentials_say_how_to_get_them(kaggle, people, tmp_path, capfd, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    assert run(people, tmp_path) == 3
    err = capfd.readouterr().err
    assert "https://www.kaggle.com/settings/api" in err
    assert len(err.strip().splitlines()) == 1


def test_a_token_is_in_no_output_and_no_file(kaggle, people, tmp_path, capfd):
    key = "0123456789abcdef0123456789abcdef"
    folder = tmp_path / "home" / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_text(json.dumps({"username": "team", "key": key}), encoding="utf-8")
    kaggle.faults["CreateDataset"] = [400]  # its message repeats the header
    assert run(people, tmp_path) == 1
    assert run(people, tmp_path) == 0
    told = "".join(capfd.readouterr())
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent != folder:
            data = path.read_bytes()
            assert b"KGAT_planted" not in data, path
            assert key.encode() not in data, path
    assert "KGAT_planted" not in told
    assert key not in told


def test_public_needs_the_slug_once_more(kaggle, people, tmp_path, capfd):
    assert run(people, tmp_path, "--public", "--confirm", "something-else") == 2
    assert "--confirm people-face-sequences" in capfd.readouterr().err
    assert kaggle.datasets == {}
    assert run(people, tmp_path, "--public", "--confirm", "people-face-sequences") == 0
    assert not kaggle.private[ID]
    assert run(people, tmp_path) == 1  # a version of a public dataset is public
    assert "public on Kaggle" in capfd.readouterr().err
    assert len(kaggle.datasets[ID]) == 1


def test_fetching_gives_the_identical_release_and_twice_is_fine(kaggle, people, tmp_path, capsys):
    assert run(people, tmp_path) == 0
    target = tmp_path / "datasets" / "back"
    for was_there in (False, True):
        capsys.readouterr()
        assert main(["fetch", ID, "--dataset", str(target), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["was_there"] is was_there
    found = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == staged(tmp_path)
    assert [path.name for path in target.parent.iterdir()] == ["back"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("images/seq_0001_frame_0.jpg", b"other", "1 files changed"),
        ("../evil.txt", b"x", "the entry"),
        ("notes.txt", b"x", "the entry"),
        ("checksums.sha256", b"nonsense\n", "line 1"),
    ],
)
def test_what_is_not_the_release_is_refused_and_leaves_nothing(kaggle, people, tmp_path, capfd, name, data, words):
    assert run(people, tmp_path) == 0
    kaggle.datasets[ID][-1][name] = data
    capfd.readouterr()
    assert main(["fetch", ID, "--dataset", str(tmp_path / "datasets" / "back"), "--quiet"]) == 1
    assert words in capfd.readouterr().err
    assert list((tmp_path / "datasets").iterdir()) == []
    assert not (tmp_path / "evil.txt").exists()


def test_a_folder_with_other_things_is_never_replaced(kaggle, people, tmp_path, capfd):
    assert run(people, tmp_path) == 0
    capfd.readouterr()
    assert main(["fetch", ID, "--dataset", str(people.folder), "--quiet"]) == 1
    assert "choose another --dataset" in capfd.readouterr().err
