"""A release becomes one version, whatever the connection, the server, a colleague or a person who withdraws does."""

import json
import random
import shutil
from typing import Any

import pytest

from shared import contracts
from shared.dataset import consent
from shared.dataset.consent import Agreement
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.remote import remote

ID = "team/friends-face-sequences"
PUBLIC = ("--public", "--confirm", "friends-face-sequences")
JPEG_SCAN = b"\xff\xda"  # in front of a picture's own bytes, which an archive holds as they are
HTML = ("text/html", b"<html>Sign in</html>")

pytestmark = pytest.mark.usefixtures("quick")


def releases(dataset: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = contracts.read_document(dataset.folder / "releases.json", "releases")["releases"]
    return found


def one_line(capfd: Any) -> str:
    """Return the one line that an error is."""
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return str(err)


@pytest.mark.slow
def test_thirty_random_cuts_never_make_two_versions_and_done_always_means_equal(
    kaggle, friends, publish, staged, tmp_path
):
    """A lost answer was repeated once: one cut made two versions, three made four."""
    rng = random.Random(15)
    cuts = [
        lambda: ("request", rng.randrange(500)),
        lambda: ("before",),
        lambda: ("after", 0),
        lambda: ("after", rng.randrange(1, 250)),
        lambda: ("late", rng.random() / 20),
        lambda: rng.choice([500, 502, 504]),
        lambda: ("does", 504, *HTML),
        lambda: ("does", 200, *HTML),
    ]
    n_cuts = n_runs = 0
    while n_cuts < 30:
        for name in ("CreateDataset", "CreateDatasetVersion"):
            drawn = [rng.choice(cuts)() for _ in range(rng.randint(1, 3))]
            kaggle.faults[name] = list(drawn)
            n_before = len(kaggle.datasets.get(ID, []))
            for _ in range(6):
                n_runs += 1
                code = publish("--subtitle", f"the friends of round {n_cuts:04d}")
                made = kaggle.datasets.get(ID, [])
                assert len(made) <= n_before + 1, drawn
                if code == 0:
                    break
                assert code == 3, drawn
            assert code == 0, drawn
            assert made[-1] == staged(), drawn
            assert releases(friends)[-1]["remote_versions"] == [n_before + 1]
            n_cuts += len(drawn) - len(kaggle.faults[name])
        kaggle.datasets.clear()
        (friends.folder / "releases.json").unlink()
    assert n_runs > 30


@pytest.mark.parametrize("private", [..., None, "false", 0, [], {}])
def test_where_kaggle_does_not_say_that_a_dataset_is_private_nothing_is_uploaded(
    kaggle, friends, publish, capfd, private
):
    assert publish() == 0
    capfd.readouterr()
    n_blobs = len(kaggle.blobs)
    kaggle.details["isPrivate"] = private
    assert publish("--subtitle", "another version of the friends") == 1
    assert "does not say that it is private" in one_line(capfd)
    assert (len(kaggle.datasets[ID]), len(kaggle.blobs)) == (1, n_blobs)
    assert publish("--subtitle", "another version of the friends", *PUBLIC, "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["visibility"], told["release"]["public"]) == ("unknown", False)


@pytest.mark.parametrize("answer", [404, 403, 501, ("says", 200, *HTML), ("says", 200, "application/json", b"null")])
def test_an_answer_about_visibility_that_is_refused_or_unreadable_stops_the_upload(
    kaggle, friends, publish, capfd, answer
):
    assert publish() == 0
    capfd.readouterr()
    n_blobs = len(kaggle.blobs)
    kaggle.always["GetDataset"] = answer
    assert publish("--subtitle", "another version of the friends") in (1, 3)
    one_line(capfd)
    assert (len(kaggle.datasets[ID]), len(kaggle.blobs)) == (1, n_blobs)


def test_public_is_said_only_of_what_the_server_calls_public(kaggle, publish, capsys):
    assert publish() == 0
    assert "(private, version 1)" in capsys.readouterr().out
    assert publish(*PUBLIC, "--subtitle", "a public version, I thought", quiet=False) == 0
    out, err = capsys.readouterr()
    assert "PUBLISHED as release 2 (private, version 2)" in out
    assert "PUBLIC" not in out
    assert "is private on Kaggle, and stays so" in err


def test_a_dataset_that_comes_out_public_unasked_is_an_alarm(kaggle, friends, publish, capfd):
    kaggle.details["isPrivate"] = False
    assert publish() == 1
    assert "which Kaggle calls public" in one_line(capfd)
    assert [(one["state"], one["public"]) for one in releases(friends)] == [("complete", True)]


def test_a_dataset_that_becomes_public_during_the_upload_gets_no_version(kaggle, publish, monkeypatch, capfd):
    assert publish() == 0
    real = remote.Remote.upload

    def and_meanwhile(self, files):
        kaggle.private[ID] = False
        return real(self, files)

    monkeypatch.setattr(remote.Remote, "upload", and_meanwhile)
    capfd.readouterr()
    assert publish("--subtitle", "another version of the friends") == 1
    assert "public on Kaggle" in one_line(capfd)
    assert len(kaggle.datasets[ID]) == 1


def test_a_finished_command_run_again_does_nothing_and_says_so(kaggle, publish, capsys):
    assert publish() == 0
    n_blobs = len(kaggle.blobs)
    capsys.readouterr()
    assert publish("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["uploaded"], told["dry_run"], told["release"]["number"]) == (False, False, 1)
    assert publish() == 0
    assert "NOTHING TO DO: release 1" in capsys.readouterr().out
    assert (len(kaggle.datasets[ID]), len(kaggle.blobs)) == (1, n_blobs)
    del kaggle.datasets[ID]  # deleted at Kaggle: then it is published again
    assert publish() == 0
    assert len(kaggle.datasets[ID]) == 1


def test_a_version_of_a_colleague_in_between_is_not_taken_for_ours(kaggle, friends, publish, staged):
    assert publish() == 0
    kaggle.faults["CreateDatasetVersion"] = [("before",)]
    assert publish("--subtitle", "another version of the friends") == 3
    kaggle.datasets[ID].append({**kaggle.datasets[ID][0], "notes.csv": b"a colleague's"})
    assert publish("--subtitle", "another version of the friends") == 0
    assert len(kaggle.datasets[ID]) == 3
    assert kaggle.datasets[ID][2] == staged()
    assert releases(friends)[-1]["remote_version"] == 3


def test_our_version_is_found_below_that_of_a_colleague(kaggle, friends, publish, staged):
    assert publish() == 0
    kaggle.faults["CreateDatasetVersion"] = [("late", 0.0)]
    kaggle.faults["GetDatasetStatus"] = [None, None, None, *[500] * 5]  # the run sees nothing of it, and ends
    assert publish("--subtitle", "another version of the friends") == 3
    kaggle.faults.clear()
    kaggle.datasets[ID].append({"notes.csv": b"a colleague's"})
    assert publish("--subtitle", "another version of the friends") == 0
    assert len(kaggle.datasets[ID]) == 3
    assert kaggle.datasets[ID][1] == staged()
    assert releases(friends)[-1]["remote_version"] == 2


def test_a_lost_file_can_be_given_up_and_withdrawal_names_both_versions(kaggle, friends, publish, staged, capfd):
    kaggle.hides = {"images/seq_0001_frame_0.jpg"}
    assert publish() == 1
    assert publish() == 1
    assert "--abandon" in capfd.readouterr().err
    assert len(kaggle.datasets[ID]) == 1
    assert publish("--abandon") == 0
    assert "release 1 is given up; Kaggle has it as version 1" in capfd.readouterr().out
    assert publish("--abandon") == 0
    assert "nothing to give up" in capfd.readouterr().out
    kaggle.hides = set()
    assert publish() == 0
    assert kaggle.datasets[ID][1] == staged()
    assert [(one["number"], one["state"], one["remote_versions"]) for one in releases(friends)] == [
        (1, "abandoned", [1]),
        (2, "complete", [2]),
    ]
    capfd.readouterr()
    assert main(["withdraw", "--dataset", str(friends.folder), "--subject", "s02", "--json", "--quiet"]) == 0
    told = json.loads(capfd.readouterr().out)["releases"]
    assert [(one["number"], one["remote_version"]) for one in told] == [(1, 1), (2, 2)]


def test_a_state_that_is_forbidden_is_read_elsewhere_or_given_up(kaggle, friends, publish, staged, capfd):
    kaggle.faults["GetDatasetStatus"] = [None, None, *[403] * 100]
    assert publish() == 0
    assert kaggle.datasets[ID] == [staged()]
    kaggle.always = {"GetDatasetStatus": 403, "GetDataset": 403}
    assert publish("--subtitle", "another version of the friends", "--wait", "1") == 1  # 409: the address is taken
    assert "--abandon" in capfd.readouterr().err
    assert [one["state"] for one in releases(friends)] == ["complete"]  # refused for sure: nothing is half-done


def test_abandoning_needs_no_kaggle(kaggle, friends, publish, capsys):
    kaggle.faults["CreateDataset"] = [("before",)]
    assert publish() == 3
    kaggle.always = {"IntrospectToken": 500}
    assert publish("--abandon") == 0
    assert "look at https://www.kaggle.com/datasets/team/friends-face-sequences/versions" in capsys.readouterr().out
    assert releases(friends)[0]["state"] == "abandoned"


@pytest.mark.parametrize("cut", [("before",), ("after", 0)])
def test_a_server_that_gives_no_numbers_of_versions_is_read_by_content(kaggle, friends, publish, staged, cut):
    kaggle.details["currentVersionNumber"] = ...
    for number in (1, 2):
        kaggle.faults["CreateDataset" if number == 1 else "CreateDatasetVersion"] = [cut]
        codes = [publish("--subtitle", f"version {number} of the friends") for _ in range(2)]
        assert codes == ([3, 0] if cut == ("before",) else [0, 0])
        assert len(kaggle.datasets[ID]) == number
        assert kaggle.datasets[ID][-1] == staged()
    assert [one["remote_version"] for one in releases(friends)] == [None, None]


def test_one_publisher_at_a_time_while_the_network_is_at_work(kaggle, publish, monkeypatch, capfd):
    real = remote.Remote.upload
    codes = []

    def and_another(self, files):
        codes.append(publish("--subtitle", "another of the friends here"))
        return real(self, files)

    monkeypatch.setattr(remote.Remote, "upload", and_another)
    assert publish() == 0
    assert codes == [1]
    assert "another kaggle-publisher at work" in capfd.readouterr().err
    assert len(kaggle.datasets[ID]) == 1


@pytest.mark.parametrize("how", [(), ("--erase",)])
def test_a_withdrawal_during_the_upload_stops_the_version(kaggle, friends, publish, tmp_path, monkeypatch, capfd, how):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "house"))
    real = remote.Remote.upload

    def and_meanwhile(self, files):
        tokens = real(self, files)
        assert main(["withdraw", "--dataset", str(friends.folder), "--subject", "s02", "--quiet", *how]) == 0
        return tokens

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(remote.Remote, "upload", and_meanwhile)
        assert publish() == 1
    err = capfd.readouterr().err
    assert "s02" in err
    assert "no version was made" in err
    assert kaggle.datasets == {}
    assert publish() == 0
    assert "s02" not in json.dumps(releases(friends))
    assert len({line.split(",")[1] for line in kaggle.datasets[ID][0]["labels.csv"].decode().splitlines()[1:]}) == 2


def test_a_withdrawal_while_the_version_is_made_names_the_version_that_holds_the_person(
    kaggle, friends, publish, monkeypatch, capfd
):
    real = remote.Remote.create

    def and_meanwhile(self, *args, **more):
        url = real(self, *args, **more)
        consent.withdraw(friends.folder, "s02")
        return url

    monkeypatch.setattr(remote.Remote, "create", and_meanwhile)
    assert publish() == 1
    err = one_line(capfd)
    assert "version 1 with people whose consent ended while it was made (s02: withdrawn" in err
    assert f"delete version 1 at https://www.kaggle.com/datasets/{ID}/versions" in err
    assert [(one["state"], one["remote_version"]) for one in releases(friends)] == [("complete", 1)]


def test_a_consent_that_expires_during_the_upload_stops_it_too(kaggle, friends, publish, monkeypatch):
    real = remote.Remote.upload

    def and_meanwhile(self, files):
        now = consent.paths.utc_text()
        consent.record(friends.folder, Agreement("s01", ("train", "publish"), "2026-01-23T11:25:34Z", expires_utc=now))
        return real(self, files)

    monkeypatch.setattr(remote.Remote, "upload", and_meanwhile)
    assert publish() == 1
    assert kaggle.datasets == {}


@pytest.mark.parametrize("name", ["README.md", "images/seq_0003_frame_2.jpg", "croissant.json"])
def test_a_flipped_bit_at_kaggle_is_not_done(kaggle, friends, publish, monkeypatch, capfd, name):
    real = kaggle.make_version

    def flipped(dataset_id, files):
        real(dataset_id, files)
        data = bytearray(kaggle.datasets[dataset_id][-1][name])
        data[len(data) // 2] ^= 4
        kaggle.datasets[dataset_id][-1][name] = bytes(data)

    monkeypatch.setattr(kaggle, "make_version", flipped)
    assert publish() == 1
    assert f"1 of other content ({name})" in one_line(capfd)
    assert publish() == 1, "once more is no better"
    assert len(kaggle.datasets[ID]) == 1
    assert [one["state"] for one in releases(friends)] == ["submitting"]


def test_without_verification_that_is_said(kaggle, publish, capsys):
    assert publish("--no-verify") == 0
    assert "the bytes were not compared" in capsys.readouterr().out
    assert kaggle.calls["DownloadDataset"] == 0


def test_images_that_kaggle_does_not_unpack_are_compared_by_their_bytes(kaggle, friends, publish, monkeypatch, capfd):
    def keep(dataset_id, files):
        content = {kaggle.names[file["token"]]: bytearray(kaggle.blobs[file["token"]]) for file in files}
        if kaggle.datasets:
            content["images.zip"][content["images.zip"].index(JPEG_SCAN) + 20] ^= 4
        kaggle.datasets.setdefault(dataset_id, []).append({name: bytes(data) for name, data in content.items()})
        kaggle.private[dataset_id] = True

    monkeypatch.setattr(kaggle, "make_version", keep)
    assert publish() == 0
    capfd.readouterr()
    assert publish("--subtitle", "another version of the friends") == 1
    assert "images.zip" in one_line(capfd)
    assert [one["state"] for one in releases(friends)] == ["complete", "submitting"]


def test_what_an_older_run_left_in_the_middle_is_no_obstacle(kaggle, friends, publish, tmp_path, staged):
    kaggle.faults["CreateDataset"] = [("after", 0)]
    kaggle.faults["GetDatasetStatus"] = [None, None, *[500] * 5]
    assert publish() == 3
    shutil.rmtree(tmp_path / "out")
    assert publish() == 0
    assert kaggle.datasets[ID] == [staged()]
