"""Phones of the network: in by a code that works once, to the recording page alone; all others get 403."""

import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from shared.dataset.statement import read_statement
from tests.studio.record.conftest import CountingRecorder, film
from tests.studio.record.program import StudioProgram
from tools.studio import cli
from tools.studio.record import routes
from tools.studio.record.lan import certificate, codes, patience
from tools.studio.record.lan.codes import Doorkeeper
from tools.studio.record.lan.gate import COOKIE
from tools.studio.record.lan.lan_server import LanServer, find_address
from tools.studio.record.looks import Looker
from tools.studio.record.routes import RecordingDesk
from tools.studio.record.takes import TakeBox

ID = "0b6a1f6e-2c1d-4f57-9a3b-6a1f0d2c4e5f"
OTHERS = (
    "/api/state", "/api/start", "/api/jobs", "/open/reports/x", "/page/page.js", "/page/dom.js", "/record", "/docs",
    "/openapi.json", "/datasets/people/labels.csv", "/artifacts", "/..%2f..%2fetc/passwd",
    "/record/page/words.toml", "/record/page/..%2fwords.toml", "/api/record", "//", "/favicon.ico",
    "/api/item?kind=dataset&name=people",
)  # fmt: skip
OWN = ("/", "/record/page/record.js", "/api/record/start", f"/api/record/takes/{ID}")


OPEN = contextlib.ExitStack()  # connections of a test, closed with its server


class Phone:
    """A browser elsewhere: keeps cookies, trusts nobody in particular."""

    def __init__(self, server: LanServer) -> None:
        self._origin = server.origin
        self._session = requests.Session()
        self._session.verify = self._session.trust_env = False
        OPEN.callback(self._session.close)

    def ask(self, method: str, path: str, told: object = None, data: object = None, **headers: str) -> Any:
        sent = {"Origin": self._origin, **headers}
        return self._session.request(
            method, self._origin + path, json=told, data=data, timeout=30, allow_redirects=False,
            headers={name: value for name, value in sent.items() if value},
        )  # fmt: skip

    def enter(self, code: str) -> int:
        status: int = self.ask("GET", f"/?code={code}").status_code
        return status

    def agree(self, subject_id: str) -> Any:
        answer = {"scopes": ["train"], "given_by": "self", "statement_sha256": read_statement("en").sha256}
        return self.ask("POST", "/api/record/consent", {**about(subject_id), **answer})


def about(subject_id: str) -> dict[str, str]:
    return {"dataset": "people", "subject_id": subject_id, "lang": "en"}


@pytest.fixture
def lan(home: Path) -> Iterator[LanServer]:
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    desk = RecordingDesk(TakeBox(CountingRecorder()), Looker("none"))
    with LanServer(desk, "127.0.0.1", "people", "en") as server:
        yield server
        OPEN.close()
    desk.close()


@pytest.fixture
def phone(lan: LanServer) -> Phone:
    phone = Phone(lan)
    assert phone.enter(lan.invite(None, None).code) == 303
    return phone


def test_without_a_code_there_is_nothing_but_403(lan: LanServer) -> None:
    stranger = Phone(lan)
    for path in (*OWN, *OTHERS):
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PROPFIND"):
            assert stranger.ask(method, path).status_code == 403, (method, path)
    for cookie in ("", "x", "phone-1", "' OR 1=1 --", "a" * 3000):
        assert stranger.ask("GET", "/", Cookie=f"{COOKIE}={cookie}").status_code == 403
    assert stranger.enter("") == 403


def test_who_is_in_finds_the_recording_page_and_no_other_route(phone: Phone) -> None:
    page = phone.ask("GET", "/")
    assert (page.status_code, "Record" in page.text or "record.js" in page.text) == (200, True)
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert phone.ask("GET", "/record/page/record.js").status_code == 200
    started = phone.ask("GET", "/api/record/start").json()
    assert (started["datasets"], started["is_fixed"], started["has_phones"]) == (["people"], True, False)
    for path in OTHERS:
        assert phone.ask("GET", path).status_code in (404, 405), path
    assert phone.ask("POST", "/api/record/invite", about("s01")).status_code == 403  # codes are made at the desk


def test_a_code_works_once_and_expires(lan: LanServer) -> None:
    code = lan.invite(None, None).code
    assert Phone(lan).enter(code) == 303
    assert Phone(lan).enter(code) == 403
    now = [1000.0]
    doorkeeper = Doorkeeper(certificate.folder() / "other.json", lambda: now[0])
    late, early = doorkeeper.invite("people", None), doorkeeper.invite("people", None)
    now[0] += codes.CODE_S - 1
    secret = doorkeeper.enter(early.lower(), "a")  # typed by hand
    assert secret is not None
    now[0] += 2
    assert doorkeeper.enter(late, "a") is None
    assert doorkeeper.session(secret) is not None
    assert Doorkeeper(certificate.folder() / "other.json", lambda: now[0]).session(secret) is not None  # a new start
    now[0] += codes.SESSION_S
    assert doorkeeper.session(secret) is None
    assert (certificate.folder() / "other.json").stat().st_mode & 0o077 == 0
    assert secret not in (certificate.folder() / "other.json").read_text()


def test_the_same_phone_may_open_its_address_again(lan: LanServer) -> None:
    phone, code = Phone(lan), lan.invite(None, None).code
    assert [phone.enter(code), phone.enter(code)] == [303, 303]


@pytest.mark.parametrize("n", [60, pytest.param(10_000, marks=pytest.mark.slow, id="10000")])
def test_guesses_let_nobody_in(lan: LanServer, n: int) -> None:
    code = lan.invite(None, None).code
    stranger = Phone(lan)
    guesses = [
        code[:-1] + ("A" if code[-1] != "A" else "B"),
        code[:-1],
        "",
        "0",
        *(f"{code[:-3]}{i:03d}" for i in range(n)),
    ]
    assert {stranger.enter(guess) for guess in guesses[:n]} == {403}
    assert stranger.enter(code) == 403  # who has guessed so often is not listened to, even with the right one
    assert lan.doorkeeper.is_open(code)


def test_after_a_minute_who_has_guessed_is_listened_to_again(home: Path) -> None:
    now = [1000.0]
    doorkeeper = Doorkeeper(certificate.folder() / "sessions.json", lambda: now[0])
    code = doorkeeper.invite("people", None)
    assert [doorkeeper.enter("wrong", "a") for _ in range(50)] == [None] * 50
    assert doorkeeper.enter(code, "a") is None
    now[0] += 61
    assert doorkeeper.enter(code, "a") is not None


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "localhost"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
     {"Sec-Fetch-Site": "cross-site"}],
)  # fmt: skip
def test_other_sites_and_other_names_get_403(phone: Phone, headers: dict[str, str]) -> None:
    assert phone.ask("GET", "/api/record/start", **headers).status_code == 403
    assert phone.ask("POST", "/api/record/person", about("s01"), **headers).status_code == 403


def test_what_changes_something_names_its_origin(phone: Phone) -> None:
    assert phone.ask("POST", "/api/record/person", about("s01"), Origin="").status_code == 403


def test_a_phone_records_somebody_new_and_cannot_speak_for_others(lan: LanServer, phone: Phone) -> None:
    assert phone.agree("s01").status_code == 200
    assert phone.ask("POST", f"/api/record/takes/{ID}", about("s01")).status_code == 200
    assert phone.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film()).status_code == 204
    other = Phone(lan)
    other.enter(lan.invite(None, None).code)
    for path, told in (("person", about("s01")), (f"takes/{ID}", about("s01"))):
        assert other.ask("POST", f"/api/record/{path}", told).json()["error"]["code"] == "taken_name"
    assert other.agree("s01").json()["error"]["code"] == "taken_name"
    assert other.ask("GET", f"/api/record/takes/{ID}").status_code == 404
    assert other.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=b"x").status_code == 404
    assert other.ask("DELETE", f"/api/record/takes/{ID}").status_code == 404
    assert other.ask("POST", "/api/record/person", {**about("s02"), "dataset": "others"}).status_code == 403
    invited = Phone(lan)
    invited.enter(lan.invite("people", "s01").code)
    assert invited.ask("POST", "/api/record/person", about("s01")).json()["needs_consent"] is False
    assert invited.ask("GET", "/api/record/start").json()["subject"] == "s01"


def test_a_no_claims_no_pseudonym(lan: LanServer, phone: Phone) -> None:
    refused = {"scopes": [], "given_by": "self", "statement_sha256": "0" * 64}
    assert phone.ask("POST", "/api/record/consent", {**about("s05"), **refused}).status_code == 403
    other = Phone(lan)
    other.enter(lan.invite(None, None).code)
    assert other.agree("s05").status_code == 200
    assert phone.ask("POST", "/api/record/person", about("s05")).json()["error"]["code"] == "taken_name"


def test_who_asks_too_often_waits(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_REQUESTS_A_SECOND", 0.5)
    monkeypatch.setattr(codes, "_BURST", 5.0)
    assert {phone.ask("GET", "/record/page/sound.js").status_code for _ in range(20)} == {200, 429}


def _raw(lan: LanServer) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, _, port = lan.origin.removeprefix("https://").partition(":")
    return OPEN.enter_context(context.wrap_socket(socket.create_connection((host, int(port)), timeout=60)))


def _is_closed(connection: ssl.SSLSocket) -> bool:
    try:
        return connection.recv(1) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def test_a_slow_head_and_an_idle_connection_are_cut_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.4)
    desk = RecordingDesk(TakeBox(CountingRecorder()), Looker("none"))
    with LanServer(desk, "127.0.0.1", "people", "en") as server:
        slow, idle = _raw(server), _raw(server)
        with contextlib.suppress(OSError):
            for letter in b"GET / HTTP/1.1\r\nHost: x\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
                slow.send(bytes([letter]))
                time.sleep(0.02)
        assert _is_closed(slow)
        assert _is_closed(idle)
        OPEN.close()
    desk.close()


def test_a_slow_body_is_cut_off(lan: LanServer, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_WITHIN_S", 0.4)
    phone.agree("s01")
    phone.ask("POST", f"/api/record/takes/{ID}", about("s01"))

    def dripping() -> Iterator[bytes]:
        for _ in range(60):
            yield b"x"
            time.sleep(0.05)

    begun_s = time.monotonic()
    with contextlib.suppress(requests.ConnectionError):
        assert phone.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=dripping()).status_code == 408
    assert time.monotonic() - begun_s < 2.9
    assert phone.ask("GET", f"/api/record/takes/{ID}").json()["parts"] == []


def test_one_address_has_so_many_connections_and_no_more(lan: LanServer, phone: Phone) -> None:
    held = []
    for _ in range(patience.MOST_OF_ONE + 8):
        with contextlib.suppress(OSError):
            held.append(_raw(lan))
    closed = 0
    for connection in held:
        connection.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            closed += _is_closed(connection)
    assert closed >= 8


def test_the_certificate_is_this_address_own_and_its_key_private(home: Path) -> None:
    from cryptography import x509

    first = certificate.open_certificate("10.1.2.3")
    assert certificate.open_certificate("10.1.2.3") == first
    other = certificate.open_certificate("10.1.2.4")
    assert other.fingerprint != first.fingerprint
    assert len(other.fingerprint) == 95
    assert other.key_file.stat().st_mode & 0o077 == 0
    names = x509.load_pem_x509_certificate(other.certificate_file.read_bytes()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    assert [str(name) for name in found] == ["10.1.2.4"]
    other.key_file.chmod(0o644)
    assert certificate.open_certificate("10.1.2.4").fingerprint != other.fingerprint  # others may have read the key
    other.certificate_file.write_text("broken")
    assert certificate.open_certificate("10.1.2.4").fingerprint


def test_plain_http_gets_nothing(lan: LanServer) -> None:
    host = lan.origin.removeprefix("https://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request("GET", "/")
        with pytest.raises((http.client.HTTPException, OSError)):
            connection.getresponse()


def test_flags_that_need_lan_say_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--lan-address", "10.0.0.1"], ["--dataset", "people"]):
        assert cli.main(["serve", "--no-open", *words]) == 2
        assert "--lan" in capsys.readouterr().err
    assert cli.main(["serve", "--no-open", "--lan", "--lan-address", "example.org"]) == 2
    assert cli.main(["serve", "--no-open", "--lan", "--dataset", "../x"]) == 2
    assert cli.main(["serve", "--no-open", "--lan", "--lan-address", "203.0.113.7"]) == 3  # not this computer's
    assert "found" in capsys.readouterr().err
    assert find_address("127.0.0.1") == "127.0.0.1"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ip") is None or sys.platform != "linux", reason="no network namespaces here")
def test_from_another_network_namespace(home: Path) -> None:
    """A computer of its own, as far as the network goes: other addresses, no loopback in common."""
    made = subprocess.run(["ip", "netns", "add", "smilebench-phone"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no right to make a network namespace: {made.stderr.strip()}")
    inside = ["ip", "netns", "exec", "smilebench-phone"]
    try:
        for words in (
            "ip link add sb-desk type veth peer name sb-phone", "ip link set sb-phone netns smilebench-phone",
            "ip addr add 10.77.3.1/24 dev sb-desk", "ip link set sb-desk up",
            " ".join([*inside, "ip addr add 10.77.3.2/24 dev sb-phone"]),
            " ".join([*inside, "ip link set sb-phone up"]),
        ):  # fmt: skip
            subprocess.run(words.split(), check=True, capture_output=True)
        flags = ("--lan", "--lan-address", "10.77.3.1")
        studio = StudioProgram(home, *flags, ready=r"(https://10\.77\.3\.1:\d+/\?code=\w+)")
        local = studio.said.partition("http://")[2].partition("/")[0]
        assert local.startswith("127.0.0.1:")
        base, _, code = studio.url.partition("/?code=")
        probe = subprocess.run(
            [*inside, sys.executable, "-c", _PROBE, base, code, local.rpartition(":")[2], "10000", *OTHERS, *OWN],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        studio.kill()
        assert probe.returncode == 0, probe.stderr
        print(probe.stdout)
        assert probe.stdout.splitlines()[-1] == "in once"
    finally:
        subprocess.run(["ip", "link", "del", "sb-desk"], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", "smilebench-phone"], check=False, capture_output=True)


_PROBE = """
import socket, sys, requests, urllib3
urllib3.disable_warnings()
base, code, port, n, *paths = sys.argv[1:]
stranger = requests.Session(); stranger.verify = stranger.trust_env = False
statuses = set()
for path in paths:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        statuses.add(stranger.request(method, base + path, timeout=60, allow_redirects=False).status_code)
assert statuses == {403}, statuses
print("without a code:", statuses)
phone = requests.Session(); phone.verify = phone.trust_env = False
assert phone.get(base + "/?code=" + code, timeout=60, allow_redirects=False).status_code == 303
assert phone.get(base + "/", timeout=60).status_code == 200
found = {path: phone.get(base + path, timeout=60).status_code for path in paths}
print(found)
again = requests.Session(); again.verify = again.trust_env = False
assert again.get(base + "/?code=" + code, timeout=60, allow_redirects=False).status_code == 403
import random
rng = random.Random(1)
alphabet = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
guesses = set()
for _ in range(int(n)):
    guess = "".join(rng.choice(alphabet) for _ in range(13))
    guesses.add(stranger.get(base + "/?code=" + guess, timeout=60, allow_redirects=False).status_code)
assert guesses == {403}, guesses
print(n, "guesses:", guesses)
for target in (("127.0.0.1", int(port)), (base.split("//")[1].split(":")[0], int(port))):
    try:
        socket.create_connection(target, timeout=3).close()
        raise SystemExit(f"the studio's own port answers at {target}")
    except OSError:
        pass
assert phone.get(base + "/", timeout=60).status_code == 200
print("in once")
"""
