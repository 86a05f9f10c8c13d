"""The review server: whom it lets in, what it stores, and what survives when it is killed."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset.check import check_dataset

ROOT = Path(__file__).parents[2]
KILLS = [pytest.param(3, id="3 times"), pytest.param(100, id="100 times", marks=pytest.mark.slow)]


def wish(dataset, number, decision, id, **rest):
    row = dataset.rows[number - 1]
    return {
        "id": f"{id:032x}",
        "sequence_id": row.sequence_id,
        "sha256": row.sha256,
        "decision": decision,
        "saw_others": False,
        "undoes": None,
        **rest,
    }


def stored(dataset):
    path = dataset.folder / "review.json"  # absent until the first decision
    return contracts.read_document(path, "review")["decisions"] if path.exists() else []


def test_a_decision_is_on_disk_when_it_is_called_saved(dataset, serve):
    served = serve()
    status, body, _ = served.ask("/api/decisions", {"decisions": [wish(dataset, 1, "unsure", 1)]})
    assert (status, json.loads(body)["saved"]) == (200, [f"{1:032x}"])
    served.kill()
    assert [(d["sequence_id"], d["decision"], d["previous"]) for d in stored(dataset)] == [("seq_0001", "unsure", None)]


def test_what_is_sent_again_is_stored_once_and_what_cannot_be_stored_is_refused_with_the_reason(dataset, serve):
    served = serve()
    wishes = [
        wish(dataset, 1, "label:smile", 1),
        wish(dataset, 1, "unsure", 2),
        wish(dataset, 2, "label:laugh", 3),
        wish(dataset, 2, "perhaps", 4),
        wish(dataset, 3, "unsure", 5, sha256="0" * 64),
        wish(dataset, 3, "unsure", 6, sequence_id="seq_9999"),
    ]
    for _ in range(2):
        status, body, _ = served.ask("/api/decisions", {"decisions": wishes})
        answer = json.loads(body)
        assert status == 200
        assert answer["saved"] == [f"{1:032x}", f"{2:032x}"]
        assert [entry["reason"].split(":")[0] for entry in answer["refused"]] == [
            "the dataset has no class laugh",
            "decisions.0.decision",
            "seq_0003 has changed pictures",
            "the dataset has no seq_9999 any more",
        ]
    assert [(d["decision"], d["previous"]) for d in stored(dataset)] == [
        ("label:smile", None),
        ("unsure", "label:smile"),
    ]
    status, body, _ = served.ask("/api/decisions", {"decisions": [wish(dataset, 5, "unsure", 1)]})
    assert json.loads(body)["refused"][0]["reason"] == "this id belongs to another decision"


def test_nonsense_is_answered_and_stores_nothing(dataset, serve):
    served = serve()
    deep = b'{"decisions":' + b"[" * 5000
    for body in (b"", b"[]", b'{"decisions": 3}', b'{"decisions": [{"id": 1}]}', b"\xff" * 10, deep):
        assert served.ask("/api/decisions", body)[0] == 400, body[:30]
    assert served.ask("/api/decisions", b" " * (1 << 21))[0] == 413
    served.connection.close()
    assert not (dataset.folder / "review.json").exists()
    assert served.ask("/api/state")[0] == 200


def test_without_the_secret_nothing_is_shown_and_nothing_decided(dataset, serve):
    served = serve()
    decision = {"decisions": [wish(dataset, 1, "unsure", 1)]}
    for path, body in (
        ("/", None),
        ("/?token=guess", None),
        ("/api/state", None),
        ("/picture/seq_0001/0", None),
        ("/page/page.js", None),
        ("/api/decisions", decision),
    ):
        assert served.ask(path, body, cookie=False)[0] in (403, 404), path
    wrong = {"Cookie": f"review_{served.port}=" + "x" * 43}
    assert served.ask("/api/state", headers=wrong)[0] == 403
    status, _, headers = served.ask(f"/?token={served.token}", cookie=False)
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_page_elsewhere_gets_nothing_even_with_the_cookie(dataset, serve):
    served = serve()
    decision = {"decisions": [wish(dataset, 1, "unsure", 1)]}
    for headers in (
        {"Host": f"evil.example:{served.port}"},  # a name that leads to 127.0.0.1
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this computer
    ):
        assert served.ask("/api/state", headers=headers)[0] == 403, headers
        assert served.ask("/api/decisions", decision, headers=headers)[0] == 403, headers
    assert served.ask("/api/decisions", decision, headers={"Origin": ""})[0] == 403
    assert served.ask("/api/decisions", decision, headers={"Content-Type": "text/plain"})[0] == 415
    assert not (dataset.folder / "review.json").exists()


def test_it_listens_on_the_loopback_address_only_and_every_answer_keeps_requests_at_home(dataset, serve):
    served = serve()
    _, body, headers = served.ask("/")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert b"http://" not in body
    assert b"https://" not in body
    listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
    ours = [line.split()[1] for line in listening.splitlines() if f":{served.port:04X} " in line and " 0A " in line]
    assert all(address.startswith("0100007F") for address in ours)


def test_pictures_come_by_id_and_no_other_file_by_any_name(dataset, serve):
    served = serve()
    status, body, headers = served.ask("/picture/seq_0001/2?h=x")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert body == (dataset.folder / "images" / "seq_0001_frame_2.jpg").read_bytes()
    for path in (
        "/picture/seq_0001/5",
        "/picture/seq_0001/-1",
        "/picture/..%2f..%2flabels.csv/0",
        "/page/server.py",
        "/page/..%2fserver.py",
        "/review.json",
    ):
        assert served.ask(path)[0] == 404, path


def test_the_state_hides_what_others_think_until_one_has_decided(dataset, serve, decide):
    decide(dataset, "r2", 1, "label:smile")
    decide(dataset, "r2", 2, "label:smile")
    decide(dataset, "r1", 2, "unsure")
    state = json.loads(serve().ask("/api/state")[1])
    assert state["mine"] == {"seq_0002": "unsure"}
    assert state["disagreements"] == {"seq_0002": [["r2", "label:smile"]]}
    assert state["others"] == ["r2"]
    assert len(state["rows"]) == 12


def test_a_second_server_of_the_same_reviewer_is_refused_and_another_reviewer_s_is_not(dataset, serve, home):
    first, other = serve(), serve("people", "r2")
    command = [sys.executable, "-m", "tools.reviewer", "serve", "--dataset", "people", "--reviewer", "r1", "--no-open"]
    environment = {**os.environ, "SMILEBENCH_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "found a review page of r1 that is already open" in done.stderr
    for number, served in enumerate((first, other), start=1):
        assert served.ask("/api/decisions", {"decisions": [wish(dataset, 1, "unsure", number)]})[0] == 200
    assert [d["reviewer"] for d in stored(dataset)] == ["r1", "r2"]


def test_a_restarted_server_has_the_same_address_and_ctrl_c_ends_it_with_a_summary(dataset, serve):
    first = serve()
    first.kill()
    second = serve()
    assert second.url == first.url
    second.ask("/api/decisions", {"decisions": [wish(dataset, 1, "unsure", 1)]})
    code, out, _ = second.stop()
    assert code == 0
    assert "1 decisions by r1, who has decided on 1 of 12 sequences of people" in out


def test_the_secret_can_be_read_by_this_user_only(dataset, serve, home):
    serve()
    assert (home / "artifacts" / "reviews" / "people" / ".token-r1").stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_taken_is_said_to_be_so(dataset, home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "tools.reviewer", "serve", "--dataset", "people", "--reviewer", "r1"]
        environment = {**os.environ, "SMILEBENCH_HOME": str(home)}
        done = subprocess.run(
            [*command, "--no-open", "--port", port],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"--port: found {port} (Address already in use), expected a free port" in done.stderr


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (["--reviewer", "Kim Minji"], 2, "--reviewer: found 'Kim Minji', expected a pseudonym"),
        (["--reviewer", "r1", "--scores", "nowhere.json"], 1, "nowhere.json: found no such file"),
        (["--reviewer", "r1", "--dataset", "nothing"], 1, "found no such folder, expected a dataset"),
    ],
)
def test_wrong_input_is_answered_in_one_line(dataset, home, capsys, flags, code, line):
    from tools.reviewer import cli

    assert cli.main(["serve", "--dataset", "people", *flags]) == code
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


def test_a_port_beyond_65535_is_refused(capsys):
    from tools.reviewer import cli

    with pytest.raises(SystemExit, match="2"):
        cli.main(["serve", "--dataset", "people", "--port", "70000"])
    assert "--port: found '70000', expected a port from 0 to 65535" in capsys.readouterr().err


def test_a_dataset_that_changes_under_the_server_is_read_again(dataset, serve, make_dataset):
    served = serve()
    before = json.loads(served.ask("/api/state")[1])
    make_dataset(dataset.folder, subjects=1)
    answer = json.loads(served.ask("/api/decisions", {"decisions": [wish(dataset, 1, "unsure", 1)]})[1])
    assert answer["labels_sha256"] != before["dataset"]["labels_sha256"]
    assert len(json.loads(served.ask("/api/state")[1])["rows"]) == 16


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_moment_no_decision_that_was_called_saved_is_lost(dataset, serve, kills):
    rng = random.Random(kills)
    acknowledged: set[str] = set()
    number = 0
    for _ in range(kills):
        served = serve()
        timer = threading.Timer(rng.uniform(0.02, 0.4), served.process.kill)
        n_before, began = len(acknowledged), time.monotonic()
        while time.monotonic() - began < 60:
            if len(acknowledged) > n_before and timer.ident is None:
                timer.start()  # it answers: from here on the kill may fall anywhere
            wishes = [
                wish(dataset, rng.randint(1, 12), rng.choice(["unsure", "exclude", "label:smile"]), number + extra)
                for extra in range(rng.randint(1, 5))
            ]
            number += len(wishes)
            try:
                acknowledged |= set(json.loads(served.ask("/api/decisions", {"decisions": wishes})[1])["saved"])
            except (OSError, ValueError, HTTPException):
                break
        timer.join()
        served.kill()
        assert acknowledged <= {decision["id"] for decision in stored(dataset)}
    decisions = stored(dataset)
    assert len({decision["id"] for decision in decisions}) == len(decisions)
    assert len(acknowledged) >= kills
    assert [str(problem) for problem in check_dataset(dataset.folder) if problem.is_error] == []
