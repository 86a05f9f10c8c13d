"""Servers that answer in another shape, say nothing, echo a token or are not the one that was meant: one line each."""

import base64
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kaggle_publisher.conftest import ID, TOKEN
from tools.kaggle_publisher.remote import client, remote, silence

JSON = "application/json"
PAGE = {"datasetFiles": [{"name": "labels.csv", "totalBytes": 1}], "nextPageToken": "on"}

pytestmark = pytest.mark.usefixtures("quick")


def one_line(capfd):
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return err


def says(document):
    return ("says", 200, JSON, document if isinstance(document, bytes) else json.dumps(document).encode())


@pytest.mark.parametrize(
    "answer",
    [
        ("says", 200, "text/html", b"<html>Sign in</html>"),
        says(None),
        says([]),
        says([{"status": "READY"}]),
        says("READY"),
        says(7),
        says(b"{"),
        says(b"[" * 100_000),
        says({"code": "many"}),
    ],
    ids=["html", "null", "list", "list of it", "text", "number", "cut", "deep", "code"],
)
@pytest.mark.parametrize(
    "name",
    ["IntrospectToken", "GetDatasetStatus", "StartBlobUpload", "CreateDataset", "GetDataset", "ListDatasetFiles"],
)
def test_an_answer_of_another_shape_ends_in_one_line(kaggle, publish, capfd, name, answer):
    kaggle.always[name] = answer
    assert publish("--wait", "1") in (1, 3)
    one_line(capfd)
    assert len(kaggle.datasets.get(ID, [])) <= 1


@pytest.mark.parametrize("status", [{"status": "SINGING"}, {"status": 5}, {"status": ["READY"]}, {"status": None}])
def test_a_state_that_is_not_known_ends_in_one_line(kaggle, publish, capfd, status):
    kaggle.faults["GetDatasetStatus"] = [None, None]
    kaggle.always["GetDatasetStatus"] = says(status)
    assert publish("--wait", "1") == 3
    assert "GetDatasetStatus" not in one_line(capfd)
    assert len(kaggle.datasets[ID]) == 1


@pytest.mark.parametrize("version", ["2", "many", True, -1, 1.5, [1], {}])
def test_a_version_that_is_no_number_ends_in_one_line(kaggle, publish, capfd, version):
    kaggle.details["currentVersionNumber"] = version
    assert publish() == 3
    assert "currentVersionNumber is" in one_line(capfd)


@pytest.mark.parametrize(
    "page",
    [
        {"datasetFiles": [{"name": "labels.csv", "totalBytes": "many"}]},
        {"datasetFiles": [{"name": "labels.csv", "totalBytes": -1}]},
        {"datasetFiles": [{"name": ["labels.csv"], "totalBytes": 1}]},
        {"datasetFiles": [{"name": None, "totalBytes": 1}]},
        {"datasetFiles": ["labels.csv"]},
        {"datasetFiles": {"labels.csv": 1}},
        {"datasetFiles": None},
        {},
        PAGE,
        {"nextPageToken": "on"},
    ],
)
def test_a_list_of_files_of_another_shape_or_without_end_is_not_done(kaggle, publish, capfd, page):
    kaggle.always["ListDatasetFiles"] = says(page)
    assert publish() in (1, 3)
    one_line(capfd)
    assert kaggle.calls["ListDatasetFiles"] < 20


def test_pages_that_bring_new_names_for_ever_end(kaggle, publish, capfd, monkeypatch):
    def endless(self, body):
        number = int(body.get("pageToken") or 0)
        files = [{"name": f"file{number * 200 + one}", "totalBytes": 1} for one in range(200)]
        self.answer(200, {"datasetFiles": files, "nextPageToken": str(number + 1)})

    monkeypatch.setattr("tests.kaggle_publisher.conftest.Handler.do_list_dataset_files", endless)
    assert publish() == 1
    assert "does not end" in one_line(capfd)
    assert kaggle.calls["ListDatasetFiles"] < 20


EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\r"


def test_a_servers_text_cannot_steer_the_terminal(kaggle, publish, monkeypatch, capfd):
    kaggle.faults["CreateDataset"] = [("says", 400, JSON, json.dumps({"code": 400, "message": EVIL}).encode())]
    assert publish() == 1
    told = one_line(capfd)
    kaggle.faults["CreateDataset"] = [says({"status": "error", "error": EVIL})]
    assert publish() == 1
    told += one_line(capfd)
    assert told.count("\\x1b") == 4
    real = kaggle.make_version

    def and_more(dataset_id, files):
        real(dataset_id, files)
        kaggle.datasets[dataset_id][-1][EVIL] = b"x"

    monkeypatch.setattr(kaggle, "make_version", and_more)
    kaggle.faults["CreateDataset"] = [("does", 200, JSON, json.dumps({"status": "ok", "url": EVIL}).encode())]
    assert publish() == 1
    told += one_line(capfd)
    assert all(one.isprintable() or one == "\n" for one in told)


@pytest.mark.parametrize("name", ["GetDatasetStatus", "StartBlobUpload", "CreateDataset", "ListDatasetFiles"])
def test_a_token_is_masked_wherever_a_server_echoes_it(kaggle, publish, tmp_path, monkeypatch, capfd, name):
    folder = tmp_path / "home" / ".kaggle"
    folder.mkdir()
    key = "0123456789abcdef0123456789abcdef"
    (folder / "kaggle.json").write_text(json.dumps({"username": "team", "key": key}), encoding="utf-8")
    pair = base64.b64encode(f"team:{key}".encode()).decode()
    echo = f"{TOKEN} {TOKEN.upper()} Basic {pair} {key}"
    kaggle.always[name] = ("says", 400, JSON, json.dumps({"code": 400, "message": echo}).encode())
    assert publish() in (1, 3)
    out, err = capfd.readouterr()
    for secret in (TOKEN, TOKEN.upper(), key, pair):
        assert secret not in out + err


def test_an_address_in_an_answer_is_shown_only_where_it_is_the_datasets(kaggle, publish, capsys):
    answer = {"status": "ok", "url": f"https://www.kaggle.com/datasets/{ID}\x1b[2J?key={TOKEN}"}
    kaggle.faults["CreateDataset"] = [("does", 200, JSON, json.dumps(answer).encode())]
    assert publish("--json") == 0
    assert json.loads(capsys.readouterr().out)["url"] == f"https://www.kaggle.com/datasets/{ID}"


def test_a_silent_server_says_what_it_is_waited_for(kaggle, publish, monkeypatch, capfd):
    assert silence.SILENCE_S == 15
    monkeypatch.setattr(silence, "SILENCE_S", 0.1)
    kaggle.faults["GetDatasetStatus"] = [("slow", 0.35)]
    kaggle.faults["StartBlobUpload"] = [("slow", 0.35)]
    kaggle.pending_answers = 40
    assert publish(quiet=False) == 0
    err = capfd.readouterr().err
    assert "kaggle: waiting for an answer on trying to ask for its state, 0.1 s so far" in err
    assert "waiting for an answer on trying to send README.md" in err
    assert "waiting for Kaggle to unpack the version (now: blobs_decompressed)" in err


@pytest.mark.parametrize("where", ["192.0.2.7", "2001:db8::7"])
def test_a_stand_in_that_is_not_on_this_computer_gets_nothing(kaggle, publish, monkeypatch, capfd, where):
    real = socket.getaddrinfo

    def elsewhere(host, *args, **more):
        return real(where, *args, **more) if host == "localhost" else real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    assert publish() == 1
    assert "loopback" in one_line(capfd)
    assert kaggle.calls == {}


def test_a_stand_in_cannot_send_a_blob_elsewhere(kaggle, publish, monkeypatch, capfd):
    asked = []
    real = client.must_be_loopback
    monkeypatch.setattr(remote, "must_be_loopback", lambda host: (asked.append(host), real(host)))
    answer = {"token": "blob-1", "createUrl": "http://192.0.2.7/blobs/blob-1"}
    kaggle.always["StartBlobUpload"] = says(answer)
    assert publish() == 3
    assert "192.0.2.7" in asked
    one_line(capfd)


def test_a_stand_in_is_not_reached_through_a_proxy(kaggle, publish, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.7:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    assert publish() == 0


@pytest.mark.parametrize("name", ["STAGING", "QA", "ADMIN", "nonsense"])
def test_another_environment_of_kaggles_is_refused(kaggle, publish, monkeypatch, capfd, name):
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", name)
    assert publish() == 1
    assert "KAGGLE_API_ENVIRONMENT" in one_line(capfd)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_credentials_that_others_can_read_are_warned_of_with_the_command_that_mends_it(
    kaggle, publish, tmp_path, capfd
):
    path = tmp_path / "home" / ".kaggle" / "kaggle.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"username": "team", "key": "0123456789abcdef"}), encoding="utf-8")
    path.chmod(0o644)
    assert publish(quiet=False) == 0
    err = capfd.readouterr().err
    assert f"other users of this computer can read your Kaggle credentials; chmod 600 {path}" in err
    subprocess.run(err.partition("credentials; ")[2].splitlines()[0].split(), check=True)
    assert publish(quiet=False) == 0
    assert "can read" not in capfd.readouterr().err


def test_importing_the_client_asks_no_proxy_either(tmp_path):
    """The client logs in as soon as it is imported, and a proxy is another computer."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
        environment |= {"KAGGLE_API_ENVIRONMENT": "TEST", "KAGGLE_API_TOKEN": TOKEN, "HOME": str(tmp_path)}
        environment |= {name: f"http://127.0.0.1:{proxy.getsockname()[1]}" for name in ("http_proxy", "HTTP_PROXY")}
        code = "from tools.kaggle_publisher.remote.client import new_client; new_client()"
        root = Path(__file__).parents[2]
        started = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=environment)
        proxy.settimeout(0.2)
        try:
            while started.poll() is None:
                with pytest.raises(TimeoutError):
                    proxy.accept()
        finally:
            started.kill()
    assert started.wait() == 0
