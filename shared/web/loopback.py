"""What all pages that this computer serves share: a port, start and stop, names and headers.

The port is on the loopback address unless another one is named. Knows nothing of what is served.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from shared.system import portable

HOST = "127.0.0.1"
# A page elsewhere could reach a server here under a name of its own that leads to 127.0.0.1.
OWN_NAMES = (HOST, "localhost")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Tls:
    """Files of a certificate and its key, in PEM, for a page that is served over HTTPS."""

    certificate_file: Path
    key_file: Path


def listen(ports: Sequence[int], host: str = HOST) -> socket.socket:
    """Listen on the first port that is free.

    Args:
        ports: Tried in this order; 0 takes any free one.
        host: The address; another one than the loopback address is reached from elsewhere.

    Raises:
        OSError: None of them can be had; the reason is that of the last one.
    """
    problem = OSError("no port was named")
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        portable.allow_quick_reuse(listener)
        try:
            listener.bind((host, port))
        except OSError as error:
            listener.close()
            problem = error
            continue
        listener.listen(128)  # from now on a browser waits for an answer instead of being refused
        return listener
    raise problem


class _Server(uvicorn.Server):
    """uvicorn's server, which at its end closes connections that are in the middle of a request as well."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and leave no connection open."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.abort()
        await asyncio.sleep(0)


class LocalServer:
    """Runs a web application, in this thread or in one of its own.

    Args:
        app: The application.
        listener: What `listen` gave; closed at the end.
        tls: Serve HTTPS with it; None serves HTTP.
        protocol: What speaks HTTP, where it is not uvicorn's own.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        tls: Tls | None = None,
        protocol: type[asyncio.Protocol] | None = None,
    ) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._has_run = False
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=protocol or "h11",
            proxy_headers=False,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=2,
            ssl_certfile=tls.certificate_file if tls else None,
            ssl_keyfile=tls.key_file if tls else None,
        )
        self._server = _Server(config)

    def run(self) -> None:
        """Answer in this thread until Control-C or `close`."""
        self._has_run = True
        try:
            with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
                self._server.run(sockets=[self._listener])
        finally:
            self._listener.close()

    def start(self) -> None:
        """Answer in a thread of its own until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and let go of the port; a `run` in another thread returns soon after."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        if not self._has_run:
            self._listener.close()
