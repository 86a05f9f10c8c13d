"""Serves the recording page, and nothing else, to phones of the same network, while the studio runs with --lan.

Listens on one address of this computer. What phones may ask is what the page asks (`tools.studio.record.routes`).
"""

import contextlib
import hashlib
import io
import ipaddress
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared import paths
from shared.errors import MissingOutside, WrongUsage
from shared.text.catalogue import Lang, Words, read_catalogue
from shared.web.loopback import LocalServer, Tls, listen
from shared.web.private import FIRST_PORT, N_PORTS, say
from tools.studio.record.lan.certificate import Certificate, folder, open_certificate
from tools.studio.record.lan.codes import CODE_S, Doorkeeper
from tools.studio.record.lan.gate import WORDS, LanGate
from tools.studio.record.lan.patience import make_protocol
from tools.studio.record.routes import RecordingDesk, make_routes

_ANYWHERE = ("192.0.2.1", 9)  # RFC 5737: nothing is sent; it only shows by which address this computer would go


@dataclass(frozen=True)
class Invitation:
    """A code, as a phone gets it.

    Attributes:
        code: Works once.
        url: What a phone opens.
        picture: The same as a QR code, a data: address of an SVG.
        fingerprint: Of the certificate.
    """

    code: str
    url: str
    picture: str
    fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """Give it for the page."""
        shown = {"url": self.url, "picture": self.picture, "fingerprint": self.fingerprint}
        return {**shown, "expires_s": CODE_S}


def find_address(chosen: str | None) -> str:
    """Return the address to listen on.

    Args:
        chosen: What --lan-address was given; None takes the one by which this computer reaches others.

    Raises:
        WrongUsage: No IPv4 address.
        MissingOutside: There is no network.
    """
    if chosen is not None:
        try:
            return str(ipaddress.IPv4Address(chosen))
        except ValueError:
            raise WrongUsage("--lan-address", found=repr(chosen), expected="an IPv4 address of this computer") from None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            return str(probe.getsockname()[0])
        except OSError as error:
            raise MissingOutside(
                "--lan",
                found=f"no network ({error.strerror})",
                expected="a Wi-Fi or cable that phones are in as well",
                todo="connect, or name an address of this computer: --lan-address",
            ) from None


class LanServer:
    """The phones' page. Use it as a context manager.

    Args:
        desk: Answers, the same as for this computer's own page.
        address: An address of this computer.
        dataset: What phones record into, when the code does not say otherwise.
        lang: The page's first language, and that of the terminal.

    Raises:
        MissingOutside: The address is not this computer's, or no port can be had.
    """

    def __init__(self, desk: RecordingDesk, address: str, dataset: str, lang: Lang) -> None:
        self._dataset = dataset
        self._words = Words(read_catalogue(WORDS), lang)
        self.certificate: Certificate = open_certificate(address)
        own = int.from_bytes(hashlib.sha256(f"lan|{paths.home()}".encode()).digest()[:4], "big")
        ports = [FIRST_PORT + (own + offset) % N_PORTS for offset in range(3)]
        try:
            listener = listen([*ports, 0], address)
        except OSError as error:
            raise MissingOutside(
                f"--lan on {address}",
                found=str(error.strerror),
                expected="an address of this computer, with a free port",
                todo="name another one: --lan-address",
            ) from None
        self.origin = f"https://{address}:{listener.getsockname()[1]}"
        self.doorkeeper = Doorkeeper(folder() / "sessions.json")
        gate = LanGate(self.doorkeeper, self.origin)
        routes = make_routes(gate, desk, lang, address="/")
        app = gate.guard(Starlette(routes=routes, exception_handlers={HTTPException: _plainly}))
        tls = Tls(self.certificate.certificate_file, self.certificate.key_file)
        self._server = LocalServer(app, listener, tls=tls, protocol=make_protocol())
        self._stop = threading.Event()
        self._terminal = threading.Thread(target=self._show_codes, name="codes", daemon=True)

    def invite(self, dataset: str | None, subject_id: str | None) -> Invitation:
        """Make a code for a phone."""
        import segno

        code = self.doorkeeper.invite(dataset or self._dataset, subject_id or None)
        url = f"{self.origin}/?code={code}"
        picture = segno.make(url, error="m", micro=False).svg_data_uri(scale=6, border=4, light="#fff")
        return Invitation(code, url, picture, self.certificate.fingerprint)

    def __enter__(self) -> "LanServer":
        self._server.start()
        print(self._words("warning", fingerprint=self.certificate.fingerprint), file=sys.stderr, flush=True)
        self._terminal.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.doorkeeper.changed.set()
        self._terminal.join(5)
        self._server.close()

    def _show_codes(self) -> None:
        """Keep a code in the terminal: a new one when it was used or has expired."""
        import segno

        while not self._stop.is_set():
            invitation = self.invite(None, None)
            drawn = io.StringIO()
            segno.make(invitation.url, error="l", micro=False).terminal(out=drawn, border=2, compact=True)
            text = self._words("code", url=invitation.url, minutes=round(CODE_S / 60), dataset=self._dataset)
            with contextlib.suppress(UnicodeEncodeError):  # a terminal that cannot show blocks shows the address
                print(drawn.getvalue(), file=sys.stderr)
            print(text, file=sys.stderr, flush=True)
            while not self._stop.is_set() and self.doorkeeper.is_open(invitation.code):
                self.doorkeeper.changed.wait(5.0)
                self.doorkeeper.changed.clear()


def _plainly(request: Request, error: Exception) -> Response:
    """Answer who is in and asks for what is not there."""
    assert isinstance(error, HTTPException)
    return say(error.detail, error.status_code)
